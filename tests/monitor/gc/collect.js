// SPDX-License-Identifier: GPL-2.0-or-later
// Collects when it is told to. What it has collected V8 prints itself, a line each.
const fs = require('fs');
const v8 = require('v8');

v8.setFlagsFromString('--trace-gc');
v8.setFlagsFromString('--expose-gc');
const gc = require('vm').runInNewContext('gc');
const line = Buffer.alloc(16);

fs.writeSync(1, 'ready\n');
fs.readSync(0, line);
for (let i = 0; i < 5; i++)
	gc({ type: 'minor' });
for (let i = 0; i < 3; i++)
	gc();
let kept = [];
for (let i = 0; i < 200000; i++)
	kept.push({ i });
fs.writeSync(1, 'done\n');
fs.readSync(0, line);

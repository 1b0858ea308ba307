// SPDX-License-Identifier: GPL-2.0-or-later
// Both ends of WebSocket sessions, by the library ws, for tests/monitor/websocket.sh. Each counts what it has sent and got.
//
//	frames.js serve PORT		echoes messages; "close CODE" has it close
//	frames.js connect PORT [deflate]	for each line does as it says, and waits for the answer:
//		text COUNT SIZE | binary COUNT SIZE | parts COUNT SIZE | ping COUNT | close CODE | closed CODE | cut
"use strict";

const readline = require("readline");
const WebSocket = require(process.cwd() + "/build/interledger/node_modules/ws");

const [role, port, deflate] = process.argv.slice(2);
const options = { perMessageDeflate: deflate === "deflate" || role === "serve" ? { threshold: 0 } : false,
		  maxPayload: 1 << 26 };

function serve() {
	const server = new WebSocket.Server({ port: Number(port), ...options }, () => console.log("ready"));

	server.on("connection", (socket) => {
		socket.on("error", () => {});
		socket.on("message", (message) => {
			if (typeof message === "string" && message.startsWith("close "))
				socket.close(Number(message.split(" ")[1]) || undefined);
			else
				socket.send(message);
		});
	});
}

// until ends when that many events of a kind have come.
function until(socket, event, count) {
	return new Promise((resolve) => {
		let left = count;
		const listener = () => {
			if (--left)
				return;
			socket.off(event, listener);
			resolve();
		};
		socket.on(event, listener);
	});
}

const verbs = {
	async text(socket, count, size) {
		const done = until(socket, "message", count);

		for (let i = 0; i < count; i++)
			socket.send("x".repeat(size));
		await done;
	},
	async binary(socket, count, size) {
		const done = until(socket, "message", count);

		for (let i = 0; i < count; i++)
			socket.send(Buffer.alloc(size, i));
		await done;
	},
	// A message in three frames.
	async parts(socket, count, size) {
		const done = until(socket, "message", count);

		for (let i = 0; i < count; i++) {
			socket.send("a".repeat(size), { fin: false });
			socket.send("b".repeat(size), { fin: false });
			socket.send("c".repeat(size), { fin: true });
		}
		await done;
	},
	async ping(socket, count) {
		const done = until(socket, "pong", count);

		for (let i = 0; i < count; i++)
			socket.ping("1234567");
		await done;
	},
	async close(socket, code) {
		const done = until(socket, "close", 1);

		socket.close(code || undefined);
		await done;
	},
	async closed(socket, code) {
		const done = until(socket, "close", 1);

		socket.send(`close ${code}`);
		await done;
	},
	async cut(socket) {
		const done = until(socket, "close", 1);

		socket.terminate();
		await done;
	},
};

async function connect() {
	const socket = new WebSocket(`ws://127.0.0.1:${port}/`, options);

	await until(socket, "open", 1);
	console.log("ready");
	for await (const line of readline.createInterface({ input: process.stdin })) {
		const [verb, ...numbers] = line.split(" ");

		await verbs[verb](socket, ...numbers.map(Number));
		console.log("done", line);
	}
	process.exit(0);
}

if (role === "serve")
	serve();
else
	connect();

// SPDX-License-Identifier: GPL-2.0-or-later
// Clients of Interledger connectors, one at each end, for tests/monitor/websocket.sh.
//
//	client.js receive PORT		fulfils what it gets, or rejects it when its data says so; prints its address
//	client.js send PORT		for each line "COUNT AT_ONCE ADDRESS [reject]" sends packets, and prints how they ended
"use strict";

const modules = process.cwd() + "/build/interledger/node_modules/";
const crypto = require("crypto");
const readline = require("readline");
const BtpPlugin = require(modules + "ilp-plugin-btp");
const ildcp = require(modules + "ilp-protocol-ildcp");
const ilp = require(modules + "ilp-packet");

const [role, port] = process.argv.slice(2);
const plugin = new BtpPlugin({ server: `btp+ws://:${role}@127.0.0.1:${port}` });
const fulfillment = Buffer.alloc(32, 7);
const executionCondition = crypto.createHash("sha256").update(fulfillment).digest();

async function answer(data) {
	const prepare = ilp.deserializeIlpPrepare(data);

	if (prepare.data.toString().startsWith("reject"))
		return ilp.serializeIlpReject({ code: "F99", triggeredBy: "g.receiver", message: "no", data: Buffer.alloc(0) });
	return ilp.serializeIlpFulfill({ fulfillment, data: Buffer.alloc(0) });
}

async function sendOne(destination, data) {
	const prepare = ilp.serializeIlpPrepare({ amount: "10", executionCondition, destination, data: Buffer.from(data),
						  expiresAt: new Date(Date.now() + 600000) });
	const reply = ilp.deserializeIlpPacket(await plugin.sendData(prepare));

	return reply.type === ilp.Type.TYPE_ILP_FULFILL ? "fulfilled" : reply.data.code;
}

async function send(count, atOnce, destination, data) {
	const ends = {};
	let left = count;
	const worker = async () => {
		while (left-- > 0) {
			// Two that are the same are one to a connector.
			const end = await sendOne(destination, `${data} ${left}`);
			ends[end] = (ends[end] || 0) + 1;
		}
	};

	await Promise.all(Array.from({ length: atOnce }, worker));
	console.log("done", JSON.stringify(ends));
}

async function main() {
	if (role === "receive")
		plugin.registerDataHandler(answer);
	await plugin.connect();
	if (role === "receive") {
		const info = await ildcp.fetch(plugin.sendData.bind(plugin));

		console.log("ready", info.clientAddress);
		return;
	}
	console.log("ready");
	for await (const line of readline.createInterface({ input: process.stdin })) {
		const [count, atOnce, destination, data] = line.split(" ");

		await send(Number(count), Number(atOnce), destination, data || "fulfill");
	}
	process.exit(0);
}

main().catch((err) => {
	console.error(err);
	process.exit(1);
});

// SPDX-License-Identifier: GPL-2.0-or-later
// TCP sessions that are there now.
import { bytes, time } from "./numbers.js";
import { Table } from "./table.js";
import { $, count, duration, element } from "./text.js";

const COLUMNS = [
	{ title: "Target", sort: s => s.target, cell: s => s.target },
	{ title: "Side", sort: s => s.side, cell: s => s.side + (s.connecting ? ", connecting" : "") },
	{ title: "Peer", sort: s => s.peer, cell: s => element("span", { class: "program" }, s.peer) },
	{ title: "Here", sort: s => s.local, cell: s => element("span", { class: "program" }, s.local) },
	// One that was found is older than the daemon knows.
	{ title: "Age", number: true, sort: s => s.seconds, cell: s => (s.found ? "> " : "") + duration(s.seconds) },
	{ title: "Sent", number: true, sort: s => s.sent, cell: s => bytes(s.sent) },
	{ title: "Received", number: true, sort: s => s.received, cell: s => bytes(s.received) },
	{ title: "Round trip", number: true, sort: s => s.rtt_seconds, cell: s => s.rtt_seconds ? time(s.rtt_seconds) : "" },
	{ title: "Sent again", number: true, sort: s => s.retransmits, cell: s => s.retransmits ?
		element("span", { class: "badge alarm" }, count(s.retransmits)) : "0" },
];

export const NEEDS_KEY = "This needs the key. Open the address that “kview monitor --page” prints, as root or as a member of the " +
	"group kview.";

export class Sessions {
	// ask(what): the answer; null where the key is missing.
	constructor(ask) {
		this.ask = ask;
		this.table = new Table($("session-table"), COLUMNS, s => `${s.target} ${s.local} ${s.peer}`, "No session is open.", [5, true]);
	}
	async show() {
		const answer = await this.ask("sessions.json"), text = answer ? await answer.text() : NEEDS_KEY;
		$("session-scroll").hidden = !answer?.ok;
		if (!answer?.ok) {
			$("session-text").textContent = text;
			return;
		}
		const list = text.trim().split("\n").map(line => JSON.parse(line)), total = list.pop().sessions;
		this.table.show(list);
		$("session-text").textContent = total > list.length ?
			`${count(list.length)} of ${count(total)}, with most bytes: by what the kernel knows of each now.` : "By what the kernel knows of each now.";
	}
}

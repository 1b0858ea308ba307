// SPDX-License-Identifier: GPL-2.0-or-later
// The flame graph of a target: recorded, one after the other, as long as somebody looks.
import { NEEDS_KEY } from "./sessions.js";
import { $, choose } from "./text.js";

const POLL_MS = 2000;

export class Flames {
	constructor(ask) {
		this.ask = ask;
		this.on = false;
		this.text = "";
		$("flame-record").addEventListener("click", () => this.turn(!this.on));
		$("flame-target").addEventListener("change", () => { this.text = ""; });
	}
	targets(names) {
		choose($("flame-target"), names, name => name);
	}
	turn(on) {
		this.on = on;
		$("flame-record").setAttribute("aria-pressed", on);
		$("flame-record").textContent = on ? "Stop" : "Record";
		this.say(on ? "" : "stopped");
		clearTimeout(this.timer);
		if (on)
			this.poll();
	}
	say(text) {
		$("flame-state").textContent = text;
	}
	async poll() {
		if (!document.hidden)
			try {
				await this.look();
			} catch (error) {
				this.say(error.message);
			}
		if (this.on)
			this.timer = setTimeout(() => this.poll(), POLL_MS);
	}
	async look() {
		const target = $("flame-target").value, answer = await this.ask(`flame.svg?target=${encodeURIComponent(target)}`);
		if (!answer) {
			this.turn(false);
			this.say(NEEDS_KEY);
			return;
		}
		const text = await answer.text();
		// Meanwhile it may have been stopped, or another target chosen.
		if (!this.on || $("flame-target").value !== target)
			return;
		if (answer.status !== 200)
			this.say(text);
		else if (this.isUsed())
			this.say("this one stays while it is zoomed or searched");
		else if (text !== this.text)
			this.draw(text);
	}
	isUsed() {
		const svg = $("flame-graph").firstElementChild;
		return this.text && (svg?.classList.contains("zoomed") || Boolean(svg?.querySelector("input")?.value));
	}
	draw(text) {
		const read = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
		if (read.localName !== "svg")
			throw new Error("this is no picture");
		const svg = document.importNode(read, true);
		$("flame-graph").replaceChildren(svg);
		window.kviewFlame(svg);
		this.text = text;
		this.say("live");
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later
// What a flame graph does: zoom, search, keyboard. Names of functions are only ever handled as text.
"use strict";
function kviewFlame(svg) {
	const alone = svg === document.documentElement;	// else in a page, which has keys and a place to scroll to of its own
	const frames = Array.from(svg.querySelectorAll("g.f"));
	const left = 10, width = +svg.getAttribute("width") - 2 * left, char = 6.6, narrow = 2.1 * char;
	const details = svg.getElementById("details"), matched = svg.getElementById("matched");
	const reset = svg.getElementById("reset"), html = "http://www.w3.org/1999/xhtml";
	let zoomed = null;

	for (const frame of frames) {
		const rect = frame.querySelector("rect");

		frame.kview = {
			rect: rect, text: frame.querySelector("text"), title: frame.querySelector("title").textContent,
			name: frame.getAttribute("data-name"), fill: rect.getAttribute("fill"),
			x: +rect.getAttribute("x") - left, w: +rect.getAttribute("width"), y: +rect.getAttribute("y"),
		};
		frame.setAttribute("tabindex", "0");
	}

	function label(it, w) {
		const room = Math.floor((w - 4) / char);

		if (w < narrow)
			return "";
		return it.name.length <= room ? it.name : room > 2 ? it.name.slice(0, room - 2) + ".." : "";
	}

	function place(frame, x, w) {
		const it = frame.kview;

		frame.style.display = "";
		it.rect.setAttribute("x", (left + x).toFixed(2));
		it.rect.setAttribute("width", w.toFixed(2));
		it.text.setAttribute("x", (left + x + 3).toFixed(2));
		it.text.textContent = label(it, w);
	}

	// Widths are rounded to hundredths, so neighbours may seem to overlap by as much.
	function zoom(target) {
		const to = target.kview, scale = width / to.w, slack = 0.011;

		zoomed = target === frames[0] ? null : target;
		reset.setAttribute("display", zoomed ? "inline" : "none");
		svg.classList.toggle("zoomed", zoomed !== null);
		for (const frame of frames) {
			const it = frame.kview, above = it.y <= to.y, below = it.y > to.y;

			frame.classList.toggle("parent", below);
			if (below && it.x <= to.x + slack && it.x + it.w >= to.x + to.w - slack)
				place(frame, 0, width);
			else if (above && it.x >= to.x - slack && it.x + it.w <= to.x + to.w + slack)
				place(frame, (it.x - to.x) * scale, it.w * scale);
			else
				frame.style.display = "none";
		}
	}

	function pattern(text) {
		try {
			return new RegExp(text, "i");
		} catch (error) {
			return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "i");
		}
	}

	// The share of all in which something found is on the stack: what lies inside another find counts once.
	function search(text) {
		const found = text ? pattern(text) : null, hits = [];
		let end = -1, sum = 0;

		for (const frame of frames) {
			const it = frame.kview, hit = found !== null && found.test(it.name);

			it.rect.setAttribute("fill", hit ? "rgb(230,0,230)" : it.fill);
			frame.classList.toggle("hit", hit);
			if (hit)
				hits.push(it);
		}
		hits.sort((a, b) => a.x - b.x || b.w - a.w);
		for (const it of hits) {
			if (it.x + it.w <= end + 0.011)
				continue;
			sum += it.w;
			end = it.x + it.w;
		}
		matched.textContent = text ? "matched: " + (100 * sum / width).toFixed(1) + " %" : "";
	}

	const box = document.createElementNS("http://www.w3.org/2000/svg", "foreignObject");
	const input = document.createElementNS(html, "input");
	for (const [name, value] of [["x", svg.getAttribute("width") - 210], ["y", 6], ["width", 200], ["height", 26]])
		box.setAttribute(name, value);
	input.setAttribute("placeholder", "search (/)");
	input.setAttribute("id", "search");
	input.addEventListener("input", () => search(input.value));
	box.appendChild(input);
	svg.appendChild(box);

	function tell(frame) {
		details.textContent = frame ? frame.kview.title : " ";
	}

	function frame_of(node) {
		return node.closest ? node.closest("g.f") : null;
	}

	// The frame next to @frame in a direction, among those that are shown.
	function neighbour(frame, key) {
		const at = frame.kview, shown = frames.filter((other) => other !== frame && other.style.display !== "none");
		const x = +at.rect.getAttribute("x"), w = +at.rect.getAttribute("width");
		let best = null;

		for (const other of shown) {
			const it = other.kview, ox = +it.rect.getAttribute("x"), ow = +it.rect.getAttribute("width");
			const inside = ox + 0.011 >= x && ox + ow <= x + w + 0.011, around = x + 0.011 >= ox && x + w <= ox + ow + 0.011;
			const rank = {
				ArrowUp: it.y < at.y && inside ? [-it.y, ow] : null,
				ArrowDown: it.y > at.y && around ? [-it.y, 0] : null,
				ArrowLeft: it.y === at.y && ox < x ? [ox, 0] : null,
				ArrowRight: it.y === at.y && ox > x ? [-ox, 0] : null,
			}[key];

			if (key === "ArrowUp" && rank)
				rank[0] = it.y;
			if (rank && (!best || rank[0] > best.rank[0] || (rank[0] === best.rank[0] && rank[1] > best.rank[1])))
				best = { frame: other, rank: rank };
		}
		return best && best.frame;
	}

	svg.addEventListener("click", (event) => {
		const frame = frame_of(event.target);

		if (frame)
			zoom(frame);
		else if (event.target === reset)
			zoom(frames[0]);
	});
	svg.addEventListener("mouseover", (event) => tell(frame_of(event.target)));
	svg.addEventListener("focusin", (event) => tell(frame_of(event.target)));
	(alone ? document : svg).addEventListener("keydown", (event) => {
		const frame = frame_of(event.target);
		let next;

		if (event.key === "Escape") {
			input.value = "";
			search("");
			input.blur();
			zoom(frames[0]);
		} else if (event.target === input) {
			return;
		} else if (event.key === "/" || (event.key === "f" && event.ctrlKey)) {
			event.preventDefault();
			input.focus();
		} else if (event.key === "Enter" && frame) {
			zoom(frame);
		} else if (event.key.startsWith("Arrow")) {
			event.preventDefault();
			next = frame ? neighbour(frame, event.key) : zoomed || frames[0];
			if (next)
				next.focus();
		}
	});
	zoom(frames[0]);
	if (alone)
		window.scrollTo(0, +svg.getAttribute("height"));
}
if (document.documentElement.localName === "svg")
	kviewFlame(document.documentElement);

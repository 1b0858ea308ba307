// SPDX-License-Identifier: GPL-2.0-or-later
// The page of kview guard serve: asks it by docs/guard-protocol.md, and shows what it answers. Nothing is ever put into
// the page as HTML: names of programs are text, whatever they contain.
"use strict";

const POLL_MS = 2000, EVENTS_MAX = 5000, ROWS_MAX = 500, CALL_NONE = 65535;
const SVG = "http://www.w3.org/2000/svg";

// --- small things ---

const $ = id => document.getElementById(id);

function element(name, attributes, ...children) {
	const made = document.createElement(name);
	for (const [key, value] of Object.entries(attributes || {}))
		if (value !== null && value !== undefined && value !== false)
			made.setAttribute(key, value === true ? "" : value);
	made.append(...children);
	return made;
}

function shape(name, attributes, text) {
	const made = document.createElementNS(SVG, name);
	for (const [key, value] of Object.entries(attributes))
		made.setAttribute(key, value);
	if (text)
		made.textContent = text;
	return made;
}

const count = number => number.toLocaleString("en");
const plural = (number, one, many) => `${count(number)} ${number === 1 ? one : many}`;

function duration(seconds) {
	if (seconds < 90)
		return `${Math.round(seconds)} s`;
	if (seconds < 5400)
		return `${Math.round(seconds / 60)} min`;
	return seconds < 129600 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} d`;
}

function when(time) {
	const date = new Date(time * 1000), pad = number => String(number).padStart(2, "0");
	const clock = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
	if (date.toDateString() === new Date().toDateString())
		return clock;
	return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${clock}`;
}

// --- the other side ---

// The key comes behind the # of the address, which browsers send to nobody; from then on this tab has it.
function takeKey() {
	const found = location.hash.match(/^#key=([0-9a-f]+)$/);
	if (found) {
		sessionStorage.setItem("key", found[1]);
		history.replaceState(null, "", "#/");
	}
	return sessionStorage.getItem("key");
}

async function ask(what, more) {
	const answer = await fetch("api", {
		method: "POST", cache: "no-store", credentials: "omit",
		headers: { "Authorization": `Bearer ${key}`, "Content-Type": "application/json" },
		body: JSON.stringify({ version: 1, do: what, ...more }),
	});
	const result = await answer.json();
	if (!result.ok)
		throw Object.assign(new Error(result.error), { refused: answer.status });
	return result;
}

let key = takeKey();
const known = { status: null, profiles: [], tasks: [], events: [], last: 0, shown: null, mayChange: false };

// --- words for events ---

const WORDS = {
	task: ["alarm", "too many anomalies"], profile: ["alarm", "more odd processes than usual"],
	call: ["alarm", "a call never made before"], killed: ["response", "killed"], stopped: ["response", "stopped"],
	slowed: ["response", "slowed"], refused: ["response", "exec refused"], new: ["state", "new"], normal: ["state", "normal now"],
	training: ["state", "trains again"], operator: ["operator", "operator"], suppressed: ["alarm", "not told one by one"],
	started: ["other", "guard started"], ended: ["other", "guard ended"], unsaved: ["alarm", "cannot be saved"], saved: ["other", "saved again"],
};
const KINDS = { alarm: "alarms", response: "responses", state: "changes of profiles", operator: "operators", other: "of the guard itself" };
const KIND_ORDER = Object.keys(KINDS);

const kindOf = word => (WORDS[word] || ["other", word])[0];
const kindOfEvent = event => KIND_ORDER.find(kind => event.events.some(word => kindOf(word) === kind)) || "other";

function details(event) {
	if (event.action)
		return `${event.action}${event.respond ? ` to ${event.respond}` : ""}, by ${event.by}`;
	if (event.count)
		return `${count(event.count)} of them`;
	if (event.call)
		return `${event.call}, its call ${count(event.calls)}, LFC ${event.lfc}`;
	return event.reason || (event.expected_rate !== undefined ?
		`anomalies expected in less than ${(100 * event.expected_rate).toFixed(1)} % of spans` : "");
}

// --- tables that keep their rows ---

// columns: { title, cell(row) -> node or text, number, wide, sort(row) }. Rows are known by key(row) and changed where they
// differ, so that the focus and what somebody has selected stay.
class Table {
	constructor(table, columns, keyOf, empty, sorted) {
		Object.assign(this, { table, columns, keyOf, empty, rows: new Map(), sorted: sorted || null });
		this.head = columns.map((column, i) => this.title(column, i));
		table.append(element("thead", null, element("tr", null, ...this.head)), this.body = element("tbody"));
		this.caption = table.createCaption();
	}
	title(column, i) {
		const cell = element("th", { scope: "col", class: column.number ? "number" : null });
		if (!column.sort) {
			cell.textContent = column.title;
			return cell;
		}
		const button = element("button", { type: "button" }, column.title);
		button.addEventListener("click", () => {
			const down = this.sorted && this.sorted[0] === i ? !this.sorted[1] : Boolean(column.number);
			this.sorted = [i, down];
			this.show(this.last);
		});
		cell.append(button);
		return cell;
	}
	order(list) {
		this.head.forEach((cell, i) => cell.removeAttribute("aria-sort"));
		if (!this.sorted)
			return list;
		const [i, down] = this.sorted, value = this.columns[i].sort;
		this.head[i].setAttribute("aria-sort", down ? "descending" : "ascending");
		return [...list].sort((a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0) * (down ? -1 : 1));
	}
	show(list) {
		const seen = new Set();
		this.last = list;
		this.order(list).slice(0, ROWS_MAX).forEach((row, at) => {
			const id = this.keyOf(row);
			seen.add(id);
			let made = this.rows.get(id);
			if (!made) {
				made = { line: element("tr"), texts: [] };
				made.cells = this.columns.map(column => made.line.appendChild(
					element("td", { class: column.number ? "number" : column.wide ? "wide" : null })));
				this.rows.set(id, made);
			}
			this.columns.forEach((column, i) => {
				const cell = column.cell(row), text = typeof cell === "string" ? cell : cell.outerHTML;
				if (made.texts[i] !== text) {
					made.texts[i] = text;
					made.cells[i].replaceChildren(cell);
				}
			});
			if (this.body.children[at] !== made.line)
				this.body.insertBefore(made.line, this.body.children[at] || null);
		});
		for (const [id, made] of this.rows)
			if (!seen.has(id)) {
				made.line.remove();
				this.rows.delete(id);
			}
		this.caption.textContent = list.length > ROWS_MAX ? `${count(list.length)}; the first ${ROWS_MAX} are shown` :
			list.length ? "" : this.empty;
		this.caption.hidden = !this.caption.textContent;
	}
}

const badge = (kind, text) => element("span", { class: `badge ${kind}` }, text);
const programLink = (name, number) =>
	number ? element("a", { class: "program", href: `#/profile/${number}` }, name) : element("span", { class: "program" }, name);
const numberOf = name => (known.profiles.find(profile => profile.program === name) || {}).number;

const eventColumns = withProgram => [
	{ title: "Time", cell: event => when(event.time) },
	{ title: "What", cell: event => element("span", null, ...event.events.filter(word => word !== "anomaly").map(word =>
		badge(kindOf(word), (WORDS[word] || ["", word])[1])).flatMap((node, i) => i ? [" ", node] : [node])) },
	...(withProgram ? [{ title: "Program", wide: true, cell: event => event.program ?
		programLink(event.program, numberOf(event.program)) : "" }] : []),
	{ title: "Process", number: true, cell: event => event.pid ? String(event.pid) : "" },
	{ title: "More", wide: true, cell: details },
];

function progress(profile) {
	const text = state => profile.state === "normal" ? "" : state;
	if (profile.state === "normal")
		return element("span", { class: "note" }, "judged");
	const rule = known.status.rule, bar = element("progress", { max: 1, value: profile.progress.toFixed(3) });
	bar.setAttribute("aria-label", "progress to normal");
	return element("span", null, bar, rule.kind === "rate" ?
		text(`${profile.spans} of ${rule.spans} spans, ${profile.novel_spans} new`) : text(`${Math.round(100 * profile.progress)} %`));
}

function lfc(task) {
	const bar = element("span", { class: task.lfc > known.status.rule.lfc_limit ? "lfc over" : "lfc", "aria-hidden": "true" },
		element("i"), element("b"));
	bar.children[0].style.width = `${task.lfc}px`;
	bar.children[1].style.left = `${known.status.rule.lfc_limit}px`;
	return element("span", null, bar, String(task.lfc));
}

const tables = {
	profiles: new Table($("profile-table"), [
		{ title: "Program", wide: true, sort: p => p.program, cell: p => programLink(p.program, p.number) },
		{ title: "State", sort: p => p.state, cell: p => badge(p.state, p.state) },
		{ title: "To normal", sort: p => p.progress, cell: progress },
		{ title: "Calls", number: true, sort: p => p.calls, cell: p => count(p.calls) },
		{ title: "Distinct", number: true, sort: p => p.distinct_calls, cell: p => count(p.distinct_calls) },
		{ title: "Anomalies", number: true, sort: p => p.anomalies, cell: p => count(p.anomalies) },
		{ title: "Alarms", number: true, sort: p => p.alarms, cell: p => count(p.alarms) },
		{ title: "Alarms are", sort: p => p.respond, cell: p => p.respond === "log" ? "told" : p.respond },
	], p => p.number, "No program was seen yet.", [3, true]),
	tasks: new Table($("process-table"), [
		{ title: "Process", number: true, sort: t => t.pid, cell: t => String(t.pid) },
		{ title: "Thread", number: true, sort: t => t.tid, cell: t => t.tid === t.pid ? "" : String(t.tid) },
		{ title: "Name", sort: t => t.comm, cell: t => t.comm },
		{ title: "LFC", sort: t => t.lfc, cell: lfc },
		{ title: "Highest", number: true, sort: t => t.max_lfc, cell: t => String(t.max_lfc) },
		{ title: "Anomalies", number: true, sort: t => t.anomalies, cell: t => count(t.anomalies) },
		{ title: "Calls", number: true, sort: t => t.calls, cell: t => count(t.calls) },
		{ title: "Program", wide: true, sort: t => t.program, cell: t => programLink(t.program, numberOf(t.program)) },
	], t => t.tid, "No process is guarded at the moment.", [3, true]),
	events: new Table($("event-table"), eventColumns(true), e => e.id, "Nothing happened yet."),
	alarms: new Table($("alarms"), eventColumns(true), e => e.id, "No alarm in this time."),
	profileEvents: new Table($("profile-events"), eventColumns(false), e => e.id, "Nothing happened yet."),
	pairs: new Table($("pair-table"), [
		{ title: "Call", sort: row => row.name, cell: row => row.name },
		{ title: "Accepted after", wide: true, cell: row => row.accepted.join(", ") },
		{ title: "Since then also after", wide: true, cell: row => row.recent.join(", ") },
	], row => row.name, "No call was seen yet.", [0, false]),
};

// --- the machine ---

function tile(title, value, small, bad) {
	return element("div", { class: bad ? "bad" : null }, element("dt", null, title),
		element("dd", null, value, small ? element("small", null, small) : ""));
}

function showTiles() {
	const status = known.status, counters = status.counters;
	const lost = ["no_profile", "no_block", "no_task", "lost_events", "lost_frames", "not_held"].filter(name => counters[name]);
	const scopes = { machine: "the whole machine", view: "chosen processes", cgroups: "cgroups" };
	$("tiles").replaceChildren(
		tile("Guards", scopes[status.scope] || status.scope, `for ${duration(status.uptime)}, kview ${status.kview}`),
		tile("Profiles", count(status.profiles), `${count(status.normal)} normal; room for ${count(status.profiles_max)}`),
		tile("Processes and threads", count(status.tasks)),
		tile("Alarms", count(status.alarms), `of ${plural(status.anomalies, "anomaly", "anomalies")}`, status.alarms > 0),
		tile("Responses", count(counters.killed + counters.held + counters.refused),
			`${counters.killed} killed, ${counters.held} held, ${counters.refused} refused`),
		tile("Not told one by one", count(status.suppressed), "above the limit of a minute"),
		tile("Left out", count(lost.reduce((sum, name) => sum + counters[name], 0)),
			lost.length ? lost.map(name => `${count(counters[name])} ${name.replace("_", " ")}`).join(", ") : "nothing was lost",
			lost.length > 0),
		tile("Saved", status.saving_fails ? "no" : status.saved_ago === null ? "not yet" : `${duration(status.saved_ago)} ago`,
			status.saving_fails ? `${count(status.unsaved_events)} events wait in memory` : "", status.saving_fails));
}

let hours = 24;

// Bars of what happened, in 60 pieces of the time that is shown, the worst at the bottom.
function showTimeline() {
	const svg = $("timeline"), width = svg.clientWidth || 1000, height = 150, bottom = height - 18, bins = 60;
	const now = Date.now() / 1000, since = now - hours * 3600, shown = known.events.filter(event => event.time >= since);
	const sums = Array.from({ length: bins }, () => Object.fromEntries(KIND_ORDER.map(kind => [kind, 0])));
	for (const event of shown)
		sums[Math.min(bins - 1, Math.floor((event.time - since) / (hours * 3600) * bins))][kindOfEvent(event)]++;
	const most = Math.max(4, ...sums.map(sum => KIND_ORDER.reduce((all, kind) => all + sum[kind], 0)));
	const parts = [shape("line", { x1: 0, y1: bottom + .5, x2: width, y2: bottom + .5 })];
	sums.forEach((sum, i) => {
		let y = bottom;
		for (const kind of KIND_ORDER) {
			const size = sum[kind] / most * (bottom - 8);
			if (!size)
				continue;
			y -= size;
			const bar = shape("rect", { class: kind, x: i * width / bins + 1, y, width: width / bins - 2, height: size, rx: 1.5 });
			bar.append(shape("title", {}, `${sum[kind]} ${KINDS[kind]}`));
			parts.push(bar);
		}
	});
	for (let i = 0; i <= 4; i++)
		parts.push(shape("text", { x: i * width / 4, y: height - 3, "text-anchor": i === 0 ? "start" : i === 4 ? "end" : "middle" },
			i === 4 ? "now" : `${duration(hours * 3600 * (1 - i / 4))} ago`));
	svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
	svg.replaceChildren(...parts);
	const totals = KIND_ORDER.map(kind => [kind, shown.filter(event => kindOfEvent(event) === kind).length]);
	$("legend").replaceChildren(...totals.map(([kind, sum]) => element("li", { class: kind }, `${count(sum)} ${KINDS[kind]}`)));
	$("timeline-text").textContent = `${plural(shown.length, "event", "events")} in the last ${duration(hours * 3600)}.`;
	tables.alarms.show(shown.filter(event => ["alarm", "response"].includes(kindOfEvent(event))).slice(-8).reverse());
}

// --- one profile ---

const matrix = { names: [], cells: [], size: 0, edge: 0, left: 0, top: 0, at: null };

// Rows: a call; columns: what came before it, the first one: nothing, a process or handler begins.
function readMatrix(profile) {
	const index = new Map(profile.call_numbers.map((number, i) => [number, i]));
	matrix.names = profile.call_names;
	matrix.cells = profile.call_names.map(() => Array.from({ length: matrix.names.length + 1 }, () => [0, 0]));
	[profile.accepted, profile.recent].forEach((pairs, copy) => {
		for (const [call, before, distances] of pairs) {
			const row = index.get(call), column = before === CALL_NONE ? 0 : index.get(before) + 1;
			if (row !== undefined && !Number.isNaN(column))
				matrix.cells[row][column][copy] |= distances;
		}
	});
}

const bits = mask => mask.toString(2).replaceAll("0", "").length;

function drawMatrix() {
	const canvas = $("matrix"), n = matrix.names.length, style = getComputedStyle(document.documentElement);
	const color = name => style.getPropertyValue(`--${name}`).trim(), scale = window.devicePixelRatio || 1;
	const edge = matrix.edge = Math.max(6, Math.min(18, Math.floor(820 / (n + 1))));
	const pen = canvas.getContext("2d");
	const label = edge >= 9 ? `${Math.min(12, edge - 1)}px system-ui, sans-serif` : null;
	pen.font = label || "10px sans-serif";
	const widest = label ? Math.max(0, ...matrix.names.map(name => pen.measureText(name).width)) + 8 : 4;
	matrix.left = matrix.top = Math.ceil(widest);
	const width = matrix.left + (n + 1) * edge, height = matrix.top + n * edge;
	canvas.width = width * scale;
	canvas.height = height * scale;
	canvas.style.width = `${width}px`;
	canvas.style.height = `${height}px`;
	pen.scale(scale, scale);
	pen.font = label || pen.font;
	matrix.cells.forEach((cells, row) => cells.forEach(([accepted, recent], column) => {
		const x = matrix.left + column * edge, y = matrix.top + row * edge;
		pen.globalAlpha = 1;
		pen.fillStyle = color("empty");
		pen.fillRect(x, y, edge - 1, edge - 1);
		if (!accepted && !recent)
			return;
		pen.globalAlpha = .3 + .7 * bits(accepted | recent) / 8;
		pen.fillStyle = color(accepted ? "accepted" : "recent");
		pen.fillRect(x, y, edge - 1, edge - 1);
		if (accepted && recent) {
			pen.globalAlpha = 1;
			pen.fillStyle = color("recent");
			pen.fillRect(x + edge / 2, y + edge / 2, edge / 2 - 1, edge / 2 - 1);
		}
	}));
	pen.globalAlpha = 1;
	pen.fillStyle = color("soft");
	if (label)
		matrix.names.forEach((name, i) => {
			pen.textAlign = "right";
			pen.textBaseline = "middle";
			pen.fillText(name, matrix.left - 5, matrix.top + (i + .5) * edge);
			pen.save();
			pen.translate(matrix.left + (i + 1.5) * edge, matrix.top - 5);
			pen.rotate(-Math.PI / 2);
			pen.textAlign = "left";
			pen.fillText(name, 0, 0);
			pen.restore();
		});
	if (matrix.at) {
		pen.strokeStyle = color("text");
		pen.lineWidth = 2;
		pen.strokeRect(matrix.left + matrix.at[1] * edge, matrix.top + matrix.at[0] * edge, edge - 1, edge - 1);
	}
}

const before = column => column ? matrix.names[column - 1] : "the beginning";

function places(mask) {
	return Array.from({ length: 8 }, (_, i) => i).filter(i => mask >> i & 1).map(i => i + 1).join(", ");
}

function pointAt(row, column) {
	const n = matrix.names.length;
	if (!n || row < 0 || row >= n || column < 0 || column > n)
		return;
	matrix.at = [row, column];
	const [accepted, recent] = matrix.cells[row][column], parts = [];
	if (accepted)
		parts.push(`accepted ${places(accepted)} places after`);
	if (recent)
		parts.push(`${accepted ? "since then also" : "learned"} ${places(recent)} places after`);
	$("matrix-cell").textContent = `${matrix.names[row]} after ${before(column)}: ${parts.join("; ") || "never"}`;
	drawMatrix();
}

function fact(title, value, small) {
	return tile(title, value, small);
}

function showProfile() {
	const profile = known.shown;
	if (!profile)
		return;
	$("profile-title").textContent = profile.program;
	$("profile-state").className = `badge ${profile.state}`;
	$("profile-state").textContent = profile.state;
	$("facts").replaceChildren(
		fact("To normal", profile.state === "normal" ? "judged" : `${Math.round(100 * profile.progress)} %`,
			profile.expected_rate === null ? known.status.rule.kind === "rate" ?
				`${profile.spans} of ${known.status.rule.spans} spans, ${profile.novel_spans} of at most ${known.status.rule.novel_limit} new` : "" :
				`anomalies expected in less than ${(100 * profile.expected_rate).toFixed(1)} % of spans`),
		fact("Calls", count(profile.calls), `${profile.distinct_calls} different`),
		fact("Pairs", count(profile.accepted.length + profile.recent.length),
			`${count(profile.accepted.length)} accepted, ${count(profile.recent.length)} since`),
		fact("Anomalies", count(profile.anomalies)),
		fact("Alarms", count(profile.alarms), profile.suppressed ? `${count(profile.suppressed)} not told one by one` : ""),
		fact("Alarms are", profile.respond === "log" ? "told" : profile.respond, profile.respond === "log" ? "and nothing else is done" : ""));
	for (const button of $("actions").children)
		button.disabled = !known.mayChange;
	readMatrix(profile);
	drawMatrix();
	$("matrix-text").textContent = `Rows: ${plural(matrix.names.length, "call", "calls")}; columns: what came up to eight places ` +
		"before. The stronger the colour, the more of these places.";
	tables.pairs.show(matrix.names.map((name, row) => {
		const after = copy => matrix.cells[row].flatMap((cell, column) => cell[copy] ? [before(column)] : []);
		return { name, accepted: after(0), recent: after(1) };
	}));
	tables.profileEvents.show(known.events.filter(event => event.program === profile.program).slice(-50).reverse());
}

// --- what operators do ---

const RESPONSES = { slow: "slow the process, more with each anomaly", "refuse-exec": "let it start no other program",
	stop: "stop it for a while", kill: "kill it" };

function secondsField() {
	const input = element("input", { id: "seconds", type: "number", min: 1, max: 1000000, value: 3600, required: true });
	return { nodes: [element("label", null, "Seconds without anything new ", input)],
		read: () => ({ seconds: Number(input.value) }) };
}

function responseFields() {
	const set = known.shown.respond.split(","), boxes = Object.entries(RESPONSES).map(([name, text]) => {
		const box = element("input", { type: "checkbox", name, checked: set.includes(name) });
		return { name, box, label: element("label", null, box, ` ${name}: ${text}`) };
	});
	const spare = element("input", { type: "checkbox", name: "spare", checked: set.includes("spare") });
	return { nodes: [...boxes.map(box => box.label), element("label", null, spare, " spare: do nothing, ever")],
		read: () => ({ respond: spare.checked ? "spare" :
			boxes.filter(({ box }) => box.checked).map(({ name }) => name).join(",") || "log" }) };
}

const ACTIONS = [
	["normalize", "Normalize", "All that was learned becomes normal; from now on, what is not known is an anomaly."],
	["train", "Train", "Training goes on from what is known. Nothing is judged meanwhile: whatever the program does is learned."],
	["tolerize", "Tolerize", "What was seen since the profile is normal is accepted: it raises no alarm any more."],
	["sensitize", "Sensitize", "What was learned since the profile is normal is forgotten."],
	["freeze", "Freeze…", "The profile becomes normal after this time, if nothing new comes before.", secondsField],
	["set", "Responses…", "What is done about alarms of this program, besides telling them.", responseFields],
	["reset", "Reset…", "All that is known of this program is forgotten. This cannot be undone.", null, true],
];

let pending = null;

function confirmAction([what, title, text, fields, dangerous]) {
	const more = fields ? fields() : { nodes: [], read: () => ({}) }, dialog = $("confirm");
	pending = { what, title: title.replace("…", ""), number: known.shown.number, read: more.read };
	$("confirm-title").textContent = `${pending.title}?`;
	$("confirm-text").textContent = text;
	$("confirm-program").textContent = known.shown.program;
	$("confirm-fields").replaceChildren(...more.nodes);
	$("confirm-trouble").hidden = true;
	$("confirm-yes").textContent = what === "set" ? "Set" : pending.title;
	$("confirm-yes").classList.toggle("danger", Boolean(dangerous));
	dialog.showModal();
	$("confirm-no").focus();
}

async function doIt(event) {
	event.preventDefault();
	try {
		await ask(pending.what, { profile: String(pending.number), ...pending.read() });
		$("confirm").close();
		toast(`${pending.title}: done`);
		await poll();
	} catch (error) {
		$("confirm-trouble").textContent = error.message;
		$("confirm-trouble").hidden = false;
	}
}

let toastTimer = 0;

function toast(text) {
	$("toast").textContent = text;
	$("toast").classList.add("shown");
	clearTimeout(toastTimer);
	toastTimer = setTimeout(() => $("toast").classList.remove("shown"), 4000);
}

// --- which part is shown ---

function route() {
	const [, view, number] = location.hash.split("/");
	return { view: ["profiles", "processes", "events", "profile"].includes(view) ? view : "overview", number };
}

function showView() {
	const { view } = route();
	for (const section of document.querySelectorAll("main > section"))
		section.hidden = section.id !== view;
	for (const link of document.querySelectorAll("nav a"))
		if (link.dataset.view === view || (view === "profile" && link.dataset.view === "profiles"))
			link.setAttribute("aria-current", "page");
		else
			link.removeAttribute("aria-current");
}

function render() {
	const { view } = route();
	if (!known.status)
		return;
	showTiles();
	if (view === "overview")
		showTimeline();
	const wanted = $("find").value.toLowerCase();
	tables.profiles.show(known.profiles.filter(profile => profile.program.toLowerCase().includes(wanted)));
	tables.tasks.show(known.tasks);
	tables.events.show([...known.events].reverse());
	if (view === "profile")
		showProfile();
}

// --- the pulse ---

async function readEvents() {
	let more = true;
	while (more) {
		const first = !known.events.length;
		const answer = await ask("history", first ? { newest: true } : { after: known.last });
		known.last = Math.max(known.last, ...answer.events.map(event => event.id));
		known.events = known.events.concat(answer.events).slice(-EVENTS_MAX);
		more = !first && answer.more;
	}
}

async function read() {
	const { view, number } = route();
	known.status = await ask("status");
	known.mayChange = known.status.may_change;
	known.profiles = (await ask("profiles")).profiles;
	known.tasks = (await ask("tasks")).tasks;
	await readEvents();
	if (view === "profile")
		known.shown = await ask("show", { profile: number });
}

function showTrouble(error) {
	const lost = !error.refused;
	$("link").textContent = lost ? "the guard does not answer" : "refused";
	$("link").className = "lost";
	$("trouble").textContent = error.refused === 401 ?
		"This page needs a key. Open the address that “kview guard web” prints, as root or as a member of the group kview." :
		lost ? "What is shown is not of now: the guard does not answer. It is asked again every two seconds." : error.message;
	$("trouble").hidden = false;
}

let busy = false;

async function poll() {
	if (busy)
		return;
	busy = true;
	try {
		await read();
	} catch (error) {
		busy = false;
		showTrouble(error);
		return;
	}
	busy = false;
	showLive();
	render();
}

function showLive() {
	$("link").textContent = "live";
	$("link").className = "";
	$("rights").textContent = known.mayChange ? "may act" : "may look";
	$("rights").hidden = false;
	$("trouble").hidden = true;
}

async function changeView() {
	if (takeKey() !== key)
		key = takeKey();
	known.shown = null;
	matrix.at = null;
	showView();
	render();
	document.querySelector("main").focus({ preventScroll: true });
	window.scrollTo(0, 0);
	while (busy)
		await new Promise(done => setTimeout(done, 20));
	await poll();
}

// --- light and dark ---

const THEMES = { "": "as the system", light: "light", dark: "dark" };

function setTheme(theme) {
	if (theme)
		document.documentElement.dataset.theme = theme;
	else
		delete document.documentElement.dataset.theme;
	localStorage.setItem("theme", theme);
	$("theme").textContent = `Theme: ${THEMES[theme]}`;
	if (known.shown)
		drawMatrix();
}

function begin() {
	const names = Object.keys(THEMES), canvas = $("matrix");
	setTheme(names.includes(localStorage.getItem("theme")) ? localStorage.getItem("theme") : "");
	$("theme").addEventListener("click", () =>
		setTheme(names[(names.indexOf(localStorage.getItem("theme")) + 1) % names.length]));
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => known.shown && drawMatrix());
	$("actions").append(...ACTIONS.map(action => {
		const button = element("button", { type: "button", "data-do": action[0], title: action[2] }, action[1]);
		button.addEventListener("click", () => confirmAction(action));
		return button;
	}));
	$("confirm-no").addEventListener("click", () => $("confirm").close());
	$("confirm").querySelector("form").addEventListener("submit", doIt);
	$("find").addEventListener("input", render);
	for (const button of $("spans").children)
		button.addEventListener("click", () => {
			hours = Number(button.dataset.hours);
			for (const other of $("spans").children)
				other.setAttribute("aria-pressed", other === button);
			render();
		});
	canvas.addEventListener("mousemove", event =>
		pointAt(Math.floor((event.offsetY - matrix.top) / matrix.edge), Math.floor((event.offsetX - matrix.left) / matrix.edge)));
	canvas.addEventListener("keydown", event => {
		const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
		if (!step)
			return;
		event.preventDefault();
		const [row, column] = matrix.at || [-step[0], -step[1]];
		pointAt(row + step[0], column + step[1]);
	});
	addEventListener("hashchange", changeView);
	addEventListener("resize", render);
	showView();
	poll();
	setInterval(() => document.hidden || poll(), POLL_MS);
}

begin();

// SPDX-License-Identifier: GPL-2.0-or-later
// The page of kview guard serve: asks it by docs/guard-protocol.md, and shows what it answers. Nothing is ever put into
// the page as HTML: names of programs are text, whatever they contain.
import { before, drawMatrix, listenToMatrix, matrix, readMatrix } from "./matrix.js";
import { takeKey } from "./key.js";
import { Table } from "./table.js";
import { $, count, duration, element, plural, shape, when } from "./text.js";

const POLL_MS = 2000, EVENTS_MAX = 5000;

// --- the other side ---

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

let key = takeKey("#/");
const known = { status: null, profiles: [], tasks: [], events: [], last: 0, shown: null, mayChange: false };

// --- words for events ---

const WORDS = {
	task: ["alarm", "too many anomalies"], profile: ["alarm", "more odd processes than usual"],
	call: ["alarm", "a call never made before"], killed: ["response", "killed"], stopped: ["response", "stopped"],
	slowed: ["response", "slowed"], refused: ["response", "exec refused"], new: ["state", "new"], normal: ["state", "normal now"],
	training: ["state", "trains again"], replaced: ["state", "file replaced, trains again"], operator: ["operator", "operator"], suppressed: ["alarm", "not told one by one"],
	started: ["other", "guard started"], ended: ["other", "guard ended"], unsaved: ["alarm", "cannot be saved"], saved: ["other", "saved again"],
};
const KINDS = { alarm: "alarms", response: "responses", state: "changes of profiles", operator: "by operators", other: "of the guard itself" };
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
	key = takeKey("#/");
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
	const names = Object.keys(THEMES);
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
	listenToMatrix();
	addEventListener("hashchange", changeView);
	addEventListener("resize", render);
	showView();
	poll();
	setInterval(() => document.hidden || poll(), POLL_MS);
}

begin();

// SPDX-License-Identifier: GPL-2.0-or-later
// The page of kview-monitord: asks for /metrics.json every two seconds, and shows what has changed. Nothing is ever put into
// the page as HTML: a path is text, whatever it contains. Sessions and flame graphs are for those who have the key.
import { Flames } from "./flames.js";
import { Heat } from "./heat.js";
import { takeKey } from "./key.js";
import { bytes, digits, percent, time } from "./numbers.js";
import { merge, quantile, Samples, sum } from "./samples.js";
import { Sessions } from "./sessions.js";
import { Table } from "./table.js";
import { $, choose, count, element } from "./text.js";

const POLL_MS = 2000;

const samples = new Samples();

const bad = (text, is) => is ? element("span", { class: "badge alarm" }, text) : text;

// --- targets ---

const failed = labels => /^([45]|none$)/.test(labels.status || "") || !["", "NOERROR", "NXDOMAIN"].includes(labels.code || "") ||
	labels.result === "reject";

function targets() {
	const all = new Map(), one = name => {
		if (!all.has(name))
			all.set(name, { name, processes: 0, memory: 0, cpu: 0, queue: 0, sessions: 0, sent: 0, received: 0,
				retransmits: 0, requests: 0, failed: 0, took: [] });
		return all.get(name);
	};
	const now = (metric, field) => samples.values(metric).forEach(s => { one(s.labels.target)[field] += s.value; });
	const rate = (metric, field, value) => samples.recent(metric).forEach(s => { one(s.labels.target)[field] += value(s); });
	now("kview_processes", "processes");
	now("kview_memory_resident_bytes", "memory");
	now("kview_tcp_sessions", "sessions");
	rate("kview_cpu_seconds", "cpu", s => s.sumRate);
	rate("kview_cpu_queue_seconds", "queue", s => s.sumRate);
	rate("kview_tcp_sent_bytes_total", "sent", s => s.rate);
	rate("kview_tcp_received_bytes_total", "received", s => s.rate);
	rate("kview_tcp_retransmits_total", "retransmits", s => s.rate);
	for (const s of samples.recent("kview_http_request_seconds")) {
		const target = one(s.labels.target);
		target.requests += s.rate;
		target.failed += failed(s.labels) ? s.rate : 0;
		target.took.push(s);
	}
	return [...all.values()].map(target => ({ ...target, p99: quantile(merge(target.took), .99) }));
}

const targetTable = new Table($("target-table"), [
	{ title: "Target", sort: t => t.name, cell: t => element("span", { class: "program" }, t.name) },
	{ title: "Processes", number: true, sort: t => t.processes, cell: t => count(t.processes) },
	{ title: "CPU", number: true, sort: t => t.cpu, cell: t => percent(t.cpu) },
	{ title: "Waits for CPU", number: true, sort: t => t.queue, cell: t => percent(t.queue) },
	{ title: "Memory", number: true, sort: t => t.memory, cell: t => bytes(t.memory) },
	{ title: "Requests/s", number: true, sort: t => t.requests, cell: t => digits(t.requests) },
	{ title: "Failed/s", number: true, sort: t => t.failed, cell: t => bad(digits(t.failed), t.failed > 0) },
	{ title: "p99", number: true, sort: t => t.p99 || 0, cell: t => time(t.p99) },
	{ title: "Sessions", number: true, sort: t => t.sessions, cell: t => count(t.sessions) },
	{ title: "Sent/s", number: true, sort: t => t.sent, cell: t => bytes(t.sent) },
	{ title: "Received/s", number: true, sort: t => t.received, cell: t => bytes(t.received) },
	{ title: "Sent again/s", number: true, sort: t => t.retransmits, cell: t => bad(digits(t.retransmits), t.retransmits > 0) },
], t => t.name, "No target has been seen yet.", [0, false]);

// --- requests ---

const PROTOCOLS = {
	kview_http_request_seconds: "HTTP", kview_http_client_request_seconds: "HTTP, asked",
	kview_dns_query_seconds: "DNS", kview_dns_client_query_seconds: "DNS, asked",
	kview_ilp_prepare_seconds: "Interledger",
};

const protocol = (metric, labels) => PROTOCOLS[metric] + (labels.direction === "out" ? ", asked" : "");
const result = labels => labels.status || labels.code || labels.result || "";

function requests() {
	return Object.keys(PROTOCOLS).flatMap(metric => samples.recent(metric).filter(s => s.count > 0).map(s => ({
		protocol: protocol(metric, s.labels), target: s.labels.target, rate: s.rate, mean: s.sum / s.count, failed: failed(s.labels),
		what: [s.labels.method, s.labels.path, s.labels.type].filter(Boolean).join(" "), result: result(s.labels),
		p50: quantile(s.buckets, .5), p99: quantile(s.buckets, .99),
	})));
}

const requestTable = new Table($("request-table"), [
	{ title: "Target", sort: r => r.target, cell: r => r.target },
	{ title: "Protocol", sort: r => r.protocol, cell: r => r.protocol },
	{ title: "What", wide: true, sort: r => r.what, cell: r => element("span", { class: "program" }, r.what) },
	{ title: "Result", sort: r => r.result, cell: r => bad(r.result, r.failed) },
	{ title: "Per second", number: true, sort: r => r.rate, cell: r => digits(r.rate) },
	{ title: "Mean", number: true, sort: r => r.mean, cell: r => time(r.mean) },
	{ title: "Half below", number: true, sort: r => r.p50, cell: r => time(r.p50) },
	{ title: "99 % below", number: true, sort: r => r.p99, cell: r => time(r.p99) },
], r => JSON.stringify([r.protocol, r.target, r.what, r.result]), "No requests in the last ten seconds.", [4, true]);

// --- over time ---

const GC = "kview_gc_pause_seconds";
const heat = new Heat("heat", bound => time(bound)), gcHeat = new Heat("gc", bound => time(bound));

const nameOf = metric => metric.replace(/^kview_/, "").replace(/_seconds$/, "").replaceAll("_", " ");

function columns(metric, target) {
	const { moments, last } = samples;
	return moments.slice(1).map((moment, i) => ({ ago: last.time - moments[i].time, buckets: merge(
		samples.gained(metric, moments[i], moment).filter(s => !target || s.labels.target === target)) }));
}

function showHeat() {
	const metrics = samples.histograms().filter(metric => metric !== GC && metric.endsWith("_seconds"));
	const preferred = "kview_http_request_seconds";
	metrics.sort((a, b) => (b === preferred) - (a === preferred) || (a < b ? -1 : 1));
	choose($("heat-metric"), metrics, nameOf);
	const metric = $("heat-metric").value;
	const names = [...new Set(samples.values(metric).map(s => s.labels.target).filter(Boolean))].sort();
	choose($("heat-target"), ["", ...names], value => value || "all targets");
	heat.show(columns(metric, $("heat-target").value), metric ? `Times of ${nameOf(metric)}` : "Times");
	gcHeat.show(columns(GC, ""), "Pauses");
}

// --- own cost ---

function tile(title, value, more) {
	return element("div", null, element("dt", null, title), element("dd", null, value, element("small", null, more || "")));
}

function programs() {
	const rate = metric => new Map(samples.recent(metric).map(s => [s.labels.program, s.rate]));
	const runs = rate("kview_monitor_program_runs_total"), busy = rate("kview_monitor_program_seconds_total");
	return samples.values("kview_monitor_program_in_view").map(s => s.labels.program).map(name => ({
		name, runs: runs.get(name) || 0, busy: busy.get(name) || 0,
		inView: samples.values("kview_monitor_program_in_view").some(s => s.labels.program === name && s.value === 1),
	}));
}

const programTable = new Table($("program-table"), [
	{ title: "Program", sort: p => p.name, cell: p => element("span", { class: "program" }, p.name) },
	{ title: "Who pays", sort: p => p.inView, cell: p => p.inView ? "the targets" : "everybody" },
	{ title: "Runs/s", number: true, sort: p => p.runs, cell: p => digits(p.runs) },
	{ title: "Each", number: true, sort: p => p.runs ? p.busy / p.runs : 0, cell: p => p.runs ? time(p.busy / p.runs) : "" },
	{ title: "CPU", number: true, sort: p => p.busy, cell: p => percent(p.busy) },
], p => p.name, "No program runs.", [4, true]);

function showCost() {
	const list = programs(), first = metric => samples.values(metric)[0]?.value || 0;
	const lost = sum(samples.values("kview_monitor_lost_total"), s => s.value);
	$("tiles").replaceChildren(
		tile("The daemon's CPU", percent(sum(samples.recent("kview_monitor_cpu_seconds_total"), s => s.rate)), "of one processor"),
		tile("Programs in the kernel", percent(sum(list, p => p.busy)), `${digits(sum(list, p => p.runs))} runs a second`),
		tile("The daemon's memory", bytes(first("kview_monitor_resident_bytes"))),
		tile("Maps", bytes(sum(samples.values("kview_monitor_map_bytes"), s => s.value)), "in the kernel"),
		tile("Series", count(first("kview_monitor_series")), `${count(first("kview_monitor_series_refused_total"))} refused`),
		tile("Lost", count(lost), "for lack of room in maps"));
	programTable.show(list);
}

// --- the other side ---

function show() {
	targetTable.show(targets());
	requestTable.show(requests());
	showHeat();
	showCost();
	flames.targets([...new Set(samples.values("kview_processes").map(s => s.labels.target))].sort());
}

function trouble(text) {
	$("trouble").textContent = text;
	$("trouble").hidden = !text;
	$("link").textContent = text ? "not live" : "live";
	$("link").classList.toggle("lost", Boolean(text));
}

async function poll() {
	try {
		const answer = await fetch("metrics.json", { cache: "no-store", credentials: "omit" });
		if (!answer.ok)
			throw new Error(`HTTP status ${answer.status}`);
		samples.add(await answer.text());
		show();
		await sessions.show();
		trouble("");
	} catch (error) {
		trouble(`kview-monitord does not answer: ${error.message}. What is shown is of before.`);
	}
	setTimeout(poll, POLL_MS);
}

// --- for who has the key ---

// Null: the key is not right, or there is none.
async function ask(what) {
	if (!key)
		return null;
	const answer = await fetch(what, { cache: "no-store", credentials: "omit", headers: { "Authorization": `Bearer ${key}` } });
	return answer.status === 401 ? null : answer;
}

let key = takeKey(location.pathname);
const sessions = new Sessions(ask), flames = new Flames(ask);

$("heat-metric").addEventListener("change", showHeat);
$("heat-target").addEventListener("change", showHeat);
window.addEventListener("hashchange", () => { key = takeKey(location.pathname); });
window.addEventListener("resize", () => samples.last && showHeat());
poll();

// SPDX-License-Identifier: GPL-2.0-or-later
// What kview-monitord has answered, and what happened between two answers. Counts never go back; a series that is smaller
// than before was forgotten, and began again.

const MOMENTS_MAX = 151;	// five minutes and one, every two seconds
const SPAN = 10;		// seconds that rates are of

// A moment: its time, and the series, by the name of their metric.
function read(text) {
	const moment = { time: 0, series: new Map() };
	for (const line of text.split("\n")) {
		if (!line)
			continue;
		const one = JSON.parse(line);
		one.key = JSON.stringify(one.labels);
		moment.time = one.time;
		if (!moment.series.has(one.metric))
			moment.series.set(one.metric, new Map());
		moment.series.get(one.metric).set(one.key, one);
	}
	return moment;
}

function difference(now, old) {
	const begun = !old || (now.count ?? now.value) < (old.count ?? old.value);
	const less = (value, other) => value - (begun ? 0 : other || 0);
	if (now.type !== "histogram")
		return { labels: now.labels, count: less(now.value, old?.value) };
	const buckets = {};
	for (const [bound, number] of Object.entries(now.buckets)) {
		const gained = less(number, old?.buckets[bound]);
		if (gained > 0)
			buckets[bound] = gained;
	}
	return { labels: now.labels, count: less(now.count, old?.count), sum: less(now.sum, old?.sum), buckets };
}

export class Samples {
	constructor() {
		this.moments = [];
	}
	add(text) {
		const moment = read(text);
		const last = this.moments.at(-1);
		if (last && moment.time <= last.time)
			this.moments = [];	// the clock was set back: begin anew
		this.moments.push(moment);
		this.moments.splice(0, this.moments.length - MOMENTS_MAX);
	}
	get last() {
		return this.moments.at(-1);
	}
	// Names of histograms that hold something.
	histograms() {
		return [...this.last.series].filter(([, series]) => [...series.values()].some(one => one.count > 0))
			.map(([name]) => name);
	}
	values(metric) {
		return [...this.last.series.get(metric)?.values() || []];
	}
	// What was gained between two moments; a series that is new has gained all it has.
	gained(metric, from, to) {
		const old = from.series.get(metric);
		return [...to.series.get(metric)?.values() || []].map(one => difference(one, old?.get(one.key)));
	}
	// The moment that rates begin at, and how long before the last one it was; at the least, the one before.
	span() {
		const last = this.last, found = this.moments.find(moment => moment.time >= last.time - SPAN - 0.5);
		const from = found === last ? this.moments.at(-2) : found;
		return from ? { from, seconds: last.time - from.time } : null;
	}
	recent(metric) {
		const span = this.span();
		return span ? this.gained(metric, span.from, this.last).map(one => ({ ...one, rate: one.count / span.seconds,
			sumRate: (one.sum || 0) / span.seconds })) : [];
	}
}

export const sum = (list, value) => list.reduce((total, one) => total + value(one), 0);

export function merge(list) {
	const buckets = {};
	for (const one of list)
		for (const [bound, number] of Object.entries(one.buckets || {}))
			buckets[bound] = (buckets[bound] || 0) + number;
	return buckets;
}

// As Prometheus' histogram_quantile() has it: linear within a bucket; each begins at half of where it ends.
export function quantile(buckets, part) {
	const sorted = Object.entries(buckets).map(([bound, number]) => [bound === "+Inf" ? Infinity : Number(bound), number])
		.sort((a, b) => a[0] - b[0]);
	let rank = part * sum(sorted, ([, number]) => number);
	for (const [bound, number] of sorted) {
		if (rank <= number)
			return bound === Infinity ? Infinity : bound / 2 + bound / 2 * rank / number;
		rank -= number;
	}
	return NaN;
}

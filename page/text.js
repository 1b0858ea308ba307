// SPDX-License-Identifier: GPL-2.0-or-later
// Nodes of the page, and numbers and times as people read them.

const SVG = "http://www.w3.org/2000/svg";

export const $ = id => document.getElementById(id);

export function element(name, attributes, ...children) {
	const made = document.createElement(name);
	for (const [key, value] of Object.entries(attributes || {}))
		if (value !== null && value !== undefined && value !== false)
			made.setAttribute(key, value === true ? "" : value);
	made.append(...children);
	return made;
}

export function shape(name, attributes, text) {
	const made = document.createElementNS(SVG, name);
	for (const [key, value] of Object.entries(attributes))
		made.setAttribute(key, value);
	if (text)
		made.textContent = text;
	return made;
}

// The values to choose from; what is chosen stays, as long as it is there.
export function choose(select, values, text) {
	const before = select.value;
	if ([...select.options].map(option => option.value).join("\n") !== values.join("\n"))
		select.replaceChildren(...values.map(value => element("option", { value }, text(value))));
	if (values.includes(before))
		select.value = before;
}

export const count = number => number.toLocaleString("en");
export const plural = (number, one, many) => `${count(number)} ${number === 1 ? one : many}`;

export function duration(seconds) {
	if (seconds < 90)
		return `${Math.round(seconds)} s`;
	if (seconds < 5400)
		return `${Math.round(seconds / 60)} min`;
	return seconds < 129600 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} d`;
}

export function when(time) {
	const date = new Date(time * 1000), pad = number => String(number).padStart(2, "0");
	const clock = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
	if (date.toDateString() === new Date().toDateString())
		return clock;
	return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${clock}`;
}

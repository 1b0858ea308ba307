// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers as people read them.
import { count } from "./text.js";

export const digits = value => value === 0 ? "0" : value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : count(Math.round(value));

export function time(seconds) {
	if (!Number.isFinite(seconds))
		return seconds === Infinity ? "> 17 s" : "";
	return seconds < 1e-3 ? `${digits(seconds * 1e6)} µs` : seconds < 1 ? `${digits(seconds * 1e3)} ms` : `${digits(seconds)} s`;
}

export function bytes(value) {
	const units = ["B", "KiB", "MiB", "GiB", "TiB"];
	let i = 0;
	for (; value >= 1024 && i + 1 < units.length; i++)
		value /= 1024;
	return `${i ? digits(value) : Math.round(value)} ${units[i]}`;
}

export const percent = part => `${digits(100 * part)} %`;

// SPDX-License-Identifier: GPL-2.0-or-later
// The picture of which call follows which.

import { $ } from "./text.js";

const CALL_NONE = 65535;

export const matrix = { names: [], cells: [], size: 0, edge: 0, left: 0, top: 0, at: null };

// Rows: a call; columns: what came before it, the first one: nothing, a process or handler begins.
export function readMatrix(profile) {
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

export function drawMatrix() {
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

export const before = column => column ? matrix.names[column - 1] : "the beginning";

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

// Once, when the page begins.
export function listenToMatrix() {
	const canvas = $("matrix");
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
}

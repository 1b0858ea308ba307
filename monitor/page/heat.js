// SPDX-License-Identifier: GPL-2.0-or-later
// Histograms over time: a column for each moment, a row for each bucket, the more the darker.

import { $ } from "./text.js";

const ROW = 14, LEFT = 70, BOTTOM = 20, TOP = 6;

const boundOf = text => text === "+Inf" ? Infinity : Number(text);

// @columns: [{ago, buckets}], the newest last; @unit: how a bound is written.
export class Heat {
	constructor(name, unit) {
		Object.assign(this, { canvas: $(`${name}-map`), text: $(`${name}-text`), cell: $(`${name}-cell`), unit, columns: [] });
		this.canvas.addEventListener("mousemove", event => this.point(event));
		this.canvas.addEventListener("mouseleave", () => { this.cell.textContent = ""; });
	}
	// From the smallest bucket that holds something to the largest.
	rows() {
		const bounds = [...new Set(this.columns.flatMap(column => Object.keys(column.buckets)))].map(boundOf);
		const finite = bounds.filter(Number.isFinite), rows = [];
		if (!bounds.length)
			return rows;
		for (let bound = Math.min(...finite); bound <= Math.max(...finite) * 1.01; bound *= 2)
			rows.push(bound);
		return bounds.includes(Infinity) ? [...rows, Infinity] : rows;
	}
	show(columns, what) {
		this.columns = columns;
		this.shown = this.rows();
		this.draw();
		const total = columns.reduce((all, column) => all + Object.values(column.buckets).reduce((a, b) => a + b, 0), 0);
		this.text.textContent = total ? `${what}: ${total.toLocaleString("en")} in the last ${Math.round(columns[0].ago)} s. ` +
			"Each row is twice as long as the one below; darker means more." : `${what}: none yet.`;
	}
	numberAt(column, bound) {
		for (const [text, number] of Object.entries(column.buckets)) {
			const other = boundOf(text);
			if (other === bound || Math.abs(other - bound) < bound / 100)
				return number;
		}
		return 0;
	}
	draw() {
		const { canvas, columns, shown } = this, scale = window.devicePixelRatio || 1, pen = canvas.getContext("2d");
		const style = getComputedStyle(document.documentElement), color = name => style.getPropertyValue(`--${name}`).trim();
		const width = canvas.clientWidth, height = TOP + Math.max(3, shown.length) * ROW + BOTTOM;
		canvas.width = width * scale;
		canvas.height = height * scale;
		canvas.style.height = `${height}px`;
		pen.scale(scale, scale);
		pen.font = "11px system-ui, sans-serif";
		pen.textBaseline = "middle";
		this.edge = (width - LEFT) / Math.max(30, columns.length);
		const most = Math.max(1, ...columns.flatMap(column => Object.values(column.buckets)));
		columns.forEach((column, x) => shown.forEach((bound, y) => {
			const number = this.numberAt(column, bound);
			pen.globalAlpha = 1;
			pen.fillStyle = color("empty");
			pen.fillRect(LEFT + x * this.edge, TOP + (shown.length - 1 - y) * ROW, Math.max(1, this.edge - 1), ROW - 1);
			if (!number)
				return;
			pen.globalAlpha = .25 + .75 * Math.log(1 + number) / Math.log(1 + most);
			pen.fillStyle = color("alarm");
			pen.fillRect(LEFT + x * this.edge, TOP + (shown.length - 1 - y) * ROW, Math.max(1, this.edge - 1), ROW - 1);
		}));
		pen.globalAlpha = 1;
		pen.fillStyle = color("soft");
		shown.forEach((bound, y) => pen.fillText(bound === Infinity ? "more" : this.unit(bound), 4,
			TOP + (shown.length - .5 - y) * ROW));
		if (columns.length) {
			pen.fillText(`${Math.round(columns[0].ago)} s ago`, LEFT, height - BOTTOM / 2);
			pen.textAlign = "right";
			if (columns.length * this.edge > 120)
				pen.fillText("now", LEFT + columns.length * this.edge, height - BOTTOM / 2);
			pen.textAlign = "left";
		}
	}
	point(event) {
		const column = this.columns[Math.floor((event.offsetX - LEFT) / this.edge)];
		const bound = this.shown[this.shown.length - 1 - Math.floor((event.offsetY - TOP) / ROW)];
		this.cell.textContent = !column || !bound ? "" :
			`${this.numberAt(column, bound).toLocaleString("en")} ` +
			(bound === Infinity ? "of more than that" : `of ${this.unit(bound / 2)} to ${this.unit(bound)}`) +
			`, ${Math.round(column.ago)} s ago`;
	}
}

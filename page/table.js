// SPDX-License-Identifier: GPL-2.0-or-later
// Tables that keep their rows.

import { count, element } from "./text.js";

const ROWS_MAX = 500;

// columns: { title, cell(row) -> node or text, number, wide, sort(row) }. Rows are known by key(row) and changed where they
// differ, so that the focus and what somebody has selected stay.
export class Table {
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

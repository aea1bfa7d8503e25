// The table: a row for each run with all that differs between runs; sorted by a click on a column's name.

import { el } from "./dom.js";
import { listGroups, nextSort, valueOf } from "./filter.js";
import { describe, judgeMarks, takeMarkClick } from "./judging.js";
import { clips, columns, format, isNumeric } from "./model.js";
import { Rows } from "./rows.js";
import { change, listen, state } from "./store.js";

const ROW = 58;
const GROUP_LINE = 40;
const HEAD = 40; // height of the names of columns

export class Table {
  constructor({ onEnlarge }) {
    this.onEnlarge = onEnlarge;
    this.head = el("div", { class: "line head", role: "row", "aria-rowindex": "1" });
    this.body = el("div", { class: "rows", role: "presentation" });
    const sheet = el(
      "div",
      { class: "sheet", role: "grid", tabindex: "0", "aria-label": "Runs and their values" },
      el("div", { role: "rowgroup", class: "headings" }, this.head),
      el("div", { role: "rowgroup" }, this.body),
    );
    this.sheet = sheet;
    this.element = el("div", { class: "table" }, sheet);
    this.rows = new Rows(this.element, this.body, (row) => this.drawRow(row));
    this.cells = new Map();
    listen("ratings", () => this.refresh());
    listen("focus", () => this.showFocus());
  }

  /** The columns that are shown. */
  get columns() {
    return columns.filter((column) => !state.hidden.has(column.id));
  }

  render() {
    if (!this.element.clientWidth) return;
    const shown = this.columns;
    const widths = shown.map((column) => `minmax(${column.width ?? 92}px, ${column.kind === "prompt" ? 3 : 1}fr)`);
    this.template = `96px minmax(310px, 1.4fr) minmax(104px, .5fr) ${widths.join(" ")}`;
    const least = 510 + shown.reduce((sum, column) => sum + (column.width ?? 92), 0);
    this.sheet.style.minWidth = `${least}px`;
    this.drawHead(shown);
    const groups = listGroups();
    this.lines = groups.flatMap(([title, members]) => [
      ...(title ? [{ heading: `${title} (${members.length})` }] : []),
      ...members.map((run) => ({ run })),
    ]);
    this.shown = groups.flatMap(([, members]) => members);
    this.sheet.setAttribute("aria-rowcount", this.lines.length + 1);
    this.sheet.setAttribute("aria-colcount", shown.length + 3);
    this.cells.clear();
    this.rows.setHeights(this.lines.map((line) => (line.heading ? GROUP_LINE : ROW)));
    this.showFocus();
  }

  drawHead(shown) {
    const sortable = [
      { id: "name", title: "run" },
      { id: "state", title: "state" },
      ...shown,
    ];
    const names = sortable.map((column) => {
      const isSorted = state.sort.column === column.id;
      const order = isSorted ? (state.sort.down ? "descending" : "ascending") : "none";
      const arrow = isSorted ? (state.sort.down ? " \u25be" : " \u25b4") : "";
      const title = [column.text, betterText(column)].filter(Boolean).join(" ");
      const name = el(
        "button",
        { type: "button", title, on: { click: () => change("runs", { sort: nextSort(column.id) }) } },
        column.title + arrow,
      );
      const side = column.kind === "number" ? "number" : "";
      return el("div", { role: "columnheader", "aria-sort": order, class: side }, name);
    });
    this.head.style.gridTemplateColumns = this.template;
    this.head.replaceChildren(el("div", { role: "columnheader" }, el("span", { class: "unseen" }, "picture")), ...names);
  }

  drawRow(row) {
    const line = this.lines[row];
    if (line.heading) {
      const cell = el("div", { role: "gridcell", "aria-colspan": this.columns.length + 3 }, line.heading);
      return el("div", { class: "line heading", role: "row", "aria-rowindex": row + 2 }, cell);
    }
    const { run } = line;
    const still = clips[run.clip]?.still;
    const name = el("div", { role: "gridcell", class: "name" }, nameOf(run));
    const element = el(
      "div",
      {
        class: "line",
        role: "row",
        id: `row-${run.index}`,
        "aria-rowindex": row + 2,
        "aria-selected": run.key === state.focus ? "true" : "false",
        on: { click: (event) => this.click(event, run) },
      },
      el("div", { role: "gridcell" }, still ? el("img", { src: still, alt: "", decoding: "async" }) : null),
      name,
      el("div", { role: "gridcell", class: run.problem ? "bad" : "good" }, String(valueOf(run, "state")).replaceAll("_", " ")),
      this.columns.map((column) => drawValue(run, column)),
    );
    element.style.gridTemplateColumns = this.template;
    this.cells.set(run.key, { element, name, run });
    return element;
  }

  click(event, run) {
    change("focus", { focus: run.key });
    if (!takeMarkClick(event, run) && run.clip && event.detail > 1) this.onEnlarge(run);
  }

  refresh() {
    for (const { name, run } of this.cells.values()) name.replaceChildren(...nameOf(run));
  }

  showFocus() {
    for (const { element, run } of this.cells.values()) {
      element.setAttribute("aria-selected", run.key === state.focus ? "true" : "false");
    }
    const focused = this.cells.get(state.focus)?.element;
    if (focused?.isConnected) this.sheet.setAttribute("aria-activedescendant", focused.id);
    else this.sheet.removeAttribute("aria-activedescendant");
  }

  move(step, { rows = false } = {}) {
    if (!this.shown?.length || (!rows && Math.abs(step) === 1)) return;
    const at = this.shown.findIndex((run) => run.key === state.focus);
    const next = at < 0 ? 0 : Math.max(0, Math.min(this.shown.length - 1, at + step));
    change("focus", { focus: this.shown[next].key });
    this.reveal();
  }

  reveal() {
    const row = this.lines.findIndex((line) => line.run?.key === state.focus);
    if (row < 0) return;
    this.rows.reveal(row, HEAD);
    this.showFocus();
  }
}

function nameOf(run) {
  return [
    el("b", { title: run.name }, run.name),
    run.rank ? el("span", { class: "rank" }, `#${run.rank}`) : "",
    run.clip ? judgeMarks(run) : "",
    el("span", { class: "unseen" }, describe(run)),
  ];
}

function drawValue(run, column) {
  const value = valueOf(run, column.id);
  const text = format(value, column);
  const cell = el("div", { role: "gridcell", class: isNumeric(column) ? "number" : column.kind, title: text }, text);
  const share = shareOf(value, column);
  if (share !== null) {
    cell.classList.add("meter");
    cell.style.setProperty("--share", share);
  }
  return cell;
}

/** Where a measure lies between the worst and the best that it can be; null where it has no such ends. */
export function shareOf(value, column) {
  if (!column.better || typeof value !== "number" || !column.range) return null;
  const [low, high] = column.range;
  const share = Math.max(0, Math.min(1, (value - low) / (high - low)));
  return column.better === "higher" ? share : 1 - share;
}

/** The direction of a measure in words. */
export function betterText(column) {
  return column.better ? `${column.better === "higher" ? "Higher" : "Lower"} is better.` : "";
}

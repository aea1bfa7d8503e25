// The grid: a cell for each run with its clip, in rows of which only those in view exist.

import { el } from "./dom.js";
import { listGroups } from "./filter.js";
import { describe, judgeMarks, takeMarkClick } from "./judging.js";
import { clips } from "./model.js";
import { Rows } from "./rows.js";
import { Screen } from "./screen.js";
import { change, listen, state } from "./store.js";
import { listenZoom } from "./zoom.js";

export const SIZES = [180, 300, 460, 720]; // least width of a cell in pixels
const GAP = 10;
const CAPTION = 58; // height below a picture
const HEADING = 44;
const MOST_CLIPS = 48; // browsers open no more than about 75 clips in one page
const REST_MS = 120; // clips open when scrolling rests

export class Grid {
  constructor({ onEnlarge }) {
    this.onEnlarge = onEnlarge;
    this.body = el("div", { class: "rows", role: "presentation" });
    const label = "Runs; arrow keys move, Enter enlarges, 1 to 5 rate, P picks";
    this.element = el("div", { class: "grid", role: "listbox", tabindex: "0", "aria-label": label }, this.body);
    this.lines = []; // each { heading } or { runs }
    this.cells = new Map(); // key of a run -> { screen, element }
    this.rows = new Rows(this.element, this.body, (row) => this.drawRow(row), (row) => this.dropRow(row));
    this.rows.onUpdate = () => this.openSoon();
    new ResizeObserver(() => this.relayout()).observe(this.element);
    listen("ratings", () => this.refresh());
    listen("focus", () => this.showFocus());
    listenZoom(this.element);
  }

  /** Lay the shown runs out anew. */
  render() {
    this.width = this.element.clientWidth;
    if (!this.width) return;
    const room = this.width - GAP;
    this.columns = Math.max(1, Math.floor(room / (SIZES[state.cell] + GAP)));
    this.cellWidth = Math.floor(room / this.columns) - GAP;
    this.rows.clear();
    const groups = listGroups();
    this.shown = groups.flatMap(([, members]) => members);
    this.shape = shapeOf(this.shown);
    this.lines = groups.flatMap(([title, members]) => [
      ...(title ? [{ heading: `${title} (${members.length})` }] : []),
      ...inRows(members, this.columns),
    ]);
    const picture = Math.round(this.cellWidth / this.shape);
    this.rows.setHeights(this.lines.map((line) => (line.heading ? HEADING : picture + CAPTION + GAP)));
    this.showFocus();
  }

  relayout() {
    if (this.element.clientWidth !== this.width) this.render();
  }

  drawRow(row) {
    const line = this.lines[row];
    if (line.heading) return el("div", { class: "row heading", role: "presentation" }, el("h3", {}, line.heading));
    const cells = line.runs.map((run) => this.drawCell(run));
    const element = el("div", { class: "row", role: "presentation" }, cells);
    element.style.gridTemplateColumns = `repeat(${this.columns}, ${this.cellWidth}px)`;
    return element;
  }

  drawCell(run) {
    const screen = run.clip ? new Screen() : null;
    screen?.setClip(clips[run.clip]);
    const picture = screen ? screen.element : problemCard(run);
    picture.style.aspectRatio = String(this.shape);
    const caption = el("div", { class: "caption" }, captionOf(run));
    const element = el(
      "div",
      {
        class: "cell",
        role: "option",
        id: `cell-${run.index}`,
        "aria-label": describe(run),
        "aria-setsize": this.shown.length,
        "aria-posinset": this.shown.indexOf(run) + 1,
        "aria-selected": run.key === state.focus ? "true" : "false",
        on: { click: (event) => this.click(event, run) },
      },
      picture,
      caption,
    );
    this.cells.set(run.key, { screen, element, caption, run });
    return element;
  }

  dropRow(row) {
    for (const run of this.lines[row].runs ?? []) {
      this.cells.get(run.key)?.screen?.close();
      this.cells.delete(run.key);
    }
  }

  click(event, run) {
    if (this.element.dataset.panned) return;
    change("focus", { focus: run.key });
    if (!takeMarkClick(event, run) && run.clip) this.onEnlarge(run);
  }

  /** Open the clips in view when scrolling rests, as many as a browser opens. */
  openSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), REST_MS);
  }

  open() {
    const [top, bottom] = [this.element.scrollTop, this.element.scrollTop + this.element.clientHeight];
    const seen = [...this.cells.values()].filter(({ element, screen }) => {
      const row = element.parentElement;
      const at = new DOMMatrixReadOnly(row.style.transform).m42;
      return screen && at < bottom && at + row.offsetHeight > top;
    });
    const open = new Set(state.view === "grid" && !state.viewer ? seen.slice(0, MOST_CLIPS) : []);
    for (const cell of this.cells.values()) {
      if (open.has(cell)) cell.screen.open();
      else cell.screen?.close();
    }
  }

  refresh() {
    for (const { run, element, caption } of this.cells.values()) {
      caption.replaceChildren(...captionOf(run));
      element.setAttribute("aria-label", describe(run));
    }
  }

  showFocus() {
    for (const { run, element } of this.cells.values()) {
      element.setAttribute("aria-selected", run.key === state.focus ? "true" : "false");
    }
    const focused = this.cells.get(state.focus);
    if (focused) this.element.setAttribute("aria-activedescendant", focused.element.id);
    else this.element.removeAttribute("aria-activedescendant");
  }

  /** Move the focus by so many runs, or with `rows` by so many rows, and bring it into view. */
  move(step, { rows = false } = {}) {
    if (!this.shown?.length) return;
    const at = this.shown.findIndex((run) => run.key === state.focus);
    const next = at < 0 ? 0 : Math.max(0, Math.min(this.shown.length - 1, at + step * (rows ? this.columns : 1)));
    change("focus", { focus: this.shown[next].key });
    this.reveal();
  }

  reveal() {
    const row = this.lines.findIndex((line) => line.runs?.some((run) => run.key === state.focus));
    if (row < 0) return;
    this.rows.reveal(row);
    this.showFocus();
  }
}

function inRows(members, columns) {
  const lines = [];
  for (let at = 0; at < members.length; at += columns) lines.push({ runs: members.slice(at, at + columns) });
  return lines;
}

/** The shape of all cells: that of the first clip. */
function shapeOf(shown) {
  const clip = clips[shown.find((run) => run.clip)?.clip];
  return clip ? clip.size[0] / clip.size[1] : 16 / 9;
}

function problemCard(run) {
  const [headline, sentence] = run.problem ?? [run.state, ""];
  return el("div", { class: "problem" }, el("b", {}, headline.replaceAll("_", " ")), el("p", {}, sentence));
}

function captionOf(run) {
  const rank = run.rank ? el("span", { class: "rank" }, `#${run.rank}`) : null;
  return [
    el("div", { class: "title" }, el("b", { title: run.name }, run.name), rank, run.clip ? judgeMarks(run) : null),
    el("div", { class: "settings", title: `${run.caption}\n${run.prompt ?? ""}` }, run.caption || run.prompt || ""),
  ];
}

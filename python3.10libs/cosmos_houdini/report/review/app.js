// The page: the head, the bar of tools, the views, the panel and the transport, put together.

import { pause } from "./clock.js";
import { drawDetails } from "./details.js";
import { button, choice, el, say } from "./dom.js";
import { ONLY, listShown } from "./filter.js";
import { Grid, SIZES } from "./grid.js";
import { drawHelp, focusFirst, listenKeys } from "./keys.js";
import { columns, findRun, report, runs } from "./model.js";
import { Panel } from "./panel.js";
import { Plots } from "./plots.js";
import { countRated, listPicked, loadRatings, ratingsDocument, takeOver } from "./ratings.js";
import { change, listen, state, tell } from "./store.js";
import { Table } from "./table.js";
import { Transport } from "./transport.js";
import { Viewer } from "./viewer.js";

const VIEWS = [
  ["grid", "Grid", "G"],
  ["table", "Table", "T"],
  ["plots", "Plots", "V"],
  ["details", "Details", "E"],
];

class App {
  constructor() {
    this.viewer = new Viewer();
    const onEnlarge = (run) => this.viewer.open(run);
    this.views = {
      grid: new Grid({ onEnlarge }),
      table: new Table({ onEnlarge }),
      plots: new Plots({ onEnlarge }),
      details: { element: drawDetails(), render() {} },
    };
    this.panel = new Panel();
    this.transport = new Transport();
    this.help = drawHelp();
    this.count = el("span", { class: "count", role: "status" });
    this.makeTools();
    const main = el("main", { class: "main" }, Object.values(this.views).map((view) => view.element), this.viewer.element);
    const place = document.getElementById("app");
    place.replaceChildren(this.head(), this.tools, main, this.panel.element, this.transport.element, this.help);
    listen("runs", () => this.render());
    listen("view", () => this.showView());
    listen("ratings", () => this.countRuns());
  }

  head() {
    const tabs = VIEWS.map(([view, name, key]) =>
      button(`${name} view`, () => this.show(view), { face: name, key, "data-view": view }),
    );
    return el(
      "header",
      { class: "head" },
      el("h1", {}, report.title),
      report.preview ? el("strong", { class: "preview", title: "The engine preview runs no model. Its results are stand-ins and are not ranked." }, "PREVIEW") : null,
      el("ul", { class: "totals" }, report.totals.map(([name, value]) => el("li", { title: name }, el("b", {}, value), ` ${name}`))),
      el("nav", { class: "tabs", "aria-label": "Views" }, tabs),
    );
  }

  makeTools() {
    this.search = el("input", {
      type: "search",
      placeholder: "Search, or seed>5 (/)",
      "aria-label": "Search names, prompts, notes and values",
      on: { input: () => change("runs", { query: this.search.value }) },
    });
    const sorts = [["", "order of the batch"], ["name", "name"], ["rating", "rating"], ...columns.map((column) => [column.id, column.title])];
    this.sorts = choice("Sort by", sorts, "", (column) => change("runs", { sort: { column, down: ["rating"].includes(column) || columns.find((one) => one.id === column)?.better === "higher" } }));
    const groups = [["", "no groups"], ...columns.filter((column) => column.group === "parameter").map((column) => [column.id, column.title]), ["state", "state"], ["rating", "rating"]];
    this.tools = el(
      "div",
      { class: "tools", role: "toolbar", "aria-label": "Runs" },
      this.search,
      choice("Show", ONLY, "all", (only) => change("runs", { only })),
      el("label", {}, "sort ", this.sorts),
      el("label", {}, "group ", choice("Group by", groups, "", (group) => change("runs", { group }))),
      this.columnMenu(),
      button("Smaller pictures", () => this.resize(-1), { face: "\u2212" }),
      button("Larger pictures", () => this.resize(1), { face: "+" }),
      this.count,
      el("span", { class: "space" }),
      button("Save ratings as a file", () => this.save(), { face: "Save" }),
      this.reader(),
      button("Light or dark", () => this.turnLight(), { face: "\u25d0" }),
      button("Keys", () => this.help.showModal(), { face: "?", key: "?" }),
    );
  }

  columnMenu() {
    const items = columns.map((column) =>
      el(
        "label",
        {},
        el("input", { type: "checkbox", checked: true, on: { change: (event) => this.hide(column.id, !event.target.checked) } }),
        ` ${column.title}`,
      ),
    );
    return items.length ? el("details", { class: "menu" }, el("summary", {}, "columns"), el("div", { class: "items" }, items)) : "";
  }

  reader() {
    const file = el("input", { type: "file", accept: ".json,application/json", "aria-label": "Ratings file", class: "unseen", tabindex: "-1", on: { change: () => this.read(file) } });
    return el("span", {}, button("Read ratings from a file", () => file.click(), { face: "Read" }), file);
  }

  hide(id, isHidden) {
    if (isHidden) state.hidden.add(id);
    else state.hidden.delete(id);
    tell("runs");
  }

  resize(step) {
    state.cell = Math.max(0, Math.min(SIZES.length - 1, state.cell + step));
    tell("runs");
  }

  turnLight() {
    const root = document.documentElement;
    const isDark = getComputedStyle(root).getPropertyValue("--is-dark").trim() === "1";
    root.dataset.theme = isDark ? "light" : "dark";
  }

  save() {
    const text = `${JSON.stringify(ratingsDocument(), null, 2)}\n`;
    const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    el("a", { href: address, download: `${report.file}.ratings.json` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
    say(`saved ${countRated()} ratings and ${listPicked().length} picks`);
  }

  async read(input) {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    try {
      const { known, foreign } = takeOver(JSON.parse(await file.text()));
      if (known === 0 && foreign > 0) say(`${file.name} is about other runs than these: nothing was taken over`);
      else say(`read ${known} judgements${foreign ? `; ${foreign} are about runs that are not here` : ""}`);
      tell("ratings");
    } catch (error) {
      say(`${file.name} cannot be read: ${error.message}`);
    }
  }

  /** The list of runs in which keys move: the grid stands in for views without one. */
  list() {
    return this.views[state.view === "table" ? "table" : "grid"];
  }

  show(view) {
    if (state.viewer) this.viewer.close();
    change("view", { view });
  }

  closeViewer() {
    this.viewer.close();
    this.showView();
    this.list().reveal();
    this.focusMain();
  }

  focusMain() {
    const { element } = this.views[state.view];
    (element.matches("[tabindex]") ? element : element.querySelector("[tabindex]"))?.focus({ preventScroll: true });
  }

  writeNote() {
    const run = findRun(state.focus);
    if (!run?.clip) return;
    document.body.classList.add("with-panel");
    this.panel.note?.focus();
  }

  takeAsB() {
    const run = findRun(state.focus);
    if (!run?.clip) return;
    this.viewer.setB(run.clip);
    say(`B: ${run.name}`);
  }

  showView() {
    for (const [name, view] of Object.entries(this.views)) view.element.hidden = name !== state.view || state.viewer;
    for (const tab of document.querySelectorAll(".tabs button")) tab.setAttribute("aria-pressed", String(tab.dataset.view === state.view));
    document.body.dataset.view = state.viewer ? "viewer" : state.view;
    this.render();
  }

  render() {
    if (state.view !== "grid" || state.viewer) this.views.grid.open();
    if (!state.viewer) this.views[state.view].render();
    this.sorts.value = state.sort.column;
    this.countRuns();
  }

  countRuns() {
    const shown = listShown().length;
    this.count.textContent = `${shown} of ${runs.length}, ${listPicked().length} picked, ${countRated()} rated`;
  }
}

loadRatings();
const app = new App();
listenKeys(app);
focusFirst(listShown());
app.showView();
app.focusMain();
document.addEventListener("visibilitychange", () => document.hidden && pause());

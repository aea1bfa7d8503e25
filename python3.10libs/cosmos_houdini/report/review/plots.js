// Plots of all runs: parallel coordinates, one value over another with the Pareto front, and importance of parameters.

import { RATING, colourOf, drawFrame, listMeasures, listParameters, makeAxis } from "./axes.js";
import { choice, el, svg } from "./dom.js";
import { listShown, valueOf } from "./filter.js";
import { findColumn, format, report } from "./model.js";
import { drawParallel } from "./parallel.js";
import { change, listen, state } from "./store.js";
import { betterText } from "./table.js";

const SIZE = { width: 560, height: 340, left: 62, top: 34, right: 20, bottom: 48 };

export class Plots {
  constructor({ onEnlarge }) {
    this.onEnlarge = onEnlarge;
    this.element = el("div", { class: "plots", tabindex: "0", "aria-label": "Plots" });
    this.chosen = {};
    new ResizeObserver(() => this.renderSoon()).observe(this.element);
    for (const kind of ["ratings", "focus"]) listen(kind, () => this.renderSoon());
  }

  renderSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => state.view === "plots" && this.element.clientWidth && this.render(), 60);
  }

  open(run) {
    change("focus", { focus: run.key });
  }

  pick(name, options, fallback) {
    const ids = options.map((column) => column.id);
    if (!ids.includes(this.chosen[name])) this.chosen[name] = ids.includes(fallback) ? fallback : ids[0];
    const chosen = options.find((column) => column.id === this.chosen[name]);
    const list = choice(name, options.map((column) => [column.id, column.title]), this.chosen[name], (value) => {
      this.chosen[name] = value;
      this.render();
    });
    return [chosen, el("label", {}, `${name} `, list)];
  }

  render() {
    const [measures, parameters] = [listMeasures(), listParameters()];
    if (measures.length === 0 && parameters.length === 0) {
      this.element.replaceChildren(el("p", { class: "soft" }, "All runs have the same values: there is nothing to plot."));
      return;
    }
    const all = el("section", { class: "wide" }, el("h2", {}, "All that differs"));
    const place = el("div", { class: "draw" });
    const [colour, colourList] = this.pick("colour by", measures, report.sort);
    all.append(measures.length ? colourList : "", place);
    this.element.replaceChildren(all, this.overParameter(parameters, measures), this.pareto(measures), this.importance());
    drawParallel(place, colour, (run) => this.open(run));
  }

  overParameter(parameters, measures) {
    if (!parameters.length || !measures.length) return "";
    const [x, xList] = this.pick("parameter", parameters, report.importance[0]?.parameters[0]?.name);
    const [y, yList] = this.pick("measure", measures, report.sort);
    return el("section", {}, el("h2", {}, "Measure over parameter"), xList, yList, this.scatter(x, y), measureText(y));
  }

  pareto(measures) {
    if (measures.length < 2) return "";
    const [x, xList] = this.pick("first", measures, measures[0].id);
    const [y, yList] = this.pick("second", measures, measures[1].id);
    const front = x.id === y.id ? [] : paretoFront(listShown(), x, y);
    const words = `${front.length} runs that no other run beats in both. Each direction is the measure's own.`;
    return el("section", {}, el("h2", {}, "Pareto front"), xList, yList, this.scatter(x, y, front), el("p", { class: "soft" }, words));
  }

  scatter(x, y, front = []) {
    const [across, up] = [makeAxis(x), makeAxis(y)];
    const box = { left: SIZE.left, top: SIZE.top, width: SIZE.width - SIZE.left - SIZE.right, height: SIZE.height - SIZE.top - SIZE.bottom };
    const at = (run) => {
      const [px, py] = [across.place(valueOf(run, x.id)), up.place(valueOf(run, y.id))];
      return px === null || py === null ? null : [box.left + px * box.width, box.top + (1 - py) * box.height];
    };
    const picture = svg("svg", { viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, role: "img", class: "scatter" }, drawFrame(across, up, box));
    picture.setAttribute("aria-label", `${y.title} over ${x.title}; the table has the same values`);
    if (front.length > 1) picture.append(svg("polyline", { class: "front", points: front.map((run) => at(run).join(",")).join(" ") }));
    for (const run of listShown()) {
      const point = at(run);
      if (!point) continue;
      const isFront = front.includes(run);
      const kind = `dot ${isFront ? "best" : ""} ${run.key === state.focus ? "focus" : ""}`;
      const dot = svg("circle", { cx: point[0], cy: point[1], r: isFront ? 6 : 4.5, class: kind });
      dot.style.fill = colourOf(RATING && valueOf(run, "rating") === null ? 0.35 : (valueOf(run, "rating") - 1) / 4);
      dot.append(svg("title", {}, `${run.name}: ${x.title} ${format(valueOf(run, x.id), x)}, ${y.title} ${format(valueOf(run, y.id), y)}`));
      dot.addEventListener("click", () => this.open(run));
      dot.addEventListener("dblclick", () => run.clip && this.onEnlarge(run));
      picture.append(dot);
    }
    return picture;
  }

  importance() {
    const known = report.importance;
    const words =
      "Which parameters moved a measure: PED-ANOVA of Optuna, on all runs with a result. The whisker is the spread of 40 " +
      "drawings of the runs with repetition; where it is as long as the bar, the order is not known yet.";
    if (known.length === 0) {
      const why = "At least 8 runs with a measure and two different values of a parameter are needed.";
      return el("section", {}, el("h2", {}, "Importance of parameters"), el("p", { class: "soft" }, why));
    }
    const options = known.map((one) => findColumn(one.measure) ?? { id: one.measure, title: one.measure });
    const [measure, list] = this.pick("importance for", options, report.sort);
    const found = known.find((one) => one.measure === measure.id);
    const rows = found.parameters.map(({ name, share, spread }) => importanceBar(findColumn(name)?.title ?? name, share, spread));
    const count = el("p", {}, `${found.runs} runs`);
    return el("section", {}, el("h2", {}, "Importance of parameters"), list, count, el("div", { class: "bars" }, rows), el("p", { class: "soft" }, words));
  }
}

function importanceBar(name, share, spread) {
  const bar = el("div", { class: "bar-of" }, el("i"), el("s"));
  bar.style.setProperty("--share", share);
  bar.style.setProperty("--low", Math.max(0, share - spread));
  bar.style.setProperty("--high", Math.min(1, share + spread));
  const number = `${Math.round(share * 100)} \u00b1 ${Math.round(spread * 100)} %`;
  return el("div", { class: "importance" }, el("span", {}, name), bar, el("span", { class: "number" }, number));
}

const measureText = (column) => el("p", { class: "soft" }, [column.text, betterText(column)].filter(Boolean).join(" "));

/** The runs that no other beats in both measures, along the first. */
export function paretoFront(shown, x, y) {
  const sign = (column) => (column.better === "lower" ? -1 : 1);
  const points = shown
    .map((run) => [sign(x) * valueOf(run, x.id), sign(y) * valueOf(run, y.id), run])
    .filter(([, , run]) => valueOf(run, x.id) !== null && valueOf(run, y.id) !== null)
    .sort((a, b) => b[0] - a[0] || b[1] - a[1]);
  const front = [];
  for (const point of points) if (!front.length || point[1] > front.at(-1)[1]) front.push(point);
  return front.map(([, , run]) => run);
}

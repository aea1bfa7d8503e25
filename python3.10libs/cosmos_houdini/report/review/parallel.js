// Parallel coordinates: one line for each run over all that differs. A drag along an axis keeps the runs that cross it there.

import { colourOf, listDrawable, makeAxis } from "./axes.js";
import { button, el, svg } from "./dom.js";
import { listShown, valueOf } from "./filter.js";
import { runs } from "./model.js";
import { change, state } from "./store.js";

const [TOP, BOTTOM, SIDE] = [56, 26, 70];
const MOST_AXES = 14;

/** Draw the plot into a place; `colour` is the column whose values colour the lines. */
export function drawParallel(place, colour, open) {
  const [width, height] = [Math.max(320, place.clientWidth), 380];
  const axes = listDrawable().slice(0, MOST_AXES).map(makeAxis);
  const xs = axes.map((_, index) => (axes.length < 2 ? width / 2 : SIDE + (index * (width - 2 * SIDE)) / (axes.length - 1)));
  const y = (share) => TOP + (1 - share) * (height - TOP - BOTTOM);
  const shade = colour ? makeAxis(colour) : null;
  const shown = new Set(listShown());
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", class: "parallel" });
  picture.setAttribute("aria-label", `Parallel coordinates of ${runs.length} runs; the table has the same values`);
  for (const run of [...runs].sort((a, b) => shown.has(a) - shown.has(b))) {
    const line = drawLine(run, axes, xs, y);
    if (!line) continue;
    line.setAttribute("class", `run ${shown.has(run) ? "" : "off"} ${run.key === state.focus ? "focus" : ""}`);
    line.style.stroke = colourOf(shade?.place(valueOf(run, colour.id)));
    line.append(svg("title", {}, `${run.name}: ${run.caption}`));
    line.addEventListener("click", () => open(run));
    picture.append(line);
  }
  axes.forEach((axis, index) => picture.append(drawAxis(axis, xs[index], y, picture)));
  place.replaceChildren(brushNote(shown.size), picture);
}

function drawLine(run, axes, xs, y) {
  const points = axes.map((axis, index) => [xs[index], axis.place(valueOf(run, axis.column.id))]);
  const known = points.filter(([, share]) => share !== null);
  if (known.length < 2) return null;
  return svg("path", { d: known.map(([x, share], index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y(share).toFixed(1)}`).join("") });
}

function drawAxis(axis, x, y, picture) {
  const { column } = axis;
  const group = svg("g", { class: "axis" });
  group.append(
    svg("line", { x1: x, x2: x, y1: y(1), y2: y(0) }),
    svg("text", { x, y: TOP - 30, class: "name", "text-anchor": "middle" }, shortTitle(column)),
    svg("text", { x, y: TOP - 14, class: "tick", "text-anchor": "middle" }, direction(column)),
    ...axis.ticks.map(([share, text]) => svg("text", { x: x + 6, y: y(share) + 4, class: "tick" }, text)),
  );
  const range = state.brushes.get(column.id);
  if (range) {
    const [low, high] = range.map((value) => y(axis.place(value)));
    group.append(svg("rect", { x: x - 9, width: 18, y: high, height: Math.max(2, low - high), class: "brush" }));
  }
  const hit = svg("rect", { x: x - 16, width: 32, y: y(1) - 8, height: y(0) - y(1) + 16, class: axis.value ? "hit" : "none" });
  if (axis.value) listenBrush(hit, axis, y, picture);
  group.append(hit);
  return group;
}

const shortTitle = (column) => (column.title.length > 18 ? `${column.title.slice(0, 17)}\u2026` : column.title);
const direction = (column) => (column.better ? `${column.better} is better` : "");

function listenBrush(hit, axis, y, picture) {
  let start = null;
  const at = (event) => {
    const box = picture.getBoundingClientRect();
    const scaled = ((event.clientY - box.top) / box.height) * picture.viewBox.baseVal.height;
    return Math.max(0, Math.min(1, 1 - (scaled - y(1)) / (y(0) - y(1))));
  };
  hit.addEventListener("pointerdown", (event) => {
    hit.setPointerCapture(event.pointerId);
    start = at(event);
  });
  hit.addEventListener("pointerup", (event) => {
    if (start === null) return;
    const [low, high] = [start, at(event)].sort((a, b) => a - b);
    if (high - low < 0.02) state.brushes.delete(axis.column.id);
    else state.brushes.set(axis.column.id, [axis.value(low), axis.value(high)]);
    start = null;
    change("runs", {});
  });
}

function brushNote(shown) {
  const words = [...state.brushes].map(([id, [low, high]]) => `${id} ${low.toPrecision(3)} to ${high.toPrecision(3)}`);
  const clear = button("Forget all ranges", () => {
    state.brushes.clear();
    change("runs", {});
  });
  const note = words.length ? `${shown} of ${runs.length} runs have ${words.join(", ")}. ` : "Drag along an axis to keep the runs that cross it there; a search such as seed>5 does the same. ";
  return el("p", { class: "soft" }, note, words.length ? clear : null);
}

// Axes of plots: values of a column as places between 0 and 1, with round ticks.

import { valueOf } from "./filter.js";
import { columns, format, isNumeric, runs } from "./model.js";
import { svg } from "./dom.js";

export const RATING = { id: "rating", title: "rating", kind: "number", group: "measure", better: "higher", range: [1, 5], text: "Yours, 1 to 5." };

/** The columns that plots can show: those with at least two different values. */
export function listDrawable() {
  return [...columns, RATING].filter((column) => {
    if (column.kind === "prompt" || column.group === "fact") return false;
    return new Set(runs.map((run) => valueOf(run, column.id)).filter((value) => value !== null)).size > 1;
  });
}

export const listMeasures = () => listDrawable().filter((column) => column.group === "measure");
export const listParameters = () => listDrawable().filter((column) => column.group === "parameter");

/** An axis of a column: `place` is 0 to 1 or null, `ticks` are [place, text], `value` is the number at a place. */
export function makeAxis(column) {
  const values = runs.map((run) => valueOf(run, column.id)).filter((value) => value !== null);
  if (!isNumeric(column)) return wordAxis(column, values);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span = high - low || 1;
  const place = (value) => (typeof value === "number" ? (value - low) / span : null);
  const ticks = roundTicks(low, high).map((value) => [place(value), format(Number(value.toPrecision(6)), { ...column, digits: null, unit: "" })]);
  return { column, place, ticks, value: (share) => low + share * span };
}

function wordAxis(column, values) {
  const words = [...new Set(values.map(String))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const place = (value) => (value === null ? null : (words.indexOf(String(value)) + 0.5) / words.length);
  const shown = words.length > 12 ? [] : words;
  return { column, place, ticks: shown.map((word) => [place(word), word.slice(0, 18)]), value: null };
}

function roundTicks(low, high) {
  const span = high - low || 1;
  const rough = span / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough);
  const ticks = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-6; value += step) ticks.push(value);
  return ticks;
}

/** A colour between bad and good for a share of 0 to 1; grey for none. Blue to yellow is told apart by all eyes. */
export function colourOf(share) {
  if (share === null || share === undefined) return "var(--soft)";
  const stops = [[68, 84, 160], [42, 140, 150], [150, 180, 70], [246, 200, 60]];
  const at = Math.max(0, Math.min(0.9999, share)) * (stops.length - 1);
  const [from, to] = [stops[Math.floor(at)], stops[Math.floor(at) + 1]];
  return `rgb(${from.map((value, index) => Math.round(value + (to[index] - value) * (at % 1))).join(" ")})`;
}

/** Words along the axes of a plot with a frame of w x h. */
export function drawFrame(x, y, box) {
  const { left, top, width, height } = box;
  const mark = (place, text, isX) => {
    const at = isX ? { x: left + place * width, y: top + height + 18 } : { x: left - 8, y: top + (1 - place) * height + 4 };
    return svg("text", { ...at, class: "tick", "text-anchor": isX ? "middle" : "end" }, text);
  };
  const line = (place, isX) => {
    const at = isX ? left + place * width : top + (1 - place) * height;
    const ends = isX ? { x1: at, x2: at, y1: top, y2: top + height } : { x1: left, x2: left + width, y1: at, y2: at };
    return svg("line", { ...ends, class: "rule" });
  };
  return svg(
    "g",
    {},
    x.ticks.flatMap(([place, text]) => [line(place, true), mark(place, text, true)]),
    y.ticks.flatMap(([place, text]) => [line(place, false), mark(place, text, false)]),
    svg("text", { x: left + width / 2, y: top + height + 36, class: "name", "text-anchor": "middle" }, x.column.title),
    svg("text", { x: left, y: top - 10, class: "name" }, y.column.title),
  );
}

// Which runs are shown, in which order and in which groups.

import { columns, findColumn, format, runs } from "./model.js";
import { judgement } from "./ratings.js";
import { state } from "./store.js";

const TERM = /(?:[^\s"]|"[^"]*")+/g;
const COMPARISON = /^([\w ().-]+?)(>=|<=|>|<|=|:)(.+)$/;

/** The value of a run in a column; ratings are values too. */
export function valueOf(run, id) {
  if (id === "name") return run.name;
  if (id === "state") return run.problem ? run.problem[0] : run.state;
  if (id === "rating") return judgement(run).rating;
  if (id === "picked") return judgement(run).picked;
  return run.values[id] ?? null;
}

/** The runs that are shown, in order. */
export function listShown() {
  const wanted = (state.query.match(TERM) ?? []).map(readTerm);
  const shown = runs.filter((run) => isWanted(run) && isBrushed(run) && wanted.every((test) => test(run)));
  return sorted(shown);
}

/** The same runs in groups: [title, runs]; one group without a title where nothing groups them. */
export function listGroups() {
  const shown = listShown();
  if (!state.group) return [["", shown]];
  const column = findColumn(state.group);
  const groups = new Map();
  for (const run of shown) {
    const title = `${column?.title ?? state.group}: ${format(valueOf(run, state.group), column)}`;
    groups.set(title, [...(groups.get(title) ?? []), run]);
  }
  return [...groups];
}

const TESTS = {
  all: () => true,
  results: (run) => run.clip !== null,
  picked: (run) => judgement(run).picked,
  rated: (run) => judgement(run).rating !== null,
  unrated: (run) => run.clip !== null && judgement(run).rating === null,
  noted: (run) => judgement(run).note !== "",
  failed: (run) => run.clip === null,
};

export const ONLY = [
  ["all", "all runs"],
  ["results", "with a result"],
  ["picked", "picked"],
  ["rated", "rated"],
  ["unrated", "not rated yet"],
  ["noted", "with a note"],
  ["failed", "without a result"],
];

const isWanted = (run) => TESTS[state.only](run);

function isBrushed(run) {
  return [...state.brushes].every(([id, [low, high]]) => {
    const value = valueOf(run, id);
    return typeof value === "number" && value >= low && value <= high;
  });
}

/** Return the test of one term: `seed>5`, `state:failed`, `is:picked`, or a part of any text. */
function readTerm(term) {
  const [, name, sign, rest] = COMPARISON.exec(term) ?? [];
  const wanted = (rest ?? "").replaceAll('"', "").toLowerCase();
  if (name === "is" && sign === ":" && TESTS[wanted]) return TESTS[wanted];
  const id = name && findId(name.toLowerCase());
  if (!id) return (run) => textOf(run).includes(term.replaceAll('"', "").toLowerCase());
  if (sign === ":") return (run) => String(valueOf(run, id) ?? "").toLowerCase().includes(wanted);
  return (run) => holds(valueOf(run, id), sign, wanted);
}

function findId(name) {
  const names = [...columns.map((column) => column.id), "name", "state", "rating"];
  return names.find((id) => id.toLowerCase() === name) ?? names.find((id) => id.toLowerCase().startsWith(name));
}

function holds(value, sign, text) {
  if (value === null) return false;
  if (sign === "=") return String(value).toLowerCase() === text || Number(text) === value;
  const number = Number(text);
  if (typeof value !== "number" || Number.isNaN(number)) return false;
  return { ">": value > number, "<": value < number, ">=": value >= number, "<=": value <= number }[sign];
}

const textOf = (run) =>
  [run.name, run.prompt ?? "", valueOf(run, "state"), judgement(run).note, ...(run.problem ?? [])].join("\n").toLowerCase();

/** Sort by the chosen column, or as the batch has them; runs without a value come last, whichever way. */
function sorted(shown) {
  const { column, down } = state.sort;
  if (!column) return shown;
  const turn = down ? -1 : 1;
  const place = (run) => valueOf(run, column);
  return [...shown].sort((a, b) => {
    const [x, y] = [place(a), place(b)];
    if (x === null || y === null) return (x === null) - (y === null) || a.index - b.index;
    if (typeof x === "number" && typeof y === "number") return turn * (x - y) || a.index - b.index;
    return turn * String(x).localeCompare(String(y), "en", { numeric: true }) || a.index - b.index;
  });
}

/** Sort by a column: best first; again, the other way; a third time, as the batch has them. */
export function nextSort(id) {
  const first = findColumn(id)?.better === "higher" || id === "rating" || id === "picked";
  if (state.sort.column !== id) return { column: id, down: first };
  return state.sort.down === first ? { column: id, down: !first } : { column: "", down: false };
}

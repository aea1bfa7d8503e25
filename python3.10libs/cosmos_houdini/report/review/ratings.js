// Ratings, picks, notes and choices between two runs: kept in this browser, and saved as one file.
// The program reads the file: `report --ratings`, `promote --picked`, `next --picked`, `run-batch --ratings`.

import { findRun, report, runs } from "./model.js";
import { tell } from "./store.js";

const SCHEMA = "cosmos-houdini/ratings/1";
const PLACE = `cosmos-houdini/ratings/${report.id}`;
const EMPTY = { rating: null, picked: false, note: "", at: "" };

const kept = new Map(); // key of a run -> its judgement
let choices = []; // { better, worse, at }, by keys of runs

export const judgement = (run) => kept.get(run.key) ?? EMPTY;
export const isPicked = (run) => judgement(run).picked;
export const listPicked = () => runs.filter(isPicked);
export const countRated = () => runs.filter((run) => judgement(run).rating !== null).length;
export const listChoices = () => choices;

/** Judge a run: { rating: 1 to 5 or null, picked, note }, or a part of these. */
export function judge(run, changes) {
  kept.set(run.key, { ...judgement(run), ...changes, at: new Date().toISOString() });
  keep();
}

/** Note that one run is better than another; the latest choice between two counts. */
export function choose(better, worse) {
  const pair = new Set([better.key, worse.key]);
  choices = choices.filter((one) => !(pair.has(one.better) && pair.has(one.worse)));
  choices.push({ better: better.key, worse: worse.key, at: new Date().toISOString() });
  keep();
}

/** The document that is saved; its schema is `cosmos-houdini schema ratings`. */
export function ratingsDocument() {
  const judged = runs.filter((run) => kept.has(run.key));
  return {
    schema: SCHEMA,
    report: report.title,
    saved_at: new Date().toISOString(),
    runs: judged.map((run) => ({ run: run.name, key: run.key, ...judgement(run) })),
    choices,
  };
}

/**
 * Take over judgements of a document; of two about one run, the later counts.
 * @returns {{known: number, foreign: number}} how many runs of it this page has, and has not
 * @throws {Error} it is another kind of file
 */
export function takeOver(document_) {
  const isRatings = document_?.schema === SCHEMA && Array.isArray(document_.runs);
  if (!isRatings) throw new Error(`this is no file of ratings: its "schema" is not "${SCHEMA}"`);
  const known = document_.runs.filter((one) => findRun(one.key));
  for (const one of known) {
    if (!isJudgement(one)) throw new Error(`the judgement of ${String(one.run)} cannot be read`);
  }
  for (const one of known) {
    const before = kept.get(one.key);
    if (before && before.at > one.at) continue;
    kept.set(one.key, { rating: one.rating, picked: one.picked, note: one.note, at: one.at });
  }
  const added = (document_.choices ?? []).filter((one) => findRun(one.better) && findRun(one.worse));
  const pairs = new Map([...choices, ...added].map((one) => [[one.better, one.worse].sort().join(" "), one]));
  choices = [...pairs.values()];
  return { known: known.length, foreign: document_.runs.length - known.length };
}

function isJudgement(one) {
  const isRating = one.rating === null || (Number.isInteger(one.rating) && one.rating >= 1 && one.rating <= 5);
  return isRating && typeof one.picked === "boolean" && typeof one.note === "string" && typeof one.at === "string";
}

function keep() {
  try {
    localStorage.setItem(PLACE, JSON.stringify(ratingsDocument()));
  } catch {
    keep.failed = true; // a private window may have no storage; saving as a file still works
  }
  tell("ratings");
}

/** Whether this browser keeps judgements. */
export const isKept = () => keep.failed !== true;

/** Read what the report brought along, then what this browser kept. */
export function loadRatings() {
  if (report.ratings) takeOver(report.ratings);
  try {
    const text = localStorage.getItem(PLACE);
    if (text) takeOver(JSON.parse(text));
  } catch {
    keep.failed = true;
  }
}

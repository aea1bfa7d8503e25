// Stars, picks and notes as they are drawn and changed, wherever a run is shown.

import { el, say } from "./dom.js";
import { isKept, judge, judgement } from "./ratings.js";

/** Rate a run; the same rating again takes it back. */
export function rate(run, rating) {
  if (!canJudge(run)) return;
  const next = judgement(run).rating === rating ? null : rating;
  judge(run, { rating: next });
  say(`${run.name}: ${next ? `${next} of 5` : "no rating"}${note()}`);
}

export function togglePick(run) {
  if (!canJudge(run)) return;
  judge(run, { picked: !judgement(run).picked });
  say(`${run.name} ${judgement(run).picked ? "is picked" : "is no longer picked"}${note()}`);
}

const note = () => (isKept() ? "" : "; this browser keeps nothing: save the ratings as a file");

function canJudge(run) {
  if (!run.clip) say(`${run.name} has no result to judge`);
  return Boolean(run.clip);
}

/** Stars and pick of a cell: for the pointer; keys do the same, and the cell's name says them. */
export function judgeMarks(run) {
  const { rating, picked, note: words } = judgement(run);
  const stars = [1, 2, 3, 4, 5].map((value) =>
    el("span", { class: value <= (rating ?? 0) ? "star on" : "star", "data-rate": value }, "\u2605"),
  );
  return el(
    "span",
    { class: "marks", "aria-hidden": "true" },
    words && el("span", { class: "noted", title: words }, "\u270e"),
    stars,
    el("span", { class: picked ? "pick on" : "pick", "data-pick": "" }, picked ? "\u2714 picked" : "pick"),
  );
}

/** Take a click on marks of a run; returns whether it was one. */
export function takeMarkClick(event, run) {
  const { rate: value } = event.target.dataset ?? {};
  if (value) rate(run, Number(value));
  else if (event.target.matches?.("[data-pick]")) togglePick(run);
  else return false;
  return true;
}

/** A run in words, as a screen reader says it. */
export function describe(run) {
  const { rating, picked, note: words } = judgement(run);
  const parts = [run.name, run.problem ? run.problem.filter(Boolean).join(": ").replaceAll("_", " ") : ""];
  parts.push(run.rank ? `rank ${run.rank}` : "", run.caption, rating ? `rated ${rating} of 5` : "");
  parts.push(picked ? "picked" : "", words ? `note: ${words}` : "");
  return parts.filter(Boolean).join(", ");
}

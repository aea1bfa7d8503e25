// What stands beside the pictures: failures by their causes, what all runs share, and the meaning of each measure.

import { el } from "./dom.js";
import { columns, findRun, report } from "./model.js";
import { change } from "./store.js";
import { betterText } from "./table.js";
import { numbersNote } from "./transport.js";

export function drawDetails() {
  const sections = [failures(), missing(), measures(), common(), files()];
  return el("div", { class: "details", tabindex: "0", "aria-label": "Details" }, sections.filter(Boolean));
}

function section(title, ...children) {
  return el("section", {}, el("h2", {}, title), ...children);
}

function failures() {
  if (!report.failures.length) return null;
  const items = report.failures.map((cause) =>
    el(
      "li",
      {},
      el("b", { class: "bad" }, cause.title.replaceAll("_", " ")),
      cause.message ? `: ${cause.message} ` : " ",
      el("span", { class: "soft" }, cause.advice),
      el("div", {}, cause.runs.map(runLink)),
    ),
  );
  return section("Without a result", el("ul", {}, items));
}

function missing() {
  if (!report.missing.length) return null;
  const items = report.missing.map(([name, reason]) => el("li", {}, el("b", { class: "bad" }, name), `: ${reason}`));
  return section("Without a clip or measures", el("ul", { class: "missing" }, items));
}

function runLink(key) {
  const run = findRun(key);
  if (!run) return null;
  const show = () => change("focus", { focus: key });
  return el("span", { class: "of-run" }, el("button", { type: "button", on: { click: show } }, run.name), ...run.links.map(([name, to]) => el("a", { href: to }, name)));
}

function measures() {
  const known = columns.filter((column) => column.group === "measure");
  if (!known.length) return null;
  const items = known.flatMap((column) => {
    const range = column.range ? ` From ${column.range[0]} to ${column.range[1]}.` : "";
    return [el("dt", {}, column.title), el("dd", {}, `${column.text} ${betterText(column)}${range}`)];
  });
  return section("Measures", el("dl", { class: "terms" }, items));
}

function common() {
  const pairs = report.common.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)));
  const prompts = report.prompts.map(([who, prompt]) => [el("p", { class: "soft" }, who), el("blockquote", {}, prompt)]);
  if (!pairs.length && !prompts.length) return null;
  return section("The same for all runs", el("dl", { class: "pairs" }, pairs), prompts.length ? el("h2", {}, "Prompts") : "", ...prompts.flat(), el("p", { class: "soft" }, numbersNote()));
}

function files() {
  if (!report.files.length) return null;
  return section("Files", el("p", { class: "links" }, report.files.map((name) => el("a", { href: name }, name))));
}

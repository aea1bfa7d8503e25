// The panel beside the runs: the source or a control in step with them, and all that is known of the chosen run.

import { button, choice, el } from "./dom.js";
import { valueOf } from "./filter.js";
import { rate, togglePick } from "./judging.js";
import { clips, columns, findRun, findSource, format, report } from "./model.js";
import { judge, judgement } from "./ratings.js";
import { Screen } from "./screen.js";
import { listen, state } from "./store.js";
import { betterText } from "./table.js";
import { listenZoom } from "./zoom.js";

export class Panel {
  constructor() {
    this.screen = new Screen();
    this.title = el("div", { class: "reference" });
    this.own = new Screen(); // the chosen run, where the view shows no clips by itself
    this.facts = el("div", { class: "facts" });
    this.picture = 0;
    this.element = el("aside", { class: "panel", "aria-label": "Source and chosen run" }, this.title, this.screen.element);
    this.element.append(this.own.element, this.facts);
    listenZoom(this.element);
    listen("focus", () => this.render());
    listen("view", () => this.render());
    listen("ratings", () => this.showJudgement());
  }

  get run() {
    return findRun(state.focus);
  }

  render() {
    this.showReference();
    const run = this.run;
    const isShown = state.view !== "grid" && !state.viewer && run?.clip;
    this.own.element.hidden = !isShown;
    if (isShown) {
      this.own.setClip(clips[run.clip]);
      this.own.open();
    } else this.own.close();
    this.facts.replaceChildren(...(run ? this.describe(run) : [el("p", { class: "soft" }, "Choose a run.")]));
    if (run) this.showJudgement();
  }

  /** Show the source of the chosen run, or the next of its controls. */
  showReference(step = 0) {
    const pictures = findSource(this.run)?.pictures ?? [];
    this.screen.element.hidden = pictures.length === 0;
    if (pictures.length === 0) return;
    this.picture = (this.picture + step) % pictures.length;
    const shown = pictures[this.picture];
    const options = pictures.map((one, index) => [String(index), one.title]);
    this.title.replaceChildren(
      choice("Picture to compare with (C)", options, String(this.picture), (value) => {
        this.picture = Number(value);
        this.showReference();
      }),
    );
    this.screen.setClip(clips[shown.clip]);
    if (state.viewer || getComputedStyle(this.element).display === "none") this.screen.close();
    else this.screen.open();
  }

  describe(run) {
    const stars = [1, 2, 3, 4, 5].map((value) =>
      button(`Rate ${value} of 5`, () => rate(run, value), { face: "\u2605", key: String(value), class: "star", "data-rate": value }),
    );
    this.pick = button("Pick this run", () => togglePick(run), { face: "pick", key: "P", class: "pick" });
    this.note = el("textarea", {
      id: "note",
      rows: "3",
      placeholder: "Write a note (N)",
      "aria-label": `Note on ${run.name}`,
      on: { change: () => judge(run, { note: this.note.value }) },
    });
    const [headline, sentence] = run.problem ?? [];
    return [
      el("h2", {}, run.name, run.rank ? el("span", { class: "rank" }, ` #${run.rank}`) : null),
      run.problem ? el("p", { class: "bad" }, [headline.replaceAll("_", " "), sentence].filter(Boolean).join(": ")) : null,
      run.clip ? el("div", { class: "judge" }, stars, this.pick) : null,
      run.clip ? this.note : null,
      run.prompt ? el("blockquote", {}, run.prompt) : null,
      ...this.lists(run),
      run.differences ? el("p", { class: "bad" }, run.differences) : null,
      run.links.length ? el("p", { class: "links" }, run.links.map(([name, to]) => el("a", { href: to }, name))) : null,
    ].filter(Boolean);
  }

  lists(run) {
    const groups = { parameter: [], measure: [], fact: [] };
    for (const column of columns) {
      const value = valueOf(run, column.id);
      if (column.kind !== "prompt" && value !== null) groups[column.group].push([column, value]);
    }
    return [...Object.values(groups).flatMap((pairs) => (pairs.length ? [pairList(pairs)] : [])), caveat()].filter(Boolean);
  }

  showJudgement() {
    const run = this.run;
    if (!run?.clip || !this.note?.isConnected) return;
    const { rating, picked, note } = judgement(run);
    for (const star of this.facts.querySelectorAll("[data-rate]")) {
      star.classList.toggle("on", Number(star.dataset.rate) <= (rating ?? 0));
      star.setAttribute("aria-pressed", String(Number(star.dataset.rate) === rating));
    }
    this.pick.classList.toggle("on", picked);
    this.pick.setAttribute("aria-pressed", String(picked));
    this.pick.textContent = picked ? "\u2714 picked" : "pick";
    if (document.activeElement !== this.note) this.note.value = note;
  }
}

function pairList(pairs) {
  return el(
    "dl",
    {},
    pairs.map(([column, value]) =>
      el(
        "div",
        { title: [column.text, betterText(column)].filter(Boolean).join(" ") },
        el("dt", {}, column.title, column.better ? el("span", { class: "soft" }, column.better === "higher" ? " \u2191" : " \u2193") : ""),
        el("dd", {}, format(value, column)),
      ),
    ),
  );
}

const caveat = () =>
  report.preview ? el("p", { class: "soft" }, "Made by the engine preview: no model has run, and no run is ranked.") : null;

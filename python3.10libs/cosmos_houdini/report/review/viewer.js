// The viewer: one run large, or two pictures compared: side by side, by a wipe, by a flick, by their difference.

import { button, choice, el, say } from "./dom.js";
import { clips, findRun, findSource, listPictures, runs } from "./model.js";
import { choose } from "./ratings.js";
import { Screen } from "./screen.js";
import { change, listen, state } from "./store.js";
import { listenZoom, resetZoom, zoom } from "./zoom.js";

const MODES = [
  ["single", "single", ""],
  ["side", "side by side", "S"],
  ["wipe", "wipe", "W"],
  ["flick", "flick A/B", "F"],
  ["difference", "difference", "D"],
];
const GAINS = [1, 4, 16];
const MOST_SQUASHED = 0.06; // pictures whose shapes differ by more were cropped, not squashed

export class Viewer {
  constructor() {
    this.mode = "single";
    this.gain = GAINS[0];
    this.flicked = false;
    this.wipeAt = 0.5;
    this.a = null; // names of clips
    this.b = null;
    this.source = null; // of the run that is shown
    this.screens = { a: new Screen(), b: new Screen() };
    this.labels = { a: el("span", { class: "label" }), b: el("span", { class: "label" }) };
    this.frames = {
      a: el("div", { class: "half a" }, this.screens.a.element, this.labels.a),
      b: el("div", { class: "half b" }, this.screens.b.element, this.labels.b),
    };
    this.handle = this.makeHandle();
    this.stage = el("div", { class: "stage" }, this.frames.a, this.frames.b, this.handle);
    this.bar = el("div", { class: "bar" });
    this.element = el("section", { class: "viewer", "aria-label": "Viewer", hidden: true }, this.bar, this.stage);
    listenZoom(this.stage, { always: true });
    this.stage.addEventListener("dblclick", resetZoom);
    listen("focus", () => this.followFocus());
    listen("zoom", () => this.showZoom());
  }

  makeHandle() {
    const handle = el("div", { class: "handle", role: "slider", tabindex: "0", "aria-label": "Wipe", "aria-valuemin": "0", "aria-valuemax": "100" });
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      event.stopPropagation();
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const box = this.stage.getBoundingClientRect();
      this.setWipe((event.clientX - box.left) / box.width);
    });
    return handle;
  }

  /** Open on a run, in a mode. */
  open(run, mode = this.mode) {
    this.showRun(run);
    this.mode = mode;
    state.viewer = true;
    this.element.hidden = false;
    this.drawBar();
    this.render();
    change("focus", { focus: run.key });
    change("view", {});
  }

  /** Take a run as A. B is its source at first, and again where its source is another than that of the run before. */
  showRun(run) {
    const source = findSource(run)?.pictures[0]?.clip ?? run.clip;
    this.a = run.clip;
    if (this.b === null || (this.source !== null && this.source !== source)) this.b = source;
    this.source = source;
  }

  close() {
    state.viewer = false;
    this.element.hidden = true;
    for (const screen of Object.values(this.screens)) screen.close();
    resetZoom();
    change("view", {});
  }

  followFocus() {
    const run = findRun(state.focus);
    if (!state.viewer || !run?.clip || run.clip === this.a) return;
    this.showRun(run);
    this.drawBar();
    this.render();
  }

  setMode(mode) {
    if (mode === "flick" && this.mode === "flick") this.flicked = !this.flicked;
    else if (mode === "difference" && this.mode === "difference") this.gain = GAINS[(GAINS.indexOf(this.gain) + 1) % GAINS.length];
    else if (mode === this.mode) this.mode = "single";
    else {
      this.mode = mode;
      this.flicked = mode === "flick";
      this.gain = GAINS[0];
    }
    this.drawBar();
    this.render();
  }

  setWipe(share) {
    this.wipeAt = Math.max(0, Math.min(1, share));
    this.stage.style.setProperty("--wipe", this.wipeAt);
    this.handle.setAttribute("aria-valuenow", Math.round(this.wipeAt * 100));
  }

  setB(clip) {
    this.b = clip;
    if (!state.viewer) {
      // Chosen before the viewer opens: the first run that it opens on does not change it.
      this.source = null;
      return;
    }
    if (this.mode === "single") this.mode = "side";
    this.drawBar();
    this.render();
  }

  /** Say which of the two runs is better. */
  prefer(side) {
    const [first, second] = [this.a, this.b].map((clip) => runs.find((run) => run.clip === clip));
    if (!first || !second || first === second) {
      say("Compare two runs to say which is better: B takes the chosen run as the second.");
      return;
    }
    const [better, worse] = side === "a" ? [first, second] : [second, first];
    choose(better, worse);
    say(`${better.name} is better than ${worse.name}`);
  }

  drawBar() {
    const modes = MODES.map(([mode, name, key]) => {
      const face = mode === "difference" && this.mode === mode ? `${name} \u00d7${this.gain}` : name;
      return button(name, () => this.setMode(mode), { face, key, "aria-pressed": String(this.mode === mode) });
    });
    this.bar.replaceChildren(
      button("Back", () => this.close(), { face: "\u2190 back", key: "Escape" }),
      this.picker("A", this.a, (clip) => {
        this.a = clip;
        this.render();
      }),
      el("div", { class: "modes", role: "group", "aria-label": "Compare" }, modes),
      this.picker("B", this.b, (clip) => this.setB(clip)),
      button("A is better", () => this.prefer("a"), { face: "A better", key: "Shift A" }),
      button("B is better", () => this.prefer("b"), { face: "B better", key: "Shift B" }),
      (this.zoomNote = el("span", { class: "soft zoom" })),
    );
    this.showZoom();
  }

  picker(name, chosen, action) {
    const { given, made } = listPictures();
    const group = (label, pictures) =>
      el("optgroup", { label }, pictures.map(([clip, title]) => el("option", { value: clip, selected: clip === chosen }, title)));
    const list = el("select", { "aria-label": `Picture ${name}`, title: `Picture ${name}`, on: { change: () => action(list.value) } });
    list.append(group("source and controls", given), group("runs", made));
    return el("label", { class: "which" }, `${name} `, list);
  }

  showZoom() {
    if (this.zoomNote) this.zoomNote.textContent = zoom.scale > 1 ? `${Math.round(zoom.scale * 100)} %` : "";
  }

  render() {
    const isPair = this.mode !== "single";
    this.stage.dataset.mode = this.mode;
    this.stage.classList.toggle("flicked", this.mode === "flick" && this.flicked);
    this.stage.style.setProperty("--gain", this.gain);
    this.setWipe(this.wipeAt);
    this.handle.hidden = this.mode !== "wipe";
    this.frames.b.hidden = !isPair;
    this.show("a", this.a);
    if (isPair) this.show("b", this.b);
    else this.screens.b.close();
    this.fit();
  }

  /** Give both pictures one shape: engines squash the source into their frame, and its pixels lie on those of the result. */
  fit() {
    const [a, b] = [this.a, this.b].map((name) => (clips[name] ? clips[name].size[0] / clips[name].size[1] : 16 / 9));
    this.stage.style.setProperty("--shape", a);
    const isNear = Math.abs(b / a - 1) < MOST_SQUASHED;
    this.screens.b.element.classList.toggle("fill", isNear);
    if (isNear) this.screens.b.element.style.setProperty("--shape", a);
  }

  show(side, name) {
    const clip = clips[name];
    const screen = this.screens[side];
    screen.setClip(clip);
    screen.open(true);
    const { given, made } = listPictures();
    const title = [...given, ...made].find(([one]) => one === name)?.[1] ?? "";
    this.labels[side].textContent = `${side.toUpperCase()}: ${title}`;
  }
}

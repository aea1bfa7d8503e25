// The bar below: play, step, frame numbers of the plate, in and out points, speed, loop, and the scrubber with the seams.

import { clock, frameNow, jump, pause, setRange, setRate, showFrame, toggle } from "./clock.js";
import { button, choice, el } from "./dom.js";
import { findRun, fps, fromPlate, length, report, runs, toPlate } from "./model.js";
import { listen, state } from "./store.js";

const RATES = [0.1, 0.25, 0.5, 1, 2, 4];

export class Transport {
  constructor() {
    this.play = button("Play or pause", toggle, { face: "\u25b6", key: "Space", class: "play" });
    this.number = el("input", {
      class: "frame",
      inputmode: "numeric",
      "aria-label": "Frame of the plate",
      title: "Frame of the plate",
      on: { change: () => this.goTo(), focus: () => this.number.select() },
    });
    this.in = button("Set the in point", () => setRange(frameNow(), clock.to), { face: "in", key: "I" });
    this.out = button("Set the out point", () => setRange(clock.from, frameNow()), { face: "out", key: "O" });
    this.loop = button("Loop", toggleLoop, { face: "loop", key: "Shift L" });
    this.rates = choice("Speed ([ and ])", RATES.map((rate) => [String(rate), `${rate}\u00d7`]), "1", (value) => setRate(Number(value)));
    this.reverse = el("span", { class: "soft reverse" });
    this.scrubber = this.makeScrubber();
    const step = (by, label, face, key) => button(label, () => showFrame(frameNow() + by), { face, key });
    this.element = el(
      "footer",
      { class: "transport", "aria-label": "Playback" },
      this.scrubber,
      el(
        "div",
        { class: "buttons" },
        step(-1, "One frame back", "\u2039", ","),
        this.play,
        step(1, "One frame on", "\u203a", "."),
        this.number,
        el("span", { class: "soft of" }, `of ${toPlate(0)}\u2013${toPlate(length - 1)}, ${Number(fps.toFixed(3))} fps`),
        this.in,
        this.out,
        button("Play all frames", () => setRange(0, length - 1), { face: "all", key: "X" }),
        this.loop,
        this.rates,
        this.reverse,
      ),
    );
    listen("clock", () => this.render());
    listen("focus", () => this.drawSeams());
    this.render();
  }

  goTo() {
    const frame = fromPlate(Number(this.number.value));
    if (Number.isFinite(frame)) showFrame(frame);
    this.number.blur();
  }

  makeScrubber() {
    this.range = el("div", { class: "range" });
    this.head = el("div", { class: "playhead" });
    this.seams = el("div", { class: "seams" });
    const bar = el(
      "div",
      { class: "scrubber", role: "slider", tabindex: "0", "aria-label": "Frame", "aria-orientation": "horizontal" },
      el("div", { class: "track" }, this.range, this.seams, this.head),
    );
    bar.setAttribute("aria-valuemin", toPlate(0));
    bar.setAttribute("aria-valuemax", toPlate(length - 1));
    const scrub = (event) => {
      const box = bar.getBoundingClientRect();
      showFrame(Math.floor(((event.clientX - box.left) / box.width) * length));
    };
    bar.addEventListener("pointerdown", (event) => {
      bar.setPointerCapture(event.pointerId);
      pause();
      scrub(event);
    });
    bar.addEventListener("pointermove", (event) => {
      if (bar.hasPointerCapture(event.pointerId)) scrub(event);
    });
    return bar;
  }

  /** Mark the seams of the chosen run, or of the first that has any. */
  drawSeams() {
    const run = findRun(state.focus) ?? runs.find((one) => one.seams.length);
    const marks = (run?.seams ?? []).map((seam) => {
      const mark = el("i", { title: `seam of chunks: frame ${toPlate(seam)}` });
      mark.style.left = `${(seam / length) * 100}%`;
      return mark;
    });
    this.seams.replaceChildren(...marks);
    const words = (run?.seams ?? []).map(toPlate).join(", ");
    this.scrubber.setAttribute("aria-description", words ? `seams of chunks at ${words}` : "no seams of chunks");
  }

  render() {
    const frame = frameNow();
    this.head.style.left = `${((frame + 0.5) / length) * 100}%`;
    this.range.style.left = `${(clock.from / length) * 100}%`;
    this.range.style.width = `${((clock.to + 1 - clock.from) / length) * 100}%`;
    this.scrubber.setAttribute("aria-valuenow", toPlate(frame));
    if (document.activeElement !== this.number) this.number.value = toPlate(frame);
    this.play.textContent = clock.playing ? "\u275a\u275a" : "\u25b6";
    this.loop.setAttribute("aria-pressed", String(clock.loop));
    this.rates.value = String(Math.abs(clock.rate));
    this.reverse.textContent = `${clock.rate < 0 ? "backwards" : ""}${RATES.includes(Math.abs(clock.rate)) ? "" : ` ${Math.abs(clock.rate)}\u00d7`}`;
    this.in.classList.toggle("on", clock.from > 0);
    this.out.classList.toggle("on", clock.to < length - 1);
  }
}

export function toggleLoop() {
  clock.loop = !clock.loop;
  jump(frameNow());
}

/** The next rate up or down. */
export function nextRate(step) {
  const size = Math.abs(clock.rate);
  const at = RATES.findIndex((rate) => rate >= size);
  setRate(RATES[Math.max(0, Math.min(RATES.length - 1, (at < 0 ? RATES.length : at) + step))]);
}

/** Whether the plate's numbers are known, in words. */
export const numbersNote = () => (report.numbered ? "" : "The plate's numbers are not known; frames count from 1.");

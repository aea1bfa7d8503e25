// Keys: all that the page does can be done by them. `?` lists them.

import { clock, frameNow, jump, pause, setRange, setRate, showFrame, shuttle, toggle } from "./clock.js";
import { el } from "./dom.js";
import { rate, togglePick } from "./judging.js";
import { findRun, length } from "./model.js";
import { change, state } from "./store.js";
import { nextRate, toggleLoop } from "./transport.js";
import { resetZoom, zoomBy } from "./zoom.js";

export const LIST = [
  ["Playback", [
    ["Space, K", "play or pause"],
    ["L, J", "play forwards, backwards; again: twice as fast"],
    [", .", "one frame back, on (10 with Shift in the viewer: arrow keys)"],
    ["I, O, X", "in point, out point, all frames"],
    ["Shift L", "loop or not"],
    ["[ ] \\", "slower, faster, usual speed"],
    ["Shift Home, Shift End", "first, last frame"],
  ]],
  ["Runs", [
    ["arrow keys, Home, End", "move between runs; in the viewer \u2190 \u2192 step a frame"],
    ["Enter", "enlarge the chosen run"],
    ["1 to 5, 0", "rate; take the rating back"],
    ["P", "pick or not"],
    ["N", "write a note; Escape ends it"],
    ["/", "search"],
    ["G T V E", "grid, table, plots, details"],
    ["C", "next picture to compare with: source, controls"],
  ]],
  ["Viewer", [
    ["S W F D", "side by side, wipe, flick A/B, difference; again: the other picture, more gain"],
    ["B", "take the chosen run as B"],
    ["Shift A, Shift B", "A is better, B is better"],
    ["< >", "move the wipe"],
    ["+ - Z", "zoom in, out, whole picture; the wheel and a drag do the same"],
    ["Escape", "back"],
  ]],
];

/** Listen to keys for the whole page; `app` has the parts that they act on. */
export function listenKeys(app) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target)) {
      if (event.key === "Escape" || (event.key === "Enter" && event.target.matches("input"))) leaveField(event, app);
      return;
    }
    if (event.target.matches("button, summary, a") && (event.key === " " || event.key === "Enter")) return;
    if (event.target.matches("[role=slider]") && slide(event, app)) return;
    const action = ACTIONS[event.key] ?? ACTIONS[event.key.toLowerCase()];
    if (!action || document.querySelector("dialog[open]")) return;
    if (action(app, event) !== false) event.preventDefault();
  });
}

const isTyping = (target) => target.matches("input:not([type=checkbox]), textarea, select");

function leaveField(event, app) {
  event.preventDefault();
  event.target.blur();
  app.focusMain();
}

function slide(event, app) {
  const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
  if (!step) return false;
  if (event.target === app.viewer.handle) app.viewer.setWipe(app.viewer.wipeAt + step * 0.02);
  else showFrame(frameNow() + step);
  event.preventDefault();
  return true;
}

const withRun = (action) => (app) => {
  const run = findRun(state.focus);
  if (run) action(run, app);
};
const rating = (value) => withRun((run) => rate(run, value));
const inViewer = (action) => (app) => (state.viewer ? action(app) : false);

function sideways(step) {
  return (app, event) => {
    if (state.viewer) showFrame(frameNow() + step * (event.shiftKey ? 10 : 1));
    else app.list()?.move(step);
  };
}

const compare = (mode) =>
  withRun((run, app) => {
    if (state.viewer) app.viewer.setMode(mode);
    else if (run.clip) app.viewer.open(run, mode);
  });

const ACTIONS = {
  " ": toggle,
  k: pause,
  l: (_, event) => (event.shiftKey ? toggleLoop() : shuttle(1)),
  j: () => shuttle(-1),
  ",": () => showFrame(frameNow() - 1),
  ".": () => showFrame(frameNow() + 1),
  i: () => setRange(frameNow(), clock.to),
  o: () => setRange(clock.from, frameNow()),
  x: () => setRange(0, length - 1),
  "[": () => nextRate(-1),
  "]": () => nextRate(1),
  "\\": () => setRate(1),
  ArrowLeft: sideways(-1),
  ArrowRight: sideways(1),
  ArrowUp: (app) => app.list()?.move(-1, { rows: true }),
  ArrowDown: (app) => app.list()?.move(1, { rows: true }),
  PageUp: (app) => app.list()?.move(-4, { rows: true }),
  PageDown: (app) => app.list()?.move(4, { rows: true }),
  Home: (app, event) => (event.shiftKey ? jump(0) : app.list()?.move(-1e6)),
  End: (app, event) => (event.shiftKey ? jump(length - 1) : app.list()?.move(1e6)),
  Enter: withRun((run, app) => run.clip && app.viewer.open(run)),
  Escape: (app) => (state.viewer ? app.closeViewer() : false),
  1: rating(1),
  2: rating(2),
  3: rating(3),
  4: rating(4),
  5: rating(5),
  0: withRun((run) => rate(run, null)),
  p: withRun(togglePick),
  n: (app) => app.writeNote(),
  "/": (app) => app.search.focus(),
  g: (app) => app.show("grid"),
  t: (app) => app.show("table"),
  v: (app) => app.show("plots"),
  e: (app) => app.show("details"),
  c: (app) => app.panel.showReference(1),
  s: compare("side"),
  w: compare("wipe"),
  f: compare("flick"),
  d: compare("difference"),
  a: inViewer((app) => app.viewer.prefer("a")),
  b: (app, event) => {
    if (event.shiftKey) return state.viewer ? app.viewer.prefer("b") : false;
    return app.takeAsB();
  },
  "<": inViewer((app) => app.viewer.setWipe(app.viewer.wipeAt - 0.05)),
  ">": inViewer((app) => app.viewer.setWipe(app.viewer.wipeAt + 0.05)),
  "+": () => zoomBy(1.25),
  "=": () => zoomBy(1.25),
  "-": () => zoomBy(0.8),
  z: resetZoom,
  "?": (app) => app.help.showModal(),
};

/** The dialog that lists the keys. */
export function drawHelp() {
  const groups = LIST.map(([title, keys]) =>
    el("section", {}, el("h3", {}, title), el("dl", {}, keys.map(([key, text]) => el("div", {}, el("dt", {}, key), el("dd", {}, text))))),
  );
  const search = "A search finds words in names, prompts and notes; seed>5, state:failed and is:picked look at values.";
  const close = el("button", { type: "button", class: "close", on: { click: (event) => event.target.closest("dialog").close() } }, "close");
  return el("dialog", { class: "help", "aria-label": "Keys" }, el("h2", {}, "Keys"), el("div", { class: "columns" }, groups), el("p", { class: "soft" }, search), close);
}

export const focusFirst = (runs) => {
  if (!state.focus && runs.length) change("focus", { focus: runs[0].key });
};

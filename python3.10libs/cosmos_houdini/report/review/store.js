// What the reviewer looks at now. A change is told to those who draw it, once a frame.

export const state = {
  view: "grid", // grid, table, plots, details; the viewer opens over the first two
  viewer: false,
  query: "",
  only: "all",
  sort: { column: "", down: false },
  group: "",
  hidden: new Set(),
  brushes: new Map(), // column -> [lowest, highest]
  focus: null, // key of a run
  cell: 1, // size of a grid's cell, an index of SIZES in grid.js
};

const listeners = new Map();

/** Call a function whenever something of a kind has changed: runs, focus, ratings, view, clock. */
export function listen(kind, listener) {
  listeners.set(kind, [...(listeners.get(kind) ?? []), listener]);
}

const waiting = new Set();

/** Tell that something has changed; several changes before the next frame are told as one. */
export function tell(kind) {
  if (waiting.size === 0) queueMicrotask(deliver);
  waiting.add(kind);
}

function deliver() {
  const kinds = [...waiting];
  waiting.clear();
  for (const kind of kinds) for (const listener of listeners.get(kind) ?? []) listener();
}

/** Change the state, and tell a kind. */
export function change(kind, changes) {
  Object.assign(state, changes);
  tell(kind);
}

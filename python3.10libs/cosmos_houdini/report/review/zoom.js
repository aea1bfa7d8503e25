// Zoom and pan: one for all screens, so that all show the same part of the picture.

import { tell } from "./store.js";

const MOST = 16;
export const zoom = { scale: 1, x: 0, y: 0 }; // x and y: how far the picture is moved, in shares of its size

/** Zoom by a factor about a point, which is given in shares of the picture from its middle. */
export function zoomBy(factor, x = 0, y = 0) {
  const scale = Math.min(MOST, Math.max(1, zoom.scale * factor));
  const share = scale / zoom.scale;
  zoom.x = x - (x - zoom.x) * share;
  zoom.y = y - (y - zoom.y) * share;
  zoom.scale = scale;
  apply();
}

export function panBy(x, y) {
  zoom.x += x;
  zoom.y += y;
  apply();
}

export function resetZoom() {
  Object.assign(zoom, { scale: 1, x: 0, y: 0 });
  apply();
}

function apply() {
  const most = (zoom.scale - 1) / 2;
  zoom.x = Math.max(-most, Math.min(most, zoom.x));
  zoom.y = Math.max(-most, Math.min(most, zoom.y));
  const { style, classList } = document.documentElement;
  style.setProperty("--zoom", zoom.scale);
  style.setProperty("--pan-x", `${zoom.x * 100}%`);
  style.setProperty("--pan-y", `${zoom.y * 100}%`);
  classList.toggle("pixels", zoom.scale >= 4);
  tell("zoom");
}

/** Let wheel and drag in an area zoom and pan; `always` does not ask for Ctrl with the wheel. */
export function listenZoom(area, { always = false } = {}) {
  area.addEventListener(
    "wheel",
    (event) => {
      const box = event.target.closest?.(".screen")?.getBoundingClientRect();
      if (!box || !(always || event.ctrlKey)) return;
      event.preventDefault();
      const [x, y] = [(event.clientX - box.left) / box.width - 0.5, (event.clientY - box.top) / box.height - 0.5];
      zoomBy(Math.exp(-event.deltaY * 0.002), x, y);
    },
    { passive: false },
  );
  let last = null;
  area.addEventListener("pointerdown", (event) => {
    const box = event.target.closest?.(".screen")?.getBoundingClientRect();
    if (box && zoom.scale > 1 && event.button === 0) last = { x: event.clientX, y: event.clientY, box };
  });
  area.addEventListener("pointermove", (event) => {
    if (!last) return;
    panBy((event.clientX - last.x) / last.box.width, (event.clientY - last.y) / last.box.height);
    last = { ...last, x: event.clientX, y: event.clientY };
    area.dataset.panned = "yes";
  });
  for (const name of ["pointerup", "pointercancel", "pointerleave"]) {
    area.addEventListener(name, () => {
      last = null;
      // The click that ends a drag opens nothing.
      setTimeout(() => delete area.dataset.panned);
    });
  }
}

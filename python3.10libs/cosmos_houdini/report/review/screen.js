// A screen: the still of a clip, and the clip itself over it as soon as it can show the frame of the clock.

import { follow, leave } from "./clock.js";
import { el } from "./dom.js";

const LAST_FRAMES = 1.5; // so near to its end a clip holds its last frame

export class Screen {
  constructor(name = "") {
    this.still = el("img", { alt: "", decoding: "async", draggable: "false" });
    this.layer = el("div", { class: "layer" }, this.still);
    this.element = el("div", { class: "screen" }, this.layer);
    this.video = null;
    this.clip = null;
    this.isStuck = false;
    this.wanted = 0;
    if (name) this.element.setAttribute("aria-label", name);
  }

  /** Show the still of a clip, in the clip's shape; null shows nothing. */
  setClip(clip) {
    if (clip === this.clip) return;
    this.close();
    this.clip = clip;
    this.still.hidden = !clip?.still;
    if (clip?.still) this.still.src = clip.still;
    if (clip) this.element.style.setProperty("--shape", clip.size[0] / clip.size[1]);
  }

  /** Open the clip; `large` takes the result at its own size where it is there. */
  open(large = false) {
    if (!this.clip || this.video) return;
    const sources = large && this.clip.full ? [this.clip.full, this.clip.src] : [this.clip.src];
    this.video = el("video", { muted: true, playsinline: true, preload: "auto", tabindex: "-1", "aria-hidden": "true" });
    this.video.disablePictureInPicture = true;
    this.video.addEventListener("error", () => this.fail(sources));
    this.video.addEventListener("loadeddata", () => this.seek(this.wanted));
    this.video.addEventListener("seeked", () => this.settle());
    this.layer.append(this.video);
    this.isStuck = false;
    this.video.src = sources.shift();
    follow(this);
  }

  /** Close the clip and free its decoder; the still stays. */
  close() {
    if (!this.video) return;
    leave(this);
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
    this.video.remove();
    this.video = null;
  }

  fail(sources) {
    if (!this.video?.hasAttribute("src")) return;
    if (sources.length) {
      this.video.src = sources.shift();
      return;
    }
    this.isStuck = true;
    this.element.classList.add("broken");
  }

  settle() {
    if (!this.video) return;
    this.video.classList.add("shown");
    // A further frame was asked for while this one was sought.
    if (this.isResting && Math.abs(this.video.currentTime - this.target(this.wanted)) > 0.001) this.seek(this.wanted);
  }

  /** The middle of the frame that the clip has at a second; the last one from its end on. */
  target(seconds) {
    const frame = Math.min(this.clip.frames - 1, Math.max(0, Math.floor(seconds * this.clip.fps + 0.01)));
    return (frame + 0.5) / this.clip.fps;
  }

  get isResting() {
    return !this.video || this.video.paused;
  }

  get isReady() {
    return !this.video || (this.video.readyState >= 3 && !this.video.seeking);
  }

  /** Whether the clip still moves at a second, and not only holds its last frame. */
  isDue(seconds) {
    return this.video !== null && seconds < (this.clip.frames - LAST_FRAMES) / this.clip.fps;
  }

  drift(seconds) {
    return this.video.currentTime - seconds;
  }

  seek(seconds) {
    this.wanted = seconds;
    if (!this.video || this.video.readyState < 1 || (this.video.seeking && this.isResting)) return;
    this.video.currentTime = this.target(seconds);
  }

  run(rate) {
    if (!this.video) return;
    this.setRate(rate);
    // A clip that is closed at once is told as an error that nobody needs to know.
    this.video.play().catch(() => {});
  }

  setRate(rate) {
    if (this.video && this.video.playbackRate !== rate) this.video.playbackRate = rate;
  }

  rest() {
    if (this.video && !this.video.paused) this.video.pause();
  }
}

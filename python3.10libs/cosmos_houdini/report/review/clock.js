// One clock for all pictures. It counts seconds of the shot; each screen shows the frame that its clip has then.
//
// Forwards at usual speeds the browser plays the clips itself, and small changes of their rates keep them on the clock.
// Backwards and at other speeds every frame is sought. Where a clip is not ready the clock waits, so that all stay in step.

import { fps, length } from "./model.js";
import { tell } from "./store.js";

const NATIVE = [0.2, 4]; // rates that browsers play by themselves
const NUDGE = [0.4, 2]; // how many times the clock's rate a clip may have to come back to it
const BACK_S = 0.08; // a clip that is off by so much is given the most
const CALM = 0.15; // frames off the clock that need no correction
const LOST_S = 0.5; // further off, a clip is sought
const MOVED_S = 0.003; // a clip that is so far on has begun to play
const MOST_START_S = 0.5; // the clock waits no longer for all to begin
const PATIENCE_S = 3; // a clip that is not ready for so long no longer holds up the others

const screens = new Set();

export const clock = {
  seconds: 0,
  rate: 1,
  playing: false,
  loop: true,
  from: 0, // first and last frame that is played, counted from 0
  to: length - 1,
};

export const frameNow = () => Math.min(length - 1, Math.max(0, Math.floor(clock.seconds * fps + 0.01)));

/** Let a screen follow the clock. */
export function follow(screen) {
  screens.add(screen);
  screen.seek(clock.seconds);
}

export function leave(screen) {
  screens.delete(screen);
}

const active = () => [...screens].filter((screen) => !screen.isStuck);
const isNative = () => clock.rate >= NATIVE[0] && clock.rate <= NATIVE[1];

export function play(rate = Math.abs(clock.rate)) {
  clock.rate = rate;
  if (clock.rate > 0 && frameNow() >= clock.to) moveTo(clock.from);
  if (clock.rate < 0 && frameNow() <= clock.from) moveTo(clock.to);
  clock.playing = true;
  begin();
  tell("clock");
}

/** Stop, and show exactly the same frame on all screens. */
export function pause() {
  clock.playing = false;
  motion.running = false;
  for (const screen of screens) screen.rest();
  showFrame(frameNow());
}

export const toggle = () => (clock.playing ? pause() : play());

/** Show a frame, counted from 0, and stop. */
export function showFrame(frame) {
  const wasPlaying = clock.playing;
  clock.playing = false;
  motion.running = false;
  if (wasPlaying) for (const screen of screens) screen.rest();
  moveTo(Math.min(length - 1, Math.max(0, frame)));
}

function moveTo(frame) {
  clock.seconds = (frame + 0.5) / fps;
  for (const screen of screens) screen.seek(clock.seconds);
  tell("clock");
}

/** Go to a frame without a change of play or pause. */
export function jump(frame) {
  const { playing } = clock;
  showFrame(frame);
  if (playing) play(clock.rate);
}

/** L plays forwards, J backwards; pressed again, each plays twice as fast. */
export function shuttle(direction) {
  const isSame = clock.playing && Math.sign(clock.rate) === direction;
  const fast = isSame ? Math.min(16, Math.abs(clock.rate) * 2) : 1;
  for (const screen of screens) screen.rest();
  play(direction * fast);
}

export function setRate(rate) {
  const { playing } = clock;
  clock.rate = rate;
  if (playing) {
    for (const screen of screens) screen.rest();
    play(rate);
  } else tell("clock");
}

/** Play from one frame to another only; both are counted from 0. */
export function setRange(from, to) {
  clock.from = Math.max(0, Math.min(from, length - 1));
  clock.to = Math.max(clock.from, Math.min(to, length - 1));
  if (frameNow() < clock.from || frameNow() > clock.to) jump(clock.from);
  tell("clock");
}

const motion = { running: false, stage: "resting", startedFor: 0, last: 0, waitingSince: 0 };

function begin() {
  motion.stage = "resting";
  motion.last = 0;
  motion.waitingSince = 0;
  if (motion.running) return;
  motion.running = true;
  requestAnimationFrame(move);
}

function move(now) {
  if (!clock.playing) {
    motion.running = false;
    return;
  }
  requestAnimationFrame(move);
  const passed = motion.last ? Math.min(0.1, (now - motion.last) / 1000) : 0;
  motion.last = now;
  const due = active().filter((screen) => screen.isDue(clock.seconds));
  if (isWaiting(due, now)) return;
  if (isNative()) movePlaying(due, passed);
  else moveSought(passed);
  tell("clock");
}

/** Whether a screen is not ready; a screen that is not for too long is given up. */
function isWaiting(due, now) {
  const late = due.filter((screen) => !screen.isReady);
  if (late.length === 0) {
    motion.waitingSince = 0;
    return false;
  }
  if (!motion.waitingSince) {
    motion.waitingSince = now;
    motion.stage = "resting";
    for (const screen of due) screen.rest();
  } else if (now - motion.waitingSince > PATIENCE_S * 1000) {
    for (const screen of late) screen.isStuck = true;
    motion.waitingSince = 0;
  }
  return true;
}

function movePlaying(due, passed) {
  if (motion.stage !== "going") {
    start(due, passed);
    return;
  }
  clock.seconds += passed * clock.rate;
  if (clock.seconds * fps >= clock.to + 1) {
    turn(clock.from, clock.to);
    return;
  }
  for (const screen of due) correct(screen);
}

/** Start all clips at one frame; the clock goes on from where they are when all of them move, for each takes its time. */
function start(due, passed) {
  if (motion.stage === "resting") {
    const far = due.filter((screen) => Math.abs(screen.drift(clock.seconds)) > 1 / fps);
    for (const screen of far) screen.seek(clock.seconds);
    if (far.length) return;
    for (const screen of due) screen.run(clock.rate);
    Object.assign(motion, { stage: "starting", startedFor: 0 });
    return;
  }
  motion.startedFor += passed;
  const ahead = due.map((screen) => screen.drift(clock.seconds)).sort((a, b) => a - b);
  if (ahead.length && ahead[0] <= MOVED_S && motion.startedFor < MOST_START_S) return;
  clock.seconds += Math.max(0, ahead[Math.floor(ahead.length / 2)] ?? 0);
  motion.stage = "going";
}

function correct(screen) {
  if (screen.isResting) {
    screen.seek(clock.seconds);
    screen.run(clock.rate);
    return;
  }
  const drift = screen.drift(clock.seconds);
  if (Math.abs(drift) > LOST_S) screen.seek(clock.seconds);
  else if (Math.abs(drift) * fps > CALM) {
    const nudge = Math.max(NUDGE[0], Math.min(NUDGE[1], 1 - drift / BACK_S));
    screen.setRate(Math.min(16, Math.max(0.07, clock.rate * nudge)));
  } else screen.setRate(clock.rate);
}

function moveSought(passed) {
  const before = frameNow();
  const end = clock.rate > 0 ? clock.to : clock.from;
  clock.seconds += passed * clock.rate;
  const isOver = clock.rate > 0 ? frameNow() > end || clock.seconds * fps > end + 1 : clock.seconds * fps < end;
  if (isOver) turn(clock.rate > 0 ? clock.from : clock.to, end);
  else if (frameNow() !== before) for (const screen of screens) screen.seek((frameNow() + 0.5) / fps);
}

function turn(start_, end) {
  if (!clock.loop) {
    showFrame(end);
    return;
  }
  for (const screen of screens) screen.rest();
  motion.stage = "resting";
  moveTo(start_);
}

"""The page's clock in a real Chromium: all clips show the same frame, played, stepped, looped and backwards."""

from __future__ import annotations

from itertools import pairwise

import pytest
from playwright.sync_api import Page

from support.jobs.review_page import SEAM

pytestmark = pytest.mark.chromium

# Notes at every drawing where each clip is, and which frame it has on the screen.
RECORD = """() => {
  window.moments = [];
  const videos = [...document.querySelectorAll("video")];
  const shown = videos.map(() => null);
  videos.forEach((video, index) => {
    const note = (_, frame) => {
      shown[index] = Math.floor(frame.mediaTime * 24 + 0.01);
      video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note);
  });
  const look = () => {
    const times = videos.map((video) => video.currentTime * 24);
    if (!shown.includes(null)) window.moments.push({ times, shown: [...shown] });
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
# By how many frames clips are apart at each moment; the first frame of a loop follows the last.
APART = """(length) => {
  const span = (frames) => {
    const apart = Math.max(...frames) - Math.min(...frames);
    return Math.min(apart, length - apart);
  };
  return { times: window.moments.map((one) => span(one.times)), shown: window.moments.map((one) => span(one.shown)) };
}"""
FRAMES = (
    """() => [...document.querySelectorAll("video.shown")].map((video) => Math.floor(video.currentTime * 24 + 0.01))"""
)


def number(page: Page) -> int:
    return int(page.input_value(".frame"))


def wait_ready(page: Page, count: int) -> None:
    page.wait_for_function("count => document.querySelectorAll('video.shown').length >= count", arg=count)


def test_all_clips_and_the_source_stay_within_one_frame_of_each_other(page: Page):
    wait_ready(page, 9)
    page.evaluate(RECORD)
    page.keyboard.press("Space")
    page.wait_for_timeout(5000)
    page.keyboard.press("Space")
    apart = page.evaluate(APART, 48)
    assert len(apart["times"]) > 50
    assert max(apart["times"]) <= 1
    # A busy machine draws single frames late; no clip stays behind.
    assert max(apart["shown"]) <= 2
    assert sum(frames > 1 for frames in apart["shown"]) <= len(apart["shown"]) / 10


def wait_frame(page: Page, frame: int) -> None:
    """Wait until all clips are at a frame, counted from 0."""
    page.wait_for_function(f"frame => ({FRAMES})().every((one) => one === frame)", arg=frame)


def test_frames_are_stepped_one_by_one_and_the_last_is_held(page: Page):
    wait_ready(page, 9)
    assert number(page) == 1
    for keys, expected in (
        (["."], 2),
        ([".", "."], 4),
        ([","], 3),
        (["Shift+End"], 48),
        (["."], 48),
        (["Shift+Home"], 1),
    ):
        for key in keys:
            page.keyboard.press(key)
        wait_frame(page, expected - 1)
        assert number(page) == expected


def test_a_typed_number_is_a_frame_of_the_plate(page: Page):
    wait_ready(page, 9)
    page.fill(".frame", "31")
    page.keyboard.press("Enter")
    wait_frame(page, 30)
    assert page.get_attribute(".scrubber", "aria-valuenow") == "31"


def test_seams_of_the_plan_are_marked_on_the_scrubber(page: Page):
    assert page.get_attribute(".scrubber", "aria-description") == f"seams of chunks at {SEAM + 1}"
    box, mark = page.locator(".track").bounding_box(), page.locator(".seams i").bounding_box()
    assert box
    assert mark
    assert (mark["x"] - box["x"]) / box["width"] == pytest.approx(SEAM / 48, abs=0.01)


def test_between_in_and_out_points_the_page_loops(page: Page):
    wait_ready(page, 9)
    for keys in (["."] * 10, ["i"], ["."] * 8, ["o"]):
        for key in keys:
            page.keyboard.press(key)
    page.keyboard.press("Space")
    seen = page.evaluate("""async () => {
      const seen = [];
      for (let turn = 0; turn < 60; turn += 1) {
        await new Promise((done) => setTimeout(done, 25));
        seen.push(Number(document.querySelector(".frame").value));
      }
      return seen;
    }""")
    assert min(seen) >= 11
    assert max(seen) <= 19
    assert any(later < earlier for earlier, later in pairwise(seen))


def test_backwards_and_faster_all_clips_still_agree(page: Page):
    wait_ready(page, 9)
    page.keyboard.press("Shift+End")
    wait_frame(page, 47)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.wait_for_function("() => Number(document.querySelector('.frame').value) < 40")
    assert page.inner_text(".reverse") == "backwards"
    page.keyboard.press("k")
    wait_frame(page, number(page) - 1)

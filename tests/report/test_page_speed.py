"""The page with 500 runs in a real Chromium: its first paint, its memory, and the work of a frame while it scrolls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from cosmos_houdini.report import writer
from support.jobs.review_page import make_entries, write_page, write_videos

pytestmark = pytest.mark.chromium

FRAMES = 120
SCROLL = """([selector, frames]) => new Promise((done) => {
  const area = document.querySelector(selector);
  let left = frames;
  const step = () => {
    area.scrollTop += 97;
    left -= 1;
    if (left) requestAnimationFrame(step);
    else done(area.scrollTop);
  };
  requestAnimationFrame(step);
})"""
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of 500 runs, which share a few videos."""
    folder = tmp_path_factory.mktemp("many")
    entries = make_entries(write_videos(folder, frames=8, size=(96, 54)), 500)
    with pytest.MonkeyPatch.context() as patch:
        # The pictures of all runs are other files than the page.
        patch.setattr(writer, "_write_grids", lambda *_, **__: ())
        write_page(folder / "report", entries, cache=folder / "cache")
    return folder / "report" / "index.html"


@pytest.fixture
def opened(browser: Browser, many: Path) -> Iterator[Page]:
    """Return the open page, on a large screen."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    page = context.new_page()
    page.goto(many.as_uri())
    page.wait_for_selector(".cell")
    yield page
    context.close()


def test_five_hundred_runs_are_painted_within_a_second(opened: Page):
    opened.wait_for_function(PAINTED)
    assert opened.evaluate(PAINTED) < 1000
    assert opened.inner_text(".count").startswith("500 of 500")


@pytest.mark.parametrize(("view", "selector"), [("g", ".grid"), ("t", ".table")])
def test_scrolling_leaves_most_of_each_sixtieth_of_a_second_free_and_holds_only_what_is_seen(
    opened: Page, view: str, selector: str
):
    opened.keyboard.press(view)
    session = opened.context.new_cdp_session(opened)
    session.send("Performance.enable")

    def measure() -> dict[str, float]:
        return {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}

    before = measure()
    assert opened.evaluate(SCROLL, [selector, FRAMES]) > 9000
    after = measure()
    parts = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
    per_frame_ms = sum(after[part] - before[part] for part in parts) * 1000 / FRAMES
    assert per_frame_ms < 1000 / 60 * 0.6
    assert opened.evaluate("() => document.querySelectorAll('*').length") < 3000
    assert opened.evaluate("() => document.querySelectorAll('video').length") < 60
    session.send("HeapProfiler.collectGarbage")
    assert measure()["JSHeapUsedSize"] < 40e6

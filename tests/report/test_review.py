"""The page in a real Chromium, used as a supervisor does: find, compare, rate, pick, save, with the keyboard alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from cosmos_houdini.model.job import FailureClass
from support.jobs.report_entries import entry
from support.jobs.review_page import HOSTILE, write_page, write_videos

pytestmark = pytest.mark.chromium

SHOWN = "() => [...document.querySelectorAll('.cell:not([hidden]) .title > b')].map((one) => one.textContent)"


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
        # A change is drawn with the next frame.
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def focused(page: Page) -> str:
    return page.inner_text(".facts h2").split(" #")[0]


def test_with_the_keyboard_alone_runs_are_found_rated_picked_noted_and_saved(page: Page, tmp_path: Path):
    press(page, "ArrowRight", "4", "p", "n")
    page.keyboard.type("keep the puddles, 5 p ?")
    press(page, "Escape", "ArrowRight", "2", "/")
    page.keyboard.type("shot-0007")
    press(page, "Enter", "Home", "5", "p")
    assert focused(page) == "shot-0007"
    assert page.evaluate(SHOWN) == ["shot-0007"]
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save ratings as a file").press("Enter")
    assert saved.value.suggested_filename == "rain-night.ratings.json"
    saved.value.save_as(tmp_path / "ratings.json")
    document = json.loads((tmp_path / "ratings.json").read_text("utf-8"))
    told = {run["run"]: (run["rating"], run["picked"], run["note"]) for run in document["runs"]}
    assert told == {
        "shot-0002": (4, True, "keep the puddles, 5 p ?"),
        "shot-0003": (2, False, ""),
        "shot-0007": (5, True, ""),
    }


def test_judgements_stay_in_the_browser_and_a_saved_file_brings_them_to_another(
    page: Page, browser: Browser, tmp_path: Path
):
    press(page, "Home", "3", "p", "ArrowRight", "5")
    page.reload()
    page.wait_for_selector(".cell")
    assert page.inner_text(".count").endswith("1 picked, 2 rated")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save ratings as a file").click()
    saved.value.save_as(tmp_path / "mine.json")
    other = browser.new_context().new_page()
    other.goto(page.url)
    assert other.inner_text(".count").endswith("0 picked, 0 rated")
    other.set_input_files("input[type=file]", tmp_path / "mine.json")
    other.wait_for_function("() => document.querySelector('.count').textContent.endsWith('1 picked, 2 rated')")
    (tmp_path / "else.json").write_text('{"schema": "cosmos-houdini/report/1"}', encoding="utf-8")
    other.set_input_files("input[type=file]", tmp_path / "else.json")
    other.wait_for_function("() => document.querySelector('#live').textContent.includes('no file of ratings')")
    assert other.inner_text(".count").endswith("1 picked, 2 rated")
    other.context.close()


def test_values_names_and_judgements_filter_sort_and_group(page: Page):
    page.fill("input[type=search]", "seed>=3 seed<=6 state:oom")
    page.wait_for_function("() => document.querySelector('.count').textContent.startsWith('1 of 30')")
    page.fill("input[type=search]", "rain")
    page.wait_for_function("() => document.querySelector('.count').textContent.startsWith('15 of 30')")
    page.fill("input[type=search]", "")
    page.get_by_label("Sort by").select_option("score")
    page.wait_for_function("() => document.querySelector('.cell .rank').textContent === '#1'")
    page.get_by_label("Group by").select_option("guidance")
    page.wait_for_selector(".row.heading")
    assert page.inner_text(".row.heading >> nth=0") == "guidance: 3 (10)"


def test_the_table_sorts_by_its_columns_and_hides_them(page: Page):
    press(page, "t")
    for order in ("ascending", "descending", "none"):
        page.get_by_role("columnheader", name="flicker").get_by_role("button").click()
        page.wait_for_function(
            "order => [...document.querySelectorAll('[role=columnheader]')].some("
            "(one) => one.textContent.startsWith('flicker') && one.getAttribute('aria-sort') === order)",
            arg=order,
        )
    assert page.get_by_role("columnheader", name="prompt").count() == 1
    page.click("summary")
    page.get_by_role("checkbox", name="prompt").uncheck()
    page.wait_for_function(
        "() => ![...document.querySelectorAll('[role=columnheader]')].some((one) => one.textContent === 'prompt')"
    )
    press(page, "Escape")
    page.locator(".line[role=row] >> nth=3").dblclick()
    page.wait_for_selector(".viewer .stage")


def colour(page: Page, x: float, y: float) -> tuple[int, ...]:
    """Return the colour of the stage at shares of its picture's width and height."""
    from io import BytesIO  # noqa: PLC0415 - of this helper alone

    from PIL import Image  # noqa: PLC0415 - likewise

    box = page.locator(".half.a .screen").bounding_box()
    assert box
    with Image.open(BytesIO(page.screenshot())) as picture:
        pixel = picture.convert("RGB").getpixel(
            (round(box["x"] + box["width"] * x), round(box["y"] + box["height"] * y))
        )
    assert isinstance(pixel, tuple)
    return pixel


def near(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return max(abs(x - y) for x, y in zip(a, b, strict=True)) < 12


def test_two_pictures_are_compared_by_wipe_flick_difference_and_side_by_side(page: Page):
    press(page, "ArrowRight", "ArrowRight", "Enter")
    page.wait_for_selector(".half.a video.shown")
    run = [colour(page, x, 0.75) for x in (0.3, 0.7)]
    press(page, "w")
    page.wait_for_selector(".half.b video.shown")
    source = colour(page, 0.7, 0.75)
    assert near(colour(page, 0.3, 0.75), run[0])
    assert not near(source, run[1])
    for _ in range(6):
        press(page, ">")
    assert near(colour(page, 0.7, 0.75), run[1])
    press(page, "f")
    assert near(colour(page, 0.7, 0.75), source)
    press(page, "f")
    assert near(colour(page, 0.7, 0.75), run[1])
    press(page, "d")
    apart = tuple(abs(a - b) for a, b in zip(run[1], source, strict=True))
    assert near(colour(page, 0.7, 0.75), apart)
    press(page, "s")
    a, b = (page.locator(f".half.{side} .screen").bounding_box() for side in "ab")
    assert a
    assert b
    assert a["x"] + a["width"] <= b["x"]
    press(page, "Shift+A")
    assert "Compare two runs" in page.inner_text("#live")
    press(page, "Escape")
    assert page.is_visible(".grid")


def test_in_a_batch_of_two_shots_a_run_is_compared_with_its_own_source(browser: Browser, tmp_path: Path):
    videos = write_videos(tmp_path, frames=4, size=(96, 54))
    shots = [videos["color"], videos["seg"]]
    entries = [
        entry(f"r{n}", {"seed": n}, clip=videos["vis"], source=shots[n // 2], engine="transfer2.5") for n in range(4)
    ]
    write_page(tmp_path / "report", entries)
    page = browser.new_page()
    page.goto((tmp_path / "report" / "index.html").as_uri())
    page.wait_for_selector(".cell")
    compared = "() => document.querySelector('[aria-label=\"Picture B\"]').value"
    press(page, "Home", "Enter", "w")
    assert page.evaluate(compared) == "source-1-source"
    press(page, "Escape", "End", "Enter")
    assert page.evaluate(compared) == "source-2-source"
    # A picture that was chosen stays with the other runs of the shot.
    page.get_by_label("Picture B").select_option("0003")
    press(page, "Escape", "ArrowLeft", "Enter")
    assert page.evaluate(compared) == "0003"
    press(page, "Escape", "Home", "b", "End", "Enter")
    assert page.evaluate(compared) == "0001"
    page.close()


def test_the_page_says_why_a_clip_or_measures_are_missing(browser: Browser, tmp_path: Path):
    videos = write_videos(tmp_path, frames=4, size=(96, 54))
    (tmp_path / "cut.mp4").write_bytes(videos["color"].path.read_bytes()[:900])
    cut = replace(videos["color"], path=tmp_path / "cut.mp4", sha256="0" * 64)
    one = entry("r", {"seed": 1}, clip=videos["vis"], source=cut, engine="transfer2.5")
    write_page(tmp_path / "report", [one], measured=True)
    page = browser.new_page()
    page.goto((tmp_path / "report" / "index.html").as_uri())
    press(page, "e")
    told = page.inner_text(".missing")
    assert "r: no measures: " in told
    assert "source-1-source: no clip: " in told
    page.close()


def test_one_run_is_preferred_to_another(page: Page):
    press(page, "ArrowRight", "b", "ArrowRight", "Enter", "s", "Shift+B")
    assert page.inner_text("#live") == "shot-0002 is better than shot-0003"
    kept = page.evaluate("() => JSON.parse(Object.values(localStorage)[0]).choices")
    assert len(kept) == 1


def test_zoom_and_pan_are_the_same_in_every_picture(page: Page):
    press(page, "+", "+", "+")
    transforms = page.evaluate(
        "() => [...new Set([...document.querySelectorAll('.cell .layer, .panel .layer')]"
        ".filter((one) => one.offsetParent).map("
        "(one) => new DOMMatrix(getComputedStyle(one).transform).a.toFixed(3)))]"
    )
    assert transforms == ["1.953"]
    press(page, "z")
    assert page.evaluate("() => new DOMMatrix(getComputedStyle(document.querySelector('.layer')).transform).a") == 1


def test_a_hostile_prompt_stays_a_text(page: Page):
    press(page, "ArrowRight")
    assert page.inner_text(".facts blockquote") == f"snow {HOSTILE}"
    press(page, "e", "v", "t", "g")
    assert page.title() == "rain night"
    assert page.evaluate("() => document.querySelectorAll('b b, img[onerror]').length") == 0


def test_a_range_drawn_on_an_axis_keeps_the_runs_that_cross_it(page: Page):
    press(page, "v")
    page.wait_for_selector(".parallel .hit")
    seed = page.locator(".parallel .hit >> nth=1").bounding_box()
    assert seed
    x = seed["x"] + seed["width"] / 2
    page.mouse.move(x, seed["y"] + seed["height"] - 2)
    page.mouse.down()
    page.mouse.move(x, seed["y"] + seed["height"] / 2)
    page.mouse.up()
    page.wait_for_function("() => document.querySelector('.count').textContent.startsWith('15 of 30')")
    press(page, "g")
    assert page.evaluate(SHOWN)[0] == "shot-0001"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280, 3840])
def test_axe_finds_nothing_serious_in_any_view(browser: Browser, review: Path, scheme: str, width: int):
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto((review / "index.html").as_uri())
    page.wait_for_selector(".cell")
    for key in ("p", "t", "v", "e", "g", "Enter", "w", "?"):
        press(page, key)
        found = Axe().run(page).response["violations"]
        grave = [one for one in found if one["impact"] in {"serious", "critical"}]
        serious = [(one["id"], one["nodes"][0]["html"][:200]) for one in grave]
        assert serious == [], key
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), key
    context.close()


@pytest.mark.parametrize("made", ["no result", "no source"])
def test_a_report_without_results_or_source_takes_every_key_without_an_error(
    browser: Browser, tmp_path: Path, made: str
):
    clip = None if made == "no result" else write_videos(tmp_path, frames=4, size=(64, 48))["color"]
    failure = (FailureClass.OOM, "out of memory") if clip is None else None
    write_page(tmp_path / "report", [entry("only", {"seed": 1}, clip=clip, failure=failure)], measured=True)
    page = browser.new_page()
    told: list[str] = []
    page.on("pageerror", lambda error: told.append(str(error)))
    page.goto((tmp_path / "report" / "index.html").as_uri())
    page.wait_for_selector(".cell")
    for key in [
        "ArrowRight",
        "3",
        "p",
        "n",
        "Escape",
        "Enter",
        "w",
        "f",
        "d",
        "s",
        "b",
        "Shift+A",
        "Escape",
        "c",
        "t",
        "v",
        "e",
        "g",
        "Space",
        ".",
        ",",
        "j",
        "k",
        "x",
        "i",
        "o",
        "?",
    ]:
        press(page, key)
    page.close()
    assert told == []

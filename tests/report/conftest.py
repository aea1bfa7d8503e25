"""A real Chromium for the tests of the page, and a page of thirty runs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable
from playwright.sync_api import Browser, Page, sync_playwright

from support.jobs.review_page import make_entries, write_page, write_videos
from support.programs import need_program

REQUIRED = os.environ.get("COSMOS_HOUDINI_TESTS_REQUIRE", "").split(",")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return this machine's Chromium."""
    chromium = need_program("chromium")
    driver = compute_driver_executable()[0]
    started = subprocess.run([driver, "--version"], capture_output=True, text=True, check=False)
    if started.returncode and "programs" not in REQUIRED:
        pytest.skip(f"the driver of Chromium does not start: {started.stderr.strip()}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def review(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a report of thirty runs, four of which failed."""
    folder = tmp_path_factory.mktemp("review")
    write_page(folder / "it's a report #1", make_entries(write_videos(folder), 30))
    return folder / "it's a report #1"


@pytest.fixture
def page(browser: Browser, review: Path) -> Iterator[Page]:
    """Return the open page in a fresh profile; an error in its console fails the test."""
    context = browser.new_context(viewport={"width": 1400, "height": 800}, accept_downloads=True)
    page = context.new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: told.append(str(error)))
    page.goto((review / "index.html").as_uri())
    page.wait_for_selector(".cell")
    yield page
    context.close()
    assert told == []

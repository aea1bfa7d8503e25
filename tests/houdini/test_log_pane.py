"""The pane under the table of jobs: a readable log, and a picture of the result."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cosmos_houdini.houdini import worker
from support.houdini import offscreen
from support.media.shot_files import NODE, make_shot

log_pane = pytest.importorskip("cosmos_houdini.houdini.windows.log_pane", exc_type=ImportError)


def test_reports_of_progress_are_left_out_and_all_else_stays() -> None:
    text = (
        "loading\nframe=2\nfps=7.68\nstream_0_0_q=-1.0\nout_time_ms=12\nprogress=continue\nspeed of light=3e8\ndone\n"
    )
    assert log_pane.readable_log(text) == "loading\nspeed of light=3e8\ndone\n"


def test_a_result_is_seen_beside_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cosmos_houdini.houdini.windows.job_row import rows  # noqa: PLC0415 - after Qt was found

    offscreen.application()
    monkeypatch.setenv("COSMOS_HOUDINI_PYTHON", sys.executable)
    shot = make_shot(tmp_path, monkeypatch)
    worker.call("submit", {"scene": str(shot.hip), "output": NODE, "prompt": "rain"}, folder=shot.folder)
    [row] = rows(worker.call("status", folder=shot.folder))
    pane = log_pane.LogPane()
    pane.show()
    pane.show_job(row, shot.folder)

    def is_seen() -> bool:
        pane.take()
        return pane._picture.isVisible()

    offscreen.until(is_seen, "the picture is there")
    assert pane._picture.pixmap().width() == log_pane.PICTURE_WIDTH
    pane.show_job(None, shot.folder)
    assert not pane._picture.isVisible()
    pane.close()
    offscreen.settle()

"""A render that is still running becomes videos, a job and a delivery, exactly once, whatever happens meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cosmos_houdini.config import load
from cosmos_houdini.demo.hip import write_scene
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.client import open_client
from cosmos_houdini.media.videos.metadata import read_metadata
from cosmos_houdini.model.control import Control, Pass
from cosmos_houdini.model.delivery import DeliveryFormat
from cosmos_houdini.model.spec import PromptSpec, RunSpec
from cosmos_houdini.watch import changes
from cosmos_houdini.watch.ledger import Ledger, RenderRow, RenderState
from cosmos_houdini.watch.options import WatchOptions
from cosmos_houdini.watch.status import read_status
from cosmos_houdini.watch.watcher import watch
from support.media.clips import bars, write_picture
from support.media.shot_files import CAMERA, FRAMES, NODE
from support.recorder import Recorder

NUMBERS = range(FRAMES[0], FRAMES[1] + 1)
QUIET_S = 0.4
# A render as a farm does it: under temporary names, out of order, slowly.
RENDERER = """
import os, sys, time
source, target, pause = sys.argv[1:4]
for name in sys.argv[4:]:
    data = open(os.path.join(source, name), "rb").read()
    part = os.path.join(target, name.replace(".png", ".tmp.png"))
    with open(part, "wb") as file:
        file.write(data[: len(data) // 2])
        file.flush()
        time.sleep(float(pause))
        file.write(data[len(data) // 2 :])
    os.replace(part, os.path.join(target, name))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project in the usual layout: a scene in art/houdini, whose node writes into renders/comp below it."""
    scene = tmp_path / "art" / "houdini" / "sh010.hip"
    scene.parent.mkdir(parents=True)
    picture = "$HIP/renders/comp/$HIPNAME.color.$F4.png"
    write_scene(scene, fps=25, frames=FRAMES, camera=CAMERA, rop=NODE, picture=picture)
    renders(tmp_path).mkdir(parents=True)
    (tmp_path / "farm").mkdir()
    for number in NUMBERS:
        write_picture(tmp_path / "farm" / name_of(number), bars(number))
    (tmp_path / "cosmos-houdini.yaml").write_text("defaults: {engine: preview}\n", encoding="utf-8")
    return tmp_path


def renders(project: Path) -> Path:
    return project / "art" / "houdini" / "renders" / "comp"


def name_of(number: int) -> str:
    return f"sh010.color.{number:04d}.png"


def render(project: Path, *numbers: int, pause_s: float = 0.0) -> subprocess.Popen[bytes]:
    """Start a process that renders frames, and return it."""
    argv = [sys.executable, "-c", RENDERER, str(project / "farm"), str(renders(project)), str(pause_s)]
    return subprocess.Popen([*argv, *map(name_of, numbers)])


def options(project: Path) -> WatchOptions:
    return WatchOptions(folders=(project / "art",), quiet_s=QUIET_S, poll_s=0.2, once=True)


def look_once(project: Path, given: WatchOptions | None = None) -> Recorder:
    recorder = Recorder()
    watch(load(project), given or options(project), recorder)
    return recorder


def rows(project: Path) -> list[RenderRow]:
    with closing(Ledger(project)) as ledger:
        return ledger.rows()


@contextmanager
def watching(project: Path, given: WatchOptions) -> Iterator[Recorder]:
    """Watch in a thread."""
    stop, recorder = threading.Event(), Recorder()
    thread = threading.Thread(target=watch, args=(load(project), replace(given, once=False), recorder, stop))
    thread.start()
    try:
        yield recorder
    finally:
        stop.set()
        thread.join(60)
        assert not thread.is_alive()


def until(is_so: Callable[[], bool], what: str, patience_s: float = 90.0) -> None:
    end = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < end, what
        time.sleep(0.05)


@pytest.mark.parametrize("is_network", [False, True], ids=["announced", "polled"])
def test_a_slow_render_under_temporary_names_is_converted_when_it_is_whole(
    project: Path, monkeypatch: pytest.MonkeyPatch, *, is_network: bool
) -> None:
    monkeypatch.setattr(changes, "is_network_drive", lambda _: is_network)
    with watching(project, options(project)) as recorder:
        with render(project, 3, 1, 5, 2, 4, pause_s=0.2) as farm:
            assert farm.wait() == 0
        until(lambda: [row.state for row in rows(project)] == [RenderState.DONE], "the render is converted")
    (row,) = rows(project)
    document = read_metadata(Path(row.videos))
    assert (document["frames"], document["fps"], row.name, row.frames) == (5, 25, "sh010", "1-5")
    assert sum("are complete" in sentence for sentence in recorder.sentences) == 1
    assert any("on a network drive" in sentence for sentence in recorder.sentences) is is_network


def test_a_render_that_crashed_in_the_middle_starts_nothing(project: Path) -> None:
    with render(project, 1, 2, 3) as farm:
        farm.wait()
    recorder = look_once(project)
    assert rows(project) == []
    assert "sh010: color: 3 of 5 frames" in recorder.sentences
    (waiting,) = read_status(project).waiting
    assert waiting["reason"] == "color: 3 of 5 frames"
    with render(project, 4, 5) as farm:
        farm.wait()
    look_once(project)
    assert [row.state for row in rows(project)] == [RenderState.DONE]
    assert read_status(project).waiting == []


def test_a_frame_that_is_only_half_there_starts_nothing(project: Path) -> None:
    with render(project, *NUMBERS) as farm:
        farm.wait()
    last = renders(project) / name_of(5)
    whole = last.read_bytes()
    last.write_bytes(whole[: len(whole) // 2])
    recorder = look_once(project)
    assert rows(project) == []
    assert any("1 frames are not whole" in sentence and last.name in sentence for sentence in recorder.sentences)
    last.write_bytes(whole)
    look_once(project)
    assert [row.state for row in rows(project)] == [RenderState.DONE]


def test_a_frame_rendered_again_later_makes_a_new_version_and_nothing_else_does(project: Path) -> None:
    with render(project, *NUMBERS) as farm:
        farm.wait()
    look_once(project)
    look_once(project)
    assert len(rows(project)) == 1
    write_picture(renders(project) / name_of(3), bars(40))
    look_once(project)
    first, second = rows(project)
    assert (first.name, second.name, second.version) == ("sh010", "sh010-r2", 2)
    assert first.videos != second.videos
    colors = [read_metadata(Path(row.videos))["videos"][Pass.COLOR]["sha256"] for row in (first, second)]
    assert colors[0] != colors[1]


def test_a_pass_that_arrives_later_is_waited_for(project: Path) -> None:
    with render(project, *NUMBERS) as farm:
        farm.wait()
    needs_depth = replace(options(project), needs=frozenset({Pass.DEPTH}))
    assert "sh010: waits for the pass depth" in look_once(project, needs_depth).sentences
    (renders(project) / "depth").mkdir()
    for number in NUMBERS:
        write_picture(renders(project) / "depth" / f"sh010.depth.{number:04d}.png", bars(number + 3))
    recorder = look_once(project, needs_depth)
    (row,) = rows(project)
    assert row.state is RenderState.DONE, recorder.sentences
    assert set(read_metadata(Path(row.videos))["videos"]) >= {"color", "depth"}


def test_two_watchers_on_one_folder_convert_a_render_once(project: Path) -> None:
    with watching(project, options(project)) as one, watching(project, options(project)) as other:
        with render(project, *NUMBERS) as farm:
            farm.wait()
        until(lambda: [row.state for row in rows(project)] == [RenderState.DONE], "the render is converted")
        time.sleep(2 * QUIET_S)
    told = [sentence for recorder in (one, other) for sentence in recorder.sentences if "are complete" in sentence]
    assert len(told) == 1


def test_a_folder_that_vanishes_is_waited_for(project: Path) -> None:
    folder = project / "art"
    with watching(project, options(project)) as recorder:
        until(lambda: bool(read_status(project).watchers), "the watcher looks")
        folder.rename(project / "gone")
        write_picture(project / "gone" / "houdini" / "renders" / "comp" / "x.png", bars(1))
        until(lambda: any("it is waited for" in s for s in recorder.sentences), "the folder is missed")
        (project / "gone").rename(folder)
        with render(project, *NUMBERS) as farm:
            farm.wait()
        until(lambda: [row.state for row in rows(project)] == [RenderState.DONE], "the render is converted")
    assert any("is there again" in sentence for sentence in recorder.sentences)


def run_spec(project: Path) -> RunSpec:
    spec = PromptSpec(name="look", prompt="rain", input_video=project / "any.mp4")
    return RunSpec(name="look", engine="preview", spec=spec, weights={Control.EDGE: 0.5}, parameters={"seed": 3})


def test_nobody_types_anything_from_render_to_delivery(project: Path) -> None:
    with render(project, *NUMBERS) as farm:
        farm.wait()
    out = project / "comp" / "{run}.####.png"
    given = replace(options(project), run=run_spec(project), deliver=DeliveryFormat.PNG, output=str(out))
    assert watch(load(project), given, Recorder()) == 0
    (row,) = rows(project)
    assert row.state is RenderState.DONE
    assert sorted(path.name for path in out.parent.iterdir()) == [f"sh010.{number:04d}.png" for number in NUMBERS]
    with open_client(load(project)) as client:
        (record,) = client.store.records()
    assert (record.id, record.inference().parameters["seed"]) == (row.job, 3)


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a signal of POSIX")
def test_a_watcher_that_is_killed_submits_each_render_once(project: Path) -> None:
    from cosmos_houdini.specs.files import save_run_spec  # noqa: PLC0415 - this test alone

    save_run_spec(run_spec(project), project / "look.run.json")
    with render(project, *NUMBERS) as farm:
        farm.wait()
    argv = [sys.executable, "-m", "cosmos_houdini", "watch", "art", "--submit", "look.run.json", "--quiet", "0.2"]
    for state in (RenderState.FOUND, RenderState.SUBMITTED):
        process = subprocess.Popen(argv, cwd=project, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        reached = [state] if state is RenderState.FOUND else [RenderState.SUBMITTED, RenderState.DONE]
        until(lambda reached=reached: any(row.state in reached for row in rows(project)), f"it is {state}")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    done = subprocess.run([*argv, "--once"], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (row,) = rows(project)
    assert row.state is RenderState.DONE
    with open_client(load(project)) as client:
        (record,) = client.store.records()
        assert record.job.attempt == 1
    assert (record.results / "result.mp4").is_file()


def test_a_folder_that_is_not_there_is_refused(project: Path) -> None:
    with pytest.raises(BadInput, match="nowhere is no folder"):
        look_once(project, replace(options(project), folders=(project / "nowhere",)))

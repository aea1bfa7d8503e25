"""TOP networks of the Cosmos nodes, cooked by a scheduler through the real worker: to the end, cut off, and again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from cosmos_houdini.cli import main
from cosmos_houdini.config import plain
from cosmos_houdini.errors import ToolError
from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.tops import project as top_project
from cosmos_houdini.houdini.tops.pdg_job import PdgItem
from cosmos_houdini.houdini.worker_error import log_file
from cosmos_houdini.jobs.store.jobs import Store
from support.houdini.fake_worker import use_fake_worker
from support.houdini.top_network import STATE, Network, Top, wait_until
from support.media.shot_files import ShotOnDisk, make_shot
from support.servers.sshd import running_sshd

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scheduler that is played here is that of Linux")
PROMPT = 'A "wet" street; $(rain) & größe\nat night'
WEDGE = 8
"""Work items: two seeds, each with four weights."""


@pytest.fixture(autouse=True)
def _asked_anew() -> None:
    top_project._read_project.cache_clear()


@pytest.fixture
def shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShotOnDisk:
    return make_shot(tmp_path, monkeypatch)


@pytest.fixture
def starts(shot: ShotOnDisk, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file that gets a line whenever the engine starts; the engine is one that copies the colour video."""
    use_fake_worker(tmp_path_factory.mktemp("worker"), monkeypatch)
    return shot.folder / "starts"


def started(starts: Path) -> int:
    return len(starts.read_text(encoding="utf-8").splitlines()) if starts.exists() else 0


def states(shot: ShotOnDisk) -> Counter[str]:
    """Return how many jobs of the project are in each state."""
    with closing(Store.of(shot.folder)) as store:
        return Counter(str(job.state) for job in store.jobs())


def small(network: Network, starts: Path, count: int, **engine: object) -> tuple[Top, Top]:
    """Add a shot, a wedge of seeds and a transfer by the engine that copies; return the shot and the transfer."""
    shot = network.add("Cosmos Shot")
    wedge = network.wedge(count, lambda index: {"seed": index + 1}, shot)
    parameters = " ".join(f"{name}={value}" for name, value in {"starts": starts, **engine}.items())
    return shot, network.add("Cosmos Transfer", wedge, prompt=PROMPT, engine="fake", parameters=parameters)


@pytest.mark.parametrize("host", ["local", pytest.param("ssh", marks=pytest.mark.sshd)], ids=["here", "behind SSH"])
def test_a_wedge_is_cooked_to_its_report(
    shot: ShotOnDisk, host: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if host == "ssh":
        server = request.getfixturevalue("server")
        settings = plain(server.config(tmp_path_factory.mktemp("remote")))
        shot.configure(hosts={"gpu01": settings}, defaults={"host": "gpu01"})
    with Network(shot.folder, shot.hip, slots=4) as network:
        made = network.add("Cosmos Shot", frame_range="1-2")
        wedge = network.wedge(WEDGE, lambda index: {"seed": index // 4, "depth_weight": 0.2 + index % 4 / 5}, made)
        transfer = network.add("Cosmos Transfer", wedge, prompt=PROMPT)
        report = network.add("Cosmos Report", transfer, name="wedge")
        assert network.cook(), [network.log(transfer, i) for i in transfer.items if i.state == STATE.CookedFail]
    assert Counter(file.tag for file in made.items[0].outputFiles) == {"file/video": 2, "file/json": 1}
    jobs = [item.attribValue("cosmos_job") for item in transfer.items]
    assert len(set(jobs)) == WEDGE
    for item in transfer.items:
        assert all(file.path.startswith("__PDG_DIR__/cosmos_out/") for file in item.outputFiles)
        paths = {Path(file.path).name: network.path(file) for file in item.outputFiles}
        asked = json.loads(paths["result.json"].read_text(encoding="utf-8"))["request"]
        assert asked["prompt"] == PROMPT
        assert asked["parameters"]["seed"] == item.attribValue("seed")
        assert (
            asked["controls"]["depth"]["weight"] == item.attribValue("weight_depth") == item.attribValue("depth_weight")
        )
        assert paths["result.mp4"].stat().st_size > 0
        assert item.attribValue("num_steps") == 35
        assert item._percent == 100
    [one] = report.items
    folder = shot.folder / "cosmos_out" / "wedge" / "report"
    assert {"index.html", "grid.png", "grid.mp4", "runs.csv", "report.json"} <= {
        network.path(file).relative_to(folder).as_posix() for file in one.outputFiles
    }
    assert sorted(one.attribArray("cosmos_jobs")) == sorted(jobs)
    scores = one.attribArray("cosmos_scores")
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == WEDGE
    # No model has made these results, so none is the best.
    assert not one.hasAttrib("cosmos_best_job")


def test_a_result_is_measured_as_soon_as_it_is_there_where_that_is_wanted(shot: ShotOnDisk) -> None:
    with Network(shot.folder, shot.hip) as network:
        made = network.add("Cosmos Shot", frame_range="1-2")
        wedge = network.wedge(2, lambda index: {"depth_weight": 0.3 + index / 2}, made)
        transfer = network.add("Cosmos Transfer", wedge, prompt=PROMPT, measure=1)
        plain = network.add("Cosmos Transfer", wedge, prompt=PROMPT, name="plain")
        report = network.add("Cosmos Report", transfer)
        assert network.cook(), [network.log(transfer, i) for i in transfer.items if i.state == STATE.CookedFail]
    [one] = report.items
    told = dict(zip(one.attribArray("cosmos_jobs"), one.attribArray("cosmos_scores"), strict=True))
    assert {i.attribValue("cosmos_job"): i.attribValue("cosmos_score") for i in transfer.items} == told
    assert not any(item.hasAttrib("cosmos_score") for item in plain.items)


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory):
    with running_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


def test_a_cook_that_is_killed_in_the_middle_and_cooked_again_runs_only_what_is_missing(
    shot: ShotOnDisk, starts: Path
) -> None:
    with Network(shot.folder, shot.hip, slots=1) as network:
        _, transfer = small(network, starts, 5)
        ended: list[int] = []

        def count(item: object) -> None:
            if item in transfer.items:
                ended.append(started(starts))
                if len(ended) == 2:
                    network.cancel()

        assert not network.cook(after=count)
        done = transfer.states.count(STATE.CookedSuccess)
    assert done == 2
    before = started(starts)
    with Network(shot.folder, shot.hip) as reopened:
        _, again = small(reopened, starts, 5)
        assert reopened.cook()
        assert started(starts) - before == 5 - done
        assert "has succeeded before; nothing is run" in reopened.log(again, again.items[0])
        # Once more in the same session, all of it dirtied: found by content, and nothing runs.
        reopened.dirty(*reopened.tops)
        assert reopened.cook()
        assert started(starts) == before + 5 - done
    assert states(shot) == {"succeeded": 5}


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_a_cancelled_cook_cancels_its_job_however_it_is_killed(
    shot: ShotOnDisk, starts: Path, sent: signal.Signals
) -> None:
    with Network(shot.folder, shot.hip) as network:
        _, transfer = small(network, starts, 1, sleep_s=60)
        cook = Thread(target=network.cook)
        cook.start()
        wait_until(lambda: started(starts) == 1 and states(shot) == {"running": 1})
        network.cancel(sent)
        cook.join()
        assert transfer.states == [STATE.CookedCancel]
        wait_until(lambda: states(shot) == {"cancelled": 1})
        if sent == signal.SIGTERM:
            assert "so was its job" in network.log(transfer, transfer.items[0])


def test_a_job_outlives_houdini_and_a_later_cook_attaches_to_it(shot: ShotOnDisk, starts: Path) -> None:
    go = shot.folder / "go"
    with Network(shot.folder, shot.hip) as network:
        small(network, starts, 1, until=go)
        cook = Thread(target=network.cook)
        cook.start()
        wait_until(lambda: started(starts) == 1 and states(shot) == {"running": 1})
    network.cancel()
    cook.join()
    go.touch()
    with Network(shot.folder, shot.hip) as reopened:
        _, transfer = small(reopened, starts, 1, until=go)
        assert reopened.cook()
        assert started(starts) == 1
        assert transfer.items[0].attribValue("cosmos_attempt") == 1


def test_only_work_items_that_have_changed_are_cooked_again(shot: ShotOnDisk, starts: Path) -> None:
    looks = ["rain", "snow", "fog"]
    with Network(shot.folder, shot.hip) as network:
        made = network.add("Cosmos Shot")
        wedge = network.wedge(3, lambda index: {"prompt": looks[index]}, made)
        transfer = network.add("Cosmos Transfer", wedge, engine="fake", parameters=f"starts={starts}")
        assert network.cook(in_process=True)
        before = [item.id for item in transfer.items]
        looks[1] = "dust"
        assert network.cook(in_process=True)
        assert [new == old for new, old in zip([i.id for i in transfer.items], before, strict=True)] == [
            True,
            False,
            True,
        ]
    assert started(starts) == 4
    assert [item.attribValue("cosmos_state") for item in transfer.items] == ["succeeded"] * 3


def test_a_failed_job_reaches_the_artist_as_title_sentence_and_what_to_do(shot: ShotOnDisk, starts: Path) -> None:
    with Network(shot.folder, shot.hip) as network:
        _, transfer = small(network, starts, 1, fault="exit")
        assert not network.cook()
        text = network.log(transfer, transfer.items[0])
    assert transfer.states == [STATE.CookedFail]
    assert "ERROR: The command failed: job shot-" in text
    assert "read the log, then retry" in text
    assert "Traceback (most recent call last):" not in text
    assert "Traceback (most recent call last):" in log_file().read_text(encoding="utf-8")


def test_a_project_that_cannot_be_written_is_told_without_a_traceback(shot: ShotOnDisk, starts: Path) -> None:
    (shot.folder / ".cosmos").mkdir()
    (shot.folder / ".cosmos" / "top").touch()
    with Network(shot.folder, shot.hip) as network:
        _, transfer = small(network, starts, 1)
        assert not network.cook()
        text = network.log(transfer, transfer.items[0])
    assert f"File exists: {shot.folder / '.cosmos' / 'top'}\ncheck that the project folder can be written" in text
    assert "Traceback (most recent call last):" not in text


def test_a_report_shows_what_has_failed_too(shot: ShotOnDisk, starts: Path) -> None:
    """As where the scheduler goes on after a failure: the jobs are known by the orders, not by what succeeded."""
    with Network(shot.folder, shot.hip) as network:
        made = network.add("Cosmos Shot")
        wedge = network.wedge(2, lambda index: {"fault": "exit" if index else "none"}, made)
        transfer = network.add("Cosmos Transfer", wedge, prompt="rain", engine="fake", parameters=f"starts={starts}")
        report = network.add("Cosmos Report", transfer)
        assert not network.cook()
        transfer.items[1]._state = STATE.CookedSuccess
        network.cook()
    assert report.states == [STATE.CookedSuccess]
    document = json.loads((shot.folder / "cosmos_out/cosmosreport1/report/report.json").read_text(encoding="utf-8"))
    assert document["totals"]["states"] == {"succeeded": 1, "failed": 1}


def test_the_command_line_finds_the_job_of_a_work_item(
    shot: ShotOnDisk, starts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Network(shot.folder, shot.hip) as network:
        _, transfer = small(network, starts, 1)
        assert network.cook()
    assert main(["status", "--json", transfer.items[0].attribValue("cosmos_job")]) == 0
    assert json.loads(capsys.readouterr().out)["jobs"][0]["state"] == "succeeded"


def test_the_job_program_says_that_it_belongs_to_a_network(tmp_path: Path) -> None:
    argv = [sys.executable, "-I", str(ROOT / "scripts" / "cosmos_top_job.py")]
    environ = {"PATH": os.environ["PATH"], "PDG_TEMP": str(tmp_path)}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environ)
    assert done.returncode == 2
    assert done.stderr.startswith("error: this is no job of a TOP network")
    assert len(done.stderr.splitlines()) == 1


class Deaf:
    """A work item whose result server does not answer any more."""

    def hasAttrib(self, _: str) -> bool:  # noqa: N802 - PDG's own
        return False

    def __getattr__(self, name: str) -> object:
        if name in {"addMessage", "addError"}:
            return self.said.append
        raise AttributeError(name)

    def __init__(self) -> None:
        self.said: list[str] = []

    def setStringAttrib(self, *_: object) -> None:  # noqa: N802 - PDG's own
        raise ConnectionRefusedError("nobody listens")

    setCookPercent = setStringAttrib  # noqa: N815 - PDG's own


def test_a_result_that_pdg_does_not_take_is_told_and_progress_is_given_up() -> None:
    deaf = Deaf()
    item = PdgItem(deaf)
    item.progress(0.1, "running")
    item.progress(0.2, "running")
    assert deaf.said == ["progress is not reported any more: nobody listens"]
    with pytest.raises(ToolError, match="setStringAttrib cosmos_job: nobody listens"):
        item.set("cosmos_job", "shot-1")

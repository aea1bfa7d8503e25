"""A work item beside SideFX's job API as it is: refused calls that do not raise, paths with tokens, mixed machines."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from cosmos_houdini.errors import BadInput, ToolError
from cosmos_houdini.houdini.tops import cook as cooking
from cosmos_houdini.houdini.tops import job_program, pdg_calls
from cosmos_houdini.houdini.tops.cooked_items import find_cause
from cosmos_houdini.houdini.tops.pdg_job import PdgItem
from cosmos_houdini.houdini.tops.work_order import WorkOrder
from support.houdini.top_network import JOB_API, STATE, Network
from support.media.shot_files import ShotOnDisk, make_shot

NOBODY = "127.0.0.1:9"
OUT_OF_MEMORY = "The command failed: job a failed: CUDA out of memory"
LAST_LINE = "Everything that the worker wrote: /home/a/cosmos_houdini.log"


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give this process the environment of a job whose result server is away, and return its folder."""
    (tmp_path / "data").mkdir()
    document = {"version": 7, "workitem": {"id": 7, "index": 0, "attributes": {}}}
    (tmp_path / "data" / "transfer_7.json").write_text(json.dumps(document), encoding="utf-8")
    values = {
        "PDG_RESULT_SERVER": NOBODY,
        "PDG_ITEM_NAME": "transfer_7",
        "PDG_ITEM_ID": "7",
        "PDG_DIR": str(tmp_path),
        "PDG_TEMP": str(tmp_path),
        "PDG_RPC_RETRIES": "0",
        "PDG_SCRIPTDIR": str(JOB_API),
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("pdgcmd", "pdgjson"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def test_a_file_that_the_result_server_does_not_take_is_an_error_although_the_call_returns(environ: Path) -> None:
    item = PdgItem.of_environment()
    with pytest.raises(ToolError, match="the result server does not answer") as caught:
        item.add_file(Path("/a/result.mp4"), "file/video")
    assert "cook again: nothing is run twice" in caught.value.action
    assert environ.is_dir()


def test_calls_that_are_dropped_without_a_word_are_errors_too(
    environ: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    item = PdgItem.of_environment()
    item.progress(0.1, "running")
    for _ in range(4):
        with pytest.raises(ToolError):
            item.add_file(environ / "result.mp4", "file/video")
    assert "[Error 5/5]" in capsys.readouterr().out
    with pytest.raises(ToolError, match="5 calls to the result server have failed, and all further ones are dropped"):
        item.set("cosmos_job", "shot-1")


def test_a_warning_without_a_result_server_is_in_the_log_and_no_error(
    environ: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    PdgItem.of_environment().warning("two jobs are left out")
    text = capsys.readouterr().out
    assert "WARNING: two jobs are left out" in text
    assert "the node does not show this warning: Failed RPC to" in text
    assert environ.is_dir()


def test_progress_that_nobody_takes_leaves_the_calls_that_the_results_need(environ: Path) -> None:
    item = PdgItem.of_environment()
    for percent in range(100):
        item.progress(percent / 100, f"step {percent}")
    assert sys.modules["pdgcmd"].rpc_num_errors == 1
    assert environ.is_dir()


def test_progress_is_told_in_steps_and_a_state_when_it_changes() -> None:
    told: list[tuple[str, object]] = []
    item = SimpleNamespace(
        setCookPercent=lambda value: told.append(("percent", value)),
        setCustomState=lambda value: told.append(("state", value)),
    )
    reporting = PdgItem(item)
    for percent in range(101):
        reporting.progress(percent / 100, "encoding" if percent < 50 else "sampling")
    assert [value for name, value in told if name == "state"] == ["encoding", "sampling"]
    assert [value for name, value in told if name == "percent"] == [float(n) for n in range(0, 101, 5)]


def test_a_job_api_without_a_call_for_results_is_an_error_and_no_green_item() -> None:
    item = PdgItem(SimpleNamespace(setStringAttrib=lambda *_: None))
    item.set("cosmos_job", "shot-1")
    with pytest.raises(ToolError, match="PDG does not take them") as caught:
        item.add_file(Path("/a/result.mp4"), "file/video")
    assert "has no addOutputFile or addResultData" in caught.value.detail
    with pytest.raises(ToolError):
        item.set("shot_frames", 5)


def test_a_job_api_that_shows_no_state_still_shows_the_progress(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[float] = []
    reporting = PdgItem(SimpleNamespace(setCookPercent=told.append))
    reporting.progress(0.1, "encoding")
    reporting.progress(0.9, "sampling")
    assert told == [10.0, 90.0]
    assert capsys.readouterr().out == ""


def test_attributes_are_told_before_files() -> None:
    told: list[str] = []
    item = SimpleNamespace(
        set=lambda name, _: told.append(name), add_file=lambda path, _: told.append(path.name), has=lambda _: False
    )
    document = {"videos": {"color": {"path": "/a/color.mp4"}}, "frames": 5, "fps": 24}
    order = WorkOrder(kind="shot", folder=Path("/a"), project=Path("/a"), options={})
    cooking.cook(order, item, lambda *_, **__: document)
    assert told == ["shot_video_color", "shot_passes", "shot_frames", "shot_rate", "color.mp4", "metadata.json"]


def test_a_job_api_without_its_calls_is_no_traceback(environ: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (environ / "scripts").mkdir()
    (environ / "scripts" / "pdgjson.py").write_text(
        (JOB_API / "pdgjson.py").read_text(encoding="utf-8"), encoding="utf-8"
    )
    monkeypatch.setenv("PDG_SCRIPTDIR", str(environ / "scripts"))
    with pytest.raises(BadInput, match="this is no job of a TOP network: name 'pdgcmd' is not defined"):
        PdgItem.of_environment()


def test_a_work_item_whose_file_is_out_of_reach_is_told_with_the_folder(
    environ: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PDG_ITEM_NAME", "transfer_8")
    with pytest.raises(BadInput, match="own file cannot be read") as caught:
        PdgItem.of_environment()
    assert "$PDG_TEMP" in caught.value.action
    assert environ.is_dir()


def test_the_folders_of_a_job_may_be_told_in_terms_of_other_variables(
    environ: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM", str(environ))
    monkeypatch.setenv("API", str(JOB_API))
    monkeypatch.setenv("PDG_TEMP", "$FARM")
    monkeypatch.setenv("PDG_SCRIPTDIR", "$API")
    assert not PdgItem.of_environment().has("cosmos_order")


def test_a_python_that_the_job_api_starts_gets_nothing_of_houdinis(
    environ: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PDGNet without Houdini starts ``sys.executable`` for each call, without -I."""
    monkeypatch.setenv("PYTHONHOME", "/opt/hfs21.0/python")
    monkeypatch.setenv("PYTHONPATH", "/opt/hfs21.0/houdini/python3.11libs")
    monkeypatch.setattr(
        job_program, "run", lambda _: subprocess.run([sys.executable, "-c", ""], check=False).returncode
    )
    assert job_program.main() == 0
    assert environ.is_dir()


def test_a_result_server_that_is_gone_at_the_end_fails_the_item_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shot = make_shot(tmp_path, monkeypatch)
    with Network(shot.folder, shot.hip) as network:
        network.job_variables = {"PDG_RESULT_SERVER": NOBODY}
        made = network.add("Cosmos Shot", frame_range="1-2")
        assert not network.cook()
        [item] = made.items
        cause = find_cause(network.log(made, item))
    assert item.state == STATE.CookedFail
    assert cause.startswith("The command failed: the results are made, and PDG does not take them: set")
    assert "cook again: nothing is run twice" in cause
    assert item.outputFiles == []


def mapped(shot: ShotOnDisk, other: Path) -> dict[str, str]:
    """Return the path map of a machine that has a shot's folder elsewhere."""
    paths = [{shot.folder.as_posix(): {"zone": "LINUX", "path": other.as_posix(), "matchtype": 0}}]
    return {"PDG_PATHMAP": json.dumps({"paths": paths})}


def test_a_path_map_of_pdg_holds_for_the_order_of_a_work_item(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shot = make_shot(tmp_path / "artist", monkeypatch)
    farm = tmp_path / "farm"
    farm.symlink_to(shot.folder)
    with Network(shot.folder, shot.hip) as network:
        network.job_variables = mapped(shot, farm)
        made = network.add("Cosmos Shot", frame_range="1-2")
        assert network.cook(), network.log(made, made.items[0])
        assert made.items[0].attribValue("shot_video_color").startswith(farm.as_posix())


def test_a_machine_without_the_project_refuses_with_its_own_name_and_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shot = make_shot(tmp_path / "artist", monkeypatch)
    with Network(shot.folder, shot.hip) as network:
        network.job_variables = mapped(shot, tmp_path / "elsewhere")
        made = network.add("Cosmos Shot", frame_range="1-2")
        assert not network.cook()
        cause = find_cause(network.log(made, made.items[0]))
    assert f"has no folder {tmp_path / 'elsewhere'}; mount it there under the same path, or map it" in cause


def test_an_order_keeps_its_link_where_its_paths_are_mapped() -> None:
    options = {"videos": "/a/x", "prompt": "/a/$(rain)", "output": "/out/mantra1"}
    order = WorkOrder(kind="transfer", folder=Path("/a"), project=Path("/a"), options=options)
    there = order.localized(lambda path: path.replace("/a", "/b"))
    assert there.options == {**options, "videos": "/b/x"}
    assert (there.folder, there.job_link) == (Path("/b"), Path("/b") / order.job_link.relative_to("/a"))
    assert there.localized(str).job_link == there.job_link


def test_a_command_of_windows_has_slashes_also_of_a_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdg_calls.os, "name", "nt")
    argv = [r"\\server\tools\cosmos\.venv\Scripts\python.exe", "-I", r"C:\a b\job.py"]
    assert pdg_calls.command_line(argv) == '"//server/tools/cosmos/.venv/Scripts/python.exe" "-I" "C:/a b/job.py"'


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        (
            "[10:00:00.000] PDG_START: 7\n[10:00:01.000] ERROR: The command failed: CUDA out of memory\nAllowed: x\n\
retry\nEverything that the worker wrote: /home/a/cosmos_houdini.log\n",
            "The command failed: CUDA out of memory; Allowed: x; retry",
        ),
        ("ERROR: first\n[10:00:00.000] ERROR: last\n[10:00:00.000] PDG_RESULT: 1\n", "last"),
        ("Traceback (most recent call last):\nValueError: no\n\n", "ValueError: no"),
        ("", ""),
    ],
)
def test_the_cause_of_a_failed_item_is_its_error(log: str, cause: str) -> None:
    assert find_cause(log) == cause


def test_a_node_shows_errors_by_the_call_that_sidefx_uses() -> None:
    shown: list[str] = []
    node = SimpleNamespace(cookError=shown.append, addError=lambda _: pytest.fail("documented for C++ alone"))
    pdg_calls.fail(node, "no prompt")
    assert shown == ["no prompt"]

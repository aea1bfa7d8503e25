"""The parts of a watcher: names of shots, completeness without a scene, drives, services, and its command line."""

from __future__ import annotations

import plistlib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from cosmos_houdini.cli import main
from cosmos_houdini.errors import BadInput
from cosmos_houdini.watch import renders
from cosmos_houdini.watch.completeness import Expected, find_lack, quiet_needed_s
from cosmos_houdini.watch.renders import RenderedShot
from cosmos_houdini.watch.services import launchd_agent, systemd_unit, windows_task
from support.media.clips import bars, write_picture


def shots_of(root: Path) -> list[RenderedShot]:
    folders = renders.list_folders(root)
    layout = renders.Layout(roots=frozenset({root}), names={})
    found = [shot for unit in layout.units(folders) for shot in renders.find_shots(unit, folders, layout)]
    return sorted(found, key=lambda shot: shot.name)


def frames(folder: Path, name: str, numbers: range = range(1, 4)) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        write_picture(folder / f"{name}.{number:04d}.png", bars(number))


def test_versions_and_shots_are_told_apart(tmp_path: Path) -> None:
    for version in ("v002", "v003"):
        frames(tmp_path / "sh010" / version / "beauty", "sh010_beauty")
        frames(tmp_path / "sh010" / version / "depth", "sh010_depth")
    frames(tmp_path / "flat", "sh020_v007_beauty")
    frames(tmp_path / "flat", "sh030_beauty")
    frames(tmp_path / "cosmos_out" / "sh010" / "exr", "result")
    assert [(shot.name, len(shot.sequences)) for shot in shots_of(tmp_path)] == [
        ("sh010_v002", 2),
        ("sh010_v003", 2),
        ("sh020_v007", 1),
        ("sh030", 1),
    ]


def test_without_a_range_gaps_and_passes_that_differ_are_lacks(tmp_path: Path) -> None:
    frames(tmp_path / "a", "a_beauty")
    (shot,) = shots_of(tmp_path)
    assert find_lack(shot, None, ()) == ""
    assert find_lack(shot, Expected(first=1, last=4), ()) == "color: 3 of 4 frames"
    (tmp_path / "a" / "a_beauty.0002.png").rename(tmp_path / "a" / "a_beauty.0006.png")
    (shot,) = shots_of(tmp_path)
    assert find_lack(shot, None, ()) == "color: frames 2, 4-5 are missing"
    frames(tmp_path / "b", "b_beauty", range(1, 5))
    frames(tmp_path / "b", "b_depth", range(1, 4))
    shot = shots_of(tmp_path)[1]
    assert find_lack(shot, None, ()) == "the passes differ: color 1-4, depth 1-3"


def test_without_a_range_the_quiet_is_longer(tmp_path: Path) -> None:
    frames(tmp_path, "a_beauty")
    (shot,) = shots_of(tmp_path)
    assert quiet_needed_s(shot, Expected(first=1, last=3), 10) == 10
    assert quiet_needed_s(shot, None, 10) == 60


def test_the_fingerprint_follows_each_file(tmp_path: Path) -> None:
    frames(tmp_path, "a_beauty")
    (before,) = shots_of(tmp_path)
    assert before.is_unchanged()
    write_picture(tmp_path / "a_beauty.0002.png", bars(9))
    assert not before.is_unchanged()
    (after,) = shots_of(tmp_path)
    assert (before.key, before.fingerprint == after.fingerprint) == (after.key, False)


ARGV = ["/opt/py thon", "-m", "cosmos_houdini", "watch", "run", '/show/50% $x "a"']


def test_services_quote_what_they_start() -> None:
    unit = systemd_unit("watch", ARGV, Path("/show/50%"))
    assert 'ExecStart="/opt/py thon" "-m" "cosmos_houdini" "watch" "run" "/show/50%% $$x \\"a\\""' in unit
    assert "WorkingDirectory=/show/50%%\n" in unit
    agent = plistlib.loads(launchd_agent("watch", ARGV, Path("/show")).encode())
    assert (agent["ProgramArguments"], agent["KeepAlive"]) == (ARGV, True)
    task = ET.fromstring(windows_task(["C:\\py & co\\python.exe", "watch", "D:\\renders\\"], Path("D:\\show")))  # noqa: S314 - our own
    texts = {element.tag.partition("}")[2]: element.text for element in task.iter()}
    assert texts["Command"] == "C:\\py & co\\python.exe"
    assert texts["Arguments"] == '"watch" "D:\\renders\\\\"'
    with pytest.raises(BadInput, match="quotation mark"):
        windows_task(["python.exe", 'a"b'], Path("D:\\show"))


def test_the_command_line_watches_tells_and_installs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    frames(tmp_path / "renders", "a_beauty")
    assert main(["watch", "renders", "--range", "1-5", "--once", "--quiet", "0.1"]) == 1
    assert main(["watch", "status", "--json"]) == 0
    assert main(["watch", "status"]) == 0
    assert "a: color: 3 of 5 frames" in capsys.readouterr().out
    assert main(["watch", "install", "renders", "--once", "--kind", "systemd", "--name", "night"]) == 0
    unit = Path(capsys.readouterr().out.strip())
    assert unit.name == "cosmos-houdini-watch-night.service"
    assert f'"{tmp_path / "renders"}" "--once"' in unit.read_text(encoding="utf-8")
    assert main(["watch", "install", "renders", "--onse"]) == 2
    assert main(["watch", "nowhere"]) == 2

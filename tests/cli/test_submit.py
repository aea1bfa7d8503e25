"""One command from scene and renders to a verified result, and what it says to input that cannot be used."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cosmos_houdini.cli import main
from cosmos_houdini.config import plain
from cosmos_houdini.demo.hip import write_scene
from cosmos_houdini.media.videos.probe import probe_video
from support.media import FFMPEG
from support.media.clips import bars, cut_image_data, write_picture
from support.media.shot_files import CAMERA, FRAMES, NODE, ShotOnDisk, make_shot
from support.servers.sshd import Sshd, running_sshd

HOSTILE = 'It\'s "wet"\nand $(touch pwned); `id` & größe 映画 \\ %s'


@pytest.fixture
def shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShotOnDisk:
    return make_shot(tmp_path, monkeypatch)


@pytest.fixture(params=["local", pytest.param("ssh", marks=pytest.mark.sshd)])
def host(request: pytest.FixtureRequest, shot: ShotOnDisk, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the name of a configured host: this machine, or this machine behind SSH."""
    if request.param == "local":
        return "local"
    server = request.getfixturevalue("server")
    settings = plain(server.config(tmp_path_factory.mktemp("remote")))
    shot.configure(hosts={"gpu01": settings})
    return "gpu01"


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory):
    with running_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line that an error was."""
    lines = capsys.readouterr().err.splitlines()
    return next(line for line in lines if line.startswith("cosmos-houdini: "))


def test_the_same_submit_runs_here_and_behind_ssh(
    shot: ShotOnDisk, host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shot.submit("--output", NODE, "--host", host, "--json", prompt=HOSTILE) == 0
    job = json.loads(capsys.readouterr().out)
    assert job["state"] == "succeeded"
    assert (job["host"], job["engine"]) == (host, "preview")
    result = next(Path(path) for path in job["outputs"] if Path(path).name == "result.mp4")
    clip = probe_video(result, ffmpeg=FFMPEG)
    assert (clip.frames, clip.size, clip.fps) == (5, (960, 704), 24)
    request = json.loads((result.parent / "result.json").read_text(encoding="utf-8"))["request"]
    assert request["prompt"] == HOSTILE
    assert list(request["controls"]) == ["depth"]
    assert not (shot.folder / "pwned").exists()


def test_a_shot_in_a_folder_with_a_hostile_name(weird_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shot = make_shot(weird_path, monkeypatch)
    assert shot.submit("--renders", str(shot.renders)) == 0
    assert (weird_path / "cosmos_out" / "shot" / "input" / "metadata.json").is_file()


def test_a_result_is_measured_where_that_is_asked_for(shot: ShotOnDisk, capsys: pytest.CaptureFixture[str]) -> None:
    assert shot.submit("--output", NODE, "--measure", "--json") == 0
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert -1 <= document["structure"] <= 1
    assert document["score"] == pytest.approx(document["structure"] - 10 * document["flicker"], abs=1e-3)
    assert f"score {document['score']:g}" in told.err
    assert main(["report", document["id"], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"][0]["score"] == document["score"]


def test_asking_for_the_same_again_runs_nothing_and_gives_the_result(
    shot: ShotOnDisk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shot.submit("--renders", "render") == 0
    first = capsys.readouterr()
    assert shot.submit("--renders", "render") == 0
    second = capsys.readouterr()
    assert second.out == first.out
    assert "has succeeded before; nothing is run" in second.err


def test_a_black_beauty_and_upside_down_depth_are_told_before_anything_is_sent(
    shot: ShotOnDisk, capsys: pytest.CaptureFixture[str]
) -> None:
    column = np.linspace(250, 5, 64).astype(np.uint8)[:, None].repeat(96, 1)
    for frame in range(FRAMES[0], FRAMES[1] + 1):
        write_picture(shot.file("color", frame), np.zeros((64, 96, 3), np.uint8))
        write_picture(shot.file("depth", frame), column)
    assert shot.submit("--renders", "render", "--dry-run") == 0
    told = capsys.readouterr().err
    assert "warning: the color pass is black" in told
    assert "warning: the depth pass seems to be near-dark" in told


def test_a_dry_run_tells_everything_and_reaches_nothing(shot: ShotOnDisk, capsys: pytest.CaptureFixture[str]) -> None:
    shot.configure(hosts={"far": {"address": "nobody@host.invalid", "root": "/data/cosmos"}})
    assert shot.submit("--renders", "render", "--host", "far", "--dry-run", "--json") == 0
    plan = json.loads(capsys.readouterr().out)
    assert set(plan) == {"schema", "engine", "argv", "env", "files", "inputs", "chunks", "frames", "size", "estimate_s"}
    assert (plan["engine"], plan["frames"], plan["chunks"], plan["size"]) == ("preview", 5, 1, [960, 704])
    assert all(path.startswith("/data/cosmos/jobs/shot-") for path in plan["inputs"])
    assert not (shot.folder / ".cosmos").exists()


def test_frames_outside_the_range_are_left_alone(shot: ShotOnDisk) -> None:
    write_picture(shot.file("color", 6), bars(6))
    assert shot.submit("--renders", "render", "--range", "2-4", "--dry-run") == 0
    metadata = json.loads((shot.folder / "cosmos_out/shot/input/metadata.json").read_text(encoding="utf-8"))
    assert metadata["frames"] == 3
    assert (metadata["sources"]["color"]["first"], metadata["sources"]["color"]["last"]) == (2, 4)


def zero_bytes(shot: ShotOnDisk) -> None:
    shot.hip.write_bytes(b"")


def truncated(shot: ShotOnDisk) -> None:
    shot.hip.write_bytes(shot.hip.read_bytes()[:900])


def text(shot: ShotOnDisk) -> None:
    shot.hip.write_text("not a scene\n" * 50, encoding="utf-8")


def lying_header(shot: ShotOnDisk) -> None:
    data = bytearray(shot.hip.read_bytes())
    data[65:76] = b"77777777777"
    shot.hip.write_bytes(data)


def asset(shot: ShotOnDisk) -> None:
    shot.hip.write_bytes(b"INDX" + bytes(200))


def no_scene(shot: ShotOnDisk) -> None:
    shot.hip.unlink()


def no_sequence(shot: ShotOnDisk) -> None:
    shutil.rmtree(shot.renders)
    shot.renders.mkdir()


def gap(shot: ShotOnDisk) -> None:
    shot.file("color", 3).unlink()


def unfinished(shot: ShotOnDisk) -> None:
    shot.file("color", 5).unlink()


def cut_png(shot: ShotOnDisk) -> None:
    file = shot.file("depth", 4)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def cut_pixels(shot: ShotOnDisk) -> None:
    cut_image_data(shot.file("color", 2))


def two_sizes(shot: ShotOnDisk) -> None:
    write_picture(shot.file("color", 2), bars(2, (64, 96)))


def sizes_differ(shot: ShotOnDisk) -> None:
    for frame in range(1, 6):
        write_picture(shot.file("depth", frame), bars(frame, (192, 128)))


def two_shots(shot: ShotOnDisk) -> None:
    for frame in range(1, 6):
        write_picture(shot.renders / f"other.color.{frame:04d}.png", bars(frame))


def no_color(shot: ShotOnDisk) -> None:
    for frame in range(1, 6):
        shot.file("color", frame).unlink()


@pytest.mark.parametrize(
    ("damage", "code", "words"),
    [
        (no_scene, 2, ["shot.hip"]),
        (zero_bytes, 2, ["shot.hip", "empty"]),
        (truncated, 2, ["shot.hip"]),
        (text, 2, ["shot.hip"]),
        (lying_header, 2, ["shot.hip"]),
        (asset, 2, ["shot.hip", "asset"]),
        (no_sequence, 2, ["render", "no image sequence"]),
        (gap, 1, ["color", "3"]),
        (unfinished, 1, ["color", "5"]),
        (cut_png, 1, ["depth", "4"]),
        (cut_pixels, 1, ["color"]),
        (two_sizes, 1, ["color", "2"]),
        (sizes_differ, 1, ["96x64", "192x128"]),
        (two_shots, 2, ["other, shot", "--renders"]),
        (no_color, 2, ["no colour pass"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_bad_input_is_one_line_and_leaves_nothing(
    shot: ShotOnDisk,
    capsys: pytest.CaptureFixture[str],
    damage: Callable[[ShotOnDisk], None],
    code: int,
    words: list[str],
) -> None:
    damage(shot)
    assert shot.submit("--renders", "render") == code
    line = said(capsys)
    assert all(word in line for word in words), line
    assert not list(shot.folder.rglob("*.mp4"))
    assert not (shot.folder / ".cosmos").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--weights", "0", "0", "1.4", "0"], 2, ["1.4", "depth"]),
        (["--set", "guidence=3"], 2, ["guidence", "did you mean 'guidance'?"]),
        (["--set", "guidance=lots"], 2, ["guidance", "lots"]),
        (["--engine", "transfer2"], 2, ["transfer2", "transfer2.5"]),
        (["--host", "gpu9"], 2, ["gpu9", "local"]),
        (["--range", "9-1"], 2, ["9-1"]),
        (["--name", "a/b"], 2, ["a/b"]),
    ],
)
def test_a_wrong_option_is_refused_with_what_is_allowed(
    shot: ShotOnDisk, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: list[str]
) -> None:
    assert shot.submit("--renders", "render", *arguments) == code
    line = said(capsys)
    assert all(word in line for word in words), line
    assert not list(shot.folder.rglob("*.mp4"))


def test_one_weight_is_given_by_name(shot: ShotOnDisk) -> None:
    assert shot.submit("--renders", "render", "--weight", "depth=0.8", "--weight", "edge=0.25", "--dry-run") == 0
    run = json.loads(next(shot.folder.glob("cosmos_out/*/*.run.json")).read_text())
    assert run["weights"] == {"depth": 0.8, "edge": 0.25}
    assert sorted(run["spec"]["controls"]) == ["depth", "edge"]


def test_a_weight_for_a_pass_that_is_not_there_is_refused(shot: ShotOnDisk, capsys: pytest.CaptureFixture[str]) -> None:
    assert shot.submit("--renders", "render", "--weights", "0", "0", "0", "0.5") == 2
    assert "no seg video" in said(capsys)


def test_renders_and_output_are_alternatives(shot: ShotOnDisk, capsys: pytest.CaptureFixture[str]) -> None:
    assert shot.submit() == 2
    assert "--renders" in capsys.readouterr().err


@pytest.mark.sshd
def test_a_host_that_shows_another_key_is_refused(
    shot: ShotOnDisk, server: Sshd, capsys: pytest.CaptureFixture[str]
) -> None:
    shot.configure(hosts={"gpu01": plain(server.config())})
    server.change_host_key()
    server.restart()
    assert shot.submit("--renders", "render", "--host", "gpu01") == 3
    assert "key" in said(capsys)


def scope(shot: ShotOnDisk) -> None:
    for frame in range(FRAMES[0], FRAMES[1] + 1):
        for pass_, shift in (("color", 0), ("depth", 3)):
            write_picture(shot.file(pass_, frame), bars(frame + shift, (956, 400)))


def test_a_result_comes_back_in_the_plates_size(shot: ShotOnDisk, capsys: pytest.CaptureFixture[str]) -> None:
    scope(shot)
    assert shot.submit("--renders", "render") == 0
    assert "letterbox" in capsys.readouterr().err
    (restored,) = shot.folder.glob("cosmos_out/*/*/restored.mp4")
    assert probe_video(restored, ffmpeg=FFMPEG).size == (956, 400)
    assert probe_video(restored, ffmpeg=FFMPEG).frames == 5


def test_who_attaches_later_gets_the_plates_size_too(shot: ShotOnDisk, capsys: pytest.CaptureFixture[str]) -> None:
    scope(shot)
    assert shot.submit("--renders", "render", "--detach") == 0
    assert not list(shot.folder.rglob("restored.mp4"))
    assert main(["attach", "shot"]) == 0
    (restored,) = shot.folder.glob("cosmos_out/*/*/restored.mp4")
    assert probe_video(restored, ffmpeg=FFMPEG).size == (956, 400)
    assert str(restored) in capsys.readouterr().err


def test_a_job_whose_videos_were_made_anew_since_comes_back_by_those_it_was_made_of(shot: ShotOnDisk) -> None:
    scope(shot)
    assert shot.submit("--renders", "render", "--detach") == 0
    assert shot.submit("--renders", "render", "--range", "2-4", "--prepare") == 0
    assert main(["attach", "shot"]) == 0
    (restored,) = shot.folder.rglob("restored.mp4")
    clip = probe_video(restored, ffmpeg=FFMPEG)
    assert (clip.frames, clip.size) == (5, (956, 400))


def test_held_frames_are_told(shot: ShotOnDisk, capsys: pytest.CaptureFixture[str]) -> None:
    shot.file("depth", FRAMES[0] + 1).unlink()
    assert shot.submit("--renders", "render", "--on-gap", "hold", "--prepare") == 0
    assert f"depth: frame {FRAMES[0] + 1} shows the frame before" in capsys.readouterr().err


def test_weights_have_edge_and_vis_computed(shot: ShotOnDisk, capsys: pytest.CaptureFixture[str]) -> None:
    assert shot.submit("--renders", "render", "--weights", "0.2", "0.6", "0.5", "0", "--dry-run") == 0
    told = capsys.readouterr().err
    assert "computed from the colour pass: edge (medium), vis (medium)" in told
    assert (
        "1 chunk of 121 frames; 116 frames of padding, which the result leaves out; 1-121 (121) would need none" in told
    )
    run = json.loads(next(shot.folder.glob("cosmos_out/*/*.run.json")).read_text())
    assert sorted(run["spec"]["controls"]) == ["depth", "edge", "vis"]


def test_without_weights_the_rendered_controls_take_part_alone(shot: ShotOnDisk) -> None:
    assert shot.submit("--renders", "render", "--dry-run") == 0
    run = json.loads(next(shot.folder.glob("cosmos_out/*/*.run.json")).read_text())
    assert sorted(run["spec"]["controls"]) == ["depth"]


def test_a_beauty_alone_has_edge_and_vis_computed(shot: ShotOnDisk) -> None:
    for path in shot.renders.glob("shot.depth.*"):
        path.unlink()
    assert shot.submit("--renders", "render", "--dry-run") == 0
    run = json.loads(next(shot.folder.glob("cosmos_out/*/*.run.json")).read_text())
    assert sorted(run["spec"]["controls"]) == ["edge", "vis"]


@pytest.mark.parametrize("address", ["127.0.0.1", "no.such.host.invalid"])
def test_a_host_that_is_not_there_is_told_at_once_and_nothing_is_queued(
    shot: ShotOnDisk, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    shot.configure(hosts={"gpu01": {"address": address, "port": 1, "root": "/data/cosmos"}})
    assert shot.submit("--renders", "render", "--host", "gpu01") == 3
    assert "gpu01" in said(capsys)
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["jobs"] == []


def test_prepared_videos_are_submitted_as_the_shot_itself(shot: ShotOnDisk, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--set", "seed=3", "--dry-run"]
    assert shot.submit("--output", NODE, *options) == 0
    plan = capsys.readouterr().out
    shutil.rmtree(shot.folder / "cosmos_out")
    assert main(["submit", str(shot.hip), "--output", NODE, "--prepare"]) == 0
    folder = Path(capsys.readouterr().out.strip())
    assert folder == shot.folder / "cosmos_out" / "shot" / "input"
    assert not (shot.folder / ".cosmos").exists()
    shutil.rmtree(shot.renders)
    assert main(["submit", str(folder), "--prompt", "A street in the rain.", *options]) == 0
    assert capsys.readouterr().out == plan
    assert sorted(path.name for path in folder.parent.iterdir()) == ["input"]


def test_a_prepared_folder_has_its_videos_made_already(shot: ShotOnDisk, capsys: pytest.CaptureFixture[str]) -> None:
    assert shot.submit("--output", NODE, "--prepare", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document["videos"]) == {"color", "depth"}
    folder = str(shot.folder / "cosmos_out" / "shot" / "input")
    for option in (["--range", "2-4"], ["--fit", "crop"], ["--prepare"], ["--output", NODE]):
        assert main(["submit", folder, "--prompt", "rain", *option]) == 2
        assert f"{option[0]} shapes the videos" in said(capsys)
    assert main(["submit", folder]) == 2
    assert "give --prompt" in said(capsys)
    (shot.folder / "empty").mkdir()
    assert main(["submit", str(shot.folder / "empty"), "--prompt", "rain"]) == 2
    assert "holds no image sequence" in said(capsys)


def test_a_take_is_found_by_its_name_in_the_picture_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shot = make_shot(tmp_path, monkeypatch)
    picture = "$HIP/render/$ACTIVETAKE/$HIPNAME.color.$F4.png"
    write_scene(shot.hip, fps=24, frames=FRAMES, camera=CAMERA, rop=NODE, picture=picture)
    (tmp_path / "night").mkdir()
    for file in shot.renders.iterdir():
        file.rename(tmp_path / "night" / file.name)
    (tmp_path / "night").rename(shot.renders / "night")
    assert shot.submit("--output", NODE, "--prepare", "--take", "day") == 2
    assert shot.submit("--output", NODE, "--prepare", "--take", "night") == 0

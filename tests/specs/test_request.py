from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from msgspec import structs

from cosmos_houdini.engines.cosmos.parameters import TRANSFER1_PARAMETERS
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.control import DEFAULT_WEIGHT, Control
from cosmos_houdini.model.prompt_length import MOST_WORDS, count_words
from cosmos_houdini.model.spec import PromptSpec, RunSpec
from cosmos_houdini.specs.request import build_request, caching_probe, probe_videos, resolve_weights
from support.media import FFMPEG
from support.media.transfer_clips import write_clips

PROBE = partial(probe_videos, ffmpeg=FFMPEG)


def run_of(paths: dict[str, Path], **changes: object) -> RunSpec:
    controls = {Control(role): path for role, path in paths.items() if role != "color"}
    prompt = changes.pop("prompt", "a street")
    spec = PromptSpec(name="street", prompt=prompt, input_video=paths["color"], controls=controls)
    return RunSpec(name="street", engine="transfer1", spec=spec, **changes)


@pytest.fixture
def paths(tmp_path: Path) -> dict[str, Path]:
    return write_clips(tmp_path, "color", "depth", "seg")


def test_a_request_holds_a_value_for_everything(paths: dict[str, Path]):
    run = run_of(paths, weights={"depth": 0.25}, parameters={"seed": 9})
    request, warnings = build_request(run, TRANSFER1_PARAMETERS, probe=PROBE)
    assert warnings == ()
    assert [(str(c.kind), c.weight, c.clip.path) for c in request.controls] == [
        ("depth", 0.25, paths["depth"]),
        ("seg", DEFAULT_WEIGHT, paths["seg"]),
    ]
    assert set(request.parameters) == set(TRANSFER1_PARAMETERS)
    assert request.parameters["seed"] == 9
    assert request.video.frames == 5


def test_the_same_run_makes_the_same_request(paths: dict[str, Path]):
    run = run_of(paths)
    first, second = (build_request(run, TRANSFER1_PARAMETERS, probe=PROBE)[0] for _ in range(2))
    assert first.content_hash() == second.content_hash()


def test_runs_that_share_their_videos_have_each_decoded_once(paths: dict[str, Path]):
    probe = caching_probe(FFMPEG)
    first, _ = build_request(run_of(paths, weights={"seg": 0}), TRANSFER1_PARAMETERS, probe=probe)
    paths["color"].unlink()
    second, _ = build_request(run_of(paths), TRANSFER1_PARAMETERS, probe=probe)
    assert [str(control.kind) for control in second.controls] == ["depth", "seg"]
    assert (second.video, second.controls[0]) == (first.video, first.controls[0])


def test_what_is_verified_is_not_decoded_again(paths: dict[str, Path]):
    first, _ = build_request(run_of(paths), TRANSFER1_PARAMETERS, probe=PROBE)
    clips = (first.video, *(control.clip for control in first.controls))
    for path in paths.values():
        path.unlink()
    probe = caching_probe(FFMPEG, {clip.path: clip for clip in clips})
    assert build_request(run_of(paths), TRANSFER1_PARAMETERS, probe=probe)[0] == first


def test_a_weight_of_zero_drops_the_control_and_its_video(paths: dict[str, Path]):
    run = run_of(paths, weights={"depth": 0.0, "seg": 1.0})
    request, _ = build_request(run, TRANSFER1_PARAMETERS, probe=PROBE)
    assert [control.kind for control in request.controls] == [Control.SEG]


def test_a_weight_without_a_video_is_refused_with_those_that_have_one(paths: dict[str, Path]):
    del paths["seg"]
    run = structs.replace(run_of(paths, weights={"seg": 0.3}), engine="diffusers")
    with pytest.raises(BadInput, match=r"weight 0\.3 for seg.*diffusers estimates none.*weights for depth; give one"):
        build_request(run, TRANSFER1_PARAMETERS, probe=PROBE)


def test_what_the_engine_estimates_needs_no_video(paths: dict[str, Path]):
    del paths["seg"]
    request, _ = build_request(run_of(paths, weights={"seg": 0.3}), TRANSFER1_PARAMETERS, probe=PROBE)
    assert [(str(each.kind), each.clip is None) for each in request.controls] == [("depth", False), ("seg", True)]


def test_a_weight_of_zero_needs_no_video(paths: dict[str, Path]):
    run = run_of(paths, weights={"vis": 0.0, "edge": 0.0, "depth": 0.5, "seg": 0.5})
    assert resolve_weights(run) == {Control.DEPTH: 0.5, Control.SEG: 0.5}


def test_controls_stand_in_one_order_however_the_file_has_them(paths: dict[str, Path]):
    run = run_of(dict(reversed(paths.items())), weights={"seg": 0.1, "depth": 0.2})
    assert list(resolve_weights(run)) == [Control.DEPTH, Control.SEG]


def test_every_difference_between_the_videos_is_named(tmp_path: Path, paths: dict[str, Path]):
    other = write_clips(tmp_path / "..", "seg", frames=4, size=(176, 108), fps=25)
    with pytest.raises(BadInput) as caught:
        build_request(run_of(paths | other), TRANSFER1_PARAMETERS, probe=PROBE)
    for words in (
        "seg (seg.mp4) has 4 frames, color (color.mp4) has 5 frames",
        "176x108 pixels, color (color.mp4) has 192x108 pixels",
        "25 fps, color (color.mp4) has 24 fps",
    ):
        assert words in str(caught.value)


def test_a_video_that_takes_no_part_may_differ(tmp_path: Path, paths: dict[str, Path]):
    (tmp_path / "odd").mkdir()
    odd = write_clips(tmp_path / "odd", "seg", frames=4)
    build_request(run_of(paths | odd, weights={"seg": 0.0}), TRANSFER1_PARAMETERS, probe=PROBE)


def test_the_result_has_the_frame_rate_of_the_input_unless_another_is_asked_for(tmp_path: Path):
    paths = write_clips(tmp_path, "color", "depth", fps=30)
    assert build_request(run_of(paths), TRANSFER1_PARAMETERS, probe=PROBE)[0].parameters["fps"] == 30
    asked = run_of(paths, parameters={"fps": 25})
    assert build_request(asked, TRANSFER1_PARAMETERS, probe=PROBE)[0].parameters["fps"] == 25


def test_a_broken_frame_rate_is_refused(tmp_path: Path):
    paths = write_clips(tmp_path, "color", "depth", fps="24000/1001")
    with pytest.raises(BadInput, match=r"color\.mp4 has 23\.976 fps.*standardize --fps"):
        build_request(run_of(paths), TRANSFER1_PARAMETERS, probe=PROBE)


def test_a_frame_rate_beyond_the_engines_is_refused(tmp_path: Path):
    paths = write_clips(tmp_path, "color", "depth", fps=120)
    with pytest.raises(BadInput, match=r"120 fps; allowed: a whole number from 1 to 60"):
        build_request(run_of(paths), TRANSFER1_PARAMETERS, probe=PROBE)


@pytest.mark.parametrize("data", [b"", b"no video at all"])
def test_a_file_that_is_no_video_is_refused(paths: dict[str, Path], data: bytes):
    paths["depth"].write_bytes(data)
    with pytest.raises(BadInput, match=r"depth\.mp4"):
        build_request(run_of(paths), TRANSFER1_PARAMETERS, probe=PROBE)


def test_a_missing_video_is_refused(paths: dict[str, Path]):
    paths["color"].unlink()
    with pytest.raises(BadInput, match=r"color\.mp4 is no file"):
        build_request(run_of(paths), TRANSFER1_PARAMETERS, probe=PROBE)


def test_an_unknown_parameter_is_answered_with_the_nearest(paths: dict[str, Path]):
    with pytest.raises(BadInput, match=r"no parameter .guidence.*did you mean 'guidance'"):
        build_request(run_of(paths, parameters={"guidence": 3}), TRANSFER1_PARAMETERS, probe=PROBE)


def test_a_prompt_that_the_model_would_cut_off_is_warned_about(paths: dict[str, Path]):
    _, warnings = build_request(run_of(paths, prompt="word " * 301), TRANSFER1_PARAMETERS, probe=PROBE)
    assert warnings == ("the prompt has 301 words; the model reads about 300 and ignores the rest",)


@pytest.mark.parametrize("prompt", ["well-lit street, " * 149, "rain — neon . " * 149, "雨" * 299, "a" * 2990])
def test_a_prompt_is_counted_as_the_command_that_writes_prompts_counts_it(paths: dict[str, Path], prompt: str):
    for text in (prompt, f"{prompt} rain on a street"):
        _, warnings = build_request(run_of(paths, prompt=text), TRANSFER1_PARAMETERS, probe=PROBE)
        assert bool(warnings) is (count_words(text) > MOST_WORDS) is (text != prompt)


def test_the_number_of_gpus_can_be_given_for_one_start(paths: dict[str, Path]):
    assert build_request(run_of(paths, num_gpu=2), TRANSFER1_PARAMETERS, probe=PROBE)[0].num_gpu == 2
    assert build_request(run_of(paths, num_gpu=2), TRANSFER1_PARAMETERS, num_gpu=4, probe=PROBE)[0].num_gpu == 4

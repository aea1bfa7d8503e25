from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_houdini.engines import find_engine
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.request import ExpectedOutput, InferenceRequest, Invocation, Site
from support.media.transfer_clips import request_of

ENGINE = find_engine("transfer2.5")
SITE = Site(folder=PurePosixPath("/data/jobs/street-1"), engine_path=PurePosixPath("/opt/ct25"))
GOOD: dict[str, Any] = {"frames": 93, "size": (1280, 704)}


def asked(**changes: object) -> InferenceRequest:
    return request_of(**{"engine": "transfer2.5", **changes})


def invocation(request: InferenceRequest) -> Invocation:
    return ENGINE.invocation(request, SITE)


def spec(request: InferenceRequest) -> dict[str, Any]:
    return json.loads(invocation(request).files["in/spec.json"])


def test_one_gpu_is_served_by_upstreams_own_command() -> None:
    made = invocation(asked())
    assert made.argv == (
        *("python", "examples/inference.py", "-i", "/data/jobs/street-1/in/spec.json", "-o", "/data/jobs/street-1/out"),
        "--offload-guardrail-models",
    )
    assert made.cwd == PurePosixPath("/opt/ct25")
    assert made.env["PYTHONPATH"] == "/opt/ct25:/opt/ct25/packages/cosmos-oss:/opt/ct25/packages/cosmos-cuda"
    assert made.env["COSMOS_VERBOSE"] == "1"
    assert "COSMOS_EXPERIMENTAL_CHECKPOINTS" not in made.env


def test_many_gpus_are_served_by_torchrun_and_end_where_one_process_alone_would_go_on() -> None:
    argv = invocation(asked(num_gpu=4)).argv
    assert argv[:4] == ("torchrun", "--nproc_per_node=4", "--nnodes=1", "--node_rank=0")
    assert argv[5] == "examples/inference.py"
    assert "--no-keep-going" in argv


def test_two_attempts_do_not_meet_at_one_port() -> None:
    sites = [replace(SITE, folder=SITE.folder.with_name(f"sea-1f2e.{attempt}")) for attempt in range(20)]
    assert len({ENGINE.invocation(asked(num_gpu=2), site).argv[4] for site in sites}) == 20


def test_the_distilled_model_is_asked_for_by_name_and_let_in_by_a_variable() -> None:
    made = invocation(asked(weights={"edge": 1.0}, use_distilled=True, num_steps=4))
    assert made.argv[made.argv.index("--model") + 1] == "edge/distilled"
    assert made.env["COSMOS_EXPERIMENTAL_CHECKPOINTS"] == "1"


def test_every_parameter_arrives_in_the_type_that_upstream_takes() -> None:
    values = {"seed": 9, "num_steps": 12, "guidance": 6, "resolution": "480", "num_conditional_frames": 2}
    written = spec(asked(**values))
    assert {key: written[key] for key in values} == values
    assert {key: type(written[key]) for key in values} == {key: type(value) for key, value in values.items()}


def test_no_override_stands_in_the_command_where_it_would_hit_every_sample() -> None:
    argv = invocation(asked(seed=9, num_steps=12, guidance=6, resolution="480")).argv
    assert {word for word in argv if word.startswith("--")} == {"--offload-guardrail-models"}


def test_controls_are_sent_as_videos_under_upstreams_own_keys() -> None:
    written = spec(asked(weights={"vis": 0.1, "edge": 0.2, "seg": 0.3}))
    assert {key: value for key, value in written.items() if isinstance(value, dict)} == {
        kind: {"control_weight": weight, "control_path": f"/data/jobs/street-1/in/{kind}.mp4"}
        for kind, weight in {"vis": 0.1, "edge": 0.2, "seg": 0.3}.items()
    }
    assert written["video_path"] == "/data/jobs/street-1/in/color.mp4"
    assert invocation(asked()).inputs == {
        f"in/{role}.mp4": Path(f"/nowhere/{role}.mp4") for role in ("color", "depth", "seg")
    }


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=4))
def test_weights_arrive_as_shares_where_they_add_up_to_more_than_one(weights: list[float]) -> None:
    request = asked(weights=dict(zip(("vis", "edge", "depth", "seg"), weights, strict=False)))
    sent = [value["control_weight"] for value in spec(request).values() if isinstance(value, dict)]
    total = sum(weights)
    assert sent == pytest.approx(weights if total <= 1 else [weight / total for weight in weights])
    assert all(0 < weight <= 1 for weight in sent)


@given(st.text(min_size=1), st.text(min_size=1))
def test_any_prompt_arrives_byte_for_byte(prompt: str, negative_prompt: str) -> None:
    request = replace(asked(prompt=prompt), negative_prompt=negative_prompt)
    text = invocation(request).files["in/spec.json"]
    assert text.isascii()
    written = json.loads(text)
    assert (written["prompt"], written["negative_prompt"]) == (prompt, negative_prompt)


def test_an_empty_negative_prompt_leaves_upstreams_own() -> None:
    assert "negative_prompt" not in spec(asked())


def test_a_host_without_the_checkout_is_refused_with_the_key_to_set() -> None:
    with pytest.raises(BadInput, match=r"no engine_path.*checkout of cosmos-transfer2.5.*hosts\.<name>\.engine_path"):
        ENGINE.invocation(asked(), Site(folder=PurePosixPath("/x")))


@pytest.mark.parametrize(("size", "expected"), [((1920, 1080), (1920, 1080)), ((853, 479), (852, 478))])
def test_the_result_is_expected_at_the_input_s_length_and_even_size(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    request = asked(frames=130, size=size)
    assert invocation(request).outputs == (
        ExpectedOutput(path=PurePosixPath("result.mp4"), role="result", frames=130, size=expected),
    )
    assert spec(request)["keep_input_resolution"] is True
    assert ENGINE.plan(request).size == (1280, 704)


@pytest.mark.parametrize(
    ("frames", "overlap", "chunks", "seams", "padding"),
    [
        (49, 1, 1, (), 44),
        (93, 1, 1, (), 0),
        (94, 1, 2, (93,), 91),
        (121, 1, 2, (93,), 64),
        (185, 1, 2, (93,), 0),
        (277, 1, 3, (93, 185), 0),
        (186, 0, 2, (93,), 0),
        (184, 2, 2, (93,), 0),
    ],
)
def test_chunks_of_93_frames_share_as_many_as_are_taken_over(
    frames: int, overlap: int, chunks: int, seams: tuple[int, ...], padding: int
) -> None:
    plan = ENGINE.plan(asked(frames=frames, num_conditional_frames=overlap))
    assert (plan.chunks, plan.seams, plan.padding, plan.frames_per_chunk) == (chunks, seams, padding, 93)


@given(st.integers(2, 5000), st.integers(0, 2))
def test_chunks_are_counted_as_upstream_counts_them(frames: int, overlap: int) -> None:
    # _get_num_chunks of its inference_pipeline.py.
    left, step = frames - 93, 93 - overlap
    wanted = 1 if left <= 0 else 1 + left // step + (left % step != 0)
    assert ENGINE.plan(asked(frames=frames, num_conditional_frames=overlap)).chunks == wanted


def test_the_estimate_follows_chunks_steps_pixels_and_gpus() -> None:
    def estimate(**changes: object) -> float:
        return ENGINE.plan(asked(**GOOD | {"weights": {"edge": 1.0}} | changes)).estimate_s or 0

    assert estimate() == pytest.approx(264.13)
    # Published for 121 frames with all that is around it: 533.58 s.
    assert estimate(frames=121) == pytest.approx(533.58, rel=0.02)
    assert estimate(num_steps=7) == pytest.approx(estimate() / 5)
    assert estimate(resolution="480") < estimate() / 2
    assert estimate(num_gpu=8) / estimate() == pytest.approx(92.5 / 502.6, rel=0.05)
    assert estimate(num_gpu=4) / estimate() == pytest.approx(154.5 / 502.6, rel=0.05)
    distilled = estimate(use_distilled=True, num_steps=4, weights={"edge": 1.0})
    assert distilled / estimate() == pytest.approx(64.5 / 502.6)


def test_a_request_that_fits_has_no_warnings() -> None:
    assert ENGINE.check(asked(**GOOD)) == ()
    assert ENGINE.check(asked(**GOOD, weights={"edge": 1.0}, use_distilled=True, num_steps=4)) == ()


DISTILLED = {"weights": {"edge": 1.0}, "use_distilled": True, "num_steps": 4}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"guidance": 3.5}, "guidance = 3.5 cannot be used; allowed: a whole number from 0 to 7"),
        ({"guidance": 8}, "guidance = 8 cannot be used"),
        ({"resolution": 720}, "resolution = 720 cannot be used; allowed: 256, 480"),
        ({"resolution": "721"}, "resolution = '721' cannot be used"),
        ({"num_conditional_frames": 3}, "num_conditional_frames = 3 cannot be used"),
        ({"sigma_max": 70.0}, "engine transfer2.5 has no parameter 'sigma_max'"),
        ({"fps": 24}, "engine transfer2.5 has no parameter 'fps'"),
        ({"num_gpu": 5}, "num_gpu = 5; allowed: 1, 2, 3, 4, 6, 8"),
        ({"frames": 1}, "has 1 frames; allowed: 2 to 5000 frames"),
        ({"weights": {}}, "no control takes part"),
        ({"use_distilled": True}, "use_distilled with depth, seg; allowed: edge alone"),
        (DISTILLED | {"frames": 94}, "use_distilled with 94 frames; allowed: up to 93"),
    ],
)
def test_what_would_fail_or_mislead_on_the_gpu_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        ENGINE.check(asked(**GOOD | changes))
    assert sentence in str(caught.value)


def test_a_frame_rate_whose_fraction_would_be_dropped_is_refused() -> None:
    request = asked(**GOOD)
    with pytest.raises(BadInput, match=r"23.976 fps; allowed: a whole number.*standardize --fps"):
        ENGINE.check(replace(request, video=replace(request.video, fps=23.976)))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"frames": 49},
            "49 frames are fewer than the 93 that the model makes at once; they are played back and forth",
        ),
        ({"frames": 94}, "94 frames cost 2 chunks of 93; 93 frames would cost 1"),
        ({"size": (2048, 858)}, "is brought to 1280x704 and back: to the model everything becomes 0.76 times as wide"),
        ({"weights": {"depth": 1.0, "seg": 1.0}}, "add up to 2; this program divides them by it: depth 0.50, seg 0.50"),
        (DISTILLED | {"num_steps": 35}, "the distilled model is made for num_steps = 4"),
        (DISTILLED | {"guidance": 5}, "guidance = 5 changes nothing"),
    ],
)
def test_what_costs_or_disappoints_is_warned_about(changes: dict[str, Any], sentence: str) -> None:
    (warning,) = ENGINE.check(asked(**GOOD | changes))
    assert sentence in warning


@pytest.mark.parametrize(("steps", "frames", "wanted"), [(35, 361, (10, 93)), (4, 49, (4, 49))])
def test_a_scout_is_the_first_chunk_in_few_steps_by_the_same_model(
    steps: int, frames: int, wanted: tuple[int, int]
) -> None:
    scout = ENGINE.scout(asked(frames=frames, num_steps=steps))
    assert (scout.parameters, scout.frames) == ({"num_steps": wanted[0]}, wanted[1])


def sites(*names: str) -> list[Site]:
    return [Site(folder=PurePosixPath("/data/jobs") / name, engine_path=SITE.engine_path) for name in names]


def together(requests: Sequence[InferenceRequest]) -> tuple[Any, list[dict[str, Any]]]:
    folders = sites(*(f"run-{number}" for number in range(len(requests))))
    shared = ENGINE.share(list(zip(requests, folders, strict=True)), SITE)
    return shared, [json.loads(line) for line in shared.invocation.files["in/specs.jsonl"].splitlines()]


def test_requests_of_one_process_differ_only_in_their_samples() -> None:
    requests = [asked(seed=seed, prompt=f"rain\n{seed} — größe") for seed in (1, 2, 3)]
    shared, samples = together(requests)
    assert [(sample["seed"], sample["prompt"]) for sample in samples] == [
        (request.parameters["seed"], request.prompt) for request in requests
    ]
    assert [sample["video_path"] for sample in samples] == [f"/data/jobs/run-{n}/in/color.mp4" for n in range(3)]
    assert shared.invocation.argv == (
        *("python", "examples/inference.py"),
        *("-i", "/data/jobs/street-1/in/specs.jsonl", "-o", "/data/jobs/street-1/out", "--offload-guardrail-models"),
    )
    assert (shared.invocation.inputs, shared.invocation.outputs) == ({}, ())


def test_what_is_written_for_a_request_goes_to_its_own_folder_by_a_link() -> None:
    shared, samples = together([asked(seed=seed) for seed in (1, 2)])
    for name, link, number in zip([sample["name"] for sample in samples], shared.links, (0, 1), strict=True):
        assert f"out/{name}".startswith(f"{link}/")
        assert shared.links[link] == PurePosixPath(f"/data/jobs/run-{number}/out")
    assert shared.begins == ("[1/2] Processing sample run-0/result", "[2/2] Processing sample run-1/result")


def test_an_awkward_prompt_cannot_break_the_lines_of_the_samples() -> None:
    prompts = ["a\nb\r\u2028\u2029\x85\x1cc", '{"name": "x"}\n', "größe"]
    assert [sample["prompt"] for sample in together([asked(prompt=prompt) for prompt in prompts])[1]] == prompts


@pytest.mark.parametrize(
    ("changes", "shared"),
    [
        ({"seed": 5, "prompt": "fog", "num_steps": 10, "guidance": 7, "resolution": "480"}, True),
        ({"weights": {"depth": 0.1, "seg": 0.9}}, True),
        ({"weights": {"depth": 0.6}}, False),
        ({"weights": {"depth": 0.6, "edge": 0.4}}, False),
        ({"offload_guardrail_models": False}, False),
    ],
)
def test_what_one_load_of_the_model_serves_is_told_by_its_key(changes: dict[str, Any], *, shared: bool) -> None:
    assert (ENGINE.load_key(asked(**changes)) == ENGINE.load_key(asked())) is shared


def test_the_distilled_model_is_another_load() -> None:
    edge = {"weights": {"edge": 1.0}}
    assert ENGINE.load_key(asked(**edge, use_distilled=True)) != ENGINE.load_key(asked(**edge))

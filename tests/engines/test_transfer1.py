from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_houdini.engines import find_engine
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.request import ExpectedOutput, InferenceRequest, Invocation, Site
from support.media.transfer_clips import request_of

SITE = Site(folder=PurePosixPath("/data/jobs/street-1"), engine_path=PurePosixPath("/opt/ct1"))


def invocation(request: InferenceRequest) -> Invocation:
    return find_engine("transfer1").invocation(request, SITE)


def spec(request: InferenceRequest) -> dict[str, object]:
    return json.loads(invocation(request).files["in/spec.json"])


def test_the_command_is_upstreams_own():
    argv = invocation(request_of(num_gpu=2)).argv
    assert argv[:4] == ("torchrun", "--nproc_per_node=2", "--nnodes=1", "--node_rank=0")
    assert argv[5] == "cosmos_transfer1/diffusion/inference/transfer.py"
    own = argv[6:]
    assert own == (
        *("--checkpoint_dir", "/opt/ct1/checkpoints"),
        *("--controlnet_specs", "/data/jobs/street-1/in/spec.json"),
        *("--video_save_folder", "/data/jobs/street-1/out", "--video_save_name", "result", "--num_gpus", "2"),
        "--offload_guardrail_models",
    )
    assert invocation(request_of()).cwd == PurePosixPath("/opt/ct1")
    assert invocation(request_of()).env["PYTHONPATH"] == "/opt/ct1"


def test_no_argument_of_the_program_is_joined_with_its_value():
    # Upstream lets its spec file win over "--seed=9", and the command line over the file for "--seed 9".
    own = invocation(request_of(seed=9)).argv[6:]
    assert not [word for word in own if "=" in word]


def test_two_attempts_do_not_meet_at_one_port():
    sites = [replace(SITE, folder=SITE.folder.with_name(f"sea-1f2e.{attempt}")) for attempt in range(20)]
    ports = {find_engine("transfer1").invocation(request_of(), site).argv[4] for site in sites}
    assert len(ports) == 20
    assert all(20000 <= int(port.removeprefix("--master_port=")) < 30000 for port in ports)


def test_every_parameter_arrives():
    request = request_of(
        seed=9, num_steps=12, guidance=6.5, sigma_max=40.0, blur_strength="low", canny_threshold="high", fps=30
    )
    wanted = {
        "seed": 9,
        "num_steps": 12,
        "guidance": 6.5,
        "sigma_max": 40.0,
        "blur_strength": "low",
        "canny_threshold": "high",
        "fps": 30,
    }
    written = spec(request)
    assert {key: written[key] for key in wanted} == wanted
    assert type(written["fps"]) is int


@pytest.mark.parametrize(
    "flag",
    [
        "upsample_prompt",
        "offload_diffusion_transformer",
        "offload_text_encoder_model",
        "offload_prompt_upsampler",
        "use_distilled",
    ],
)
def test_a_flag_stands_in_the_command_only_when_it_is_set(flag: str):
    assert f"--{flag}" in invocation(request_of(**{flag: True})).argv
    assert f"--{flag}" not in invocation(request_of()).argv
    assert flag not in spec(request_of(**{flag: True}))


def test_controls_are_sent_as_videos_with_their_own_weights():
    written = spec(request_of(weights={"vis": 0.1, "edge": 0.2, "seg": 0.3}))
    controls = {key: value for key, value in written.items() if isinstance(value, dict)}
    assert controls == {
        kind: {"control_weight": weight, "input_control": f"/data/jobs/street-1/in/{kind}.mp4"}
        for kind, weight in {"vis": 0.1, "edge": 0.2, "seg": 0.3}.items()
    }
    assert written["input_video_path"] == "/data/jobs/street-1/in/color.mp4"


def test_the_videos_are_brought_under_the_names_of_the_spec():
    assert invocation(request_of()).inputs == {
        f"in/{role}.mp4": Path(f"/nowhere/{role}.mp4") for role in ("color", "depth", "seg")
    }


@given(st.text(min_size=1), st.text(min_size=1))
def test_any_prompt_arrives_byte_for_byte(prompt: str, negative_prompt: str):
    request = request_of(prompt=prompt)
    object.__setattr__(request, "negative_prompt", negative_prompt)
    text = invocation(request).files["in/spec.json"]
    assert text.isascii()
    written = json.loads(text)
    assert (written["prompt"], written["negative_prompt"]) == (prompt, negative_prompt)
    assert not [word for word in invocation(request).argv if prompt in word and len(prompt) > 60]


def test_an_empty_negative_prompt_leaves_upstreams_own():
    assert "negative_prompt" not in spec(request_of())


def test_a_host_without_the_checkout_is_refused_with_the_key_to_set():
    with pytest.raises(BadInput, match=r"no engine_path.*hosts\.<name>\.engine_path"):
        find_engine("transfer1").invocation(request_of(), Site(folder=PurePosixPath("/x")))


def test_the_result_is_expected_at_the_input_s_length_and_the_generated_size():
    assert invocation(request_of(frames=130, size=(1920, 1080))).outputs == (
        ExpectedOutput(path=PurePosixPath("result.mp4"), role="result", frames=130, size=(1280, 704)),
    )


def test_the_estimate_grows_with_chunks_and_steps():
    plan = find_engine("transfer1").plan
    assert plan(request_of(frames=122)).estimate_s == pytest.approx(19 * 60)
    assert plan(request_of(frames=121)).estimate_s == pytest.approx(19 * 60 / 2)
    assert plan(request_of(frames=121, num_steps=7)).estimate_s == pytest.approx(19 * 60 / 10)

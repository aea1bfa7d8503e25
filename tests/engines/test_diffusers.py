"""The engine diffusers: what it refuses, what it sends, and what it reads from a log."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import pytest

from cosmos_houdini.engines import EngineLog, find_engine
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.parameter import ParameterValue, resolve
from cosmos_houdini.model.request import InferenceRequest, Site
from support.media.transfer_clips import request_of

DIFFUSERS = find_engine("diffusers")
SITE = Site(folder=PurePosixPath("/data/jobs/street-1"), python="/opt/cosmos/bin/python")


def diffusers_request(
    weights: dict[str, float] | None = None,
    *,
    frames: int = 5,
    prompt: str = "a street at night",
    num_gpu: int = 1,
    **parameters: ParameterValue,
) -> InferenceRequest:
    request = request_of(
        weights=weights or {"depth": 0.6},
        frames=frames,
        prompt=prompt,
        num_gpu=num_gpu,
        engine="diffusers",
        size=(1280, 704),
    )
    return replace(request, parameters=resolve(DIFFUSERS.parameters, {"fps": 24, **parameters}, engine="diffusers"))


def sent(request: InferenceRequest, site: Site = SITE) -> dict[str, Any]:
    return json.loads(DIFFUSERS.invocation(request, site).files["in/requests.json"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"weights": {"depth": 0.5, "edge": 0.5}}, r"edge, depth; allowed: exactly one control"),
        ({"num_gpu": 2}, r"num_gpu = 2; allowed: 1"),
        ({"frames": 1}, r"has 1 frames"),
        ({"prompt": " "}, r"the prompt is empty"),
        ({"shift": 3.0}, r"shift = 3.0 with model = transfer2.5; allowed: 10.0 there"),
        ({"model": "cosmos3-nano", "num_gpu": 2}, r"num_gpu = 2; allowed: 1"),
        (
            {"model": "cosmos3-nano", "weights": {"depth": 0.5, "edge": 0.2}},
            r"weights edge 0.2, depth 0.5 with model = cosmos3-nano; allowed: equal weights",
        ),
    ],
)
def test_what_the_pipeline_cannot_do_is_refused(changes: dict[str, Any], words: str):
    with pytest.raises(BadInput, match=words):
        DIFFUSERS.check(diffusers_request(**changes))


def test_guidance_that_is_none_is_said():
    assert "guidance = 1 is none" in " ".join(DIFFUSERS.check(diffusers_request(guidance=1.0, frames=93)))
    assert DIFFUSERS.check(diffusers_request(guidance=3.0, frames=93)) == ()


@pytest.mark.parametrize(("frames", "chunks", "seams"), [(2, 1, ()), (93, 1, ()), (94, 2, (93,)), (185, 2, (93,))])
def test_chunks_are_cut_as_the_pipeline_cuts_them(frames: int, chunks: int, seams: tuple[int, ...]):
    plan = DIFFUSERS.plan(diffusers_request(frames=frames))
    assert (plan.chunks, plan.seams, plan.size) == (chunks, seams, (1280, 704))
    # range(0, frames - 1, 92) of the pipeline's own code
    assert plan.chunks == len(range(0, frames - 1, 92))
    assert plan.estimate_s is None


@pytest.mark.parametrize("size", [(1920, 1080), (1440, 1080), (1080, 1080), (1080, 1440), (1080, 1920)])
def test_every_size_can_be_generated(size: tuple[int, int]):
    request = diffusers_request()
    width, height = DIFFUSERS.plan(replace(request, video=replace(request.video, size=size))).size
    # check_inputs of the pipeline wants multiples of 16.
    assert (width % 16, height % 16) == (0, 0)


def test_every_value_arrives():
    values = {"seed": 9, "num_steps": 12, "guidance": 6.5, "fps": 30}
    request = diffusers_request(prompt='"; $(touch x)\n größe', frames=94, **values)
    (written,) = sent(request)["requests"]
    assert {name: written["parameters"][name] for name in values} == values
    assert written["prompt"] == request.prompt
    assert written["weights"] == {"depth": 0.6}
    assert (written["frames"], written["chunks"], written["frames_per_chunk"], written["overlap"]) == (94, 2, 93, 1)
    assert written["size"] == [1280, 704]
    assert written["result"] == "/data/jobs/street-1/out/result.mp4"


def test_weights_come_from_the_hub_or_from_the_folder_that_the_host_names():
    there = Site(folder=SITE.folder, engine_path=PurePosixPath("/data/weights"))
    edge, vis = ({kind: 0.5} for kind in ("edge", "vis"))
    assert sent(diffusers_request(edge))["model"] == {
        "family": "transfer2.5",
        "pipeline": {"path": "nvidia/Cosmos-Transfer2.5-2B", "revision": "diffusers/general"},
        "controlnet": {"path": "nvidia/Cosmos-Transfer2.5-2B", "revision": "diffusers/controlnet/general/edge"},
        "offload": False,
    }
    assert sent(diffusers_request(vis, offload_models=True), there)["model"] == {
        "family": "transfer2.5",
        "pipeline": {"path": "/data/weights/diffusers/general", "revision": None},
        "controlnet": {"path": "/data/weights/diffusers/controlnet/general/blur", "revision": None},
        "offload": True,
    }


def test_cosmos3_comes_from_its_own_repository_or_folder():
    both = {"edge": 0.5, "depth": 0.5}
    request = diffusers_request(both, model="cosmos3-nano")
    assert sent(request)["model"] == {
        "family": "cosmos3",
        "pipeline": {"path": "nvidia/Cosmos3-Nano", "revision": "main"},
        "controlnet": None,
        "offload": False,
    }
    there = sent(request, Site(folder=SITE.folder, engine_path=PurePosixPath("/data/weights")))
    assert there["model"]["pipeline"] == {"path": "/data/weights/Cosmos3-Nano", "revision": None}


def test_cosmos3_gets_its_own_frames_and_its_own_names_of_controls():
    request = diffusers_request({"vis": 0.5, "depth": 0.5}, frames=94, model="cosmos3-nano")
    plan = DIFFUSERS.plan(request)
    assert (plan.size, plan.chunks, plan.seams) == ((1280, 720), 2, (93,))
    (written,) = sent(request)["requests"]
    assert (written["size"], written["overlap"], sorted(written["readers"])) == ([1280, 720], 1, ["depth", "vis"])
    assert written["hints"]["vis"] == "blur"
    assert written["prompt"].startswith("a street at night Follow the blur, depth control video precisely")
    plain = diffusers_request({"vis": 0.5}, model="cosmos3-nano", emphasize_control_in_prompt=False)
    assert sent(plain)["requests"][0]["prompt"] == "a street at night"


def test_only_frames_that_begin_the_result_bring_the_colour_video():
    request = diffusers_request(model="cosmos3-nano", num_first_chunk_conditional_frames=1)
    assert sorted(DIFFUSERS.invocation(request, SITE).inputs) == ["in/color.mp4", "in/depth.mp4"]


def test_requests_of_cosmos3_share_a_process_whatever_their_controls():
    one, two = (
        diffusers_request(weights, model="cosmos3-nano") for weights in ({"edge": 0.5}, {"edge": 0.5, "depth": 0.5})
    )
    assert DIFFUSERS.load_key(one) == DIFFUSERS.load_key(two)
    other = diffusers_request({"edge": 0.5}, model="cosmos3-super")
    assert len({DIFFUSERS.load_key(one), DIFFUSERS.load_key(other), DIFFUSERS.load_key(diffusers_request())}) == 3


def test_only_the_control_is_brought_and_the_hosts_own_python_runs():
    invocation = DIFFUSERS.invocation(diffusers_request(), SITE)
    assert list(invocation.inputs) == ["in/depth.mp4"]
    assert invocation.argv == (
        "/opt/cosmos/bin/python",
        "/data/jobs/street-1/in/diffusers_transfer.py",
        "/data/jobs/street-1/in/requests.json",
    )
    assert "Cosmos2_5_TransferPipeline" in invocation.files["in/diffusers_transfer.py"]


def test_requests_share_a_process_if_they_share_weights():
    key = DIFFUSERS.load_key(diffusers_request(seed=1))
    assert key == DIFFUSERS.load_key(diffusers_request({"depth": 0.2}, seed=2, num_steps=5, guidance=7.0, frames=200))
    assert key != DIFFUSERS.load_key(diffusers_request({"edge": 0.6}))
    assert key != DIFFUSERS.load_key(diffusers_request(offload_models=True))


def test_one_process_reads_and_writes_in_the_folder_of_each_job():
    sites = [Site(folder=PurePosixPath(f"/data/jobs/street-{number}")) for number in (1, 2)]
    members = [(diffusers_request(seed=number), site) for number, site in enumerate(sites)]
    process = Site(folder=PurePosixPath("/data/jobs/process"))
    shared = DIFFUSERS.share(members, process)
    assert shared.begins == ("[1/2] begin street-1", "[2/2] begin street-2")
    assert shared.invocation.argv[1:] == (
        "/data/jobs/process/in/diffusers_transfer.py",
        "/data/jobs/process/in/requests.json",
    )
    written = json.loads(shared.invocation.files["in/requests.json"])["requests"]
    assert [request["seed"] for request in written] == [0, 1]
    assert [request["result"] for request in written] == [f"{site.outputs}/result.mp4" for site in sites]
    assert [request["folder"] for request in written] == [str(site.folder) for site in sites]
    assert all(
        f"{site.inputs}/depth.mp4" in request["readers"]["depth"] for request, site in zip(written, sites, strict=True)
    )


LINES = """\
loading nvidia/Cosmos-Transfer2.5-2B
loaded on cuda in 81 s
[1/1] begin street-1
chunk 1 of 2, step 1 of 2
chunk 1 of 2, step 2 of 2
chunk 2 of 2, step 1 of 2
chunk 2 of 2, step 2 of 2
encoding
made with {"parameters": {"seed": 7, "guidance": 3.0}, "weights": {"depth": 0.6}}
saved /data/jobs/street-1/out/result.mp4
"""


def test_progress_grows_with_each_line_and_ends_at_one():
    plan = DIFFUSERS.plan(diffusers_request(frames=94))
    lines = LINES.splitlines(keepends=True)
    seen = [
        DIFFUSERS.progress(EngineLog(stdout="".join(lines[:count]), stderr=""), plan)
        for count in range(1, len(lines) + 1)
    ]
    fractions = [each.fraction for each in seen if each]
    assert len(fractions) == len(lines)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert seen[5] is not None
    assert seen[5].stage == "chunk 2 of 2, step 1 of 2"
    assert DIFFUSERS.progress(EngineLog(stdout="", stderr=""), plan) is None


def test_the_end_of_a_log_is_enough_for_progress():
    plan = DIFFUSERS.plan(diffusers_request(frames=94))
    tail = EngineLog(stdout="of 2, step 2 of 2\nchunk 2 of 2, step 1 of 2\n", stderr="")
    seen = DIFFUSERS.progress(tail, plan)
    assert seen is not None
    assert 0.5 < seen.fraction < 0.95


def test_what_a_result_was_made_with_is_read_back():
    found = DIFFUSERS.record(EngineLog(stdout=LINES, stderr=""))
    assert found is not None
    assert found.document() == {"parameters": {"seed": 7, "guidance": 3.0}, "weights": {"depth": 0.6}}
    assert DIFFUSERS.record(EngineLog(stdout=LINES[:200], stderr="")) is None


GATED = (
    "huggingface_hub.errors.GatedRepoError: 403 Client Error. Cannot access gated repo for url "
    "https://huggingface.co/nvidia/Cosmos-Transfer2.5-2B/resolve/main/config.json."
)


@pytest.mark.parametrize(
    ("exit_code", "stdout", "stderr", "failure"),
    [
        (1, "", "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.", "oom"),
        (1, "", GATED, "auth"),
        (1, "", "ModuleNotFoundError: No module named 'diffusers'", "host_setup"),
        (1, "", "torch 2.13.0+cpu finds no CUDA GPU", "host_setup"),
        (127, "", "", "host_setup"),
        (1, "", "no checkpoint: there is no folder /data/weights/diffusers/general", "missing_checkpoint"),
        (1, "refused: guardrail: it blocks the prompt\n", "", "guardrail_blocked"),
        (0, "refused: out of memory: CUDA out of memory. Tried to allocate 20.00 GiB.\n", "", "oom"),
        (0, "refused: guardrail: it blocks the video that was made\n", "", "guardrail_blocked"),
        (0, "refused: bad input: the control has 4 frames instead of 5\n", "", "bad_input"),
        (1, "", "OSError: [Errno 28] No space left on device", "disk_full"),
        (1, "", "ValueError: something else", "engine_error"),
        (0, "chunk 2 of 2, step 2 of 2\n", "", "engine_error"),
        (1, "saved /data/jobs/street-1/out/result.mp4\n", "Segmentation fault", "engine_error"),
    ],
)
def test_each_fault_is_named(exit_code: int, stdout: str, stderr: str, failure: str):
    found = DIFFUSERS.failure(exit_code, EngineLog(stdout=stdout, stderr=stderr))
    assert found is not None
    assert str(found.failure) == failure


def test_exit_code_and_line_make_a_success():
    assert DIFFUSERS.failure(0, EngineLog(stdout=LINES, stderr="")) is None

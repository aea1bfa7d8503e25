from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

from cosmos_houdini.engines import find_engine
from cosmos_houdini.model.request import Site
from cosmos_houdini.specs.dry_run import dry_run_document, write_plan
from support.media.transfer_clips import request_of

SITE = Site(folder=PurePosixPath("/data/jobs/x"), engine_path=PurePosixPath("/opt/ct1"))


def test_the_document_has_the_published_keys_and_is_json():
    request, transfer1 = request_of(frames=122), find_engine("transfer1")
    plan, invocation = transfer1.plan(request), transfer1.invocation(request, SITE)
    document = dry_run_document(request, plan, invocation, SITE, seconds=2280.0)
    assert list(document) == ["engine", "argv", "env", "files", "inputs", "chunks", "frames", "size", "estimate_s"]
    assert json.loads(json.dumps(document)) == document
    assert (document["chunks"], document["frames"], document["size"]) == (2, 122, [1280, 704])
    assert document["inputs"] == {
        f"/data/jobs/x/in/{role}.mp4": f"/nowhere/{role}.mp4" for role in ("color", "depth", "seg")
    }


def test_a_plan_is_written_as_the_host_would_get_it(weird_path: Path):
    invocation = find_engine("transfer1").invocation(request_of(prompt="größe"), SITE)
    (path,) = write_plan(invocation, weird_path / "plan")
    assert path == weird_path / "plan" / "in" / "spec.json"
    assert path.read_bytes() == invocation.files["in/spec.json"].encode()

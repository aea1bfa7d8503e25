"""One batch of preview runs, one of which failed, and entries made from nothing, for the tests of reports."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import yaml

from cosmos_houdini.model.job import FailureClass, Job, JobFailure, JobState
from cosmos_houdini.model.request import Clip
from cosmos_houdini.report.entry import ReportEntry
from cosmos_houdini.report.table import Row
from support.media.transfer_clips import write_clips

SEEDS = (7, 13, 21)
BAD_SEED = 13
SENTENCE = "Error while making <frames> & more"
FRAMES = 6


def write_project(folder: Path) -> Path:
    """Write a project whose FFmpeg fails for one seed, and return its batch."""
    paths = write_clips(folder, "color", "edge", frames=FRAMES, size=(96, 96))
    ffmpeg = folder / "ffmpeg.sh"
    complaint = shlex.quote(f"[error] {SENTENCE}. A second sentence.")
    ffmpeg.write_text(
        f'#!/bin/sh\ncase "$*" in *all_seed={BAD_SEED}*) echo {complaint} >&2; exit 1 ;; esac\n'
        f'exec {shlex.quote(imageio_ffmpeg.get_ffmpeg_exe())} "$@"\n',
        encoding="utf-8",
    )
    ffmpeg.chmod(0o755)
    settings = {"hosts": {"local": {"ffmpeg": str(ffmpeg), "price_per_hour": 3600}}}
    (folder / "cosmos-houdini.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    spec = {
        "schema": "cosmos-houdini/prompt-spec/1",
        "name": "shot",
        "prompt": "<script>alert('rain')</script> & fog",
        "input_video": str(paths["color"]),
        "controls": {"edge": str(paths["edge"])},
    }
    (folder / "shot.spec.json").write_text(json.dumps(spec), encoding="utf-8")
    batch = {
        "schema": "cosmos-houdini/batch-spec/1",
        "name": "night",
        "engine": "preview",
        "items": [{"spec": "shot.spec.json"}],
        "randomization": {"seeds": list(SEEDS)},
    }
    path = folder / "night.yaml"
    path.write_text(yaml.safe_dump(batch), encoding="utf-8")
    return path


def entry(
    name: str,
    settings: Mapping[str, Any],
    *,
    clip: Clip | None = None,
    failure: tuple[FailureClass, str] | None = None,
    **changes: Any,  # noqa: ANN401 - any field of an entry
) -> ReportEntry:
    """Return a run that has succeeded, or failed."""
    job = Job(
        id=f"{name}-1",
        name=name,
        engine="preview",
        host="local",
        state=JobState.FAILED if failure else JobState.SUCCEEDED,
        attempt=1,
        progress=1.0,
        eta_s=None,
        failure=JobFailure(failure=failure[0], message=failure[1]) if failure else None,
        outputs=(str(clip.path),) if clip else (),
    )
    row = Row(
        run=name,
        spec="",
        job=job,
        weights={},
        parameters=settings,
        seconds=2.0,
        scout=False,
        cost=None,
        currency="",
        gpu_memory_gb=None,
        result=str(clip.path) if clip else "",
        clip=clip,
        differences=(),
    )
    made = {
        "row": row,
        "spec": "",
        "engine": "preview",
        "prompt": "rain",
        "source": None,
        "folder": None,
        "problem": (str(failure[0]), failure[1]) if failure else None,
    }
    return ReportEntry(name=name, settings=settings, **{**made, **changes})

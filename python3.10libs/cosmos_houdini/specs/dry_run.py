"""Return the plan of a run as data, and write it as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cosmos_houdini.model.request import FramePlan, InferenceRequest, Invocation, Site


def dry_run_document(
    request: InferenceRequest, plan: FramePlan, invocation: Invocation, site: Site, *, seconds: float | None
) -> dict[str, Any]:
    """Return the document of ``run --dry-run --json``.

    The names in ``files`` are relative to the job's folder. The keys of ``inputs`` are absolute paths on the host.
    ``seconds`` is the time that the run will take; None where nobody knows.
    """
    return {
        "engine": request.engine,
        "argv": list(invocation.argv),
        "env": dict(invocation.env),
        "files": dict(invocation.files),
        "inputs": {str(site.folder / name): str(local) for name, local in invocation.inputs.items()},
        "chunks": plan.chunks,
        "frames": plan.frames,
        "size": list(plan.size),
        "estimate_s": seconds,
    }


def write_plan(invocation: Invocation, folder: Path) -> tuple[Path, ...]:
    """Write the text files of an invocation below ``folder`` and return their paths."""
    written = []
    for name, text in invocation.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        written.append(path)
    return tuple(written)

"""A result in one line, by which an artist tells it from the others: seed, weights, prompt."""

from __future__ import annotations

import json

from cosmos_houdini.houdini.windows.job_row import JobRow

RESULT = "result.json"


def line_of(row: JobRow) -> str:
    """Return the job and what its result was made with, as the file beside it tells; without one, the job alone."""
    words = [row.id, f"{row.engine} on {row.host}"]
    try:
        request = json.loads(row.outputs[0].with_name(RESULT).read_text(encoding="utf-8"))["request"]
        weights = " ".join(f"{kind} {control['weight']:g}" for kind, control in request["controls"].items())
        words += [f"seed {request['parameters']['seed']}", weights, " ".join(request["prompt"].split())]
    except (OSError, ValueError, KeyError, TypeError):
        # Another engine may have no seed, and another machine may keep the files.
        return "   ".join(words)
    return "   ".join(word for word in words if word)

"""The name of a job on its host."""

from __future__ import annotations

import hashlib
import re

from cosmos_houdini.model.request import InferenceRequest

SLUG_LENGTH = 40
HASH_LENGTH = 10


def job_id(request: InferenceRequest, host: str) -> str:
    """Return ``<name>-<10 hexadecimal digits>``: the same work for the same host always has the same id.

    The id is a valid name for a folder, a container and a Slurm job.
    """
    slug = re.sub(r"[^A-Za-z0-9_.-]+", "-", request.name)[:SLUG_LENGTH].strip("-.") or "run"
    digest = hashlib.sha256(f"{request.content_hash()}\n{request.name}\n{host}".encode()).hexdigest()
    return f"{slug}-{digest[:HASH_LENGTH]}"

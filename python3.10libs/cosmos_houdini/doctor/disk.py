"""Room on a disk: one judgement for this machine and for hosts."""

from __future__ import annotations

from cosmos_houdini.model.finding import Finding, failed, passed, warned

LEAST_BYTES = 1024**3
"""Less is too little for the next shot: its videos, the copies on the host, and the results."""
FEW_BYTES = 20 * 1024**3


def judge_disk(check: str, free_bytes: int, folder: str) -> Finding:
    """Return the finding on the room of a folder's disk.

    >>> judge_disk("disk", 512 * 1024**2, "/data").seen
    '0.5 GiB free in /data'
    """
    seen = f"{free_bytes / 1024**3:.1f} GiB free in {folder}"
    if free_bytes < LEAST_BYTES:
        return failed(check, seen, "free some room: what a job has to write does not fit")
    if free_bytes < FEW_BYTES:
        return warned(check, seen, f"free some room before a batch; {FEW_BYTES // 1024**3} GiB are comfortable")
    return passed(check, seen)

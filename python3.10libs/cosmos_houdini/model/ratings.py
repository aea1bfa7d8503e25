"""The names in a file of ratings that a report's page saves, for all who read it."""

from __future__ import annotations

import hashlib

SCHEMA = "cosmos-houdini/ratings/1"
KEY_DIGITS = 16
"""A run is known by so many digits of the SHA-256 of its job's id."""


def key_of(job_id: str) -> str:
    """Return the key by which the run of a job is known.

    >>> key_of("shot-0001-ab12cd34ef")
    'f9cce8ee07e4ed42'
    """
    return hashlib.sha256(job_id.encode()).hexdigest()[:KEY_DIGITS]

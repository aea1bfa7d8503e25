"""Failures that a server tells, as classes of failures and sentences."""

from __future__ import annotations

import re
from http import HTTPStatus

from .connection import Server, Told
from .failure import Failure
from .server_kind import check_key

LONGEST_MESSAGE = 240
BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE})
_REFUSED = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND})

_GUARDRAIL = re.compile(r"guardrail|blocked by .*safety|content policy|safety check(er)?", re.IGNORECASE)
_MEMORY = re.compile(r"out of memory|OutOfMemory|CUBLAS_STATUS_ALLOC_FAILED|No available memory", re.IGNORECASE)
_DISK = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)


def refusal(told: Told, server: Server) -> Failure:
    """Return the failure of a request that a server answered with an error.

    A vLLM-Omni answers 400 to a wrong field and 500 to a prompt that a guardrail blocks; a NIM answers 422 to both.
    """
    check_key(told, server)
    message = message_of(told)
    seen = f"the server says (HTTP {told.status}): {message}"
    if known := _known(message, seen):
        return known
    if told.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return Failure("bad_input", f"{seen}; raise the limit of the server, or of the proxy before it")
    if told.status == HTTPStatus.GATEWAY_TIMEOUT:
        return Failure("timeout", f"{seen}; raise the time limit of the server, or of the proxy before it")
    if told.status in BUSY:
        return Failure("transient", seen, is_retryable=True)
    if told.status in _REFUSED:
        return Failure("bad_input", seen)
    return Failure("engine_error", seen)


def job_failure(message: str) -> Failure:
    """Return the failure of a job that a server began and could not end."""
    seen = f"the server says: {message[:LONGEST_MESSAGE]}"
    return _known(message, seen) or Failure("engine_error", seen)


def _known(message: str, seen: str) -> Failure | None:
    if _GUARDRAIL.search(message):
        return Failure("guardrail_blocked", seen)
    if _MEMORY.search(message):
        return Failure("oom", f"{seen}; start the server with offload or quantisation, or ask for a lower resolution")
    if _DISK.search(message):
        return Failure("disk_full", seen)
    return None


def message_of(told: Told) -> str:
    """Return the sentence of an error, in the forms of FastAPI, of OpenAI and of NIM; else the text itself."""
    detail = told.get("error", "message") or told.get("error") or told.get("message") or told.get("detail")
    if isinstance(detail, list):
        detail = "; ".join(_sentence(one) for one in detail[:3])
    text = " ".join(str(detail or re.sub(r"<[^>]*>", " ", told.text[:2000])).split())
    return text[:LONGEST_MESSAGE] or "nothing"


def _sentence(error: object) -> str:
    """Return where and why, of an error of pydantic."""
    if not isinstance(error, dict):
        return str(error)
    place = error.get("loc")
    where = ".".join(map(str, place)) if isinstance(place, list) else ""
    return f"{where}: {error.get('msg', '')}" if where else str(error.get("msg", error))

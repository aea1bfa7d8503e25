"""The kind, the version and the abilities of a server, by questions that cost it nothing.

A vLLM-Omni has ``/version`` and ``/v1/models`` of vLLM and ``/v1/videos`` of its own; a NIM has ``/v1/health/ready``
and ``/v1/metadata``. Both describe what they take in ``/openapi.json``.
"""

from __future__ import annotations

import http
import time
from dataclasses import dataclass, field
from typing import Any

from .connection import Cut, Server, Told, Unreachable
from .failure import Failure, say

VLLM_OMNI = "vLLM-Omni"
NIM = "NIM"
STARTING = frozenset(
    {http.HTTPStatus.BAD_GATEWAY, http.HTTPStatus.SERVICE_UNAVAILABLE, http.HTTPStatus.GATEWAY_TIMEOUT}
)
REFUSED_KEY = frozenset({http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN})
KEY_VARIABLE = "COSMOS_SERVER_KEY"


@dataclass(frozen=True)
class Kind:
    """Kind, version and abilities of a server.

    Attributes:
        name: VLLM_OMNI or NIM.
        version: as the server spells it; may be empty.
        model: the name under which it serves its model; may be empty.
        fields: names that its description of a request has; empty if it gives none.
    """

    name: str
    version: str
    model: str
    fields: frozenset[str] = field(default_factory=frozenset)

    @property
    def words(self) -> str:
        """The kind in words, as in ``vLLM-Omni 0.24.0 with nvidia/Cosmos3-Nano``."""
        named = f"{self.name} {self.version}".strip()
        return f"{named} with {self.model}" if self.model else named

    def takes(self, name: str) -> bool:
        """Return whether a request may have a field; a server that describes nothing is believed to take it."""
        return not self.fields or name in self.fields


def find_kind(server: Server, *, patience_s: float, pause_s: float) -> Kind:
    """Return the kind of a server, and wait while it starts.

    Args:
        server: the server.
        patience_s: the most seconds to wait for one that loads its model.
        pause_s: seconds between two questions.

    Raises:
        Failure: it is not reached, refuses the key, or is of another kind.
    """
    deadline, reported = time.monotonic() + patience_s, False
    while True:
        kind = _find_once(server)
        if kind:
            return kind
        if time.monotonic() >= deadline:
            raise Failure(
                "host_setup", f"{server.url} is not ready after {patience_s / 60:.0f} min; read its own log", ends=True
            )
        if not reported:
            say("the server loads its model")
            reported = True
        time.sleep(pause_s)


def is_ready(server: Server) -> bool:
    """Return whether a server answers and has its model; a connection that fails is a no.

    Raises:
        Failure: it cannot be reached for a reason that waiting does not mend.
    """
    try:
        answers = [server.ask(path) for path in ("/health", "/v1/health/ready")]
    except Unreachable as error:
        if error.is_permanent:
            raise
        return False
    except Cut:
        return False
    return any(answer.status == http.HTTPStatus.OK for answer in answers)


def check_key(told: Told, server: Server) -> None:
    """Refuse an answer that says that the key is wrong.

    Raises:
        Failure: it does.
    """
    if told.status in REFUSED_KEY:
        raise Failure(
            "auth",
            f"{server.url} refuses the API key (HTTP {told.status}); set {KEY_VARIABLE} on the machine that submits, "
            "and name it in the host's secrets",
            ends=True,
        )


def _find_once(server: Server) -> Kind | None:
    """Return the kind, or None while the server starts."""
    ready = server.ask("/v1/health/ready")
    check_key(ready, server)
    if ready.status in STARTING:
        return None
    description = server.ask("/openapi.json")
    fields = frozenset(_fields(description.document))
    if ready.status == http.HTTPStatus.OK:
        return _nim(server, fields, description)
    models = server.ask("/v1/models")
    check_key(models, server)
    if models.status in STARTING:
        return None
    listed = server.ask("/v1/videos?limit=1")
    check_key(listed, server)
    if listed.status != http.HTTPStatus.OK or not isinstance(listed.get("data"), list) or "json" in _forms(description):
        raise _other(server, description, models)
    version = server.ask("/version")
    served = models.get("data")
    first = served[0] if isinstance(served, list) and served and isinstance(served[0], dict) else {}
    return Kind(VLLM_OMNI, str(version.get("version") or ""), str(first.get("id") or ""), fields)


def _nim(server: Server, fields: frozenset[str], description: Told) -> Kind:
    if "/v1/infer" not in _paths(description) and _paths(description):
        raise _other(server, description, description)
    metadata = server.ask("/v1/metadata")
    check_key(metadata, server)
    models = metadata.get("modelInfo")
    first = models[0] if isinstance(models, list) and models and isinstance(models[0], dict) else {}
    model = str(first.get("shortName") or first.get("modelUrl") or "")
    if not _paths(description) and "cosmos" not in model.lower():
        raise _other(server, metadata, metadata)
    return Kind(NIM, str(metadata.get("version") or ""), model, fields)


def _other(server: Server, description: Told, models: Told) -> Failure:
    title = description.get("info", "title")
    served = models.get("data")
    names = [str(one.get("id")) for one in served if isinstance(one, dict)] if isinstance(served, list) else []
    seen = "; ".join(
        text
        for text in (
            f"it calls itself {title!r}" if title else "",
            f"it serves {', '.join(names[:3])}" if names else "",
            "" if title or names else f"it answers HTTP {description.status} for /openapi.json",
        )
        if text
    )
    return Failure(
        "host_setup",
        f"{server.url} is neither a vLLM-Omni that makes videos nor a NIM of Cosmos 3: {seen}; correct "
        "hosts.<name>.server",
        ends=True,
    )


def _paths(description: Told) -> frozenset[str]:
    paths = description.get("paths")
    return frozenset(paths) if isinstance(paths, dict) else frozenset()


def _forms(description: Told) -> str:
    """Return ``json`` where ``/v1/videos`` takes JSON alone, as SGLang and TensorRT-LLM do; else an empty text."""
    content = description.get("paths", "/v1/videos", "post", "requestBody", "content")
    return "json" if isinstance(content, dict) and content and not any("multipart" in kind for kind in content) else ""


def _fields(document: Any) -> set[str]:  # noqa: ANN401 - JSON
    """Return the names of all properties of all schemas of an OpenAPI document."""
    found: set[str] = set()
    schemas = document.get("components", {}) if isinstance(document, dict) else {}
    schemas = schemas.get("schemas", {}) if isinstance(schemas, dict) else {}
    for schema in schemas.values() if isinstance(schemas, dict) else ():
        properties = schema.get("properties") if isinstance(schema, dict) else None
        found |= set(properties) if isinstance(properties, dict) else set()
    return found

"""JSON documents that the project prints and writes: the name and version of each."""

from __future__ import annotations

from cosmos_houdini.schemas.names import NAMES, schema_id

__all__ = ["NAMES", "schema_id"]

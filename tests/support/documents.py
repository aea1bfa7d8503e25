"""JSON documents compared with their schemas."""

from __future__ import annotations

import functools
from typing import Any

import jsonschema

from cosmos_houdini.schemas import NAMES, schema_id
from cosmos_houdini.schemas.registry import json_schema

IDS = {schema_id(name): name for name in NAMES}


def check_document(document: dict[str, Any]) -> None:
    """Fail where a document breaks its schema, or has a key that the schema does not describe."""
    if "$schema" in document:
        jsonschema.Draft202012Validator.check_schema(document)
        return
    errors = sorted(validator(IDS[document["schema"]]).iter_errors(document), key=str)
    assert not errors, "\n".join(f"{error.json_path}: {error.message}"[:300] for error in errors)


@functools.cache
def validator(name: str) -> Any:  # noqa: ANN401 - its stubs name no type for all drafts
    return jsonschema.Draft202012Validator(closed(json_schema(name)))


def closed(schema: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Return a schema that allows no keys beside those that it describes."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    is_object = isinstance(schema.get("properties"), dict) and "type" in schema
    return {"additionalProperties": False, **inner} if is_object else inner

"""JSON as Houdini lays it out: tabs, nothing behind a colon, numbers of a list in one line."""

from __future__ import annotations

import json
from collections.abc import Mapping


def houdini_json(document: Mapping[str, object]) -> str:
    r"""Return a document.

    >>> houdini_json({"a": {"b": True}, "c": [1, 2], "d": ["x"]})
    '{\n\t"a":{\n\t\t"b":true\n\t},\n\t"c":[1,2],\n\t"d":["x"\n\t]\n}\n'
    """
    return f"{_written(document, '')}\n"


def _written(value: object, indent: str) -> str:
    if isinstance(value, Mapping):
        inner = f"{indent}\t"
        rows = ",\n".join(f"{inner}{json.dumps(key)}:{_written(below, inner)}" for key, below in value.items())
        return f"{{\n{rows}\n{indent}}}" if rows else f"{{\n{indent}}}"
    if isinstance(value, list):
        # Texts end with a line of their own for the bracket; numbers do not.
        end = f"\n{indent}]" if value and isinstance(value[0], str) else "]"
        return f"[{','.join(json.dumps(each) for each in value)}{end}"
    return json.dumps(value, ensure_ascii=False)

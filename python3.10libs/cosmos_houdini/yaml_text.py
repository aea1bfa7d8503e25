"""YAML as people write it: ``on``, ``off``, dates and times are texts, and a duplicate key is refused.

PyYAML reads YAML 1.1, in which ``on`` is true, ``12:00:00`` is 43200 and ``010`` is 8. This loader takes numbers, true
and false from YAML 1.2 (https://yaml.org/spec/1.2.2, section 10.3.2).
"""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from cosmos_houdini.errors import BadInput

_TAG: Final = "tag:yaml.org,2002:"
# Each kind of unquoted value: its tag, its form, and its possible first characters.
_PLAIN: Final = (
    ("null", re.compile(r"(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]),
    ("bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    ("int", re.compile(r"[-+]?(?:0|[1-9][0-9]*)$", re.ASCII), list("-+0123456789")),
    (
        "float",
        re.compile(
            r"(?:[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
            re.ASCII,
        ),
        list("-+0123456789."),
    ),
    ("merge", re.compile(r"<<$"), ["<"]),
)


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - a dictionary of PyYAML's own

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:  # noqa: ANN401 - as PyYAML has it
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value!r} is a duplicate key", problem_mark=key.start_mark)
            seen.add(key.value)
        return node


for _name, _form, _first in _PLAIN:
    _Loader.add_implicit_resolver(_TAG + _name, _form, _first)


def read_yaml(text: str, origin: str) -> Any:  # noqa: ANN401 - any YAML
    """Return the content of a text as mappings, lists and plain values.

    >>> read_yaml("{on: [finish], edge: off, name: 2026-11-23, time: 12:00:00, seed: 010}", "night.yaml")
    {'on': ['finish'], 'edge': 'off', 'name': '2026-11-23', 'time': '12:00:00', 'seed': '010'}

    Raises:
        BadInput: the text is not YAML; the message names ``origin`` and the line.
    """
    try:
        loader = _Loader(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise BadInput(f"{origin} is no YAML: {where}{error.problem}") from error
    except yaml.YAMLError as error:
        raise BadInput(f"{origin} is no YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise BadInput(f"{origin} is no YAML: it is nested too deeply") from error

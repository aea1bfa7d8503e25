"""YAML as people write it: ``on``, ``off``, dates and times are texts, and a duplicate key is refused.

A file of a stranger takes little time and memory: its length, its depth, its number of values, and what its aliases
stand for are limited, and it makes plain values alone.

PyYAML reads YAML 1.1, in which ``on`` is true, ``12:00:00`` is 43200 and ``010`` is 8. This loader takes numbers, true
and false from YAML 1.2 (https://yaml.org/spec/1.2.2, section 10.3.2).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from cosmos_houdini.errors import BadInput
from cosmos_houdini.text_file import DEEPEST, LONGEST_NUMBER, MIB, half_character, read_text

LARGEST_FILE: Final = MIB
"""The most bytes of a YAML file."""

MOST_VALUES: Final = 20_000
"""The most keys and values of a text, each alias counted as all that it stands for."""

# A longer text counts as several values, or aliases of one long text could stand for gigabytes.
_TEXT_OF_A_VALUE: Final = 200
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


# Each kind of value that a text can hold. Other tags make sets, bytes and times, which nothing here takes.
_FORMS: Final = {name: form for name, form, _ in _PLAIN}
_KINDS: Final = frozenset({*_FORMS, "str", "seq", "map"})


# PyYAML has a type of its own for the marks of libyaml.
_Mark: TypeAlias = Any


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - a dictionary of PyYAML's own

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._values = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._values += 1
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self._values > MOST_VALUES:
            raise _too_many(mark)
        if self._depth > DEEPEST:
            raise _too_deep(mark)
        self._depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:  # noqa: ANN401 - as PyYAML has it
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value!r} is a duplicate key", problem_mark=key.start_mark)
            seen.add(key.value)
        return node

    def get_single_node(self) -> yaml.Node | None:
        node: yaml.Node | None = super().get_single_node()
        if node is not None:
            _weigh(node, {})
        return node


for _name, _form, _first in _PLAIN:
    _Loader.add_implicit_resolver(_TAG + _name, _form, _first)


def read_yaml_file(path: Path) -> Any:  # noqa: ANN401 - any YAML
    """Return the content of a YAML file.

    Raises:
        BadInput: the file cannot be read, is longer than LARGEST_FILE, or as for ``read_yaml``.
    """
    return read_yaml(read_text(path, LARGEST_FILE), str(path))


def read_yaml(text: str, origin: str) -> Any:  # noqa: ANN401 - any YAML
    """Return the content of a text as mappings, lists and plain values.

    >>> read_yaml("{on: [finish], edge: off, name: 2026-11-23, time: 12:00:00, seed: 010}", "night.yaml")
    {'on': ['finish'], 'edge': 'off', 'name': '2026-11-23', 'time': '12:00:00', 'seed': '010'}

    Raises:
        BadInput: the text is not YAML, or exceeds a limit; the message names ``origin``, the line and the limit.
    """
    if half := half_character(text):
        raise BadInput(f"{origin}: the text holds half of a character ({half})", allowed="characters of UTF-8")
    try:
        _refuse_many(text)
        loader = _Loader(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except _Refused as error:
        raise BadInput(f"{origin} cannot be used: {_place(error)}{error.problem}", allowed=error.allowed) from error
    except yaml.MarkedYAMLError as error:
        raise BadInput(f"{origin} is no YAML: {_place(error)}{error.problem}") from error
    except yaml.YAMLError as error:
        raise BadInput(f"{origin} is no YAML: {' '.join(str(error).split())}") from error


def _refuse_many(text: str) -> None:
    """Refuse too many values or too much depth by the scanner of libyaml, thirty times as fast, where PyYAML has it.

    The loader refuses them too. It also explains an error of the text, in its own words.
    """
    if not yaml.__with_libyaml__:
        return
    values, depth = 0, 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            values += isinstance(event, yaml.NodeEvent)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if values > MOST_VALUES:
                raise _too_many(event.start_mark)
            if depth > DEEPEST + 1:
                raise _too_deep(event.start_mark)
    except _Refused:
        raise
    except yaml.YAMLError:
        return


def _too_many(mark: _Mark) -> _Refused:
    return _refusal("it holds too many values", mark, f"at most {MOST_VALUES}")


def _too_deep(mark: _Mark) -> _Refused:
    return _refusal("it is nested too deeply", mark, f"at most {DEEPEST} levels")


class _Refused(yaml.MarkedYAMLError):
    """The text is YAML, and exceeds a limit."""

    allowed = ""


def _refusal(problem: str, mark: _Mark, allowed: str) -> _Refused:
    error = _Refused(problem=problem, problem_mark=mark)
    error.allowed = allowed
    return error


def _place(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    return f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""


def _weigh(node: yaml.Node, weights: dict[yaml.Node, int]) -> int:
    """Return how many values a node stands for, with its aliases written out; refuse what exceeds a limit.

    Args:
        node: from a text within the limits of depth and values.
        weights: of the nodes that were met before; 0 while a node is being weighed.
    """
    if node in weights:
        if not weights[node]:
            raise _refusal("it holds itself by an alias", node.start_mark, "an alias of what is finished before it")
        return weights[node]
    weights[node] = 0
    _check_tag(node)
    if isinstance(node, yaml.ScalarNode):
        weight = 1 + len(node.value) // _TEXT_OF_A_VALUE
    else:
        inner = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
        weight = 1 + sum(_weigh(part, weights) for part in inner)
    if weight > MOST_VALUES:
        raise _refusal("its aliases and texts stand for too much", node.start_mark, f"at most {MOST_VALUES} values")
    weights[node] = weight
    return weight


def _check_tag(node: yaml.Node) -> None:
    """Refuse a value whose written tag does not fit, and numbers and texts that cannot be used."""
    kind = node.tag.removeprefix(_TAG)
    if kind not in _KINDS:
        raise _refusal(f"a value has the tag {node.tag!r}", node.start_mark, "values without a tag")
    if not isinstance(node, yaml.ScalarNode):
        return
    if kind in _FORMS and not _FORMS[kind].match(node.value):
        raise _refusal(f"{node.value[:LONGEST_NUMBER]!r} is no {kind}", node.start_mark, "a value that fits its tag")
    if kind in {"int", "float"} and len(node.value) > LONGEST_NUMBER:
        raise _refusal(
            f"a number has {len(node.value)} characters", node.start_mark, f"at most {LONGEST_NUMBER} characters"
        )
    if character := half_character(node.value):
        raise _refusal(f"a text holds half of a character ({character})", node.start_mark, "characters of UTF-8")

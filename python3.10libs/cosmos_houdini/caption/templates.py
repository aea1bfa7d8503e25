"""Prompts from templates with placeholders, such as ``{subject} at {time}``: every combination of the words."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.model.caption import parse_caption
from cosmos_houdini.text_file import read_text

MOST_PROMPTS = 10_000
_LARGEST_FILE = 1 << 20
_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")


def expand_templates(templates: Sequence[str], words: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the prompts of templates, each once: the first placeholder of a template changes slowest.

    A template may be a structured caption; words then stay text inside its JSON.

    Args:
        templates: texts with names in braces.
        words: by name, the texts that take its place.

    >>> expand_templates(["{who} in {when}"], {"who": ["a cat", "a dog"], "when": ["fog"]})
    ('a cat in fog', 'a dog in fog')

    Raises:
        BadInput: a placeholder has no words, or there would be more than MOST_PROMPTS prompts.
    """
    found: dict[str, None] = {}
    for template in templates:
        names = list(dict.fromkeys(_PLACEHOLDER.findall(template)))
        for name in names:
            if not words.get(name):
                raise BadInput(
                    f"the template {template[:60]!r} has {{{name}}}, and nothing says what takes its place",
                    allowed=", ".join(words) or "none",
                    action=did_you_mean(name, words) or f"give --words {name}='one|another'",
                )
        # A template may begin with a placeholder, whose brace is none of JSON.
        is_caption = parse_caption(_PLACEHOLDER.sub("x", template), "the template") is not None
        for chosen in itertools.product(*(words[name] for name in names)):
            values = dict(zip(names, chosen, strict=True))
            found[_filled(template, values, is_caption=is_caption)] = None
            if len(found) > MOST_PROMPTS:
                raise BadInput(f"the templates make more than {MOST_PROMPTS} prompts", action="take fewer words")
    return tuple(found)


def parse_words(assignments: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the words of ``NAME=one|another`` or ``NAME=@FILE``; a wildcards file has one text a line, ``#`` a remark.

    Raises:
        BadInput: an assignment has no name or no words, or its file cannot be read.
    """
    found: dict[str, tuple[str, ...]] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z_]\w*", name.strip()):
            raise BadInput(f"--words {assignment!r}", allowed="NAME=one|another, or NAME=@FILE")
        lines = _lines(Path(text[1:])) if text.startswith("@") else text.split("|")
        values = tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))
        if not values:
            raise BadInput(f"--words {name} has no words", allowed="NAME=one|another, or NAME=@FILE")
        found[name.strip()] = values
    return found


def _lines(path: Path) -> list[str]:
    return [line for line in read_text(path, _LARGEST_FILE).splitlines() if not line.lstrip().startswith("#")]


def _filled(template: str, values: Mapping[str, str], *, is_caption: bool) -> str:
    def value(match: re.Match[str]) -> str:
        text = values[match[1]]
        return json.dumps(text, ensure_ascii=False)[1:-1] if is_caption else text

    return _PLACEHOLDER.sub(value, template)

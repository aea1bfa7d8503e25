"""Words that NVIDIA's guardrail blocks, named before a request is sent and a model is loaded for nothing.

The guardrail (auxiliary/guardrail/blocklist/blocklist.py upstream) reads lists of words from its own checkpoint, which
is gated. Where that checkpoint is in the cache of this machine, its lists hold; else the few words of public reports.
The guardrail joins neighbouring words, so that ``a desk in`` is blocked as ``deskin`` (cosmos-framework #177). It also
compares lemmas and nearly equal words, which only itself can tell, so a prompt without a finding may be blocked.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.model.hub_cache import find_snapshot
from cosmos_houdini.model.request import InferenceRequest

REPORTED = ("bleeding", "lifeless", "nike", "xbox", "deskin", "deskinned", "deskinning")
"""Words of public reports: TensorRT-LLM #17523, cosmos-transfer1 #170, cosmos-framework #177 and #197."""

_CHECKPOINTS = ("nvidia/Cosmos-Guardrail1", "nvidia/Cosmos-1.0-Guardrail")
_FUSED = 3
_LARGEST_LIST = 4 << 20
_WORD = re.compile(r"[^\W_]+")
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A place in a text that the guardrail blocks: its first character, from 0, and the entry that it matches."""

    start: int
    text: str
    entry: str


def blocklist_warnings(request: InferenceRequest) -> tuple[str, ...]:
    """Return a sentence for each text of a request that the guardrail would block, with the places."""
    words = known_words()
    told = []
    for name, text in (("prompt", request.prompt), ("negative prompt", request.negative_prompt)):
        found = list(find_blocked(text, words))
        places = [
            f"{one.text!r} at character {one.start + 1}"
            + (f" (read as {one.entry!r})" if one.entry != one.text.lower() else "")
            for one in found[:_SHOWN]
        ]
        if found:
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            told.append(f"the guardrail blocks the {name} for {', '.join(places)}{more}; use other words")
    return tuple(told)


def find_blocked(text: str, words: frozenset[str]) -> Iterator[Blocked]:
    """Yield every place of a text that matches an entry: a word, its plural, or up to three words joined.

    >>> [(one.text, one.entry) for one in find_blocked("a desk in fog", frozenset({"deskin"}))]
    [('desk in', 'deskin')]
    """
    tokens = list(_WORD.finditer(text))
    for index, first in enumerate(tokens):
        for last in tokens[index : index + _FUSED]:
            place = text[first.start() : last.end()]
            joined = "".join(token[0] for token in tokens[index : index + _FUSED] if token.end() <= last.end()).lower()
            spaced = " ".join(place.lower().split())
            singular = joined.removesuffix("s")
            entry = next((word for word in (joined, spaced, singular) if word in words), None)
            if entry:
                yield Blocked(start=first.start(), text=place, entry=entry)
                break


def known_words() -> frozenset[str]:
    """Return the words of the guardrail's lists in the cache of this machine, else those of public reports."""
    for name in _CHECKPOINTS:
        folder = find_snapshot(name)
        if folder and (folder / "blocklist").is_dir():
            return _read_lists(folder / "blocklist")
    return frozenset(REPORTED)


@functools.cache
def _read_lists(folder: Path) -> frozenset[str]:
    allowed = _words_of(folder / "whitelist")
    return (_words_of(folder / "custom") | _words_of(folder / "exact_match") | frozenset(REPORTED)) - allowed


def _words_of(folder: Path) -> frozenset[str]:
    """Return the words of every file of a folder, one a line."""
    texts: Mapping[Path, str] = {
        path: path.read_text(encoding="utf-8", errors="replace")
        for path in (sorted(folder.iterdir()) if folder.is_dir() else ())
        if path.is_file() and path.stat().st_size <= _LARGEST_LIST
    }
    return frozenset(
        " ".join(line.lower().split()) for text in texts.values() for line in text.splitlines() if line.strip()
    )

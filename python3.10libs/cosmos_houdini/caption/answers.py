"""The answers of a captioning model, merged to one caption with tags and a name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cosmos_houdini.caption.plain_words import plain_text
from cosmos_houdini.model.names import portable_name

MOST_TAGS = 12
NAME_WORDS = 3
# Answers that share so many of their words say the same.
_ALIKE = 0.6
_FOREIGN = 0.3
_LEAST_WORDS = 6

_TAGS = re.compile(r"(?im)^\W*tags?\W*:\s*(.+)$")
_NAME = re.compile(r"(?im)^\W*name\W*:\s*(.+)$")
_WORD = re.compile(r"[^\W\d_]{3,}")
_STOP = frozenset(
    """about above across all along also among and another are around away back been behind being below
    between both but camera can close color colors could does down each frame frames from front has have her his
    image images inside into its large left like made many more most near next not off one only other
    out over photo picture right scene seen several shot shown shows side sitting small some standing that the their
    them then there these they this three through top toward towards two under very video view visible was were
    what where which while who will with""".split()  # noqa: SIM905 - reads better than a list of a hundred lines
)
_ENGLISH = frozenset("a an the of in on at with and is are to from by over under it this there".split())  # noqa: SIM905


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The words of a model about some frames; confidence is 0 to 1, or None where the model gives none."""

    text: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A caption.

    Attributes:
        text: one paragraph.
        tags: words by which the shot can be found.
        name: a suggested name, fit for files; empty if the caption holds no word for one.
        confidence: mean confidence of the answers, 0 to 1; None where the model gives none.
        is_foreign: whether the caption seems to be in another language than English, which the engines expect.
    """

    text: str
    tags: tuple[str, ...]
    name: str
    confidence: float | None
    is_foreign: bool


def merge_answers(answers: Sequence[Answer]) -> Words:
    """Return one caption of answers about the frames of a shot, in their order.

    An answer that repeats one before is left out. Tags and name are those that the model gives, as lines ``Tags:`` and
    ``Name:``, or else the first telling words of the caption.
    """
    texts: list[str] = []
    for answer in answers:
        text = _caption(answer.text)
        if text and not any(_likeness(text, other) >= _ALIKE for other in texts):
            texts.append(text)
    caption = " ".join(text if text[-1] in ".!?" else f"{text}." for text in texts)
    caption = caption[:1].upper() + caption[1:]
    tags = _given_tags(answers) or _telling_words(caption)[:MOST_TAGS]
    known = [answer.confidence for answer in answers if answer.confidence is not None]
    return Words(
        text=caption,
        tags=tuple(tags),
        name=_given_name(answers) or portable_name("_".join(_telling_words(caption)[:NAME_WORDS])),
        confidence=sum(known) / len(known) if known else None,
        is_foreign=is_foreign(caption),
    )


def is_foreign(text: str) -> bool:
    """Whether a text seems to be in another language than English.

    >>> is_foreign("a red ball on the floor"), is_foreign("une balle rouge sur le sol gris clair"), is_foreign("赤い球")
    (False, True, True)
    """
    letters = [c for c in text if c.isalpha()]
    if letters and sum(not c.isascii() for c in letters) / len(letters) > _FOREIGN:
        return True
    words = text.lower().split()
    return len(words) >= _LEAST_WORDS and not any(word.strip(".,") in _ENGLISH for word in words)


def _caption(text: str) -> str:
    return plain_text(_NAME.sub("", _TAGS.sub("", text)))


def _given_tags(answers: Iterable[Answer]) -> list[str]:
    found = [tag for answer in answers if (match := _TAGS.search(answer.text)) for tag in match[1].split(",")]
    tags = [plain_text(tag, 40).strip(" .#*\"'").lower() for tag in found]
    return list(dict.fromkeys(filter(None, tags)))[:MOST_TAGS]


def _given_name(answers: Iterable[Answer]) -> str:
    found = next((match[1] for answer in answers if (match := _NAME.search(answer.text))), "")
    return portable_name(plain_text(found, 40).lower())


def _telling_words(caption: str) -> list[str]:
    words = (word.lower() for word in _WORD.findall(caption))
    return list(dict.fromkeys(word for word in words if word not in _STOP))


def _likeness(a: str, b: str) -> float:
    ours, theirs = (set(_WORD.findall(text.lower())) for text in (a, b))
    return len(ours & theirs) / max(1, len(ours | theirs))

"""A first prompt for a shot, from a caption, the facts of its scene and the user's own words; nothing is invented.

A fact that is not known is left out. Each part says where it comes from: ``model``, ``scene`` or ``user``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cosmos_houdini.caption.plain_words import plain_text, spoken_list, spoken_name
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.caption import check_caption, write_caption
from cosmos_houdini.model.prompt_length import MOST_TOKENS, MOST_WORDS, count_words, estimate_tokens, fits

Source = Literal["model", "scene", "user"]
PromptFormat = Literal["text", "cosmos3"]
FORMATS: tuple[PromptFormat, ...] = ("text", "cosmos3")
MOST_NAMES = 8
MOST_MOVES = 3

# The parts of a plain prompt that are left out first where it is too long.
_DISPENSABLE = ("context", "cinematography.camera_angle", "lighting.conditions", "subjects", "cinematography.framing")


def check_format(word: str) -> PromptFormat:
    """Return a format by its name.

    Raises:
        BadInput: there is no such format.
    """
    for known in FORMATS:
        if word == known:
            return known
    raise BadInput(f"no prompt format {word!r}", allowed=", ".join(FORMATS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Everything that is known about a shot.

    Attributes:
        caption: the words of a captioning model; empty without one.
        style: the user's own words; empty without any.
        facts: ``scene.facts`` of ``metadata.json``; None without a scene.
        objects: names of the objects that the segmentation shows, the largest first where sizes are known.
        framing: the framing in words; empty where it is unknown.
    """

    caption: str = ""
    style: str = ""
    facts: Mapping[str, Any] | None = None
    objects: tuple[str, ...] = ()
    framing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a prompt.

    Attributes:
        key: where it stands in a caption of Cosmos 3, as in ``cinematography.framing``.
        text: its words.
        source: where they come from.
    """

    key: str
    text: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenPrompt:
    """A prompt with the origin of its parts; ``left_out`` has the keys of parts for which there was no room."""

    format: PromptFormat
    text: str
    parts: tuple[Part, ...]
    left_out: tuple[str, ...] = field(default=())

    def document(self) -> dict[str, Any]:
        """Return the prompt as ``write-prompt --json`` prints it."""
        return {
            "format": self.format,
            "prompt": self.text,
            "parts": [{"key": part.key, "text": part.text, "source": part.source} for part in self.parts],
            "left_out": list(self.left_out),
            "words": count_words(self.text),
            "tokens": estimate_tokens(self.text),
        }


def write_prompt(known: Known, format_: PromptFormat = "text") -> WrittenPrompt:
    """Return a first prompt.

    Args:
        known: everything that is known about the shot.
        format_: ``cosmos3`` for a structured caption, ``text`` for a paragraph of at most 300 words and 512 tokens.

    Raises:
        BadInput: nothing says what the picture shows, or the user's own words are too long.
    """
    parts = tuple(_parts(known))
    if not any(part.key in {"temporal_caption", "subjects", "style_medium"} for part in parts):
        raise BadInput(
            "nothing says what the shot shows: there is no caption, no named object and no style",
            action="run `cosmos-houdini caption` first, or say it in your own words (--style)",
        )
    return _structured(parts) if format_ == "cosmos3" else _paragraph(parts)


def describe_camera(known: Known) -> dict[str, str]:
    """Return what is known of the camera, by the keys of ``cinematography`` in a caption of Cosmos 3."""
    parts = (part for part in _parts(known) if part.key.startswith("cinematography."))
    return {part.key.partition(".")[2]: part.text for part in parts}


def _parts(known: Known) -> Iterator[Part]:
    facts = known.facts or {}
    if caption := plain_text(known.caption):
        yield Part(key="temporal_caption", text=caption, source="model")
    if style := plain_text(known.style):
        yield Part(key="style_medium", text=style, source="user")
    for name in _names(known.objects or tuple(facts.get("objects") or ())):
        yield Part(key="subjects", text=name, source="scene")
    if lighting := _lighting(facts):
        yield Part(key="lighting.conditions", text=lighting, source="scene")
    if lens := facts.get("lens"):
        text = f"{lens['focal_mm']:g} mm" + (f", {lens['words']}" if lens["words"] else "")
        yield Part(key="cinematography.lens_focal_length", text=text, source="scene")
    if move := facts.get("camera_move"):
        yield Part(key="cinematography.camera_motion", text=_motion(move), source="scene")
    if known.framing:
        yield Part(key="cinematography.framing", text=known.framing, source="scene")
    if angle := facts.get("camera_angle"):
        yield Part(key="cinematography.camera_angle", text=angle, source="scene")
    if materials := _materials(facts):
        yield Part(key="context", text=f"materials: {materials}", source="scene")


def _names(names: tuple[str, ...]) -> list[str]:
    """Return object names as words, each once."""
    return list(dict.fromkeys(filter(None, map(spoken_name, names))))[:MOST_NAMES]


def _motion(move: Mapping[str, Any]) -> str:
    """Return what the camera does, without amounts, which no model knows the unit of."""
    if not move["moves"]:
        return "static camera"
    if move["word"] == "dolly zoom":
        return "dolly zoom"
    words = [
        ("handheld camera" if one["word"] == "handheld" else f"the camera {one['direction']}")
        + (" and back" if one["comes_back"] else "")
        for one in move["moves"][:MOST_MOVES]
    ]
    return ", ".join(words).replace(", the camera", ",")


def _lighting(facts: Mapping[str, Any]) -> str:
    """Return time of day and lights, as in ``golden hour, lit by the sun and two area lights``."""
    counts: dict[str, int] = {}
    for light in facts.get("lights") or ():
        counts[light["kind"]] = counts.get(light["kind"], 0) + 1
    lights = [_light_words(kind, count) for kind, count in counts.items()]
    lit = f"lit by {spoken_list(lights)}" if lights else ""
    return ", ".join(filter(None, (facts.get("time_of_day"), lit)))


def _light_words(kind: str, count: int) -> str:
    if kind in {"sun", "sky"}:
        return f"the {kind}"
    word = "light" if kind == "light" else f"{kind} light"
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {word}" if count == 1 else f"{count} {word}s"


def _materials(facts: Mapping[str, Any]) -> str:
    found = [
        " ".join((*material["looks"], name))
        for material in facts.get("materials") or ()
        if (name := spoken_name(material["name"]))
    ]
    return spoken_list(list(dict.fromkeys(found))[:MOST_NAMES])


def _structured(parts: tuple[Part, ...]) -> WrittenPrompt:
    """Return the caption of Cosmos 3; its size and length are added by the plan of a run."""
    caption: dict[str, Any] = {}
    for part in parts:
        outer, _, inner = part.key.partition(".")
        if outer == "subjects":
            caption.setdefault(outer, []).append({"description": part.text})
        elif inner:
            caption.setdefault(outer, {})[inner] = part.text
        else:
            caption[outer] = part.text
    return WrittenPrompt(format="cosmos3", text=write_caption(check_caption(caption)), parts=parts)


def _paragraph(parts: tuple[Part, ...]) -> WrittenPrompt:
    """Return a paragraph; parts of the scene that it can do without go first, and then the end of the caption."""
    kept, left_out = list(parts), []
    for key in _DISPENSABLE:
        if fits(_sentences(kept)):
            break
        if any(part.key == key for part in kept):
            kept = [part for part in kept if part.key != key]
            left_out.append(key)
    while not fits(_sentences(kept)):
        index = next((i for i, part in enumerate(kept) if part.key == "temporal_caption"), None)
        if index is None:
            raise _too_long(_sentences(kept))
        shorter = kept[index].text.rpartition(" ")[0]
        kept[index : index + 1] = [Part(key="temporal_caption", text=shorter, source="model")] if shorter else []
        left_out = list(dict.fromkeys((*left_out, "temporal_caption")))
    return WrittenPrompt(format="text", text=_sentences(kept), parts=tuple(kept), left_out=tuple(left_out))


def _too_long(text: str) -> BadInput:
    return BadInput(
        f"the prompt has {count_words(text)} words and about {estimate_tokens(text)} tokens",
        allowed=f"at most {MOST_WORDS} words and {MOST_TOKENS} tokens; the models drop the rest",
        action="shorten --style",
    )


def _sentences(parts: list[Part]) -> str:
    by_key: dict[str, list[str]] = {}
    for part in parts:
        by_key.setdefault(part.key, []).append(part.text)
    subjects = by_key.get("subjects", [])
    shown = [] if by_key.get("temporal_caption") else [f"the shot shows {spoken_list(subjects)}"] if subjects else []
    named = [f"in view: {spoken_list(subjects)}"] if subjects and by_key.get("temporal_caption") else []
    camera = [
        *by_key.get("cinematography.framing", []),
        *by_key.get("cinematography.camera_angle", []),
        *by_key.get("cinematography.lens_focal_length", []),
    ]
    texts = [
        *by_key.get("temporal_caption", []),
        *shown,
        *by_key.get("style_medium", []),
        *named,
        *by_key.get("lighting.conditions", []),
        ", ".join(camera),
        *by_key.get("cinematography.camera_motion", []),
        *by_key.get("context", []),
    ]
    return " ".join(_sentence(text) for text in texts if text)


def _sentence(text: str) -> str:
    ended = text if unicodedata.category(text[-1]) == "Po" else f"{text}."
    return ended[0].upper() + ended[1:]

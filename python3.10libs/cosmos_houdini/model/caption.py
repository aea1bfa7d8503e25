"""Captions: prompts of Cosmos 3 as JSON objects, in the form in which the model was trained.

The keys are those of cosmos_framework/inference/prompting_templates in github.com/NVIDIA/cosmos-framework at commit
5eee9ed (the schemas for text and for a first picture). A text that is no JSON object is a plain prompt, which every
engine takes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.json_text import read_json

LARGEST_CAPTION: Final = 1 << 20
"""The most characters of a prompt; the text encoder reads far fewer."""

_FENCE: Final = re.compile(r"^\s*(```|~~~)")
_LOOKS_LIKE_JSON: Final = re.compile(r'^\s*(\{|\[\s*["{\[])')

Kind = Literal["text", "number", "texts"]
_SUBJECT: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(
        (
            *("description", "appearance_details", "relationship", "location", "relative_size", "orientation", "pose"),
            *("action", "state_changes", "clothing", "expression", "gender", "age", "skin_tone_and_texture"),
            "facial_features",
        ),
        "text",
    ),
    **dict.fromkeys(("number_of_subjects", "number_of_arms", "number_of_legs"), "number"),
}
_OBJECTS: Final[Mapping[str, Mapping[str, Kind]]] = {
    "lighting": dict.fromkeys(("conditions", "direction", "shadows", "illumination_effect"), "text"),
    "aesthetics": dict.fromkeys(("composition", "color_scheme", "mood_atmosphere", "patterns"), "text"),
    "cinematography": dict.fromkeys(
        ("camera_motion", "framing", "camera_angle", "depth_of_field", "focus", "lens_focal_length"), "text"
    ),
    "resolution": {"H": "number", "W": "number"},
}
_LISTS: Final[Mapping[str, Mapping[str, Kind]]] = {
    "subjects": _SUBJECT,
    "actions": dict.fromkeys(("time", "description"), "text"),
    "text_and_signage_elements": dict.fromkeys(
        ("text", "category", "appearance", "spatial_temporal", "context"), "text"
    ),
    "segments": {
        "segment_index": "number",
        **dict.fromkeys(("time_range", "description", "key_changes", "camera"), "text"),
    },
}
_PLAIN: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(
        (
            *("scene_imagination", "temporal_caption", "background_setting", "style_medium", "artistic_style"),
            *("context", "audio_description", "physical_realism", "aspect_ratio", "duration"),
        ),
        "text",
    ),
    "fps": "number",
    "transitions": "texts",
}
KEYS: Final = tuple({**_LISTS, **_OBJECTS, **_PLAIN})
"""Every key of a caption, at its top level."""
FACTS: Final = ("resolution", "aspect_ratio", "duration", "fps")
"""The keys that the plan of a run decides."""
CINEMATOGRAPHY: Final = tuple(_OBJECTS["cinematography"])
_CONTENT: Final = tuple(key for key in KEYS if key not in {*FACTS, "cinematography"})

# The keys that say what a picture shows, in the order in which a plain prompt tells them.
_PROSE: Final = ("temporal_caption", "background_setting", "style_medium", "artistic_style")

Caption = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotFacts:
    """The facts of a shot that a caption holds.

    Attributes:
        size: width and height in pixels of the generated picture.
        aspect_ratio: as Cosmos 3 spells it, such as ``16,9``.
        frames: the number of frames of the result.
        fps: frames a second.
    """

    size: tuple[int, int]
    aspect_ratio: str
    frames: int
    fps: float


def parse_caption(prompt: str, origin: str = "the prompt") -> Caption | None:
    """Return the caption that a prompt holds, or None for a plain text.

    >>> parse_caption('{"temporal_caption": "A boat drifts."}'), parse_caption("A boat drifts.")
    ({'temporal_caption': 'A boat drifts.'}, None)

    Args:
        prompt: a text, or a JSON object as text.
        origin: names the prompt in errors.

    Raises:
        BadInput: the prompt is a JSON text in Markdown fences or broken JSON, or a caption has a wrong key or value.
    """
    if len(prompt) > LARGEST_CAPTION:
        raise BadInput(f"{origin} has {len(prompt)} characters", allowed=f"at most {LARGEST_CAPTION}")
    if _FENCE.match(prompt):
        # The framework takes such a text for plain words: the facts of the shot are not put in, and the result suffers
        # (github.com/NVIDIA/cosmos, issue 208).
        raise BadInput(
            f"{origin} stands in Markdown fences", action="leave out the lines with ``` and give the JSON alone"
        )
    if not _LOOKS_LIKE_JSON.match(prompt):
        return None
    return check_caption(read_json(prompt, origin), origin)


def check_prompt(prompt: str, origin: str = "the prompt") -> Caption | None:
    """Return the caption of a prompt as ``parse_caption`` does, and refuse an empty prompt.

    Raises:
        BadInput: as for ``parse_caption``, or the prompt is empty.
    """
    if not prompt.strip():
        raise BadInput(f"{origin} is empty")
    return parse_caption(prompt, origin)


def check_caption(found: object, origin: str = "the caption") -> Caption:
    """Return a caption after a check of its keys and values; no key is required but one that says what is seen.

    Raises:
        BadInput: it is no JSON object, a key is unknown, a value has another type, or nothing in it says what is seen.
    """
    if not isinstance(found, dict):
        raise BadInput(f"{origin} is a JSON {_type_name(found)}", allowed="a JSON object, or a plain text")
    _refuse_unknown(found, KEYS, origin)
    for key, value in found.items():
        where = f"{origin}: {key}"
        if key in _OBJECTS:
            # The reasoner of Cosmos 3 writes a resolution as a text.
            if key == "resolution" and isinstance(value, str):
                continue
            _check_object(value, _OBJECTS[key], where)
        elif key in _LISTS:
            for index, one in enumerate(_list(value, where)):
                _check_object(one, _LISTS[key], f"{where}[{index}]")
        else:
            _check_value(value, _PLAIN[key], where)
    if not any(found.get(key) for key in _CONTENT):
        raise BadInput(f"{origin} says nothing of what is seen", allowed=f"at least one of {', '.join(_CONTENT)}")
    return found


def write_caption(caption: Mapping[str, Any]) -> str:
    """Return a caption as the text of a prompt; the keys are in the order of the schema."""
    ordered = {key: caption[key] for key in sorted(caption, key=KEYS.index)}
    return json.dumps(ordered, ensure_ascii=False, allow_nan=False)


def describe_shot(caption: Mapping[str, Any], facts: ShotFacts) -> Caption:
    """Return a caption with the facts of a shot, which replace what it says of them.

    >>> facts = ShotFacts(size=(1280, 720), aspect_ratio="16,9", frames=121, fps=24)
    >>> describe_shot({"temporal_caption": "A boat."}, facts)["duration"]
    '5s'
    """
    return {
        **caption,
        "resolution": {"H": facts.size[1], "W": facts.size[0]},
        "aspect_ratio": facts.aspect_ratio,
        # As the framework writes them (_format_json_prompt_with_template of inference.py).
        "duration": f"{int(facts.frames / facts.fps)}s",
        "fps": float(facts.fps),
    }


def add_cinematography(caption: Mapping[str, Any], found: Mapping[str, str]) -> Caption:
    """Return a caption with camera facts; what the caption itself says of the camera stays.

    Args:
        caption: a checked caption.
        found: texts by the keys of CINEMATOGRAPHY.
    """
    said = {key: value for key, value in caption.get("cinematography", {}).items() if value}
    merged = {key: text for key, text in {**found, **said}.items() if text}
    return {**caption, "cinematography": merged} if merged else dict(caption)


def caption_of_text(text: str) -> Caption:
    """Return the caption that a plain prompt makes: its words tell the whole video."""
    return {"temporal_caption": text.strip()}


def plain_prompt(caption: Mapping[str, Any]) -> str:
    """Return a caption as a plain prompt, for engines that read words alone.

    >>> plain_prompt({"temporal_caption": "A boat drifts.", "lighting": {"conditions": "Fog"}, "fps": 24})
    'A boat drifts. Fog.'
    """
    subjects = [subject.get("description", "") for subject in caption.get("subjects", ())]
    texts = [
        caption.get("temporal_caption", ""),
        *([] if caption.get("temporal_caption") else subjects),
        *(caption.get(key, "") for key in _PROSE[1:]),
        *(text for key in ("lighting", "aesthetics", "cinematography") for text in caption.get(key, {}).values()),
    ]
    return " ".join(f"{text.strip().rstrip('.')}." for text in texts if text and text.strip())


def _check_object(value: object, keys: Mapping[str, Kind], where: str) -> None:
    if not isinstance(value, dict):
        raise BadInput(f"{where} is a JSON {_type_name(value)}", allowed=f"an object with {', '.join(keys)}")
    _refuse_unknown(value, tuple(keys), where)
    for key, one in value.items():
        _check_value(one, keys[key], f"{where}.{key}")


def _check_value(value: object, kind: Kind, where: str) -> None:
    if kind == "texts":
        for index, one in enumerate(_list(value, where)):
            _check_value(one, "text", f"{where}[{index}]")
    elif kind == "text" and not isinstance(value, str):
        raise BadInput(f"{where} is a JSON {_type_name(value)}", allowed="a text; an empty one where there is nothing")
    elif kind == "number" and not _is_number(value):
        raise BadInput(f"{where} = {json.dumps(value)[:80]}", allowed="a number of at least 0")


def _is_number(value: object) -> bool:
    # A language model that writes a caption often writes a number as a text.
    if isinstance(value, str):
        return value.strip().replace(".", "", 1).isdigit()
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9  # noqa: PLR2004 - NaN fails


def _list(value: object, where: str) -> Sequence[object]:
    if not isinstance(value, list):
        raise BadInput(f"{where} is a JSON {_type_name(value)}", allowed="a list; an empty one where there is nothing")
    return value


def _refuse_unknown(found: Mapping[str, object], known: Sequence[str], where: str) -> None:
    for key in found:
        if key not in known:
            raise BadInput(
                f"{where} has the unknown key {key!r}", allowed=", ".join(known), action=did_you_mean(key, known)
            )


_NAMES: Final[Mapping[type, str]] = {dict: "object", list: "list", str: "text", bool: "truth value", type(None): "null"}


def _type_name(value: object) -> str:
    return _NAMES.get(type(value), "number")

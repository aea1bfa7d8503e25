"""Read a spec of Cosmos-Transfer1, Cosmos-Transfer2.5 or Cosmos 3 as a prompt spec and a run spec.

The keys are those of upstream's own parsers: ``load_controlnet_specs`` of cosmos-transfer1, ``InferenceArguments`` of
cosmos-transfer2.5 and ``OmniSampleOverrides`` of cosmos-framework.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cosmos_houdini.engines.cosmos3.hints import CONTROLS
from cosmos_houdini.engines.registry import find_engine
from cosmos_houdini.errors import BadInput
from cosmos_houdini.json_text import read_json_file
from cosmos_houdini.model.caption import LARGEST_CAPTION
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.names import portable_name
from cosmos_houdini.model.spec import PromptSpec, RunSpec
from cosmos_houdini.specs.values import validate_spec
from cosmos_houdini.text_file import read_text

NO_VIDEO_SIGMA: Final = 80.0
"""The noise of Transfer1 at which nothing of the colour video is left, so that any video will do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The keys of one program.

    Attributes:
        engine: the engine that runs such a spec.
        video: the key of the colour video.
        control: the key, in a control, of its video.
        weight: the key, in a control, of its weight.
        controls: the controls by their keys.
        default_weight: of a control that names none.
        mask: the key, in a control, of its mask; empty where the program has none.
        marks: keys that no other program has.
        control_marks: keys in a control by which a file without such a mark belongs to this program.
    """

    engine: str
    video: str
    control: str
    weight: str
    controls: Mapping[str, Control]
    default_weight: float
    mask: str = ""
    marks: frozenset[str] = frozenset()
    control_marks: frozenset[str] = frozenset()


_PARAMETERS: Final = {"input_control_prompt": "seg_prompt", "control_prompt": "seg_prompt", "ckpt_path": "ckpt_path"}
"""The keys of a control that are parameters of ours."""
_REGION_MASK: Final = "region_definitions_path"
_OWN_NAMES = {str(kind): kind for kind in Control}
DIALECTS: Final = (
    Dialect(
        engine="cosmos3",
        video="vision_path",
        control="control_path",
        weight="weight",
        controls=CONTROLS,
        default_weight=1.0,
        marks=frozenset({"vision_path", "model_mode", "blur", "wsm", "control_guidance", "aspect_ratio"}),
    ),
    Dialect(
        engine="transfer2.5",
        video="video_path",
        control="control_path",
        weight="control_weight",
        controls=_OWN_NAMES,
        default_weight=1.0,
        mask="mask_path",
        marks=frozenset({"video_path", "image_context_path", "guided_generation_mask"}),
        control_marks=frozenset({"control_path"}),
    ),
    Dialect(
        engine="transfer1",
        video="input_video_path",
        control="input_control",
        weight="control_weight",
        controls=_OWN_NAMES,
        default_weight=0.5,
    ),
)
"""The first one with a mark in a file reads it; the last one reads a file without marks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A spec of upstream's in our files.

    Attributes:
        spec: the prompt spec.
        run: the run spec, with the engine, the weights and the parameters.
        left_out: each key that cannot be expressed, with its value, and each change, as sentences.
    """

    spec: PromptSpec
    run: RunSpec
    left_out: tuple[str, ...]


@dataclass(slots=True)
class _Reading:
    """The part of a file that has been read so far."""

    file: Path
    dialect: Dialect
    spec: dict[str, Any] = field(default_factory=lambda: {"controls": {}, "masks": {}, "regions": {}})
    weights: dict[str, float] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def leave_out(self, key: str, value: object) -> None:
        text = repr(value)
        self.left_out.append(f"{key} = {text if len(text) <= 60 else f'{text[:57]}...'} cannot be expressed")  # noqa: PLR2004

    def path(self, text: str) -> Path:
        """Return a path as upstream would find it: from the file's folder, or from the checkout that the file is in."""
        folders = [self.file.absolute().parent, *self.file.absolute().parent.parents]
        return next((folder / text for folder in folders if (folder / text).exists()), folders[0] / text)


def import_upstream(file: Path) -> Imported:
    """Read a file of one upstream spec; videos that it names need not be there yet.

    Raises:
        BadInput: it is no JSON object, or has no prompt or no control that can be expressed.
    """
    document = read_json_file(file)
    if not isinstance(document, Mapping):
        raise BadInput(f"{file} is no spec of Cosmos", allowed="a JSON object with a prompt and controls")
    reading = _Reading(file, _dialect(document))
    for key, value in document.items():
        _read_key(reading, key, value)
    if not reading.spec["controls"] and not reading.weights:
        raise BadInput(
            f"{file}: no control can be expressed: {'; '.join(reading.left_out) or 'there is none'}",
            allowed=", ".join(reading.dialect.controls),
        )
    _complete(reading)
    spec = validate_spec(PromptSpec, reading.spec, str(file))
    run = {
        "name": spec.name,
        "engine": reading.dialect.engine,
        "spec": spec,
        "weights": reading.weights,
        "parameters": reading.parameters,
    }
    missing = [f"{path} is no file yet" for path in _paths(spec) if not path.is_file()]
    return Imported(
        spec=spec, run=validate_spec(RunSpec, run, str(file)), left_out=(*reading.left_out, *dict.fromkeys(missing))
    )


def _dialect(document: Mapping[str, Any]) -> Dialect:
    inner = {key for value in document.values() if isinstance(value, Mapping) for key in value}
    of_keys = (dialect for dialect in DIALECTS if dialect.marks & document.keys())
    of_controls = (dialect for dialect in DIALECTS if dialect.control_marks & inner)
    return next(of_keys, None) or next(of_controls, DIALECTS[-1])


def _read_key(reading: _Reading, key: str, value: Any) -> None:  # noqa: ANN401 - whatever a file holds
    dialect, spec = reading.dialect, reading.spec
    if key in {"prompt", "negative_prompt"} and isinstance(value, str):
        spec[key] = value
    elif key == "prompt_path" and isinstance(value, str):
        spec.setdefault("prompt", read_text(reading.path(value), LARGEST_CAPTION).strip())
    elif key == "name" and isinstance(value, str):
        spec["name"] = portable_name(value)
    elif key == dialect.video:
        if value:
            spec["input_video"] = reading.path(str(value))
    elif key in dialect.controls and isinstance(value, Mapping):
        _read_control(reading, dialect.controls[key], key, value)
    elif not (_read_extra(reading, key, value) or _read_parameter(reading, key, value)):
        reading.leave_out(key, value)


def _read_extra(reading: _Reading, key: str, value: Any) -> bool:  # noqa: ANN401 - as above
    """Read a mask, a picture with the look, or regions; return whether the key is one of them."""
    if key == "image_context_path" and isinstance(value, str):
        reading.spec["image_context"] = reading.path(value)
    elif key == "guided_generation_mask" and str(value).endswith(".mp4"):
        reading.spec[key] = reading.path(value)
    elif key == "regional_prompts" and isinstance(value, list):
        for number, region in enumerate(value, start=1):
            _read_region(reading, f"{key}[{number}]", region)
    else:
        return False
    return True


def _read_parameter(reading: _Reading, key: str, value: object) -> bool:
    known = find_engine(reading.dialect.engine).parameters.get(key)
    if known is None:
        return False
    try:
        reading.parameters[key] = known.check_value(value)
    except BadInput:
        return False
    return True


def _read_control(reading: _Reading, control: Control, name: str, values: Mapping[str, Any]) -> None:
    kind, dialect = str(control), reading.dialect
    weight = values.get(dialect.weight)
    for key, value in values.items():
        if key == dialect.control and isinstance(value, str):
            reading.spec["controls"][kind] = reading.path(value)
        elif key == dialect.mask and isinstance(value, str):
            reading.spec["masks"][kind] = reading.path(value)
        elif key in _PARAMETERS and isinstance(value, str) and _read_parameter(reading, _PARAMETERS[key], value):
            continue
        elif key != dialect.weight:
            reading.leave_out(f"{name}.{key}", value)
    try:
        number = dialect.default_weight if weight is None else float(weight)
    except (TypeError, ValueError):
        reading.leave_out(f"{name}.{dialect.weight}", weight)
        number = dialect.default_weight
    if not 0 <= number <= 1:
        reading.leave_out(f"{name}.{dialect.weight}", weight)
        number = 1.0 if number > 1 else 0.0
    reading.weights[kind] = number


def _read_region(reading: _Reading, name: str, region: object) -> None:
    if not isinstance(region, Mapping):
        reading.leave_out(name, region)
        return
    prompt, mask, regions = region.get("prompt"), region.get(_REGION_MASK), reading.spec["regions"]
    taken: set[str] = set()
    # The regions of a prompt spec have their prompts as keys, so that a prompt can stand once.
    if isinstance(prompt, str) and prompt not in regions and isinstance(mask, str) and mask.endswith(".mp4"):
        regions[prompt] = reading.path(mask)
        taken = {"prompt", _REGION_MASK}
    for key, value in region.items():
        if key not in taken:
            reading.leave_out(f"{name}.{key}", value)


def _complete(reading: _Reading) -> None:
    """Fill in what upstream takes from elsewhere: the name from the file, and a video where none decides anything."""
    spec = reading.spec
    spec.setdefault("name", portable_name(reading.file.stem) or "shot")
    if "prompt" not in spec:
        raise BadInput(f"{reading.file} has no prompt", action="add one: upstream's own says nothing about the shot")
    if "input_video" not in spec:
        kind, video = next(iter(spec["controls"].items()), ("", None))
        if video is None:
            raise BadInput(f"{reading.file} names no video", allowed=f"{reading.dialect.video} or a control with one")
        spec["input_video"] = video
        reading.left_out.append(f"there is no {reading.dialect.video}: the {kind} video stands for it")
        if "sigma_max" in find_engine(reading.dialect.engine).parameters:
            reading.parameters["sigma_max"] = NO_VIDEO_SIGMA


def _paths(spec: PromptSpec) -> Iterator[Path]:
    yield spec.input_video
    yield from spec.controls.values()
    yield from spec.masks.values()
    yield from spec.regions.values()
    yield from (path for path in (spec.guided_generation_mask, spec.image_context) if path)

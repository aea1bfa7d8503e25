"""Parsing of options of the form ``KEY=VALUE``; errors name each mistake."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.parameter import Parameter, ParameterValue

CONTROLS = tuple(str(control) for control in Control)
WEIGHTS_ORDER = (Control.VIS, Control.EDGE, Control.DEPTH, Control.SEG)
"""The four controls of ``--weights``. The order never changes; ``--weight`` names any control."""


def parse_assignments(option: str, texts: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Split ``KEY=VALUE`` texts.

    Raises:
        BadInput: no ``KEY=VALUE``, or a key that is unknown or repeated.
    """
    allowed = list(known)
    pairs: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not value:
            raise BadInput(f"{option} {text!r}", allowed="KEY=VALUE")
        if key not in allowed:
            raise BadInput(
                f"{option}: unknown name {key!r}", allowed=", ".join(allowed), action=did_you_mean(key, allowed)
            )
        if key in pairs:
            raise BadInput(f"{option} names {key} twice: {pairs[key]!r} and {value!r}")
        pairs[key] = value
    return pairs


def parse_parameters(settings: Iterable[str], known: Mapping[str, Parameter]) -> dict[str, ParameterValue]:
    """Return the values of ``--set KEY=VALUE`` options, each in its parameter's type.

    Raises:
        BadInput: as for ``parse_assignments``, or a value that the parameter refuses.
    """
    return {key: known[key].parse_value(text) for key, text in parse_assignments("--set", settings, known).items()}


def parse_controls(texts: Iterable[str], option: str = "--control") -> dict[Control, Path]:
    """Return the videos of ``--control KIND=VIDEO`` options; errors as for ``parse_assignments``."""
    return {Control(kind): Path(video) for kind, video in parse_assignments(option, texts, CONTROLS).items()}


def parse_masks(texts: Iterable[str]) -> dict[Control, Path]:
    """Return the videos of ``--mask KIND=VIDEO`` options; errors as for ``parse_assignments``."""
    return parse_controls(texts, "--mask")


def parse_regions(texts: Iterable[str]) -> dict[str, Path]:
    """Return the masks of ``--region PROMPT=VIDEO`` options by prompt; the last ``=`` ends the prompt.

    Raises:
        BadInput: no ``PROMPT=VIDEO``, or a prompt that is repeated.
    """
    regions: dict[str, Path] = {}
    for text in texts:
        prompt, _, video = text.rpartition("=")
        if not prompt.strip() or not video or prompt in regions:
            raise BadInput(f"--region {text!r}", allowed="PROMPT=VIDEO, each prompt once")
        regions[prompt] = Path(video)
    return regions


def parse_weights(four: Sequence[float] | None, named: Iterable[str]) -> dict[Control, float]:
    """Return the weights of ``--weights VIS EDGE DEPTH SEG`` and of ``--weight KIND=NUMBER`` options.

    Raises:
        BadInput: as for ``parse_assignments``, a weight that is no number, or a control that both options name.
    """
    weights = dict(zip(WEIGHTS_ORDER, four, strict=True)) if four else {}
    for name, text in parse_assignments("--weight", named, CONTROLS).items():
        control = Control(name)
        if control in weights:
            raise BadInput(
                f"--weight {name}={text} and --weights {weights[control]:g} both give a weight to {name}",
                action="leave one of them out",
            )
        try:
            weights[control] = float(text)
        except ValueError:
            raise BadInput(f"--weight {name} = {text!r}", allowed="a number from 0 to 1") from None
    return weights

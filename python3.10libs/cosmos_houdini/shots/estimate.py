"""The cost of a shot before a frame is read: chunks, padding, time and money of a frame count and size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cosmos_houdini.config import Config
from cosmos_houdini.engines import find_engine
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.expectation import Expectation, expect
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.parameter import ParameterValue, resolve
from cosmos_houdini.model.request import Clip, ControlInput, FramePlan, InferenceRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateOptions:
    """A shot that is not encoded yet.

    Attributes:
        frames: how many.
        size: width and height in pixels, as rendered.
        fps: frames a second.
        engine: None for the configured one.
        host: None for the configured one.
        weights: of the controls that take part, 0 to 1.
        parameters: of the engine; all others have their defaults.
        num_gpu: GPUs of one inference.
    """

    frames: int
    size: tuple[int, int] = (1280, 704)
    fps: float = 24.0
    engine: str | None = None
    host: str | None = None
    weights: Mapping[Control, float] = field(default_factory=dict)
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    num_gpu: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The cost of a shot.

    Attributes:
        engine: that would make it.
        host: where.
        plan: chunks and padding.
        expected: time and money.
        warnings: the engine's, as sentences; the reason alone where it would refuse the shot.
        is_possible: whether the engine would run it.
    """

    engine: str
    host: str
    plan: FramePlan
    expected: Expectation
    warnings: tuple[str, ...]
    is_possible: bool

    def document(self) -> dict[str, Any]:
        """Return the estimate as JSON data."""
        plan = self.plan
        return {
            "engine": self.engine,
            "host": self.host,
            "frames": plan.frames,
            "size": list(plan.size),
            "chunks": plan.chunks,
            "frames_per_chunk": plan.frames_per_chunk,
            "padding": plan.padding,
            "estimate_s": self.expected.seconds,
            "cost": self.expected.cost,
            "currency": self.expected.currency,
            "warnings": list(self.warnings),
            "is_possible": self.is_possible,
        }


def estimate_shot(config: Config, options: EstimateOptions) -> Estimate:
    """Return what a shot would cost; no frame is read, nothing is encoded, and no host is reached.

    Raises:
        BadInput: the engine, the host, a parameter or the number of frames cannot be used.
    """
    if options.frames < 1 or min(options.size) < 1:
        raise BadInput(
            f"{options.frames} frames of {options.size[0]}x{options.size[1]} are no shot",
            action="set the last frame to the first one or later",
        )
    name, _ = config.settings.host(options.host)
    engine = find_engine(options.engine or config.settings.defaults.engine)
    clip = Clip(path=Path(), sha256="", frames=options.frames, size=options.size, fps=options.fps)
    controls = [
        ControlInput(kind=kind, weight=weight, clip=clip)
        for kind in Control
        if (weight := options.weights.get(kind, 0.0)) > 0
    ]
    request = InferenceRequest(
        name="estimate",
        engine=engine.name,
        prompt="estimate",
        negative_prompt="",
        video=clip,
        controls=tuple(controls),
        parameters=resolve(engine.parameters, options.parameters, engine=engine.name),
        num_gpu=options.num_gpu,
    )
    try:
        warnings, is_possible = engine.check(request), True
    except BadInput as error:
        warnings, is_possible = (str(error),), False
    return Estimate(
        engine=engine.name,
        host=name,
        plan=engine.plan(request),
        expected=expect(config, name, [request]),
        warnings=warnings,
        is_possible=is_possible,
    )

"""A request whose texts are hard on whatever writes them down."""

from __future__ import annotations

from pathlib import Path

from cosmos_houdini.model.control import Control
from cosmos_houdini.model.request import Clip, ControlInput, InferenceRequest


def a_request(name: str = "shot") -> InferenceRequest:
    clip = Clip(path=Path("color.mp4"), sha256="ab" * 32, frames=49, size=(1280, 704), fps=24.0)
    depth = Clip(path=Path("größe 'x'.mp4"), sha256="cd" * 32, frames=49, size=(1280, 704), fps=24.0)
    return InferenceRequest(
        name=name,
        engine="fake",
        prompt="rain \"and\" 'neon'\n$(touch x); 映画",
        negative_prompt="",
        video=clip,
        controls=(
            ControlInput(kind=Control.EDGE, weight=0.5, clip=None),
            ControlInput(kind=Control.DEPTH, weight=0.25, clip=depth),
        ),
        parameters={"seed": 7, "guidance": 5.5, "mode": "fast", "offload": False},
    )

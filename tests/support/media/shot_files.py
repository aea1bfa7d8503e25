"""A small shot on disk: a scene with a render node, and the frames that the node would have written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from cosmos_houdini.cli import main
from cosmos_houdini.demo.hip import CameraKey, DemoCamera, Interpolation, write_scene
from support.media.clips import bars, write_picture

NODE = "/out/mantra1"
FRAMES = (1, 5)
CAMERA = DemoCamera(
    keys=(
        CameraKey(frame=1, translate=(0.0, 1.0, 5.0), rotate=(0.0, 0.0, 0.0)),
        CameraKey(frame=5, translate=(1.0, 1.0, 5.0), rotate=(0.0, 10.0, 0.0)),
    ),
    interpolation=Interpolation.LINEAR,
    resolution=(96, 64),
    focal_mm=50.0,
    aperture_mm=41.4214,
    near=0.1,
    far=100.0,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotOnDisk:
    """A project folder with ``shot.hip`` and ``render/shot.<pass>.####.png``."""

    folder: Path

    @property
    def hip(self) -> Path:
        return self.folder / "shot.hip"

    @property
    def renders(self) -> Path:
        return self.folder / "render"

    def file(self, pass_: str, frame: int) -> Path:
        return self.renders / f"shot.{pass_}.{frame:04d}.png"

    def configure(self, **settings: object) -> None:
        (self.folder / "cosmos-houdini.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")

    def submit(self, *arguments: str, prompt: str = "A street in the rain.") -> int:
        return main(["submit", str(self.hip), "--prompt", prompt, *arguments])


def make_shot(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ShotOnDisk:
    """Write a shot into a folder and work from there."""
    folder.mkdir(parents=True, exist_ok=True)
    shot = ShotOnDisk(folder=folder)
    picture = "$HIP/render/$HIPNAME.color.$F4.png"
    write_scene(shot.hip, fps=24, frames=FRAMES, camera=CAMERA, rop=NODE, picture=picture)
    shot.renders.mkdir()
    for frame in range(FRAMES[0], FRAMES[1] + 1):
        for pass_, shift in (("color", 0), ("depth", 3)):
            write_picture(shot.file(pass_, frame), bars(frame + shift))
    monkeypatch.chdir(folder)
    return shot

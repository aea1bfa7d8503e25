"""The frames that a shot should have, its rate and its scene: as given, or as a .hip file near the renders says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.sequences import pattern
from cosmos_houdini.model.scene import Scene
from cosmos_houdini.scene.picture import picture_pattern
from cosmos_houdini.scene.reader import read_scene
from cosmos_houdini.shots.source import SCENES
from cosmos_houdini.watch.completeness import Expected
from cosmos_houdini.watch.renders import RenderedShot

# ``art/houdini/renders/comp/sh010/v003`` has its scenes in ``art/houdini``.
_LEVELS_UP = 6
_MOST_SCENES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """All that is known of a shot before its frames are read.

    Attributes:
        expected: the frames that it should have; None if nothing says it.
        scene: the scene that rendered it; None if none was found.
    """

    expected: Expected | None = None
    scene: Scene | None = None


@dataclass(slots=True)
class SceneFinder:
    """Finds the scene of a render, and reads each version of a scene once.

    Attributes:
        given: the scene that the user named; None to look for one near the renders.
        frame_range: the range that the user named.
    """

    given: Path | None = None
    frame_range: tuple[int, int] | None = None
    _read: dict[tuple[Path, int], Scene | None] = field(default_factory=dict)

    def know(self, shot: RenderedShot) -> Knowledge:
        """Return what is known of a shot.

        A scene near the renders counts only if one of its render nodes writes exactly these files.

        Raises:
            BadInput: the scene that the user named cannot be read.
        """
        if self.given is not None:
            given = self._scene(self.given) or read_scene(self.given)
            of_node = _range_of(given, shot) or (given.frame_range, f"the range of {self.given.name}")
            return Knowledge(expected=self._expected(*of_node), scene=given)
        for path in scenes_near(shot.folder):
            scene = self._scene(path)
            if scene is not None and (found := _range_of(scene, shot)):
                return Knowledge(expected=self._expected(*found), scene=scene)
        if self.frame_range:
            return Knowledge(expected=self._expected(self.frame_range, "--range"))
        return Knowledge()

    def _expected(self, frame_range: tuple[int, int], origin: str) -> Expected:
        first, last = self.frame_range or frame_range
        return Expected(first=first, last=last, origin="--range" if self.frame_range else origin)

    def _scene(self, path: Path) -> Scene | None:
        try:
            key = (path, path.stat().st_mtime_ns)
            if key not in self._read:
                self._read[key] = read_scene(path)
        except (BadInput, OSError):
            return None
        return self._read[key]


def scenes_near(folder: Path) -> Iterator[Path]:
    """Yield the scenes in the folders above a render, the nearest first, and the newest of a folder first."""
    for above in [*folder.parents][:_LEVELS_UP]:
        try:
            scenes = [path for path in above.iterdir() if path.suffix.lower() in SCENES]
        except OSError:
            continue
        yield from sorted(scenes, key=_changed_at, reverse=True)[:_MOST_SCENES]


def _range_of(scene: Scene, shot: RenderedShot) -> tuple[tuple[int, int], str] | None:
    """Return the range of the render node that writes a shot's files, and where it is from."""
    written = {_spelled(sequence.frames[0].file): sequence for sequence in shot.sequences}
    for output in scene.outputs:
        try:
            path = Path(picture_pattern(scene, output.path))
        except BadInput:
            continue
        named = pattern.parse(path.name)
        matches = [f for f in written if f[0] == path.parent.resolve() and named and named.number(f[1]) is not None]
        if matches:
            of_node = output.frame_range
            frames = (round(of_node[0]), round(of_node[1])) if of_node else scene.frame_range
            return frames, f"{output.path} of {scene.path.name}"
    return None


def _spelled(file: Path) -> tuple[Path, str]:
    return file.parent.resolve(), file.name


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0

"""The ``.start`` entry of a scene: frame rate and ranges, as commands of hscript.

::

    tcur 1.5            current time, seconds
    fps 24
    tset 0 10           global range, seconds: frames 1 to 240
    frange 1 96         playback range, frames
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.scene import whole

# Above this number, a range in frames would mean nothing; a comparison with it also refuses nan.
_GREATEST = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Frame rate and ranges of a scene; the global range is [``first``, ``last``]."""

    fps: float
    first: int
    last: int
    playback: tuple[float, float]
    current: float

    @property
    def first_s(self) -> float:
        """Time of the first frame in seconds."""
        return (self.first - 1) / self.fps

    @property
    def last_s(self) -> float:
        """Time of the last frame in seconds."""
        return (self.last - 1) / self.fps


def parse_timeline(text: str | None, path: Path) -> Timeline:
    r"""Return the timeline from the ``.start`` entry of the scene ``path``.

    >>> parse_timeline("tcur 0.5\nfps 24\ntset 0 1.25\nfrange 1 12\n", Path("a.hip"))
    Timeline(fps=24, first=1, last=30, playback=(1, 12), current=13)

    Raises:
        BadInput: there is no such entry, or one of the four commands is missing or makes no sense.
    """
    if text is None:
        raise BadInput(
            f"{path} holds no entry '.start', where a scene keeps its frame rate",
            action="save the scene again from Houdini",
        )
    lines = {line.split(maxsplit=1)[0]: line for line in text.splitlines() if line.strip()}
    fps, *_ = _numbers(lines, "fps", 1, path)
    if fps <= 0:
        raise BadInput(f"{path}: 'fps {fps:g}' in '.start' is no frame rate", allowed="a number above 0")
    start_s, end_s = _numbers(lines, "tset", 2, path)
    first, last = _numbers(lines, "frange", 2, path)
    (current_s,) = _numbers(lines, "tcur", 1, path)
    return Timeline(
        fps=whole(fps),
        first=round(start_s * fps) + 1,
        last=round(end_s * fps),
        playback=(whole(first), whole(last)),
        current=whole(current_s * fps + 1),
    )


def _numbers(lines: dict[str, str], command: str, count: int, path: Path) -> list[float]:
    words = lines.get(command, "").split()[1:]
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    if len(numbers) != count or not all(abs(number) <= _GREATEST for number in numbers):
        raise BadInput(
            f"{path}: '{command}' in the entry '.start' reads {lines.get(command, 'nothing')!r}",
            allowed=f"'{command}' and {count} number{'s'[: count - 1]}",
            action="save the scene again from Houdini",
        )
    return numbers

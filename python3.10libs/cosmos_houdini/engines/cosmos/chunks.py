"""Divide a long video into the chunks that a model generates one after another."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from cosmos_houdini.model.request import FramePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunking:
    """Chunks of a fixed length, where each chunk begins with the last frames of the previous one.

    Attributes:
        frames: the length of the video.
        frames_per_chunk: the length of a chunk; the last chunk is padded to this length.
        overlap: the number of frames that a chunk shares with the previous one.

    >>> Chunking(frames=122, frames_per_chunk=121, overlap=1).chunks
    2
    """

    frames: int
    frames_per_chunk: int
    overlap: int

    @property
    def _step(self) -> int:
        return self.frames_per_chunk - self.overlap

    @property
    def chunks(self) -> int:
        """The number of chunks, at least one."""
        return max(1, ceil((self.frames - self.overlap) / self._step))

    @property
    def seams(self) -> tuple[int, ...]:
        """The indices, from 0, of the first visible frame of each chunk after the first."""
        return tuple(index * self._step + self.overlap for index in range(1, self.chunks))

    @property
    def padding(self) -> int:
        """The number of frames that are generated after the video's end and discarded."""
        return self.chunks * self._step + self.overlap - self.frames

    @property
    def wasted(self) -> bool:
        """Whether less than a tenth of the last chunk is used."""
        return self.chunks > 1 and self._step - self.padding < self.frames_per_chunk / 10

    @property
    def shorter(self) -> int:
        """The greatest length that needs one chunk fewer."""
        return (self.chunks - 1) * self._step + self.overlap


def chunk_sentence(plan: FramePlan, *, first: int = 0, step: int = 1) -> str:
    """Describe in words the chunks, the seams, the padding and the lengths that need none.

    Args:
        plan: the engine's plan.
        first: the number of the shot's first frame.
        step: the difference between the numbers of two consecutive frames.
    """
    length = plan.frames_per_chunk - plan.overlap
    words = [f"{plan.chunks} chunk{'s' * (plan.chunks != 1)} of {plan.frames_per_chunk} frames"]
    if plan.seams:
        seams = ", ".join(str(first + index * step) for index in plan.seams)
        words.append(f"seam{'s' * (len(plan.seams) != 1)} at frame {seams}")
    if not plan.padding:
        return "; ".join([*words, "no padding"])
    words.append(f"{plan.padding} frame{'s' * (plan.padding != 1)} of padding, which the result leaves out")
    lengths = [count * length + plan.overlap for count in (plan.chunks - 1, plan.chunks) if count]
    ranges = [f"{first}-{first + (frames - 1) * step} ({frames})" for frames in lengths]
    return "; ".join([*words, f"{' or '.join(ranges)} would need none"])

"""Looks at the pixels of verified sequences, and reports visible problems as sentences."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.checks import plausibility, windows
from cosmos_houdini.media.checks.jpeg_rest import refuse_rest
from cosmos_houdini.media.checks.sample_frames import smallest_file, some, usable
from cosmos_houdini.media.control_settings import DepthKind
from cosmos_houdini.media.controls import depth
from cosmos_houdini.media.controls.palette import all_colors
from cosmos_houdini.media.controls.sky import is_zero_sky
from cosmos_houdini.media.pictures.layers import Layer, read_header
from cosmos_houdini.media.pictures.picture_io import read_passes
from cosmos_houdini.media.pictures.stored_picture import read_picture
from cosmos_houdini.media.pictures.unreadable import Unreadable
from cosmos_houdini.media.sequences.formats import Damaged, prove
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.sequence import CorruptFrame, Frame, Sequence

Array = NDArray[Any]

_SAMPLES = 3
MOST_BYTES = 4 << 30
"""The most bytes that the pixels of the files take that are read at once."""
# Every fourth pixel each way shows as much as all pixels, and checking them costs no more than reading the file.
_STRIDE = 4
_LOOKED_AT = frozenset({Pass.COLOR, Pass.DEPTH, Pass.SEG})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The result of a look at pictures.

    Attributes:
        notes: visible problems, one sentence each.
        damaged: frames that cannot be decoded although the structure of their files is complete; each file is listed
            once.
        patterns: the sequences that were looked at.
    """

    notes: tuple[str, ...]
    damaged: tuple[CorruptFrame, ...]
    patterns: frozenset[str] = frozenset()


# Files hold NaN and infinity, and every check gives them a meaning, so NumPy need not warn of them.
@np.errstate(all="ignore")
def check_samples(
    sequences: Mapping[Pass, Sequence], *, every_frame: bool = False, on_frame: Callable[[int], None] = lambda _: None
) -> Seen:
    """Return the problems that are visible in the passes of one shot.

    Args:
        sequences: verified sequences; EXR sequences name the layer that shows the pass.
        every_frame: look at all frames, which also shows whether passes are out of step; else at three of each pass.
        on_frame: called with 1 after each frame.

    Raises:
        Unreadable: the header of a frame cannot be read.
    """
    damaged: dict[Path, CorruptFrame] = {}
    passes = {
        pass_: _Look(pass_=pass_, every_frame=every_frame, cryptomatte="crypto" in sequence.layer.lower())
        for pass_, sequence in sequences.items()
        if pass_ in _LOOKED_AT
    }
    large = {pass_ for pass_ in passes if _file_bytes(sequences[pass_]) > MOST_BYTES}
    for pass_ in large:
        del passes[pass_]
    for pass_, looked in passes.items():
        shown = usable(sequences[pass_]) if every_frame else some(usable(sequences[pass_]))
        for frame, pixels in _pictures(sequences[pass_], every_frame=every_frame):
            if isinstance(pixels, Unreadable):
                damaged[frame.file] = CorruptFrame(frame=frame.number, file=frame.file, reason=pixels.reason)
            elif frame in shown:
                looked.add(frame.number, pixels, sequences[pass_].layer)
            on_frame(1)
    found = [_large_sentence(sequences[pass_]) for pass_ in large]
    found += [sentence for looked in passes.values() for sentence in looked.sentences()]
    bad = tuple(damaged.values())
    found += windows.sentences(replace(s, corrupt=(*s.corrupt, *bad)) for s in sequences.values())
    if every_frame:
        from cosmos_houdini.media.checks.motion import step_warning  # noqa: PLC0415 - OpenCV is slow to import

        told = (step_warning(a.pass_, a.trace, b.pass_, b.trace) for a, b in combinations(passes.values(), 2))
        found += [sentence for sentence in told if sentence]
    return Seen(notes=tuple(found), damaged=bad, patterns=frozenset(sequences[pass_].pattern for pass_ in passes))


def find_undecodable(sequences: Iterable[Sequence], *, every_frame: bool = False) -> tuple[CorruptFrame, ...]:
    """Decode as many frames of each sequence as ``check_samples``, and return those that cannot be decoded.

    Args:
        sequences: verified sequences that ``check_samples`` does not look at.
        every_frame: decode all frames; else three of each sequence.
    """
    damaged = []
    for sequence in sequences:
        if sequence.picture is None or _file_bytes(sequence) > MOST_BYTES:
            continue
        for frame, pixels in _pictures(replace(sequence, layer=""), every_frame=every_frame):
            if isinstance(pixels, Unreadable):
                damaged.append(CorruptFrame(frame=frame.number, file=frame.file, reason=pixels.reason))
    return tuple(damaged)


def _file_bytes(sequence: Sequence) -> int:
    """Return how many bytes the pixels of one file take when all its channels are decoded."""
    picture = sequence.picture
    return picture.size[0] * picture.size[1] * picture.channels * picture.bit_depth // 8 if picture else 0


def _large_sentence(sequence: Sequence) -> str:
    gib = _file_bytes(sequence) / 2**30
    return (
        f"nobody looked at the pixels of the {sequence.pass_} pass: those of one file take {gib:.1f} GiB, and at most "
        f"{MOST_BYTES >> 30} are read"
    )


def _pictures(sequence: Sequence, *, every_frame: bool) -> Iterator[tuple[Frame, Array | Unreadable]]:
    """Yield frames with their pixels, or with the error of reading them; leave out frames that are known as damaged."""
    picked = usable(sequence) if every_frame else _picked(usable(sequence))
    if not picked:
        return
    layer = read_header(picked[0].file).layer(sequence.layer) if sequence.layer else None
    threads = max(1, min(os.cpu_count() or 1, MOST_BYTES // max(_file_bytes(sequence), 1)))
    with ThreadPoolExecutor(threads, thread_name_prefix="look") as pool:
        for start in range(0, len(picked), threads):
            next_few = picked[start : start + threads]
            yield from zip(
                next_few,
                pool.map(lambda frame: _read(frame.file, sequence, layer), next_few),
                strict=True,
            )


def _picked(frames: list[Frame]) -> list[Frame]:
    """Return some frames, and the one with the smallest file: it holds the fewest pixels if any frame lacks some."""
    picked = some(frames)
    others = [frame for frame in frames if frame not in picked]
    return picked + [others[index] for index in smallest_file([frame.file for frame in others])]


def _read(file: Path, sequence: Sequence, layer: Layer | None) -> Array | Unreadable:
    pass_, picture = sequence.pass_, sequence.picture
    try:
        prove(file)
        if picture and picture.format == "jpeg":
            refuse_rest(file)
        pixels = read_passes(file, {pass_: layer})[pass_] if layer else read_picture(file)
    except Damaged as damage:
        return Unreadable(file, str(damage))
    except Unreadable as error:
        return error
    except BadInput as error:
        if layer:
            raise
        # A library refuses to open what the structure of the file allows.
        return Unreadable(file, error.problem.removeprefix(f"{file} "))
    height, width = pixels.shape[:2]
    # A reader may have turned the picture as its orientation says.
    if picture and picture.size not in ((width, height), (height, width)):
        said = "{}x{}".format(*picture.size)
        return Unreadable(file, f"says that it is {said} pixels large, and its pixels are those of {width}x{height}")
    return pixels


@dataclass(kw_only=True)
class _Look:
    """The observations of one pass."""

    pass_: Pass
    every_frame: bool
    cryptomatte: bool
    _empty: plausibility.EmptyFrames = field(init=False)
    _shape: plausibility.DepthShape = field(default_factory=plausibility.DepthShape)
    _samples: list[Array] = field(default_factory=list)
    _found: list[str] = field(default_factory=list)
    _layer: str = ""
    trace: Any = None

    def __post_init__(self) -> None:
        self._empty = plausibility.EmptyFrames(self.pass_)
        if self.every_frame:
            from cosmos_houdini.media.checks.motion import MotionTrace  # noqa: PLC0415 - OpenCV is slow to import

            self.trace = MotionTrace()

    def add(self, number: int, pixels: Array, layer: str) -> None:
        self._layer = layer
        small = np.ascontiguousarray(pixels[::_STRIDE, ::_STRIDE])
        if self.pass_ is Pass.COLOR:
            self._empty.add(number, small[..., :3])
        if len(self._samples) < _SAMPLES:
            self._samples.append(small)
        disparity = _disparity(small, layer) if self.pass_ is Pass.DEPTH else None
        if disparity is not None:
            self._shape.add(number, disparity)
        if self.pass_ is Pass.SEG and not self._found:
            self._found += _half_ids(pixels) if self.cryptomatte else self._colors(number, pixels)
        if self.trace is not None:
            self.trace.add(np.nan_to_num(small[..., :3] if disparity is None else disparity, posinf=0, neginf=0))

    def sentences(self) -> list[str]:
        if self.pass_ is Pass.DEPTH:
            polarity = self._polarity()
            return [*polarity, *self._shape.sentences(polarity=not polarity)]
        if self.pass_ is Pass.COLOR:
            integers = self._samples and self._samples[0].dtype.kind in "ui"
            told = plausibility.linear_as_srgb(self._samples) if integers else None
            return [*self._empty.sentences(), *([told] if told else [])]
        return self._found

    def _colors(self, number: int, pixels: Array) -> list[str]:
        from cosmos_houdini.media.controls import segmentation  # noqa: PLC0415 - OpenCV again

        is_color = pixels.ndim == 3 and pixels.shape[2] >= len("RGB")  # noqa: PLR2004 - height, width, channels
        codes = (segmentation.codes_of_colors if is_color else segmentation.codes_of_ids)(pixels)
        survey = segmentation.CodeSurvey()
        survey.add(codes)
        told = plausibility.many_objects(number, len(survey.objects()), len(all_colors()))
        told = told or plausibility.many_colors(number, codes)
        return [told] if told else []

    def _polarity(self) -> list[str]:
        try:
            guess = depth.guess_kind(self._samples, self._layer)
        except BadInput as error:
            if self._samples[0].dtype.kind not in "ui":
                return [f"the depth pass: {error.problem}"]
            told = f"counts as near-bright, although {error.problem}"
            return [f"the depth pass {told}; --depth-kind near-dark inverts it"]
        if self._samples[0].dtype.kind in "ui" and guess.kind is DepthKind.NEAR_DARK:
            told = f"seems to be near-dark, the models take bright for near: {guess.evidence}"
            return [f"the depth pass {told}; --depth-kind near-dark inverts it"]
        return []


def _half_ids(pixels: Array) -> list[str]:
    if pixels.dtype == np.float32:
        return []
    return [f"the seg pass is a Cryptomatte of {pixels.dtype}, which loses its ids: render it as 32-bit float"]


def _disparity(pixels: Array, layer: str) -> Array:
    try:
        kind = DepthKind.NEAR_BRIGHT if pixels.dtype.kind in "ui" else depth.guess_kind([pixels], layer).kind
    except BadInput:
        kind = DepthKind.NEAR_BRIGHT
    # These checks ignore the lens: its effect on ray distances is too small to matter to them.
    kind = DepthKind.CAMERA_Z if kind is DepthKind.RAY_DISTANCE else kind
    return depth.disparity(pixels, kind, zero_is_sky=is_zero_sky([pixels]))

"""Computes the control passes of a shot, and reads the shot's files only once for all of them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.checks import kept_frames
from cosmos_houdini.media.control_settings import ControlSettings
from cosmos_houdini.media.controls import edges
from cosmos_houdini.media.controls.blur import blur
from cosmos_houdini.media.controls.blur_presets import find_preset
from cosmos_houdini.media.controls.depth import CAMERA_Z_LAYERS
from cosmos_houdini.media.controls.make_processor import Material, make_processor
from cosmos_houdini.media.controls.processors import DepthProcessor, PassProcessor, PictureProcessor
from cosmos_houdini.media.controls.seg_processor import SegProcessor
from cosmos_houdini.media.pictures.color import DisplayTransform
from cosmos_houdini.media.pictures.geometry import Geometry
from cosmos_houdini.media.pictures.layers import Header, Layer, read_header
from cosmos_houdini.media.pictures.picture_io import read_passes
from cosmos_houdini.media.pictures.reference import reread_pixels
from cosmos_houdini.media.pictures.stored_picture import read_picture
from cosmos_houdini.media.selection import Selection
from cosmos_houdini.media.videos.run_spool import RunSpool
from cosmos_houdini.media.videos.source import ComputedFrames
from cosmos_houdini.media.videos.spool import Spool
from cosmos_houdini.model.control import Pass

Array = NDArray[Any]
Pixels = dict[Pass, Array]

_SAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The files of one sequence, and the passes that are read from them.

    Attributes:
        selection: the selection of any one of the passes; all of them have the same files.
        passes: the layer of each pass; None if the whole picture is the pass.
        header: the header of one EXR file; None for other formats.
    """

    selection: Selection
    passes: Mapping[Pass, Layer | None]
    header: Header | None

    def read(self, file: Path) -> Pixels:
        """Return the pixels of every pass in a file."""
        layers = {pass_: layer for pass_, layer in self.passes.items() if layer is not None}
        if layers:
            return read_passes(file, layers)
        pixels = read_picture(file)
        return dict.fromkeys(self.passes, pixels)

    def read_again(self, file: Path, pass_: Pass) -> Array:
        """Return the pixels of one pass by another reader than ``read``."""
        return reread_pixels(file, pass_, self.passes[pass_], self.selection.picture)


@dataclass(kw_only=True)
class ComputedPasses:
    """Reads the files of a shot once, and returns the frames of its computed videos.

    Attributes:
        selections: the selections of the computed passes; the other passes are encoded straight from their files.
        rendered: all passes that have files.
        geometry: the placement of the plate in the videos.
        choices: the user's settings.
        folder: the folder that keeps the frames until they are encoded.
        on_frames: called with 1 after each file.
        notes: warnings for the user, filled while the files are read.
        remarks: sentences about what was taken, filled likewise.
    """

    selections: Mapping[Pass, Selection]
    rendered: frozenset[Pass]
    geometry: Geometry
    choices: ControlSettings
    folder: Path
    on_frames: Callable[[int], None] = lambda _: None
    notes: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    # Files hold NaN and infinity, and every step gives them a meaning, so NumPy need not warn of them.
    @np.errstate(all="ignore")
    def sources(self) -> dict[Pass, ComputedFrames]:
        """Read all files and return the frames of each video; errors are those of ``convert_sequences``."""
        groups = list(_grouped(self.selections))
        samples = _samples(groups)
        tracks: dict[Pass, PassProcessor] = {}
        for group in groups:
            for pass_ in group.passes:
                material = Material(
                    header=group.header,
                    layer=group.passes[pass_],
                    samples=samples[pass_],
                    picture=group.selection.picture,
                )
                tracks[pass_] = make_processor(pass_, material, self.geometry, self.choices)
        self.folder.mkdir()
        kinds = {pass_: RunSpool if isinstance(track, SegProcessor) else Spool for pass_, track in tracks.items()}
        spools = {pass_: kind(self.folder / str(pass_)) for pass_, kind in kinds.items()}
        nan: list[int] = []
        for group in groups:
            self._read(group, tracks, spools, nan)
        again = {pass_: partial(_expected, group, pass_, tracks[pass_]) for group in groups for pass_ in group.passes}
        made = {pass_: self._source(pass_, track, spools[pass_], again[pass_]) for pass_, track in tracks.items()}
        made |= self._from_color(spools.get(Pass.COLOR), made.get(Pass.COLOR))
        numbers = next(iter(self.selections.values())).numbers
        light = _is_light(tracks.get(Pass.COLOR))
        self.notes += kept_frames.nan_sentence(nan, len(numbers))
        self.notes += kept_frames.sentences(spools, numbers, plate=self.geometry.target, light=light)
        return made

    def _read(
        self, group: Files, tracks: Mapping[Pass, PassProcessor], spools: Mapping[Pass, Spool], nan: list[int]
    ) -> None:
        # NumPy keeps this setting for each thread on its own.
        @np.errstate(all="ignore")
        def work(number: int, file: Path) -> Pixels:
            pixels = group.read(file)
            _check_size(file, pixels, self.geometry)
            if _holds_nan(pixels.get(Pass.COLOR)):
                nan.append(number)
            return {pass_: tracks[pass_].prepare(number, array) for pass_, array in pixels.items()}

        frames = zip(group.selection.numbers, group.selection.files, strict=True)
        for prepared in _ahead(work, frames):
            for pass_, array in prepared.items():
                tracks[pass_].observe(array)
                spools[pass_].add(array)
            self.on_frames(1)

    def _source(
        self, pass_: Pass, track: PassProcessor, spool: Spool, expected: Callable[[int], Array]
    ) -> ComputedFrames:
        if isinstance(track, SegProcessor):
            track.give_colors()
            self.notes += track.notes()
        if isinstance(track, DepthProcessor):
            self.remarks.append(track.sentence())
        return ComputedFrames(
            label=f"the {pass_} pass",
            frames=partial(track.frames, spool),
            count=spool.count,
            size=self.geometry.engine,
            grey=track.grey,
            applied=(*track.applied(), *_placed(self.geometry)),
            details=track.details(),
            problem=partial(track.problem, spool) if isinstance(track, SegProcessor) else None,
            expected=expected,
            files=tuple(self.selections[pass_].files),
        )

    def _from_color(self, spool: Spool | None, color: ComputedFrames | None) -> dict[Pass, ComputedFrames]:
        """Return edge and vis, each only if the settings want it and no such pass was rendered."""
        found: dict[Pass, ComputedFrames] = {}
        if spool is None or color is None:
            return found
        if self.choices.edge and Pass.EDGE not in self.rendered:
            edge = partial(edges.edge_map, preset=self.choices.edge)
            words = "Canny, thresholds {} and {}".format(*edges.thresholds(self.choices.edge))
            found[Pass.EDGE] = self._computed(Pass.EDGE, spool, color, edge, preset=self.choices.edge, words=words)
        if self.choices.vis and Pass.VIS not in self.rendered:
            vis = partial(blur, preset=find_preset(self.choices.vis, self.choices.blur_presets))
            words = "bilateral filter, shrunk and enlarged"
            found[Pass.VIS] = self._computed(Pass.VIS, spool, color, vis, preset=self.choices.vis, words=words)
        return found

    def _computed(
        self,
        pass_: Pass,
        spool: Spool,
        color: ComputedFrames,
        step: Callable[[Array], Array],
        *,
        preset: str,
        words: str,
    ) -> ComputedFrames:
        return ComputedFrames(
            label=f"the {pass_} pass",
            frames=lambda: map(step, spool),
            count=spool.count,
            size=self.geometry.engine,
            grey=pass_ is Pass.EDGE,
            applied=(f"computed from the colour pass: {words}",),
            details={"computed_from": "color", "preset": preset},
            expected=lambda index: step(color.expected(index) if color.expected else spool[index]),
            files=color.files,
        )


def _grouped(selections: Mapping[Pass, Selection]) -> Iterator[Files]:
    """Yield the selections, grouped by the files that they share."""
    by_pattern: dict[str, dict[Pass, Selection]] = {}
    for pass_, selection in selections.items():
        by_pattern.setdefault(selection.sequence.pattern, {})[pass_] = selection
    for passes in by_pattern.values():
        first = next(iter(passes.values()))
        header = read_header(first.files[0]) if first.sequence.layer else None
        layers = {pass_: header.layer(s.sequence.layer) if header else None for pass_, s in passes.items()}
        yield Files(selection=first, passes=layers, header=header)


@np.errstate(all="ignore")
def _expected(group: Files, pass_: Pass, track: PassProcessor, index: int) -> Array:
    """Return a frame of a video as the second reader's pixels give it."""
    number, file = group.selection.numbers[index], group.selection.files[index]
    prepared = track.prepare(number, group.read_again(file, pass_))
    return next(iter(track.frames([prepared])))


def _samples(groups: list[Files]) -> dict[Pass, list[Array]]:
    """Return pictures of each pass whose values show how to read it: a few if depth is among them, else the first."""
    samples: dict[Pass, list[Array]] = {}
    for group in groups:
        samples |= {pass_: [] for pass_ in group.passes}
        # The header of an EXR is enough to identify colour, a Cryptomatte, and camera Z by its layer's name.
        telling = {pass_: layer for pass_, layer in group.passes.items() if layer is None or _values_tell(pass_, layer)}
        files = group.selection.files
        picked = {len(files) * n // _SAMPLES for n in range(_SAMPLES)} if Pass.DEPTH in telling else {0}
        one = Files(selection=group.selection, passes=telling, header=group.header)
        for index in sorted(picked) if telling else ():
            for pass_, array in one.read(files[index]).items():
                samples[pass_].append(array)
    return samples


def _values_tell(pass_: Pass, layer: Layer) -> bool:
    if pass_ is Pass.DEPTH:
        return layer.name.lower() not in CAMERA_Z_LAYERS
    return pass_ is Pass.SEG and not layer.cryptomatte


def _ahead(work: Callable[[int, Path], Pixels], frames: Iterable[tuple[int, Path]]) -> Iterator[Pixels]:
    """Yield the results in order while threads work on the next few; decoding does not need the interpreter lock."""
    threads = os.cpu_count() or 1
    waiting: deque[Future[Pixels]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="read") as pool:
        try:
            for number, file in frames:
                waiting.append(pool.submit(work, number, file))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _is_light(track: PassProcessor | None) -> bool:
    return isinstance(track, PictureProcessor) and isinstance(track.transform, DisplayTransform)


def _holds_nan(color: Array | None) -> bool:
    """Return whether the colour holds NaN, judged by every third pixel each way.

    Data passes may hold NaN. There it means that the pixel shows no object.
    """
    return color is not None and color.dtype.kind == "f" and bool(np.isnan(color[::3, ::3, :3]).any())


def _check_size(file: Path, pixels: Pixels, geometry: Geometry) -> None:
    for pass_, array in pixels.items():
        height, width = array.shape[:2]
        if (width, height) != geometry.plate:
            raise BadInput(
                f"{file}: the {pass_} pass is {width}x{height}",
                allowed=f"{geometry.plate[0]}x{geometry.plate[1]}",
                action="render all passes of the shot in one size",
            )


def _placed(geometry: Geometry) -> tuple[str, ...]:
    if not geometry.moves_pixels:
        return ()
    return ("brought from {}x{} to {}x{}".format(*geometry.plate, *geometry.engine) + f" ({geometry.placement})",)

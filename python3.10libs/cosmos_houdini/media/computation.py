"""Finds the passes of a shot that need more than FFmpeg, and computes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.control_settings import ControlSettings, DepthKind
from cosmos_houdini.media.pictures.geometry import Geometry, Placement, plan_geometry
from cosmos_houdini.media.selection import Selection, verify_checksums
from cosmos_houdini.media.videos.source import ComputedFrames, is_readable_by_ffmpeg
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.sequence import Sequence

_FOLDER = "frames"


@dataclass(frozen=True, slots=True, kw_only=True)
class Computation:
    """Computes the passes that are not encoded straight from their files, when ``convert_sequences`` calls it.

    Attributes:
        choices: the user's settings.
        geometry: the placement of the plate in the videos; None if they have the plate's own size.
        looks: whether to look at a few pictures of every pass that FFmpeg reads by itself. If not, only depth is looked
            at, because nobody sees its polarity in a video. All pictures of computed passes are looked at in any case.
        on_frames: called with 1 after each file that was read.
        say: called with each sentence about a problem that was found.
    """

    choices: ControlSettings
    geometry: Geometry | None
    looks: bool = False
    on_frames: Callable[[int], None] = lambda _: None
    say: Callable[[str], None] = lambda _: None

    def __call__(self, selections: dict[Pass, Selection], folder: Path) -> Mapping[Pass, ComputedFrames]:
        """Return the computed passes; ``folder`` keeps their frames until they are encoded.

        Raises:
            CheckFailed: frames whose pixels are needed are damaged.
        """
        chosen = {pass_: s for pass_, s in selections.items() if self.needs_pixels(pass_, s)}
        looked_at = {pass_: s for pass_, s in selections.items() if self.looks or pass_ is Pass.DEPTH}
        # Reading pixels would fail minutes later, and only at the first damaged file.
        verify_checksums((chosen | looked_at).values())
        if direct := {pass_: s.sequence for pass_, s in looked_at.items() if pass_ not in chosen}:
            self._say_noticed(direct)
        if not chosen:
            return {}
        # Import here: most conversions do not need OpenCV, OpenEXR and OpenColorIO, which take half a second to import.
        from cosmos_houdini.media.reading import ComputedPasses  # noqa: PLC0415

        plate = _size(chosen)
        passes = ComputedPasses(
            selections=chosen,
            rendered=frozenset(selections),
            geometry=self.geometry or plan_geometry(plate, plate, placement=Placement.STRETCH),
            choices=self.choices,
            folder=folder / _FOLDER,
            on_frames=self.on_frames,
        )
        made = passes.sources()
        for sentence in _encoding_sentences(chosen, made):
            self.say(sentence)
        for remark in passes.remarks:
            self.say(remark)
        for note in passes.notes:
            self.say(f"warning: {note}")
        return made

    def _say_noticed(self, sequences: Mapping[Pass, Sequence]) -> None:
        from cosmos_houdini.media.checks.samples import check_samples  # noqa: PLC0415 - see the caller

        # Ignore pictures that cannot be decoded: encoding reports them better than these checks.
        with suppress(BadInput):
            for sentence in check_samples(sequences).notes:
                self.say(f"warning: {sentence}")

    def steps(self, selections: Mapping[Pass, Selection]) -> int:
        """Return the number of files to read plus the number of frames to encode, for a progress bar."""
        frames = len(next(iter(selections.values())).files)
        read = {s.sequence.pattern for pass_, s in selections.items() if self.needs_pixels(pass_, s)}
        computed = {Pass.EDGE: self.choices.edge, Pass.VIS: self.choices.vis}
        added = [pass_ for pass_, preset in computed.items() if preset and pass_ not in selections]
        return frames * (len(read) + len(selections) + len(added))

    def needs_pixels(self, pass_: Pass, selection: Selection) -> bool:
        """Return whether Python has to process the frames of a pass."""
        if self.geometry is not None and self.geometry.moves_pixels:
            return True
        if pass_ in {Pass.SEG, Pass.MASK} or selection.sequence.layer or not is_readable_by_ffmpeg(selection.picture):
            return True
        if pass_ is Pass.DEPTH:
            return self.choices.depth.kind not in {None, DepthKind.NEAR_BRIGHT}
        return pass_ is Pass.COLOR and bool(self.choices.edge or self.choices.vis)


def _encoding_sentences(selections: Mapping[Pass, Selection], made: Mapping[Pass, ComputedFrames]) -> Iterator[str]:
    """Yield a sentence for each pass whose colours are not shown as the files have them."""
    for pass_ in (Pass.COLOR, Pass.VIS):
        encoding = selections[pass_].picture.encoding if pass_ in selections else None
        if encoding is not None:
            shown = next((words for words in made[pass_].applied if words.startswith("shown by")), "")
            told = shown or "which cannot be applied: the numbers count as sRGB"
            yield f"{pass_}: the files say {encoding}; {told}" if shown else f"warning: {pass_}: {encoding}, {told}"
        elif pass_ in made:
            yield from (f"{pass_}: {words}" for words in made[pass_].applied if words.startswith("shown by"))


def _size(selections: Mapping[Pass, Selection]) -> tuple[int, int]:
    return next(iter(selections.values())).picture.size

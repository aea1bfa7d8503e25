"""Which passes of a shot need more than FFmpeg, and their computation where there are any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.control_settings import ControlSettings, DepthKind
from cosmos_houdini.media.pictures.geometry import Geometry, Placement, plan_geometry
from cosmos_houdini.media.selection import Selection, verify_checksums
from cosmos_houdini.media.videos.source import ComputedFrames
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.sequence import Sequence

_FOLDER = "frames"


@dataclass(frozen=True, slots=True, kw_only=True)
class Computation:
    """What ``convert_sequences`` calls for the passes that are not encoded straight from their files.

    Attributes:
        choices: of a person.
        geometry: where the plate lies in the videos; None where they have the plate's own size.
        looks: whether a few pictures are looked at of every pass that FFmpeg reads by itself; else of depth alone,
            whose polarity nobody sees in a video. Of computed passes all pictures are.
        on_frames: called with 1 after each file that was read.
        say: called with each sentence about what was found.
    """

    choices: ControlSettings
    geometry: Geometry | None
    looks: bool = False
    on_frames: Callable[[int], None] = lambda _: None
    say: Callable[[str], None] = lambda _: None

    def __call__(self, selections: dict[Pass, Selection], folder: Path) -> Mapping[Pass, ComputedFrames]:
        """Return the computed passes; ``folder`` keeps their frames until they are encoded.

        Raises:
            CheckFailed: frames are damaged, of which the pixels are needed.
        """
        chosen = {pass_: s for pass_, s in selections.items() if self.needs_pixels(pass_, s)}
        looked_at = {pass_: s for pass_, s in selections.items() if self.looks or pass_ is Pass.DEPTH}
        # Reading pixels would stumble over the first damaged file alone, minutes later.
        verify_checksums((chosen | looked_at).values())
        if direct := {pass_: s.sequence for pass_, s in looked_at.items() if pass_ not in chosen}:
            self._say_noticed(direct)
        if not chosen:
            return {}
        # Only here: most conversions need none of it, and NumPy, OpenCV and OpenImageIO take half a second to import.
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
        for note in passes.notes:
            self.say(f"warning: {note}")
        return made

    def _say_noticed(self, sequences: Mapping[Pass, Sequence]) -> None:
        from cosmos_houdini.media.checks.samples import check_samples  # noqa: PLC0415 - see the caller

        # Encoding tells better than a look which of the pictures cannot be decoded.
        with suppress(BadInput):
            for sentence in check_samples(sequences).notes:
                self.say(f"warning: {sentence}")

    def steps(self, selections: Mapping[Pass, Selection]) -> int:
        """Return how many files are read and frames are encoded in all, for a progress bar."""
        frames = len(next(iter(selections.values())).files)
        read = {s.sequence.pattern for pass_, s in selections.items() if self.needs_pixels(pass_, s)}
        computed = {Pass.EDGE: self.choices.edge, Pass.VIS: self.choices.vis}
        added = [pass_ for pass_, preset in computed.items() if preset and pass_ not in selections]
        return frames * (len(read) + len(selections) + len(added))

    def needs_pixels(self, pass_: Pass, selection: Selection) -> bool:
        """Return whether the frames of a pass have to go through Python."""
        if self.geometry is not None and self.geometry.moves_pixels:
            return True
        if pass_ in {Pass.SEG, Pass.MASK} or selection.picture.channel_type != "uint" or selection.sequence.layer:
            return True
        if pass_ is Pass.DEPTH:
            return self.choices.depth.kind not in {None, DepthKind.NEAR_BRIGHT}
        return pass_ is Pass.COLOR and bool(self.choices.edge or self.choices.vis)


def _size(selections: Mapping[Pass, Selection]) -> tuple[int, int]:
    return next(iter(selections.values())).picture.size

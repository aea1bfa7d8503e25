"""A folder or pattern of frames becomes verified videos, without a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cosmos_houdini.config import Config
from cosmos_houdini.media.selection import Selection, by_shot
from cosmos_houdini.media.sequences.discover import find_sequences
from cosmos_houdini.media.sequences.shot_names import near_shots
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.scene import Scene
from cosmos_houdini.model.video import Conversion
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.shots.frames import encode_frames, frame_rate, select_frames, verify_sequences
from cosmos_houdini.shots.options import DEFAULT_ENCODING, DEFAULT_FRAMES, EncodeOptions, FrameOptions
from cosmos_houdini.shots.settings import resolve_settings


def convert_path(
    config: Config,
    path: Path | str,
    out_dir: Path,
    reporter: Reporter,
    *,
    scene_file: Path | None = None,
    frames: FrameOptions = DEFAULT_FRAMES,
    encoding: EncodeOptions = DEFAULT_ENCODING,
    preview: bool = False,
    caption: bool = False,
) -> list[Conversion]:
    """Verify the image sequences of a path and encode one video a pass.

    Every shot is verified before the first one is written. Each video is decoded back and compared before it gets its
    name.

    Args:
        config: how passes become control videos where the options are None.
        path: a folder, a pattern such as ``name.####.exr``, or one file of a sequence.
        out_dir: gets one video a pass and ``metadata.json``; a folder a shot where the path holds several shots.
        reporter: takes the warnings, and shows the progress.
        scene_file: gives the frame rate and the description; its frame range is only compared.
        frames: which frames, and at which rate.
        encoding: how passes become control videos.
        preview: whether ``preview.png`` is written, too: some frames of every pass, labelled.
        caption: whether a model on this machine describes each shot; a caption that fails is a warning.

    Returns:
        One conversion for each shot.

    Raises:
        BadInput: there are no sequences, or something in them or in the options cannot be used.
        CheckFailed: frames are missing or damaged, or the passes disagree; nothing was written.
        CosmosError: as for ``convert_sequences``.
    """
    scene = _read_scene(scene_file)
    settings = resolve_settings(config, encoding, scene, passes=frames.passes)
    found = find_sequences(path, settings.passes.files)
    settings.passes.refuse_unfound(found)
    for sentence in near_shots(sequence.shot for sequence in found):
        reporter.say(f"warning: {sentence}")
    verified = by_shot(verify_sequences(found, reporter, on_gap=frames.on_gap))
    shots = {name: select_frames(members, settings, frames, reporter) for name, members in verified.items()}
    first = next(iter(shots.values())).selections
    rate = frame_rate(frames.fps, scene, reporter, selections=first)
    settings.passes.refuse_unfed(each for shot in shots.values() for each in shot.sequences)
    conversions = []
    for name, shot in shots.items():
        _compare_range(shot.selections, scene, reporter)
        folder = out_dir / name if len(shots) > 1 else out_dir
        title = name or out_dir.absolute().name
        conversions.append(
            encode_frames(shot, folder, reporter, name=title, fps=rate, scene=scene, on_gap=frames.on_gap)
        )
        if preview:
            reporter.say(f"wrote {_write_preview(conversions[-1], settings.ffmpeg)}")
    return [_describe(config, one, reporter) for one in conversions] if caption else conversions


def _describe(config: Config, conversion: Conversion, reporter: Reporter) -> Conversion:
    # Imported here: few conversions are described.
    from cosmos_houdini.caption.describe import add_caption  # noqa: PLC0415

    return replace(conversion, caption=add_caption(config, conversion, reporter))


def _read_scene(path: Path | None) -> Scene | None:
    if path is None:
        return None
    # Imported here: most calls need no scene reader.
    from cosmos_houdini.facts.read import read_described_scene  # noqa: PLC0415

    return read_described_scene(path)


def _write_preview(conversion: Conversion, ffmpeg: FFmpeg) -> Path:
    # Imported here: most calls need no Pillow.
    from cosmos_houdini.media.preview import write_preview  # noqa: PLC0415

    return write_preview(conversion, ffmpeg=ffmpeg)


def _compare_range(selections: Mapping[Pass, Selection], scene: Scene | None, reporter: Reporter) -> None:
    """Report a shot whose frames are not those of its scene."""
    numbers = next(iter(selections.values())).numbers
    if scene and (numbers[0], numbers[-1]) != scene.frame_range:
        first, last = scene.frame_range
        reporter.say(f"frames {numbers[0]}-{numbers[-1]} become the videos; the scene's range is {first}-{last}")

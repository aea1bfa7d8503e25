"""The frames that somebody means by one path: a scene, renders without a scene, a movie, or videos made before."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from cosmos_houdini.config import Config
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.sequences import pattern
from cosmos_houdini.media.sequences.formats import SUFFIXES
from cosmos_houdini.media.videos.metadata import FILE_NAME
from cosmos_houdini.model.names import portable_name
from cosmos_houdini.model.project_folders import RESULTS
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.shots.options import FrameOptions, ShotSource, SubmitOptions, shapes_videos

SCENES = (".hip", ".hiplc", ".hipnc")
MOVIES = (".mov", ".mp4", ".m4v", ".mxf", ".mkv", ".avi", ".webm")
FRAMES = "frames"
"""The folder of the frames of a movie, in the folder of the shot."""

_ALLOWED = "a .hip file, a folder or pattern of renders, a movie, or a folder of videos that were made before"


def find_source(
    config: Config,
    path: Path,
    options: SubmitOptions,
    reporter: Reporter,
    *,
    frames: FrameOptions,
    renders: str | None = None,
    output: str | None = None,
    take: str | None = None,
) -> tuple[ShotSource | Path, SubmitOptions, FrameOptions]:
    """Return where the frames of a shot are, with the options that follow from that.

    The frames of a movie are written into the folder of the shot, so that results have a plate to come back to.

    Args:
        config: names the FFmpeg of the project.
        path: a scene, a folder or pattern of renders, a movie, or a folder of videos.
        options: name and folder of the shot.
        reporter: takes sentences, and shows the progress.
        frames: a movie adds its rate where none is given.
        renders: as in ``ShotSource``; it goes with a scene.
        output: as in ``ShotSource``; it goes with a scene.
        take: as in ``ShotSource``; it goes with ``output``.

    Raises:
        BadInput: the path does not exist or is none of these, or an option does not go with it.
    """
    given = {"--renders": renders, "--output": output, "--take": take}
    is_scene = path.suffix.lower() in SCENES
    if not path.exists() and not (pattern.parse(path.name) and path.parent.is_dir()):
        raise BadInput(f"{path} does not exist", allowed=_ALLOWED)
    if is_scene:
        return ShotSource(scene=path, renders=renders, output=output, take=take), options, frames
    for option in (option for option, value in given.items() if value):
        if path.is_dir() and (path / FILE_NAME).is_file():
            raise shapes_videos(option)
        raise BadInput(f"{option} goes with a .hip file, and {path} is none")
    if path.is_dir():
        is_encoded = (path / FILE_NAME).is_file()
        return (path if is_encoded else ShotSource(renders=path)), options, frames
    if path.suffix.lower() in MOVIES:
        return _frames_of(config, path, options, reporter, frames)
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(f"{path} cannot be submitted", allowed=_ALLOWED)
    return ShotSource(renders=path), options, frames


def _frames_of(
    config: Config, movie: Path, options: SubmitOptions, reporter: Reporter, frames: FrameOptions
) -> tuple[ShotSource, SubmitOptions, FrameOptions]:
    """Write the frames of a movie, numbered from 1, and return them as renders."""
    # Imported here: renders need none of it.
    from cosmos_houdini.media.videos.probe import probe_video  # noqa: PLC0415
    from cosmos_houdini.media.videos.scratch import scratch_folder  # noqa: PLC0415
    from cosmos_houdini.shots.standardize import extract_frames  # noqa: PLC0415

    name = options.name or portable_name(movie.stem) or "shot"
    clip = probe_video(movie, ffmpeg=config.ffmpeg)
    fps = frames.fps if frames.fps is not None else clip.fps
    folder = (options.results or config.project / RESULTS / name).absolute() / FRAMES
    with scratch_folder(folder) as scratch:
        made = scratch / FRAMES
        made.mkdir()
        count = extract_frames(config, movie, made / f"{name}.####.png", reporter, first=1)
        shutil.rmtree(folder, ignore_errors=True)
        made.replace(folder)
    reporter.say(f"{movie.name}: {count} frames at {fps:g} fps, written as {folder / f'{name}.####.png'} from 1 on")
    named = replace(options, name=name)
    return ShotSource(renders=folder), named, replace(frames, fps=fps)

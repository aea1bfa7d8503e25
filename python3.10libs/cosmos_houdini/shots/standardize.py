"""A video at another rate and size, and frames of it."""

from __future__ import annotations

from pathlib import Path

from cosmos_houdini.config import Config
from cosmos_houdini.media.videos import standardize as media
from cosmos_houdini.model.request import Clip
from cosmos_houdini.reporter import Reporter


def standardize_video(
    config: Config,
    video: Path,
    out: Path,
    reporter: Reporter,
    *,
    fps: int | None = None,
    size: tuple[int, int] | None = None,
) -> Clip:
    """Write a video as H.264 with a constant whole rate, and return the new video.

    Arguments and errors are those of ``media.videos.standardize.standardize``.
    """
    with reporter.progress("encoding", total=None, unit="frames") as advance:
        return media.standardize(
            video, out, ffmpeg=config.ffmpeg, fps=fps, size=size, on_frames=advance, say=reporter.say
        ).clip


def extract_frame(config: Config, video: Path, frame: int, out: Path) -> None:
    """Write one frame of a video as PNG; see ``media.videos.standardize.extract_frame``."""
    media.extract_frame(video, frame, out, ffmpeg=config.ffmpeg)


def extract_frames(config: Config, video: Path, out: Path, reporter: Reporter, *, first: int = 0) -> int:
    """Write all frames of a video as PNG, and return how many there are.

    Arguments and errors are those of ``media.videos.standardize.extract_frames``.
    """
    with reporter.progress("extracting", total=None, unit="frames") as advance:
        return media.extract_frames(video, out, ffmpeg=config.ffmpeg, first=first, on_frames=advance)

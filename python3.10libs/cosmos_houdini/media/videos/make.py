"""Make one video from one source: encode it in a folder of its own, decode it again, and compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

from cosmos_houdini.errors import BadInput, CheckFailed, ToolError
from cosmos_houdini.media.videos import color_proof, encode, frame_order
from cosmos_houdini.media.videos.encode import Encoding
from cosmos_houdini.media.videos.ffmpeg import FFmpeg, Run
from cosmos_houdini.media.videos.probe import VideoFacts, inspect_video
from cosmos_houdini.media.videos.source import PictureFiles, VideoSource, place
from cosmos_houdini.model.video import ColorTags

BT709 = ColorTags(matrix="bt709", primaries="bt709", transfer="bt709", range="tv")
_TOLD_PROBLEMS = 5


def make_video(
    source: VideoSource,
    folder: Path,
    *,
    ffmpeg: FFmpeg,
    fps: int,
    encoding: Encoding,
    on_frames: Callable[[int], None] = lambda _: None,
    stop: Event | None = None,
) -> VideoFacts:
    """Create ``folder``, encode ``source`` as a file in it, and return the facts found by decoding this file.

    Args:
        source: the pictures.
        folder: a folder that does not exist yet; it holds all files that the work needs.
        ffmpeg: encodes and decodes.
        fps: frames a second of the video.
        encoding: how it is encoded.
        on_frames: called with how many more frames are encoded; an exception that it raises ends the work.
        stop: once set, the work ends with Cancelled.

    Raises:
        CheckFailed: a picture cannot be decoded, the video does not hold exactly the frames of the source, or one of
            them differs from a second reading of its file.
        ToolError: FFmpeg failed for another reason.
        DiskFull: there is no room in ``folder``.
        Cancelled: ``stop`` was set.
    """
    folder.mkdir()
    how = Run(task=f"encoding {source.label}", cwd=folder, on_frames=on_frames, stop=stop)
    if isinstance(source, PictureFiles):
        _encode_files(source, how, folder, ffmpeg=ffmpeg, fps=fps, encoding=encoding)
    else:
        ffmpeg.run(encode.pipe_arguments(source, fps=fps, encoding=encoding), how, frames=source.raw())
    signatures = (folder / encode.SIGNATURES).read_bytes()
    _expect_all(source, frame_order.count(signatures))
    picked = color_proof.pick_frames(signatures, source.files) if source.expected else ()
    try:
        facts = inspect_video(folder / encode.VIDEO, ffmpeg=ffmpeg, stop=stop, picked=picked)
    except BadInput as error:
        raise CheckFailed(f"the video of {source.label} cannot be decoded back: {error.problem}") from error
    _compare(facts, signatures, source, fps)
    _compare_colors(facts, picked, source)
    return facts


def _encode_files(
    source: PictureFiles, how: Run, folder: Path, *, ffmpeg: FFmpeg, fps: int, encoding: Encoding
) -> None:
    pattern = place(source, folder / "frames")
    try:
        ffmpeg.run(encode.file_arguments(source, pattern, fps=fps, encoding=encoding), how)
    except ToolError as error:
        bad = _first_undecodable(source, folder, ffmpeg)
        if bad is None:
            raise
        file, reason = bad
        raise CheckFailed(f"{file} cannot be decoded to its end: {reason}", action="render the frame again") from error


def _first_undecodable(source: PictureFiles, folder: Path, ffmpeg: FFmpeg) -> tuple[Path, str] | None:
    """Return the first file that FFmpeg cannot decode, and why; search by halving, because FFmpeg names no file."""
    files = source.files
    reason = _why_undecodable(source, folder / "all", ffmpeg)
    if reason is None:
        return None
    while len(files) > 1:
        left = files[: len(files) // 2]
        left_reason = _why_undecodable(replace(source, files=left), folder / f"first-{len(files)}", ffmpeg)
        files, reason = (left, left_reason) if left_reason else (files[len(left) :], reason)
    return files[0], reason


def _why_undecodable(source: PictureFiles, folder: Path, ffmpeg: FFmpeg) -> str | None:
    pattern = place(source, folder)
    how = Run(task=f"decoding {source.label}", cwd=folder.parent)
    try:
        ffmpeg.run(encode.decode_arguments(source, pattern), how)
    except ToolError as error:
        return error.detail
    return None


def _expect_all(source: VideoSource, encoded: int) -> None:
    """Raise CheckFailed if FFmpeg did not encode exactly as many frames as the source should have."""
    if encoded == source.count:
        return
    where = ""
    if isinstance(source, PictureFiles) and encoded < source.count:
        where = f"; {source.files[encoded]} is the first that could not be read"
    raise CheckFailed(f"{encoded} of {source.count} frames of {source.label} were encoded{where}")


def _compare(facts: VideoFacts, signatures: bytes, source: VideoSource, fps: int) -> None:
    """Raise CheckFailed if the decoded video is not what was encoded."""
    size = encode.video_size(source.size)
    clip = facts.clip
    problems = frame_order.problems(signatures, facts.signatures)
    if clip.size != size:
        problems.append(f"its size is {clip.size}, {size} was encoded")
    if clip.fps != fps or not facts.constant_rate:
        problems.append(f"its rate is {clip.fps:g} fps, {fps} was encoded")
    if facts.color != BT709:
        problems.append(f"it is tagged {facts.color}")
    if problems:
        raise CheckFailed(f"the video of {source.label} is wrong: {'; '.join(problems[:_TOLD_PROBLEMS])}")


def _compare_colors(facts: VideoFacts, picked: tuple[int, ...], source: VideoSource) -> None:
    """Raise CheckFailed if a picked frame differs from its file as another reader sees it."""
    length = color_proof.frame_bytes(facts.clip.size, facts.pix_fmt)
    for nth, index in enumerate(picked):
        decoded = facts.picked[nth * length : (nth + 1) * length]
        if source.expected is None or len(decoded) != length:
            raise CheckFailed(
                f"the video of {source.label} is wrong: frame {index} could not be compared with its file"
            )
        told = color_proof.difference(source.expected(index), decoded, facts.pix_fmt)
        if told is not None:
            raise CheckFailed(
                f"the video of {source.label} is wrong: frame {index} differs from {source.named(index)}, as another "
                f"reader sees it, by up to {told}",
                action="write the pass as 8-bit PNG without alpha, and report the files to the authors",
            )

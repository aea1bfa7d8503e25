"""Turns the verified sequences of one shot into verified videos, one a pass, and ``metadata.json``."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

from filelock import FileLock, Timeout

from cosmos_houdini.errors import BadInput, CheckFailed, CosmosError, DiskFull
from cosmos_houdini.media.selection import OnGap, Selection, select, verify_checksums
from cosmos_houdini.media.videos import encode
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.media.videos.make import make_video
from cosmos_houdini.media.videos.metadata import FILE_NAME, write_metadata
from cosmos_houdini.media.videos.probe import VideoFacts
from cosmos_houdini.media.videos.rate import check_fps
from cosmos_houdini.media.videos.source import ComputedFrames, PictureFiles, VideoSource, from_files
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.sequence import Sequence
from cosmos_houdini.model.video import ControlVideo, Conversion, Source

# x264 and the decoders use several cores each, so more videos at a time cost memory and save no time.
_MOST_AT_ONCE = 4
_WORK_FOLDER = ".converting"

Computed = Callable[[dict[Pass, Selection], Path], Mapping[Pass, ComputedFrames]]


def convert_sequences(
    sequences: Iterable[Sequence],
    out_dir: Path,
    *,
    ffmpeg: FFmpeg,
    name: str,
    fps: int,
    scene_document: Mapping[str, Any] | None = None,
    frame_range: tuple[int, int] | None = None,
    on_gap: OnGap = "stop",
    computed: Computed = lambda _selections, _folder: {},
    frame: Mapping[str, Any] | None = None,
    on_frames: Callable[[int], None] = lambda _: None,
) -> Conversion:
    """Encode one video a pass into ``out_dir``, and describe the videos in ``metadata.json`` there.

    If the sequences have a problem, nothing is written. The videos get their final names only after all of them are
    decoded and verified. ``metadata.json`` is written last. If anything fails before the videos get their names,
    ``out_dir`` keeps its earlier contents.

    Args:
        sequences: sequences of one shot that ``check`` verified.
        out_dir: folder for the videos, which is created if it does not exist.
        ffmpeg: encodes and decodes.
        name: the name of the shot for people.
        fps: frames a second of the videos.
        scene_document: the scene, for ``metadata.json``.
        frame_range: first and last frame number to take.
        on_gap: ``hold`` repeats the previous frame for each missing or corrupt one; ``stop`` raises CheckFailed.
        computed: gets the selected frames and a work folder, and returns the passes that are not encoded straight from
            their files. These passes replace files that FFmpeg cannot read correctly (EXR), or add to the rendered
            passes. The folder exists until the videos are made.
        frame: the placement of the plate in the engine's frame, for ``metadata.json``.
        on_frames: called from several threads with the number of newly encoded frames; an exception ends the work.

    Raises:
        BadInput: pictures must be computed and are not, the fps is out of range, or another conversion is writing into
            ``out_dir``.
        CheckFailed: the sequences, a picture, or a new video have a fault.
        DiskFull: there is no room in ``out_dir``.
        ToolError: FFmpeg failed.
    """
    check_fps(fps)
    selections = select(sequences, frame_range=frame_range, on_gap=on_gap)
    with _work_folder(out_dir) as work, _full_disk_named(out_dir):
        sources = _sources(selections, computed(selections, work))
        # The checksums of computed passes were verified before their pixels were read.
        unproven = [selections[pass_] for pass_, source in sources.items() if isinstance(source, PictureFiles)]
        facts = _make_all(sources, unproven, work, ffmpeg=ffmpeg, fps=fps, on_frames=on_frames)
        videos = tuple(_video(pass_, facts[pass_], out_dir) for pass_ in sources)
        conversion = Conversion(
            name=name,
            folder=out_dir.absolute(),
            fps=fps,
            frames=videos[0].clip.frames,
            size=videos[0].clip.size,
            videos=videos,
            sources={pass_: _described(source, selections, pass_) for pass_, source in sources.items()},
            scene=scene_document,
            frame=frame,
        )
        _publish(conversion, facts)
    return conversion


def _sources(selections: Mapping[Pass, Selection], computed: Mapping[Pass, ComputedFrames]) -> dict[Pass, VideoSource]:
    """Return the source of each video; all have the same number of frames and the same size."""
    sources: dict[Pass, VideoSource] = {}
    for pass_ in Pass:
        if pass_ in computed:
            sources[pass_] = computed[pass_]
        elif pass_ in selections:
            selection = selections[pass_]
            is_data = pass_ is Pass.DEPTH
            sources[pass_] = from_files(selection.sequence.pattern, selection.files, selection.picture, is_data=is_data)
    shapes = {pass_: (source.count, source.size) for pass_, source in sources.items()}
    if len(set(shapes.values())) > 1:
        told = ", ".join(f"{pass_} {count} frames of {w}x{h}" for pass_, (count, (w, h)) in shapes.items())
        raise CheckFailed(f"the passes differ: {told}")
    return sources


@contextmanager
def _work_folder(out_dir: Path) -> Iterator[Path]:
    """Yield an empty folder inside ``out_dir``, and remove it afterwards; also remove a new ``out_dir`` left empty."""
    made = not out_dir.exists()
    out_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out_dir / f"{_WORK_FOLDER}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise BadInput(f"another conversion is writing into {out_dir}", action="wait for its end") from error
    work = out_dir / _WORK_FOLDER
    try:
        # Nobody else holds the lock, so any contents were left by a process that was killed.
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        # Windows does not allow removing an open file. There, the lock removes its file when it is released.
        with suppress(OSError):
            Path(lock.lock_file).unlink()
        lock.release()
        if made and not any(out_dir.iterdir()):
            out_dir.rmdir()


@contextmanager
def _full_disk_named(out_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC or isinstance(error, CosmosError):
            raise
        raise DiskFull(
            f"the disk is full: converting into {out_dir}", action="free some room and run the same command again"
        ) from error


def _make_all(
    sources: Mapping[Pass, VideoSource],
    unproven: Iterable[Selection],
    work: Path,
    *,
    ffmpeg: FFmpeg,
    fps: int,
    on_frames: Callable[[int], None],
) -> dict[Pass, VideoFacts]:
    """Make the videos, several at a time, while a thread verifies the files' checksums; the first failure ends all.

    If the checksums were verified first, each file would be fetched from its server twice.
    """
    stop = Event()
    # Reading the frames leaves data in memory. Beside it there is room for two encoders below a gigabyte.
    most = 2 if any(isinstance(source, ComputedFrames) for source in sources.values()) else _MOST_AT_ONCE
    workers = max(1, min(len(sources), os.cpu_count() or 1, most))
    with ThreadPoolExecutor(max_workers=workers) as pool, ThreadPoolExecutor(max_workers=1) as prover:
        proof = prover.submit(verify_checksums, unproven, stop)
        futures = {
            pass_: pool.submit(
                _make_faithful,
                source,
                work / str(pass_),
                pass_,
                ffmpeg=ffmpeg,
                fps=fps,
                on_frames=on_frames,
                stop=stop,
            )
            for pass_, source in sources.items()
        }
        try:
            jobs: list[Future[Any]] = [proof, *futures.values()]
            done, _ = wait(jobs, return_when=FIRST_EXCEPTION)
            for future in jobs:
                if future in done:
                    future.result()
        finally:
            # This also runs after an interrupt from the keyboard. The pool's block ends when its threads have ended.
            stop.set()
            prover.shutdown(cancel_futures=True)
            pool.shutdown(cancel_futures=True)
    return {pass_: future.result() for pass_, future in futures.items()}


def _make_faithful(
    source: VideoSource,
    folder: Path,
    pass_: Pass,
    *,
    ffmpeg: FFmpeg,
    fps: int,
    on_frames: Callable[[int], None],
    stop: Event,
) -> VideoFacts:
    """Make one video, and let its source check the decoded frames."""
    encoding = encode.choose_encoding(pass_)
    facts = make_video(source, folder, ffmpeg=ffmpeg, fps=fps, encoding=encoding, on_frames=on_frames, stop=stop)
    lost = source.problem(facts.clip.path, ffmpeg) if isinstance(source, ComputedFrames) and source.problem else None
    if lost is not None:
        raise CheckFailed(f"the video of {source.label} is wrong: {lost}")
    return facts


def _video(pass_: Pass, facts: VideoFacts, out_dir: Path) -> ControlVideo:
    encoding = encode.choose_encoding(pass_)
    return ControlVideo(
        pass_=pass_,
        clip=replace(facts.clip, path=out_dir.absolute() / f"{pass_}.mp4"),
        codec=facts.codec,
        pix_fmt=facts.pix_fmt,
        preset=encoding.preset,
        crf=encoding.crf,
        color=facts.color,
    )


def _described(source: VideoSource, selections: Mapping[Pass, Selection], pass_: Pass) -> Source:
    """Return the provenance of a video; a pass that was computed from another pass names the files of that pass."""
    selection = selections.get(pass_) or next(iter(selections.values()))
    picture = selection.picture
    return Source(
        pattern=selection.sequence.pattern,
        first=selection.numbers[0],
        last=selection.numbers[-1],
        step=selection.sequence.step,
        held=selection.held,
        picture=picture,
        applied=encode.applied(source),
        details=source.details if isinstance(source, ComputedFrames) else None,
        layer=selection.sequence.layer or None,
        why=selection.sequence.why if pass_ in selections else "computed from the colour pass",
    )


def _publish(conversion: Conversion, facts: Mapping[Pass, VideoFacts]) -> None:
    """Move the videos to their final names, and then write their description.

    The description of an earlier conversion is removed first. It never exists beside videos that it does not describe.
    """
    (conversion.folder / FILE_NAME).unlink(missing_ok=True)
    for video in conversion.videos:
        facts[video.pass_].clip.path.replace(video.clip.path)
    write_metadata(conversion)

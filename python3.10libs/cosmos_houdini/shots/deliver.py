"""A result goes to comp: in the plate's size, position, frame numbers, rate and names, in the files that comp reads."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from cosmos_houdini import __version__
from cosmos_houdini.config import Config
from cosmos_houdini.errors import BadInput, CosmosError, DiskFull
from cosmos_houdini.jobs import collect
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.commands import job_error
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.json_text import read_json_file
from cosmos_houdini.media.delivery.exr import Compression, ExrFrames, prove_exrs, write_exrs
from cosmos_houdini.media.delivery.frames import ResultFrames
from cosmos_houdini.media.delivery.light import display_meaning, inverse_view
from cosmos_houdini.media.delivery.movies import Movie, write_movie
from cosmos_houdini.media.delivery.pictures import write_pictures
from cosmos_houdini.media.delivery.plate import NO_HEADER, Plate, PlateFrame, plate_of, read_header
from cosmos_houdini.media.delivery.timecode import timecode_of
from cosmos_houdini.media.pictures.geometry import Placement, plan_geometry
from cosmos_houdini.media.sequences import pattern, span
from cosmos_houdini.media.videos.ffmpeg import Run
from cosmos_houdini.media.videos.probe import describe_video, sha256_of
from cosmos_houdini.media.videos.restore import framing_of
from cosmos_houdini.media.videos.scratch import scratch_folder
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.delivery import Delivery, DeliveryFormat
from cosmos_houdini.model.job import JobState
from cosmos_houdini.model.ratings import key_of
from cosmos_houdini.model.request import Clip
from cosmos_houdini.report.ratings import read_ratings
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.shots.restore import RESULT, conversion_of


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverOptions:
    """The files of a delivery, and where they go.

    Attributes:
        to: the kind of the files.
        output: a pattern such as ``comp/sh010.####.exr``, a movie's name, or a folder for the plate's own names.
            ``{job}`` and ``{run}`` in it stand for the job's id and the run's name. None for a folder of the result's.
        compression: of EXR files.
    """

    to: DeliveryFormat
    output: str | None = None
    compression: Compression = "zip"


def deliver_results(
    client: Client, words: Sequence[str], options: DeliverOptions, reporter: Reporter
) -> list[Delivery]:
    """Deliver the results of jobs; each is written, read back and compared before it gets its names.

    Args:
        client: of the project.
        words: ids of jobs or their beginnings, names of runs, or paths of results.
        options: what, and where to.
        reporter: takes remarks, and shows the progress.

    Raises:
        BadInput: there is no such run, it has no result, the name promises another format, several runs would go to
            one name, or the view that was applied has no inverse.
        CheckFailed: the files do not read back as they were written.
        DiskFull: there is no room for them. Nothing has a final name then.
    """
    records = [find_result(client, word) for word in words]
    for record in records:
        _output(record, options)
    works = [_prepared(client.config, record, options) for record in records]
    outputs = [_output(work.record, options, work.plate) for work in works]
    for work, out in zip(works, outputs, strict=True):
        _refuse_plate(work, out)
    if options.output is not None:
        _refuse_one_name_for_two(records, outputs)
    return [_deliver(work, options, out, reporter) for work, out in zip(works, outputs, strict=True)]


def picked_jobs(client: Client, path: Path) -> list[str]:
    """Return the ids of the jobs that a reviewer has picked.

    Args:
        client: of the project.
        path: of the ratings that the page of a report has saved; it may be of a shared report with other names.

    Raises:
        BadInput: the file cannot be read, or picks no run of this project.
    """
    ids = {key_of(job.id): job.id for job in client.store.jobs()}
    picked = [ids[key] for key in read_ratings(path, ids.values()).picked()]
    if not picked:
        raise BadInput(f"{path} picks no run", action="pick some on the page of the report with P")
    return picked


def find_result(client: Client, word: str) -> JobRecord:
    """Return the job that somebody means by an id, the name of a run, or the path of a result.

    Raises:
        BadInput: there is none, there are several, or it is not at its end.
        JobFailed: it has no result.
    """
    record = client.store.get(_job_id(client, word))
    if record.state is not JobState.SUCCEEDED:
        if record.state.final:
            raise job_error(record)
        raise BadInput(f"job {record.id} is {record.state}", action=f"cosmos-houdini attach {record.id} follows it")
    if not (record.results / RESULT).is_file():
        raise BadInput(f"the result of {record.id} is gone", action=f"cosmos-houdini fetch {record.id} brings it again")
    return record


def _job_id(client: Client, word: str) -> str:
    path = Path(word)
    note = (path if path.is_dir() else path.parent) / collect.RESULT
    if path.exists() and note.is_file():
        return str(read_json_file(note)["job"])
    named = [job.id for job in client.store.jobs() if job.name == word and job.state is JobState.SUCCEEDED]
    if len(named) == 1:
        return named[0]
    if len(named) > 1:
        raise BadInput(f"{len(named)} results are of runs named {word!r}", allowed=", ".join(named))
    return client.store.find(word)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One delivery before its files are written."""

    config: Config
    record: JobRecord
    conversion: Mapping[str, Any]
    plate: Plate
    frames: ResultFrames
    first: PlateFrame
    rate: Fraction
    kind: DeliveryFormat
    remarks: tuple[str, ...]

    @property
    def shown(self) -> Mapping[str, Any] | None:
        """The display transform of the colour pass; None for pictures that were meant for a display."""
        source: Mapping[str, Any] = self.conversion.get("sources", {}).get(str(Pass.COLOR), {})
        return source.get("display")

    def header(self, index: int) -> PlateFrame:
        """Return what the plate says of a frame."""
        file = self.plate.file(self.plate.numbers[index])
        return read_header(file) if file else NO_HEADER

    def about_run(self) -> dict[str, str | int | float]:
        """Return what a header says of the run."""
        request = self.record.inference()
        seed = request.parameters.get("seed")
        return {
            "job": self.record.id,
            "run": self.record.job.name,
            "engine": request.engine,
            **({"seed": seed} if isinstance(seed, int) else {}),
            "prompt_sha256": hashlib.sha256(request.prompt.encode()).hexdigest(),
            "source_sha256": request.video.sha256,
            "version": __version__,
        }


def _deliver(work: _Work, options: DeliverOptions, out: Path, reporter: Reporter) -> Delivery:
    record = work.record
    for remark in work.remarks:
        reporter.say(f"{record.id}: {remark}")
    label = f"delivering {record.job.name}"
    with (
        reporter.progress(label, total=work.frames.count, unit="frames") as advance,
        _full_disk_named(out),
        scratch_folder(out) as folder,
    ):
        how = Run(task=f"delivering {record.id}", cwd=folder, on_frames=advance)
        made = (_write_movie if options.to.is_movie else _write_files)(work, options, out, folder, how)
    for remark in made.remarks[len(work.remarks) :]:
        reporter.say(f"{record.id}: {remark}")
    return made


def _prepared(config: Config, record: JobRecord, options: DeliverOptions) -> _Work:
    clip = _verified_clip(record)
    facts = describe_video(clip, ffmpeg=config.ffmpeg)
    conversion = conversion_of(config, record)
    remarks = []
    if conversion.get("frame"):
        plate, geometry = plate_of(conversion), framing_of(conversion)
    else:
        plate = _plate_of_video(record)
        geometry = plan_geometry(plate.size, clip.size, placement=Placement.STRETCH)
        remarks.append(
            f"nothing is known of its plate: frames are numbered from 1 in the size of {Path(plate.pattern).name}"
        )
    file = next((found for number in plate.numbers if (found := plate.file(number))), None)
    first = read_header(file) if file else NO_HEADER
    if file is None and conversion:
        remarks.append(f"the plate {plate.pattern} is not there any more, so nothing of its headers is kept")
    if first.size is not None and first.size != plate.size:
        now, then = ("x".join(map(str, size)) for size in (first.size, plate.size))
        remarks.append(f"the plate {plate.pattern} is {now} by now; the result is of the plate of {then}")
    rate = plate.rate(first)
    frames = ResultFrames(
        facts=facts, geometry=geometry, count=len(plate.numbers), rate=f"{rate.numerator}/{rate.denominator}"
    )
    if clip.frames < frames.count:
        raise BadInput(f"{clip.path} has {clip.frames} frames", allowed=f"{frames.count}, as the shot, or more")
    if plate.held:
        shown = "the movie shows the result for them" if options.to.is_movie else "they are left out"
        remarks.append(f"{span.format_frames(plate.held, ' has', ' have')} no picture in the plate; {shown}")
    return _Work(
        config=config,
        record=record,
        conversion=conversion,
        plate=plate,
        frames=frames,
        first=first,
        rate=rate,
        kind=options.to,
        remarks=tuple(remarks),
    )


def _write_movie(work: _Work, options: DeliverOptions, out: Path, folder: Path, how: Run) -> Delivery:
    code = work.first.timecode or timecode_of(work.plate.numbers[0], work.plate.rate(work.first) * work.plate.step)
    about = " ".join(f"{name}={value}" for name, value in work.about_run().items())
    movie = Movie(kind=options.to, rate=work.rate, timecode=code, comment=f"cosmos-houdini {about}")
    part = folder / f"movie{out.suffix.lower()}"
    made = write_movie(work.frames, movie, part, how, work.config.ffmpeg)
    part.replace(out)
    words = f"{display_meaning(work.shown).words}, tagged BT.709"
    return _delivery(work, out, [out], words, timecode=code, size=made.clip.size)


def _write_files(work: _Work, options: DeliverOptions, out: Path, folder: Path, how: Run) -> Delivery:
    numbered = pattern.parse(out.name)
    names = [numbered.name(number) if numbered else out.name for number in work.plate.numbers]
    held = set(work.plate.held)
    kept = [number not in held for number in work.plate.numbers]
    remarks: tuple[str, ...] = ()
    if options.to.is_exr:
        parts = [folder / f"{index:08d}.exr" for index in range(len(names))]
        wanted = [part if keep else None for part, keep in zip(parts, kept, strict=True)]
        words, remarks = _write_exrs(work, options, wanted, how)
    else:
        parts = write_pictures(work.frames, options.to, folder, how, work.config.ffmpeg)
        words = display_meaning(work.shown).words
    files = []
    for part, name, keep in zip(parts, names, kept, strict=True):
        if keep:
            files.append(out.with_name(name))
            part.replace(files[-1])
    return _delivery(work, out, files, words, timecode=work.first.timecode, remarks=remarks)


def _write_exrs(
    work: _Work, options: DeliverOptions, parts: Sequence[Path | None], how: Run
) -> tuple[str, tuple[str, ...]]:
    inverse = inverse_view(work.shown) if options.to is DeliveryFormat.EXR_LINEAR else None
    meaning = inverse.meaning if inverse else display_meaning(work.shown)
    exr = ExrFrames(
        meaning=meaning,
        compression=options.compression,
        pixel_aspect=work.frames.geometry.pixel_aspect,
        rate=work.plate.rate(work.first) * work.plate.step,
        run=work.about_run(),
        inverse=inverse,
    )
    decoding = Run(task=how.task, cwd=how.cwd)
    frames = work.frames.decode(work.config.ffmpeg, decoding)
    written = write_exrs(frames, parts, exr, work.header, how.on_frames)
    prove_exrs([part for part in parts if part], written, exr)
    remarks = list(inverse.remarks) if inverse else []
    if inverse and written.white:
        remarks.append(
            f"{written.white:.2%} of the pixels are at the display's white; brighter light became that white, too, and "
            "does not come back"
        )
    return meaning.words, tuple(remarks)


def _delivery(
    work: _Work,
    out: Path,
    files: Iterable[Path],
    words: str,
    *,
    timecode: str,
    size: tuple[int, int] | None = None,
    remarks: tuple[str, ...] = (),
) -> Delivery:
    return Delivery(
        job=work.record.id,
        format=work.kind,
        path=str(out),
        files=tuple(files),
        frames=work.plate.numbers if work.kind.is_movie else work.plate.pictured,
        held=work.plate.held,
        size=size or work.plate.size,
        rate=float(work.rate),
        timecode=timecode,
        color=words,
        remarks=(*work.remarks, *remarks),
    )


def _verified_clip(record: JobRecord) -> Clip:
    """Return the result as it was verified when it was fetched, if its file has not changed since.

    Raises:
        BadInput: it has changed, or nothing says what it was.
    """
    path, note = record.results / RESULT, record.results / collect.RESULT
    again = f"cosmos-houdini fetch {record.id} brings it again"
    try:
        found = next(output for output in read_json_file(note)["outputs"] if output["path"] == RESULT)
        width, height = found["size"]
        clip = Clip(path=path, sha256=found["sha256"], frames=found["frames"], size=(width, height), fps=found["fps"])
    except (StopIteration, KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{note} does not describe {RESULT}", action=again) from error
    if sha256_of(path) != clip.sha256:
        raise BadInput(f"{path} has changed since it was verified", action=again)
    return clip


def _plate_of_video(record: JobRecord) -> Plate:
    """Return the colour video of a job as its plate."""
    video = record.inference().video
    return Plate(
        name=record.job.name,
        padding=4,
        numbers=tuple(range(1, video.frames + 1)),
        held=(),
        size=video.size,
        pattern=str(video.path),
        fps=video.fps,
        step=1,
    )


def _output(record: JobRecord, options: DeliverOptions, plate: Plate | None = None) -> Path:
    """Return the pattern or the name of a delivery.

    Raises:
        BadInput: the name promises another format, or has no place for frame numbers.
    """
    kind = options.to
    name, padding = (plate.name, plate.padding) if plate else ("", 1)
    own = f"{name}{kind.endings[0]}" if kind.is_movie else f"{name}.{'#' * padding}{kind.endings[0]}"
    if options.output is None:
        return record.results / str(kind) / own
    given = options.output.replace("{job}", record.id).replace("{run}", record.job.name)
    out = Path(given)
    if given.endswith(("/", "\\")) or out.is_dir() or not out.suffix:
        return out / own
    if out.suffix.lower() not in kind.endings:
        raise BadInput(
            f"{out.name} promises another format than {kind}",
            allowed=f"a name that ends in {' or '.join(kind.endings)}",
        )
    if not kind.is_movie and pattern.parse(out.name) is None:
        raise BadInput(f"{out.name} has no place for frame numbers", allowed=f"such as {out.stem}.####{out.suffix}")
    return out


def _refuse_one_name_for_two(records: Sequence[JobRecord], outputs: Sequence[Path]) -> None:
    taken: dict[Path, str] = {}
    for record, out in zip(records, outputs, strict=True):
        first = _named(out, 1)
        if other := taken.get(first):
            raise BadInput(
                f"the results of {other} and {record.id} would go to {out}", allowed="a name with {run} or {job}"
            )
        taken[first] = record.id


def _refuse_plate(work: _Work, out: Path) -> None:
    """Refuse names that are those of the plate or of its passes."""
    number = work.plate.numbers[0]
    for source in work.conversion.get("sources", {}).values():
        if _named(Path(source["pattern"]), number) == _named(out, number):
            raise BadInput(f"{out} is the plate itself", action="deliver into another folder, or under another name")


def _named(path: Path, number: int) -> Path:
    numbered = pattern.parse(path.name)
    return path.parent.resolve() / (numbered.name(number) if numbered else path.name)


@contextmanager
def _full_disk_named(out: Path) -> Iterator[None]:
    try:
        yield
    except CosmosError:
        raise
    except (OSError, RuntimeError) as error:
        # The OpenEXR binding gives an error of the disk as its own.
        if getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error):
            raise DiskFull(f"the disk is full: delivering to {out.parent}", action="free some room") from error
        raise

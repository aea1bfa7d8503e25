"""The commands of the worker: each decodes its options, calls a use case, and returns a document.

Commands import what they need when they run: every work item of a TOP network waits for its worker to start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.schemas import schema_id
from cosmos_houdini.worker.options import Options, decode
from cosmos_houdini.worker.request import Request

if TYPE_CHECKING:
    from cosmos_houdini.jobs.client import Client

Document = Mapping[str, Any]


def run(request: Request, reporter: Reporter) -> Document:
    """Run the command of a request and return its document.

    Raises:
        BadInput: there is no such command, or an option cannot be used.
        CosmosError: as for the use case of the command.
    """
    if request.command not in COMMANDS:
        raise BadInput(
            f"no command {request.command!r}",
            allowed=", ".join(COMMANDS),
            action=did_you_mean(request.command, COMMANDS),
        )
    return COMMANDS[request.command](request, reporter)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoOptions:
    """No options."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneOptions:
    """A scene to read; ``samples`` adds every camera at every frame."""

    file: Path
    samples: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptRequest:
    """The open scene as ``SceneContents.document`` writes it, the path of its camera, and the user's own words."""

    contents: Mapping[str, Any]
    camera: str | None = None
    style: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOptions:
    """Jobs by id, or by the beginning of one."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryOptions:
    """Jobs by id, or by the beginning of one; ``detach`` returns when they run on their hosts."""

    ids: tuple[str, ...]
    detach: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """A log of the last attempt of a job: standard output, or standard error."""

    id: str
    stderr: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOptions:
    """A result, the ``metadata.json`` of its conversion, and the video or pattern to write."""

    video: Path
    metadata: Path
    output: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractOptions:
    """A video, a pattern such as ``name.####.png``, and the number of the first frame, from 0."""

    video: Path
    output: Path
    first: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverRequest:
    """Runs to deliver, the kind of the files, and their pattern; see ``deliver --help``."""

    runs: tuple[str, ...]
    to: str
    output: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThumbnailOptions:
    """Videos on this machine."""

    videos: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """The jobs to compare, and the folder of the report; None for ``cosmos_out/jobs/report`` in the project."""

    jobs: tuple[str, ...]
    output: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateBatchOptions:
    """The prompt specs of a batch, and how their parameters are varied; see ``create-batch --help``."""

    specs: tuple[Path, ...]
    output: Path
    randomization: Path | None = None
    engine: str | None = None
    count: int | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBatchOptions:
    """A batch file, and how it is run; see ``run-batch --help``."""

    file: Path
    host: str | None = None
    max_parallel: int | None = None
    skip_bad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorOptions:
    """A host to check beside this machine."""

    host: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """The folder of the demonstration."""

    output: Path


def _submit(request: Request, reporter: Reporter) -> Document:
    from cosmos_houdini.worker.submit import submit  # noqa: PLC0415 - see above

    return submit(request, reporter)


def _config(request: Request, _: Reporter) -> Document:
    from cosmos_houdini.config import load, plain  # noqa: PLC0415
    from cosmos_houdini.config.description import describe_config  # noqa: PLC0415
    from cosmos_houdini.doctor.configuration import find_problems  # noqa: PLC0415
    from cosmos_houdini.engines.description import describe_engines  # noqa: PLC0415
    from cosmos_houdini.launchers.registry import scheduled_hosts  # noqa: PLC0415

    _decode(NoOptions, request)
    loaded = load()
    problems = [str(problem.error()) for problem in find_problems(loaded)]
    return {
        "settings": plain(loaded.settings),
        "origins": dict(loaded.origins),
        "project": str(loaded.project),
        "scheduled_hosts": scheduled_hosts(loaded.settings.hosts),
        "engines": describe_engines(),
        "lines": [*describe_config(loaded), *(f"error: {problem}" for problem in problems)],
    }


def _scene(request: Request, _: Reporter) -> Document:
    from cosmos_houdini.scene import read_scene, sample_cameras  # noqa: PLC0415

    options = _decode(SceneOptions, request)
    scene = read_scene(options.file)
    return {"schema": schema_id("scene"), **scene.document(sample_cameras(scene) if options.samples else None)}


def _write_prompt(request: Request, _: Reporter) -> Document:
    from cosmos_houdini.worker.words import write_session_prompt  # noqa: PLC0415

    options = _decode(PromptRequest, request)
    written = write_session_prompt(options.contents, options.camera, options.style)
    return {"schema": schema_id("prompt"), **written.document()}


def _restore(request: Request, reporter: Reporter) -> Document:
    from cosmos_houdini.config import load  # noqa: PLC0415
    from cosmos_houdini.shots.restore import restore_video  # noqa: PLC0415

    options = _decode(RestoreOptions, request)
    restored = restore_video(load(), options.video, options.metadata, options.output, reporter)
    return {"files": [str(file) for file in restored.files]}


def _extract_frames(request: Request, reporter: Reporter) -> Document:
    from cosmos_houdini.config import load  # noqa: PLC0415
    from cosmos_houdini.shots.standardize import extract_frames  # noqa: PLC0415

    options = _decode(ExtractOptions, request)
    return {"frames": extract_frames(load(), options.video, options.output, reporter, first=options.first)}


def _deliver(request: Request, reporter: Reporter) -> Document:
    from cosmos_houdini.model.delivery import DeliveryFormat  # noqa: PLC0415
    from cosmos_houdini.shots.deliver import DeliverOptions, deliver_results  # noqa: PLC0415

    options = _decode(DeliverRequest, request)
    with _open_client() as client:
        wanted = DeliverOptions(to=DeliveryFormat.parse(options.to), output=options.output)
        made = deliver_results(client, options.runs, wanted, reporter)
    return {"schema": schema_id("deliver"), "deliveries": [each.document() for each in made]}


def _estimate(request: Request, _: Reporter) -> Document:
    from cosmos_houdini.config import load  # noqa: PLC0415
    from cosmos_houdini.shots.estimate import EstimateOptions, estimate_shot  # noqa: PLC0415

    return estimate_shot(load(), _decode(EstimateOptions, request)).document()


def _thumbnails(request: Request, reporter: Reporter) -> Document:
    from cosmos_houdini.config import load  # noqa: PLC0415
    from cosmos_houdini.shots.thumbnails import make_thumbnails  # noqa: PLC0415

    made = make_thumbnails(load(), _decode(ThumbnailOptions, request).videos, reporter)
    return {"pictures": {str(video): str(picture) for video, picture in made.items()}}


def _status(request: Request, reporter: Reporter) -> Document:
    from cosmos_houdini.jobs.status import refresh_status  # noqa: PLC0415

    _decode(NoOptions, request)
    with _open_client() as client:
        found = refresh_status(client)
    for remark in found.remarks:
        reporter.say(remark)
    return {"schema": schema_id("status"), "jobs": [status.document() for status in found.jobs]}


def _logs(request: Request, _: Reporter) -> Document:
    from cosmos_houdini.jobs.logs import read_log  # noqa: PLC0415

    options = _decode(LogOptions, request)
    with _open_client() as client:
        return {"text": "".join(read_log(client, options.id, stderr=options.stderr))}


def _cancel(request: Request, reporter: Reporter) -> Document:
    from cosmos_houdini.jobs.commands import cancel_jobs  # noqa: PLC0415

    options = _decode(CancelOptions, request)
    with _open_client() as client:
        return {"jobs": [status.document() for status in cancel_jobs(client, options.ids, reporter)]}


def _retry(request: Request, reporter: Reporter) -> Document:
    from cosmos_houdini.jobs.commands import retry_jobs  # noqa: PLC0415
    from cosmos_houdini.jobs.follow import raise_failure  # noqa: PLC0415
    from cosmos_houdini.shots.results import follow_to_results  # noqa: PLC0415

    options = _decode(RetryOptions, request)
    with _open_client() as client:
        ids = retry_jobs(client, options.ids, reporter)
        records = [each.record for each in follow_to_results(client, ids, reporter, detach=options.detach)]
    raise_failure(records, reporter)
    return {"jobs": [record.status.document() for record in records]}


def _report(request: Request, reporter: Reporter) -> Document:
    from cosmos_houdini.config import load  # noqa: PLC0415
    from cosmos_houdini.report.make import make_report  # noqa: PLC0415

    options = _decode(ReportOptions, request)
    written = make_report(load(), options.jobs, options.output, reporter)
    return {"schema": schema_id("report"), **written.document, "page": str(written.page)}


def _create_batch(request: Request, reporter: Reporter) -> Document:
    from cosmos_houdini.batches.create import create_batch  # noqa: PLC0415
    from cosmos_houdini.batches.plan import run_documents  # noqa: PLC0415
    from cosmos_houdini.config import load  # noqa: PLC0415
    from cosmos_houdini.specs.batch_file import load_randomization  # noqa: PLC0415

    options = _decode(CreateBatchOptions, request)
    created = create_batch(
        options.specs,
        load(),
        reporter,
        randomization=load_randomization(options.randomization) if options.randomization else None,
        engine=options.engine,
        count=options.count,
        seed=options.seed,
        output=options.output,
    )
    return {"schema": schema_id("create-batch"), "runs": list(run_documents(created.sweep.runs))}


def _run_batch(request: Request, reporter: Reporter) -> Document:
    from cosmos_houdini.batches.options import BatchOptions  # noqa: PLC0415
    from cosmos_houdini.batches.plan import RunSelection, plan_batch  # noqa: PLC0415
    from cosmos_houdini.batches.run import run_batch  # noqa: PLC0415
    from cosmos_houdini.config import load  # noqa: PLC0415
    from cosmos_houdini.specs.batch_file import load_batch  # noqa: PLC0415

    options = _decode(RunBatchOptions, request)
    config = load()
    planned = plan_batch(
        load_batch(options.file),
        config,
        reporter,
        host=options.host,
        selection=RunSelection(skip_bad=options.skip_bad),
        file=options.file,
    )
    outcome = run_batch(config, planned, BatchOptions(max_parallel=options.max_parallel), reporter)
    reporter.say(outcome.summary.text)
    if outcome.error:
        raise outcome.error
    return {"schema": schema_id("run-batch"), **outcome.document()}


def _doctor(request: Request, reporter: Reporter) -> Document:
    options = _decode(DoctorOptions, request)
    from cosmos_houdini.doctor.diagnosis import Diagnosis  # noqa: PLC0415 - few requests need it

    diagnosis = Diagnosis(host=options.host)
    for _ in diagnosis.run():
        pass
    reporter.say(diagnosis.summary)
    return {"schema": schema_id("doctor"), **diagnosis.to_dict()}


def _demo(request: Request, reporter: Reporter) -> Document:
    from cosmos_houdini.config import load  # noqa: PLC0415
    from cosmos_houdini.demo.demonstration import make_demonstration  # noqa: PLC0415
    from cosmos_houdini.jobs.follow import raise_failure  # noqa: PLC0415

    options = _decode(DemoOptions, request)
    record = make_demonstration(load(), options.output, reporter).record
    raise_failure([record], reporter)
    return {"outputs": list(record.job.outputs)}


def _decode(kind: type[Options], request: Request) -> Options:
    if request.words:
        raise BadInput(f"{request.command} takes no further options: {' '.join(request.words)}")
    return decode(kind, request.options, request.command)


def _open_client() -> AbstractContextManager[Client]:
    from cosmos_houdini.config import load  # noqa: PLC0415 - see above
    from cosmos_houdini.jobs.client import open_client  # noqa: PLC0415 - see above

    return open_client(load())


COMMANDS: Mapping[str, Callable[[Request, Reporter], Document]] = {
    "submit": _submit,
    "scene": _scene,
    "write-prompt": _write_prompt,
    "config": _config,
    "status": _status,
    "logs": _logs,
    "cancel": _cancel,
    "retry": _retry,
    "restore": _restore,
    "extract-frames": _extract_frames,
    "deliver": _deliver,
    "estimate": _estimate,
    "thumbnails": _thumbnails,
    "report": _report,
    "create-batch": _create_batch,
    "run-batch": _run_batch,
    "doctor": _doctor,
    "demo": _demo,
}

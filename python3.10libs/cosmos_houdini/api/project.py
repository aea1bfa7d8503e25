"""A project folder: its configuration, its jobs, and all that a script does with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from cosmos_houdini.api.arguments import job_state, submit_options
from cosmos_houdini.api.job import Job
from cosmos_houdini.api.session import Session
from cosmos_houdini.api.shot import Shot
from cosmos_houdini.api.shot_files import ShotFiles
from cosmos_houdini.caption.templates import expand_templates
from cosmos_houdini.config import Config, load
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs import commands
from cosmos_houdini.jobs.adopt import find_or_adopt
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.follow import follow_jobs, queue_job
from cosmos_houdini.jobs.prepare import Prepared
from cosmos_houdini.media.selection import OnGap
from cosmos_houdini.media.videos.metadata import FILE_NAME
from cosmos_houdini.model.delivery import DeliveryFormat
from cosmos_houdini.model.job import JobState
from cosmos_houdini.model.spec import RunSpec, SpecValue
from cosmos_houdini.reporter import Reporter, Silent
from cosmos_houdini.schemas import schema_id
from cosmos_houdini.shots import submit
from cosmos_houdini.shots.options import EncodeOptions, FrameOptions, ShotSource, SubmitOptions, named_weights
from cosmos_houdini.shots.run import plan_document, plan_run
from cosmos_houdini.specs.files import load_run_spec

if TYPE_CHECKING:
    from cosmos_houdini.api.batch import Batch
    from cosmos_houdini.media.delivery.exr import Compression
    from cosmos_houdini.model.batch import Sampler
    from cosmos_houdini.model.delivery import Delivery
    from cosmos_houdini.report.make import WrittenReport


class Project(ShotFiles):
    """A project; ``Project.open`` makes one.

    A project holds no connection and no open file, so that any number of threads may use it. Relative paths that a
    method takes start at the working folder of the process, as those of the command line do.

    Attributes:
        config: the merged configuration, each value with its origin.
        reporter: takes messages and progress of everything that is done.
    """

    def __init__(self, config: Config, reporter: Reporter) -> None:
        self.config = config
        self.reporter = reporter
        self._session = Session(config=config, reporter=reporter)

    def __repr__(self) -> str:
        return f"<Project {self.folder}>"

    @classmethod
    def open(cls, folder: str | Path = ".", *, reporter: Reporter | None = None) -> Project:
        """Open the project to which a folder belongs.

        Args:
            folder: holds ``cosmos-houdini.yaml``, or lies below a folder that does; else it becomes the project.
            reporter: takes messages and progress; None drops them.

        Raises:
            BadInput: the folder does not exist, or a configuration file cannot be used.
        """
        path = Path(folder)
        if not path.is_dir():
            raise BadInput(f"{path} is no folder", allowed="the folder of a project")
        return cls(load(path), reporter or Silent())

    @property
    def folder(self) -> Path:
        """The folder of the project; its jobs are kept in ``.cosmos`` there."""
        return self.config.project

    def client(self) -> AbstractContextManager[Client]:
        """Open the store and connections for one step of work; for code that goes below this API."""
        return self._session.client()

    def shot(
        self,
        scene: str | Path | None = None,
        *,
        renders: str | Path | None = None,
        output: str | None = None,
        take: str | None = None,
        fps: float | None = None,
        frame_range: tuple[int, int] | None = None,
        on_gap: OnGap = "stop",
        passes: Mapping[str, str] | None = None,
        encoding: EncodeOptions | None = None,
        name: str | None = None,
    ) -> Shot:
        """Return a shot: frames of a scene's render node, of a folder, or videos that were encoded before.

        Args:
            scene: a .hip, .hiplc or .hipnc file; or, alone, a folder of renders, or of videos that ``prepare`` or
                ``convert`` wrote.
            renders: folder of the rendered frames, or a pattern such as ``name.####.exr``.
            output: instead of ``renders``, the render node that wrote the frames, such as ``/out/mantra1``.
            take: with ``output``, the take that was rendered.
            fps: frames a second, 1 to 240; None for the scene's, else 24.
            frame_range: first and last frame; None for the range of the node, else of the scene, else all frames.
            on_gap: ``stop`` refuses a missing or corrupt frame, ``hold`` repeats the frame before it.
            passes: by pass, what shows it: a pattern of files, a layer or channel of EXR files, or ``none``.
            encoding: how passes become control videos; None follows the configuration.
            name: of the shot; None for the renders' own.

        Raises:
            BadInput: the arguments name no frames, or more than one place for them, or a value is out of range.
        """
        frames = FrameOptions(fps=fps, frame_range=frame_range, on_gap=on_gap, passes=passes or {})
        path = Path(scene).absolute() if scene is not None else None
        source: ShotSource | Path
        if path is not None and path.is_dir() and renders is None and output is None:
            source = path if (path / FILE_NAME).is_file() else ShotSource(renders=path)
        else:
            source = ShotSource(scene=path, renders=renders, output=output, take=take)
        return Shot(source=source, frames=frames, encoding=encoding or EncodeOptions(), name=name)

    def prepare(self, shot: Shot, *, engine: str | None = None, weights: Mapping[str, float] | None = None) -> Shot:
        """Verify and encode the frames of a shot, and return the shot as the folder of its videos.

        Args:
            shot: a shot; one that is encoded already is returned as it is.
            engine: by whose rules controls are computed; None for the configuration's default.
            weights: of controls; edge and vis are computed where they have a weight and no pass was rendered.

        Raises:
            BadInput: the scene or the frames cannot be used, or there is no colour pass.
            CheckFailed: frames are missing or damaged.
        """
        if isinstance(shot.source, Path):
            return shot
        options = SubmitOptions(name=shot.name, engine=engine, weights=named_weights(weights or {}))
        videos = submit.encode_videos(
            self.config, shot.source, options, self.reporter, frames=shot.frames, encoding=shot.encoding
        )
        return Shot(source=videos.folder / submit.INPUTS, name=videos.name)

    def submit(
        self,
        shot: Shot,
        *,
        prompt: str,
        negative_prompt: str = "",
        engine: str | None = None,
        host: str | None = None,
        weights: Mapping[str, float] | None = None,
        parameters: Mapping[str, SpecValue] | None = None,
        num_gpu: int | None = None,
        name: str | None = None,
        results: str | Path | None = None,
    ) -> Job:
        """Encode a shot, send it to a host, and return its job once the job is on the host.

        The same shot with the same values is one job. A second call returns the first one's job, and a job that has
        succeeded does not run again. ``Job.wait`` follows the job to its result.

        Args:
            shot: a shot.
            prompt: description of the result.
            negative_prompt: things to avoid; empty for the engine's own.
            engine: a name of the engine registry; None for the configuration's default.
            host: a name of the configuration; None for its default.
            weights: of controls by name, 0 to 1; 0 leaves a control out, a control without a weight gets 0.5.
            parameters: of the engine by name, such as ``{"seed": 7}``; others keep the engine's defaults.
            num_gpu: GPUs for this inference, 1 to 64; None for 1.
            name: of the run; None for the shot's name.
            results: folder of the shot; None for ``cosmos_out/NAME`` in the project.

        Raises:
            BadInput: a value cannot be used, or the scene, the frames or the videos cannot be read.
            CheckFailed: frames are missing or damaged.
            JobFailed: the job could not be started.
            HostError: the host cannot be reached; nothing was queued.
        """
        options = submit_options(
            prompt=prompt,
            negative_prompt=negative_prompt,
            engine=engine,
            host=host,
            weights=weights,
            parameters=parameters,
            num_gpu=num_gpu,
            name=name,
            results=results,
        )
        return self._start(self._plan_shot(shot, options))

    def plan(
        self,
        shot: Shot,
        *,
        prompt: str,
        negative_prompt: str = "",
        engine: str | None = None,
        host: str | None = None,
        weights: Mapping[str, float] | None = None,
        parameters: Mapping[str, SpecValue] | None = None,
        num_gpu: int | None = None,
        name: str | None = None,
        results: str | Path | None = None,
    ) -> Mapping[str, Any]:
        """Encode a shot and return what ``submit`` would run, as ``submit --dry-run`` prints it; no host is reached.

        Arguments and errors are those of ``submit``.
        """
        options = submit_options(
            prompt=prompt,
            negative_prompt=negative_prompt,
            engine=engine,
            host=host,
            weights=weights,
            parameters=parameters,
            num_gpu=num_gpu,
            name=name,
            results=results,
        )
        return {"schema": schema_id("dry-run"), **plan_document(self._plan_shot(shot, options), self.config)}

    def run(self, spec: RunSpec | str | Path, *, host: str | None = None, results: str | Path | None = None) -> Job:
        """Start the inference of a RunSpec, and return its job once the job is on its host.

        Args:
            spec: a RunSpec, or the file of one.
            host: a name of the configuration; None for its default.
            results: folder of the results; None for ``cosmos_out/<job id>`` in the project.

        Raises:
            BadInput: something in the RunSpec, its videos or the configuration cannot be used.
            JobFailed: the job could not be started.
            HostError: the host cannot be reached; nothing was queued.
        """
        run_spec = spec if isinstance(spec, RunSpec) else load_run_spec(Path(spec))
        folder = Path(results).absolute() if results is not None else None
        return self._start(plan_run(run_spec, self.config, self.reporter, host=host, results=folder))

    def batch(
        self,
        shots: Iterable[Shot],
        *,
        prompts: Iterable[str],
        words: Mapping[str, Sequence[str]] | None = None,
        negative_prompt: str = "",
        vary: Mapping[str, Any] | None = None,
        weights: Mapping[str, float] | None = None,
        parameters: Mapping[str, SpecValue] | None = None,
        engine: str | None = None,
        host: str | None = None,
        count: int | None = None,
        sampler: Sampler | None = None,
        seed: int = 0,
        num_gpu: int = 1,
        name: str = "batch",
    ) -> Batch:
        """Encode shots and write a batch: every shot with every prompt, parameters varied. Nothing is sent.

        The prompt specs and the batch file go to ``cosmos_out/NAME``, so that the command line can run the batch too.

        Args:
            shots: one or more.
            prompts: one or more; every shot gets every prompt.
            words: makes the prompts templates: by name, the texts that take the place of ``{name}``.
            negative_prompt: what to avoid; empty for the engine's own.
            vary: parameter to its values: ``uniform(low, high)``, a list, a range. ``seed`` varies the seed
                (``"random"`` gives every run its own), ``weights`` takes a mapping of controls to values.
            weights: of controls by name, 0 to 1, the same for all runs.
            parameters: of the engine by name, the same for all runs.
            engine: a name of the engine registry; None for the configuration's default.
            host: a name of the configuration; None for its default.
            count: runs for each shot and prompt; None for all combinations, where ``vary`` has no open range.
            sampler: ``grid``, ``random``, ``latin_hypercube``, ``sobol`` or ``adaptive``; None for grid or random.
            seed: of the sampler; equal seeds give equal runs on every machine.
            num_gpu: GPUs that one inference uses, 1 to 64.
            name: of the batch, 1 to 80 letters, digits, ``.``, ``_`` and ``-``.

        Raises:
            BadInput: a value cannot be used, two shots have one name, or the frames cannot be read.
            CheckFailed: frames are missing or damaged.
        """
        from cosmos_houdini.api.batch import Batch  # noqa: PLC0415 - loads pydantic, which a single job does not need
        from cosmos_houdini.api.batch_files import BatchRequest, write_batch_files  # noqa: PLC0415 - likewise

        request = BatchRequest(
            name=name,
            engine=engine or self.config.settings.defaults.engine,
            prompts=tuple(prompts) if words is None else expand_templates(tuple(prompts), words),
            negative_prompt=negative_prompt,
            vary=vary or {},
            weights=named_weights(weights or {}),
            parameters=dict(parameters or {}),
            count=count,
            sampler=sampler,
            seed=seed,
            num_gpu=num_gpu,
        )
        self.config.settings.host(host)
        request.check()
        encoded = [self.prepare(shot, engine=request.engine, weights=weights) for shot in shots]
        batch = Batch(write_batch_files(request, encoded, self.folder), self._session, host=host)
        batch.plan()
        return batch

    def open_batch(self, file: str | Path, *, host: str | None = None) -> Batch:
        """Open a batch file, which ``batch`` or ``create-batch`` wrote; runs that cannot be run are named.

        Raises:
            BadInput: the file or none of its runs can be used, or the host is not configured.
        """
        from cosmos_houdini.api.batch import Batch  # noqa: PLC0415 - see ``batch``

        self.config.settings.host(host)
        batch = Batch(Path(file).absolute(), self._session, host=host)
        batch.plan(skip_bad=True)
        return batch

    def report(self, *jobs: Job | str, folder: str | Path | None = None) -> WrittenReport:
        """Write the review page of jobs: results side by side, with measures; ``Batch.report`` does so for a batch.

        Args:
            jobs: jobs or their ids, in the order of the page.
            folder: replaced where it holds an earlier report; None for ``cosmos_out/jobs/report`` in the project.

        Raises:
            BadInput: there is no such job, or the folder holds other files.
        """
        from cosmos_houdini.report.make import make_report  # noqa: PLC0415 - loads OpenCV

        ids = [self._job(job).id for job in jobs]
        return make_report(self.config, ids, Path(folder) if folder is not None else None, self.reporter)

    def job(self, job_id: str) -> Job:
        """Return a job of this project.

        Args:
            job_id: the id, or its beginning where only one job begins so.

        Raises:
            BadInput: there is no such job; the nearest is named.
        """
        with self.client() as client:
            return Job(client.store.find(job_id), self._session)

    def jobs(self, *, state: JobState | str | None = None) -> list[Job]:
        """Return the jobs of this project, the oldest first.

        Args:
            state: only those that were seen last in this state; None for all.

        Raises:
            BadInput: there is no such state.
        """
        wanted = None if state is None else job_state(state)
        with self.client() as client:
            return [Job(job.id, self._session) for job in client.store.jobs() if wanted in {None, job.state}]

    def attach(self, job_id: str, *, host: str | None = None) -> Job:
        """Return a job; if another machine has sent it to the host, adopt it into this project.

        Args:
            job_id: the id.
            host: the host that has the job; needed for a job of another machine.

        Raises:
            BadInput: there is no such job.
            HostError: the host cannot be reached.
        """
        with self.client() as client:
            return Job(find_or_adopt(client, job_id, host), self._session)

    def cancel(self, *jobs: Job | str) -> list[JobState]:
        """Stop jobs, on their hosts too, and return their states; errors as for ``Job.cancel``."""
        return [self._job(job).cancel() for job in jobs]

    def retry(self, *jobs: Job | str) -> list[Job]:
        """Start new attempts of jobs without results; errors as for ``Job.retry``."""
        return [self._job(job).retry() for job in jobs]

    def deliver(
        self,
        *jobs: Job | str,
        to: DeliveryFormat | str = "exr",
        output: str | Path | None = None,
        compression: Compression = "zip",
    ) -> list[Delivery]:
        """Write results for comp: in the plate's size, position, frame numbers, rate, timecode and names.

        Every file is read back before it gets its name.

        Args:
            jobs: jobs, their ids, or names of runs.
            to: ``exr``, ``exr-linear``, ``prores``, ``prores4444``, ``dnxhr``, ``png16``, ``png``, ``tiff`` or ``mp4``.
            output: a pattern such as ``comp/sh010.####.exr``, a movie's name, or a folder for the plate's own names;
                ``{run}`` and ``{job}`` in it stand for names. None for a folder beside the result.
            compression: of EXR files: ``zip`` without loss, or ``dwaa``.

        Raises:
            BadInput: there is no such job or format, a name promises another format, or the view that was applied to
                the plate has no inverse.
            JobFailed: a job has no result.
            CheckFailed: the files do not read back as they were written.
        """
        from cosmos_houdini.shots.deliver import DeliverOptions, deliver_results  # noqa: PLC0415 - loads OpenEXR

        options = DeliverOptions(
            to=DeliveryFormat.parse(str(to)),
            output=str(output) if output is not None else None,
            compression=compression,
        )
        with self.client() as client:
            return deliver_results(client, [self._job(job).id for job in jobs], options, self.reporter)

    def watch(
        self,
        *folders: str | Path,
        scene: str | Path | None = None,
        frame_range: tuple[int, int] | None = None,
        fps: float | None = None,
        run: RunSpec | str | Path | None = None,
        host: str | None = None,
        deliver: DeliveryFormat | str | None = None,
        output: str | None = None,
        quiet_s: float = 10.0,
        once: bool = False,
        stop: Event | None = None,
    ) -> int:
        """Convert, submit and deliver each render that is complete, exactly once, until ``stop`` is set.

        Args:
            folders: to watch, with all folders below them.
            scene: of all renders; None to look for one above each render.
            frame_range: first and last frame; None for the range of the render node, else of the scene.
            fps: frames a second; None for the scene's.
            run: a RunSpec, or the file of one, with prompt, engine and weights of each job; None to convert alone.
            host: where jobs run; None for the configuration's default.
            deliver: a format of ``Project.deliver`` for each result; None for none.
            output: as in ``Project.deliver``.
            quiet_s: for how many seconds nothing may change before a render is complete.
            once: return when everything that is complete has been dealt with, with all jobs.
            stop: ends the watch; None to watch until the process is interrupted.

        Returns:
            How many renders are incomplete or have a job on its way.

        Raises:
            BadInput: a folder does not exist, or the scene or the RunSpec cannot be read.
        """
        from cosmos_houdini.watch.options import WatchOptions  # noqa: PLC0415 - few scripts watch
        from cosmos_houdini.watch.watcher import watch  # noqa: PLC0415 - likewise

        options = WatchOptions(
            folders=tuple(map(Path, folders)),
            scene=Path(scene) if scene is not None else None,
            frame_range=frame_range,
            fps=fps,
            run=run if run is None or isinstance(run, RunSpec) else load_run_spec(Path(run)),
            host=host,
            deliver=DeliveryFormat.parse(str(deliver)) if deliver is not None else None,
            output=output,
            quiet_s=quiet_s,
            once=once,
        )
        return watch(self.config, options, self.reporter, stop)

    def _plan_shot(self, shot: Shot, options: SubmitOptions) -> Prepared:
        named = replace(options, name=options.name or shot.name)
        return submit.plan_shot(
            self.config, shot.source, named, self.reporter, frames=shot.frames, encoding=shot.encoding
        ).prepared

    def _start(self, prepared: Prepared) -> Job:
        with self.client() as client:
            record = queue_job(client, prepared, self.reporter)
            if not record.state.final:
                (record,) = follow_jobs(client, [record.id], self.reporter, detach=True)
            if record.state is JobState.FAILED:
                raise commands.job_error(record)
        return Job(record.id, self._session)

    def _job(self, job: Job | str) -> Job:
        return job if isinstance(job, Job) else self.job(job)

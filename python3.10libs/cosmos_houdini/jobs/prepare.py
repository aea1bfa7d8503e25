"""From an InferenceRequest to a job that can be queued: checked by its engine, with its place on its host."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.config import Config
from cosmos_houdini.engines import find_engine
from cosmos_houdini.hosts import open_host
from cosmos_houdini.jobs.client import task_of
from cosmos_houdini.jobs.collect import check_folder
from cosmos_houdini.jobs.secrets import secrets_from
from cosmos_houdini.jobs.store.record import JobRecord, new_record
from cosmos_houdini.launchers import launcher_for, launcher_type
from cosmos_houdini.launchers.site import site_for
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.model.job_id import job_id
from cosmos_houdini.model.request import FramePlan, InferenceRequest, Invocation, Site

RESULTS = "cosmos_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A job that is not queued yet, and all that can be known of it without reaching its host.

    Attributes:
        record: what the store takes.
        request: what will be run.
        plan: frame size, chunks, time.
        site: where its first attempt will lie.
        invocation: how it will be started.
        warnings: what its engine says about the request, in sentences.
        script: what the scheduler of a cluster is given; empty on a plain host.
    """

    record: JobRecord
    request: InferenceRequest
    plan: FramePlan
    site: Site
    invocation: Invocation
    warnings: tuple[str, ...]
    script: str


def prepare(request: InferenceRequest, *, config: Config, host: str | None, results: Path | None) -> Prepared:
    """Check a request and return it as a job for a host; nothing is reached or written.

    Args:
        request: what to run.
        config: hosts by name, and the project.
        host: a name of the configuration; None for its default.
        results: folder for the verified results; None for ``cosmos_out/<job id>`` in the project.

    Raises:
        BadInput: the engine refuses the request, the host is not configured, or files would be overwritten.
    """
    name, settings = config.settings.host(host)
    chosen = find_engine(request.engine)
    warnings = chosen.check(request)
    identity = job_id(request, name)
    # A launcher that lacks a value is found out now and not when the inputs are sent.
    launcher = launcher_for(name, settings)
    root = open_host(name, settings, project=config.project).root
    site = site_for(root, identity, 1, settings, ffmpeg=FFmpeg(path=config.settings.programs.ffmpeg))
    task = task_of(identity, request, site, secrets_from(settings.secrets, os.environ))
    script = launcher.script(task)
    if results:
        check_folder(results, identity, [output.path for output in task.invocation.outputs])
    record = new_record(
        identity,
        request,
        host=name,
        root=str(root),
        launcher=launcher.name,
        results=(results or config.project / RESULTS / identity).absolute(),
    )
    return Prepared(
        record=record,
        request=request,
        plan=chosen.plan(request),
        site=site,
        invocation=task.invocation,
        warnings=warnings,
        script=script if launcher_type(settings).traits.schedules_itself else "",
    )

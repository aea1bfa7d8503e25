"""Turn an InferenceRequest into a job that can be queued: check it with its engine and give it a site on its host."""

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
from cosmos_houdini.model.job_id import job_id
from cosmos_houdini.model.project_folders import RESULTS
from cosmos_houdini.model.request import FramePlan, InferenceRequest, Invocation, Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A job that is not queued yet, with everything that is known without contacting its host.

    Attributes:
        record: the record for the store.
        request: the request that the job will run.
        plan: the frame size, the chunks and the estimated time.
        site: the site of its first attempt.
        invocation: the command that will run, with its files and environment.
        warnings: the engine's warnings about the request and its host, as sentences.
        script: the script for the scheduler of a cluster; empty on a plain host.
    """

    record: JobRecord
    request: InferenceRequest
    plan: FramePlan
    site: Site
    invocation: Invocation
    warnings: tuple[str, ...]
    script: str


def prepare(request: InferenceRequest, *, config: Config, host: str | None, results: Path | None) -> Prepared:
    """Check a request and return it as a job for a host, without contacting the host or writing a file.

    Args:
        request: the request to run.
        config: the configuration, with the hosts by name and the project folder.
        host: the name of a host in the configuration; None for the default host.
        results: the folder for the verified results; None for ``cosmos_out/<job id>`` in the project.

    Raises:
        BadInput: the engine refuses the request, the host is not configured, or files would be overwritten.
    """
    name, settings = config.settings.host(host)
    chosen = find_engine(request.engine)
    warnings = chosen.check(request)
    identity = job_id(request, name)
    # A launcher with a missing value fails here and not later, when the inputs are sent.
    launcher = launcher_for(name, settings)
    root = open_host(name, settings, project=config.project).root
    site = site_for(root, identity, 1, settings, ffmpeg=config.ffmpeg)
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
        warnings=(*warnings, *task.invocation.warnings),
        script=script if launcher_type(settings).traits.schedules_itself else "",
    )

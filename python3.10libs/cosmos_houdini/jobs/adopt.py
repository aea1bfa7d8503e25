"""Take over a job that another machine sent to a host; the job's folder on the host contains its request."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from cosmos_houdini.engines import find_engine
from cosmos_houdini.errors import BadInput, HostError
from cosmos_houdini.hosts import Host, open_host
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.start import SCHEMA
from cosmos_houdini.jobs.store.record import JobRecord, request_from
from cosmos_houdini.json_text import read_json
from cosmos_houdini.launchers.job_folder import JOBS, attempt_folder
from cosmos_houdini.model.extras import ROLE_PATTERN
from cosmos_houdini.model.job import AttemptOptions, Job, JobState
from cosmos_houdini.model.parameter import Parameter
from cosmos_houdini.model.project_folders import RESULTS
from cosmos_houdini.model.request import Clip, InferenceRequest
from cosmos_houdini.plugins import is_name

LARGEST_REQUEST_BYTES = 4 * 2**20
MOST_ATTEMPTS = 999_999
MOST_GPUS = 1024
LARGEST_NUMBER = 10**7


def adopt(client: Client, host_name: str, job_id: str) -> JobRecord:
    """Add a job that is on a host to this project's store as ``pending`` and return it.

    This machine does not know the job's inputs. So the job can be followed, fetched and cancelled, but not sent again.

    Raises:
        BadInput: the host has no such job.
        HostError: the job on the host is of another kind than this project's jobs, or the connection failed.
    """
    name, settings = client.config.settings.host(host_name)
    host = open_host(name, settings, project=client.config.project)
    try:
        text = _last_request(host, attempt_folder(job_id, 1))
    finally:
        host.close()
    if not text:
        raise BadInput(f"host {name} has no job {job_id!r}", action="give the whole id; here it cannot be shortened")
    document = _document(text, job_id, name)
    request = _checked(request_from(document["request"], {}), AttemptOptions(**document["options"]), job_id, name)
    return client.store.add(
        JobRecord(
            job=Job(
                id=job_id,
                name=request.name,
                engine=request.engine,
                host=name,
                state=JobState.PENDING,
                attempt=document["attempt"],
                progress=0.0,
                eta_s=None,
                failure=None,
                outputs=(),
            ),
            request=document["request"],
            inputs={},
            root=str(host.root),
            launcher=document["launcher"],
            options=AttemptOptions(**document["options"]),
            results=(client.config.project / RESULTS / job_id).absolute(),
        )
    )


def find_or_adopt(client: Client, word: str, host_name: str | None) -> str:
    """Return the id of a job of this project, or adopt the job from a host and return its id.

    Args:
        client: the client of the project.
        word: the id of a job; for a job of this project, its beginning is enough.
        host_name: the host that has the job if this project does not know it; None to search no host.

    Raises:
        BadInput: there is no such job.
        HostError: as for ``adopt``.
    """
    try:
        return client.store.find(word)
    except BadInput:
        if host_name is None:
            raise
        return adopt(client, host_name, word).id


def _last_request(host: Host, folder: str) -> str:
    """Return the text of ``request.json`` of a job's last attempt, or an empty string if there is none."""
    jobs = shlex.quote(str(host.root / JOBS))
    listed = host.run(f"cd {jobs} 2>/dev/null && ls -d {shlex.quote(folder)} {shlex.quote(folder)}.* 2>/dev/null || :")
    suffixes = (name.removeprefix(folder) for name in listed.stdout.splitlines())
    attempts = [int(suffix[1:] or 1) for suffix in suffixes if re.fullmatch(r"|\.[1-9]\d{0,5}", suffix, re.ASCII)]
    if not attempts:
        return ""
    name = folder if max(attempts) == 1 else f"{folder}.{max(attempts)}"
    last = shlex.quote(str(host.root / JOBS / name))
    return host.run(f"owned {last}\nhead -c {LARGEST_REQUEST_BYTES} {last}/request.json 2>/dev/null || :").stdout


def _checked(request: InferenceRequest, options: AttemptOptions, job_id: str, host: str) -> InferenceRequest:
    """Return the request after checking the types and ranges of its values and of its options.

    Raises:
        BadInput: its engine is unknown here, or the engine does not accept the value of a parameter.
        HostError: a request of this version cannot have one of the values.
    """
    known = find_engine(request.engine).parameters if isinstance(request.engine, str) else {}
    if not (_is_valid_request(request, known) and _are_valid_options(options, known)):
        raise HostError(
            f"request.json of job {job_id} on host {host} holds values that no request of this version has",
            action="adopt it with the version that sent it",
        )
    for key, value in (*request.parameters.items(), *options.parameters.items()):
        known[key].check_value(value)
    return request


def _is_valid_request(request: InferenceRequest, known: Mapping[str, Parameter]) -> bool:
    texts = (request.name, request.prompt, request.negative_prompt, *request.regions)
    return (
        all(isinstance(text, str) for text in texts)
        and request.name.isprintable()
        and type(request.num_gpu) is int
        and 1 <= request.num_gpu <= MOST_GPUS
        and all(_is_valid_clip(clip) for clip in request.clips.values())
        and all(re.fullmatch(ROLE_PATTERN, role) for role in request.extras)
        and all(isinstance(control.weight, int | float) for control in request.controls)
        and isinstance(request.parameters, dict)
        and request.parameters.keys() == known.keys()
    )


def _are_valid_options(options: AttemptOptions, known: Mapping[str, Parameter]) -> bool:
    return (
        isinstance(options.parameters, dict)
        and options.parameters.keys() <= known.keys()
        and (type(options.attempt_number), type(options.exclusive), type(options.reason)) == (int, bool, str)
        and 1 <= options.attempt_number <= MOST_ATTEMPTS
        and options.reason.isprintable()
    )


def _is_valid_clip(clip: Clip) -> bool:
    numbers = (clip.frames, *clip.size)
    return (
        isinstance(clip.sha256, str)
        and bool(re.fullmatch(r"[0-9a-f]{64}", clip.sha256))
        and all(type(number) is int and 0 < number < LARGEST_NUMBER for number in numbers)
        and isinstance(clip.fps, int | float)
        and 0 < clip.fps < LARGEST_NUMBER
    )


def _document(text: str, job_id: str, host: str) -> dict[str, Any]:
    """Return the parsed ``request.json`` after checking it, because data from a host is not trusted."""
    try:
        document = read_json(text, f"request.json of job {job_id} on host {host}")
        fits = (
            document["schema"] == SCHEMA
            and document["id"] == job_id
            and type(document["attempt"]) is int
            and 1 <= document["attempt"] <= MOST_ATTEMPTS
            and is_name(document["launcher"])
            and isinstance(document["request"], dict)
            and AttemptOptions(**document["options"])
        )
    except BadInput as error:
        raise HostError(error.problem, allowed=error.allowed) from error
    except (ValueError, KeyError, TypeError) as error:
        raise HostError(f"request.json of job {job_id} on host {host} cannot be read: {error}") from error
    if not fits:
        raise HostError(f"request.json of job {job_id} on host {host} is of another kind", action=f"expected {SCHEMA}")
    return dict(document)

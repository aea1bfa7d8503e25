"""The history of a job: its settings as asked and as run, its attempts and outputs, and how to repeat it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.store.batches import list_names_of_job
from cosmos_houdini.jobs.store.price import KEY, Price
from cosmos_houdini.jobs.store.record import Event, JobRecord, request_from
from cosmos_houdini.media.videos.probe import sha256_of
from cosmos_houdini.model.extras import extras_document
from cosmos_houdini.model.job import Attempt
from cosmos_houdini.model.spec import PROMPT_SPEC_SCHEMA, RUN_SPEC_SCHEMA
from cosmos_houdini.report.table import apply_recorded, find_engine_differences, read_result

SCHEMA = "cosmos-houdini/history/1"


def find_history(client: Client, word: str) -> dict[str, Any]:
    """Return the history of a job; ask no host.

    Args:
        client: of the project.
        word: the id of the job, or its beginning where only one job begins so.

    Raises:
        BadInput: there is no such job.
    """
    store = client.store
    job_id = store.find(word)
    batches = list_names_of_job(store, job_id)
    return history(store.get(job_id), store.attempts(job_id), store.events(job_id), batches)


def history(
    record: JobRecord, attempts: Sequence[Attempt], events: Sequence[Event], batches: Sequence[str]
) -> dict[str, Any]:
    """Return everything known about a job as JSON data; inputs and outputs are hashed as they are now.

    Args:
        record: the job.
        attempts: of the job, the first one first.
        events: of the job, the oldest first.
        batches: names of the batches that the job was queued for.
    """
    problem, result = read_result(record)
    sent = result["request"] if result else record.sent
    recorded = apply_recorded(sent, result)
    return {
        "schema": SCHEMA,
        "job": {**record.job.document(), "root": record.root, "launcher": record.launcher},
        "batches": list(batches),
        "created_at": record.created_at,
        "prompt": record.request["prompt"],
        "used_prompt": _used_prompt(record, result),
        "negative_prompt": record.request["negative_prompt"],
        "num_gpu": record.request["num_gpu"],
        "asked": _settings(record.request),
        "effective": _settings(recorded) if result and result.get("recorded") else None,
        "differences": [problem] if problem else list(find_engine_differences(sent, recorded)),
        "inputs": _inputs(record),
        "attempts": [_attempt(attempt) for attempt in attempts],
        "events": [
            {"at": event.at, "attempt": event.attempt, "state": str(event.state), "detail": event.detail}
            for event in events
        ],
        "results": str(record.results),
        "outputs": _outputs(record, result),
        "command": command(record),
    }


def _used_prompt(record: JobRecord, result: Mapping[str, Any] | None) -> str | None:
    """Return the prompt that the model was given, where the engine wrote another one than was asked for."""
    recorded = (result or {}).get("recorded") or {}
    used = recorded.get("prompt", "")
    return used if used and used != record.request["prompt"] else None


def command(record: JobRecord) -> str:
    """Return a line for a POSIX shell that makes the job again; empty where its inputs are not known to this machine.

    It needs no file beside the inputs themselves, and makes a job of the same id.
    """
    if not record.inputs:
        return ""
    # An attempt may have run with less memory than was asked for; the job is that of the asked request.
    request = request_from(record.request, record.inputs)
    document = {
        "schema": RUN_SPEC_SCHEMA,
        "name": request.name,
        "engine": request.engine,
        "spec": {
            "schema": PROMPT_SPEC_SCHEMA,
            "name": request.name,
            "prompt": request.prompt,
            "negative_prompt": request.negative_prompt,
            "input_video": str(request.video.path),
            "controls": {str(control.kind): str(control.clip.path) for control in request.controls if control.clip},
            **extras_document(request),
        },
        "weights": {str(control.kind): control.weight for control in request.controls},
        "parameters": dict(request.parameters),
        "num_gpu": request.num_gpu,
    }
    text = shlex.quote("".join(map(_visible, json.dumps(document, ensure_ascii=False))))
    return f"printf %s {text} | cosmos-houdini run - --host {shlex.quote(record.job.host)}"


def _visible(character: str) -> str:
    """Return a character of a JSON text so that a terminal shows it; invisible ones occur only inside strings."""
    if character.isprintable():
        return character
    return json.dumps(character)[1:-1] if ord(character) > ord("\x7f") else f"\\u{ord(character):04x}"


def history_lines(document: Mapping[str, Any]) -> list[str]:
    """Return the lines in which people read a history."""
    job = document["job"]
    place = f"{job['host']} ({job['launcher']}, {job['root']})"
    lines = [f"{job['id']}: {job['state']}", f"  engine {job['engine']} on {place}", f"  prompt: {document['prompt']}"]
    if document["used_prompt"]:
        lines.append(f"  prompt that the engine made of it: {document['used_prompt']}")
    if document["batches"]:
        lines.append(f"  run {job['name']} of batch {', '.join(document['batches'])}")
    if document["negative_prompt"]:
        lines.append(f"  negative prompt: {document['negative_prompt']}")
    lines += ["", "parameters" if document["effective"] else "parameters (as sent; the engine records none)"]
    lines += _setting_lines(document["asked"], document["effective"] or {"parameters": {}, "weights": {}})
    lines += [f"  error: {difference}" for difference in document["differences"]]
    lines += ["", "inputs"]
    lines += [
        f"  {clip['role']}: {clip['path']} ({clip['found']})\n    sha256 {clip['sha256']}"
        for clip in document["inputs"]
    ]
    for attempt in document["attempts"]:
        lines += ["", *_attempt_lines(attempt)]
    if document["outputs"]:
        lines += ["", "outputs"]
        lines += [
            f"  {output['role']}: {output['path']} ({output['found']})\n    sha256 {output['sha256']}"
            for output in document["outputs"]
        ]
    again = document["command"] or "its inputs are not known to this machine; look on the one that sent it"
    return [*lines, "", "to make it again", f"  {again}"]


def _settings(request: Mapping[str, Any]) -> dict[str, Any]:
    weights = {kind: control["weight"] for kind, control in request["controls"].items()}
    return {"parameters": dict(request["parameters"]), "weights": weights}


def _inputs(record: JobRecord) -> list[dict[str, Any]]:
    request = record.inference()
    return [
        {
            "role": role,
            "path": record.inputs.get(clip.sha256, ""),
            **clip.document(),
            "found": _found(record.inputs.get(clip.sha256, ""), clip.sha256),
        }
        for role, clip in request.clips.items()
    ]


def _outputs(record: JobRecord, result: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    listed = result["outputs"] if result else []
    return [
        {**output, "path": path, "found": _found(path, output["sha256"])}
        for path, output in zip(record.job.outputs, listed, strict=False)
    ]


def _found(path: str, sha256: str) -> str:
    """Return what became of a file: ``unchanged``, ``changed``, ``gone``, or ``elsewhere`` where it was never here."""
    if not path:
        return "elsewhere"
    if not Path(path).is_file():
        return "gone"
    return "unchanged" if sha256_of(Path(path)) == sha256 else "changed"


def _attempt(attempt: Attempt) -> dict[str, Any]:
    known = attempt.started_at is not None and attempt.ended_at is not None
    return {
        "number": attempt.number,
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
        "seconds": round((attempt.ended_at or 0.0) - (attempt.started_at or 0.0), 3) if known else None,
        "error": attempt.failure.document() if attempt.failure else None,
        "options": attempt.options.document(),
        "made_with": dict(attempt.made_with),
    }


def _setting_lines(asked: Mapping[str, Any], effective_: Mapping[str, Any]) -> list[str]:
    lines = []
    for group, label in (("parameters", ""), ("weights", "weight of ")):
        for name, value in asked[group].items():
            ran = effective_[group].get(name)
            note = "" if ran is None else " (recorded by the engine)" if ran == value else f", but it ran with {ran}"
            lines.append(f"  {label}{name}: {value}{note}")
    return lines


def _attempt_lines(attempt: Mapping[str, Any]) -> list[str]:
    times = f"{_time(attempt['started_at'])} to {_time(attempt['ended_at'])}"
    took = "" if attempt["seconds"] is None else f", {attempt['seconds']:g} s"
    lines = [f"attempt {attempt['number']}: {times}{took}"]
    options = attempt["options"]
    if options["reason"]:
        lines.append(f"  why: {options['reason']}")
    lines += [f"  with {name}: {value}" for name, value in options["parameters"].items()]
    if attempt["error"]:
        lines.append(f"  {attempt['error']['class']}: {attempt['error']['message']}")
    for name, value in attempt["made_with"].items():
        words = Price(**value) if name == KEY else ", ".join(value) if isinstance(value, list) else value
        lines.append(f"  {name.replace('_', ' ')}: {words}")
    return lines


def _time(at: float | None) -> str:
    if at is None:
        return "?"
    return datetime.fromtimestamp(at, tz=timezone.utc).astimezone().isoformat(sep=" ", timespec="seconds")

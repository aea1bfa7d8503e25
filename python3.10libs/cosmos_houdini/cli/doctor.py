"""``doctor``: a check of this machine, and of a host."""

from __future__ import annotations

import click

from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.doctor.diagnosis import Diagnosis, HostFinding
from cosmos_houdini.errors import one_line
from cosmos_houdini.model.finding import Verdict

FAILED, UNREACHED = 1, 3
_MARKS = {Verdict.PASSED: ("pass", "green"), Verdict.WARNED: ("warn", "yellow"), Verdict.FAILED: ("FAIL", "red")}
_WIDTH = 15


@click.command(
    help="Check that this machine, a host, and a JOB (RUN.json or id) on it have all they need, line by line."
)
@click.argument("job", required=False)
@click.option("--host", help="Check this host too: connection, programs, GPUs, image, checkpoints, disk.")
@click.option("--engine", help="The engine that must run there; without it, the configured default.")
@json_option
def doctor(*, host: str | None, engine: str | None, job: str | None, as_json: bool) -> int:
    """Print each finding immediately; exit with 1 if a check failed, with 3 if the host cannot be reached."""
    diagnosis = diagnose(host, engine, job=job, as_json=as_json)
    if as_json:
        print_json("doctor", diagnosis.to_dict())
    return exit_code(diagnosis)


def diagnose(host: str | None, engine: str | None, *, as_json: bool, job: str | None = None) -> Diagnosis:
    """Check this machine and a host; print each finding where no document is to hold it, and the summary."""
    diagnosis = Diagnosis(host=host)
    last: str | None = ""
    for found in diagnosis.run(engine=engine, job=job):
        if not as_json:
            _show(found, is_first=found.host != last)
        last = found.host
    say(diagnosis.summary)
    return diagnosis


def exit_code(diagnosis: Diagnosis) -> int:
    """Return 1 if a check failed, 3 if the host cannot be reached, else 0."""
    if diagnosis.is_unreachable:
        return UNREACHED
    return FAILED if diagnosis.failures else 0


def _show(found: HostFinding, *, is_first: bool) -> None:
    finding = found.finding
    if is_first:
        click.echo(f"host {found.host}" if found.host else "this machine")
    mark, color = _MARKS[finding.verdict]
    text = one_line("; ".join(part for part in (finding.seen, finding.action) if part))
    click.echo(f"{click.style(mark, color)}  {finding.check:<{_WIDTH}}  {text}")

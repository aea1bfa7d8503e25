"""``doctor``: whether this machine, and a host, have what jobs need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import click

from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.config import Config, load
from cosmos_houdini.doctor.engine import engines_for
from cosmos_houdini.doctor.host import CONNECTION, check_host
from cosmos_houdini.doctor.machine import check_machine, check_python, unusable_configuration
from cosmos_houdini.errors import BadInput, one_line
from cosmos_houdini.model.finding import Finding, Verdict

FAILED, UNREACHED = 1, 3
_MARKS = {Verdict.PASSED: ("pass", "green"), Verdict.WARNED: ("warn", "yellow"), Verdict.FAILED: ("FAIL", "red")}
_WIDTH = 15

_Placed = tuple["str | None", Finding]
"""A finding and the host that it is about, None for this machine."""


@click.command(help="Look whether this machine, and a host, have what jobs need; a line for each thing.")
@click.option("--host", help="Look at this host too: connection, programs, GPUs, image, checkpoints, disk.")
@click.option("--engine", "chosen", help="The engine that has to run there; without it, the configured default.")
@json_option
def doctor(*, host: str | None, chosen: str | None, as_json: bool) -> int:
    """Print findings as they come; 1 where one is a failure, 3 where it is that the host cannot be reached."""
    found: list[_Placed] = []
    hosts: list[str] = []
    findings: Iterator[_Placed]
    try:
        config = load()
    except BadInput as error:
        findings = iter([(None, check_python()), (None, unusable_configuration(error))])
    else:
        hosts = list(config.settings.hosts)
        findings = _findings(config, host, chosen)
    for place, finding in findings:
        if not as_json:
            _show(place, finding, is_first=not found or found[-1][0] != place)
        found.append((place, finding))
    if as_json:
        checks = [{"host": place, **finding.document()} for place, finding in found]
        print_json("doctor", {"ok": not _failures(found), "host": host, "hosts": hosts, "checks": checks})
    return _concluded(found)


def _findings(config: Config, host: str | None, chosen: str | None) -> Iterator[_Placed]:
    settings = config.settings.host(host)[1] if host else None
    engines = engines_for(chosen or config.settings.defaults.engine, settings) if settings else []
    yield from ((None, finding) for finding in check_machine(config))
    if host and settings:
        yield from ((host, finding) for finding in check_host(host, settings, engines, project=config.project))


def _show(place: str | None, finding: Finding, *, is_first: bool) -> None:
    if is_first:
        click.echo(f"host {place}" if place else "this machine")
    mark, color = _MARKS[finding.verdict]
    text = one_line("; ".join(part for part in (finding.seen, finding.action) if part))
    click.echo(f"{click.style(mark, color)}  {finding.check:<{_WIDTH}}  {text}")


def _failures(found: list[_Placed]) -> list[str]:
    return [finding.check for _, finding in found if finding.verdict is Verdict.FAILED]


def _concluded(found: list[_Placed]) -> int:
    counted = Counter(finding.verdict for _, finding in found)
    said = [f"{len(found)} checks: {counted[Verdict.PASSED]} passed"]
    if counted[Verdict.WARNED]:
        said.append(f"{counted[Verdict.WARNED]} to look at")
    if counted[Verdict.FAILED]:
        said.append(f"{counted[Verdict.FAILED]} failed")
    say(", ".join(said))
    failed = _failures(found)
    if CONNECTION in failed:
        return UNREACHED
    return FAILED if failed else 0

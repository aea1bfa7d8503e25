"""A diagnosis: every check of this machine, and of a host if one is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cosmos_houdini.config import Config, load
from cosmos_houdini.doctor.engine import engines_for
from cosmos_houdini.doctor.host import CONNECTION, check_host
from cosmos_houdini.doctor.job import check_job, read_job
from cosmos_houdini.doctor.machine import check_machine, check_python, unusable_configuration
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.finding import Finding, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFinding:
    """A finding and its host, None for this machine."""

    host: str | None
    finding: Finding


@dataclass(slots=True, kw_only=True)
class Diagnosis:
    """Findings so far.

    Attributes:
        host: the name of the host; None for this machine alone.
        hosts: the names of all configured hosts; empty if the configuration cannot be read.
        found: the findings, in their order.
    """

    host: str | None = None
    hosts: tuple[str, ...] = ()
    found: list[HostFinding] = field(default_factory=list)

    def run(
        self, *, engine: str | None = None, folder: Path | None = None, job: str | None = None
    ) -> Iterator[HostFinding]:
        """Check one thing after another, and give each finding as soon as it is known.

        Args:
            engine: the engine that must run on the host; None for the default one.
            folder: the folder whose configuration is used; None for the working folder.
            job: a RunSpec or a job that must run on the host; None for none.

        Raises:
            BadInput: there is no such host, engine or job.
        """
        for finding in self._check(engine, folder, job):
            self.found.append(finding)
            yield finding

    def _check(self, engine: str | None, folder: Path | None, job: str | None) -> Iterator[HostFinding]:
        try:
            config = load(folder)
        except BadInput as error:
            for finding in (check_python(), unusable_configuration(error)):
                yield HostFinding(host=None, finding=finding)
            return
        self.hosts = tuple(config.settings.hosts)
        yield from self._check_all(config, engine, job)

    def _check_all(self, config: Config, engine: str | None, job: str | None) -> Iterator[HostFinding]:
        # A wrong name is refused before the first check begins.
        if job and not self.host:
            raise BadInput(f"{job} needs a host to be judged for", action="name it with --host")
        request = read_job(config, job, engine) if job else None
        engine = request.engine if request else engine
        settings = config.settings.host(self.host)[1] if self.host else None
        engines = engines_for(engine or config.settings.defaults.engine, settings) if settings else []
        for finding in check_machine(config):
            yield HostFinding(host=None, finding=finding)
        if self.host and settings:
            for finding in check_host(self.host, settings, engines, project=config.project):
                yield HostFinding(host=self.host, finding=finding)
            if request and not self.is_unreachable:
                for finding in check_job(config, self.host, request):
                    yield HostFinding(host=self.host, finding=finding)

    @property
    def failures(self) -> list[str]:
        """The names of the checks that failed."""
        return [each.finding.check for each in self.found if each.finding.verdict is Verdict.FAILED]

    @property
    def is_unreachable(self) -> bool:
        """Whether the host cannot be reached."""
        return CONNECTION in self.failures

    @property
    def summary(self) -> str:
        """One sentence, as in ``9 checks: 8 passed, 1 failed``."""
        counted = Counter(each.finding.verdict for each in self.found)
        parts = [f"{len(self.found)} checks: {counted[Verdict.PASSED]} passed"]
        if counted[Verdict.WARNED]:
            parts.append(f"{counted[Verdict.WARNED]} to look at")
        if counted[Verdict.FAILED]:
            parts.append(f"{counted[Verdict.FAILED]} failed")
        return ", ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return the diagnosis as ``doctor --json`` prints it."""
        checks = [{"host": each.host, **each.finding.document()} for each in self.found]
        return {"ok": not self.failures, "host": self.host, "hosts": list(self.hosts), "checks": checks}

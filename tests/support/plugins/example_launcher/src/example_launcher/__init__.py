"""The launcher ``nice-process``: a process of the host's user that leaves the CPU to others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from msgspec import Meta, Struct

from cosmos_houdini.hosts import Host, HostConfig
from cosmos_houdini.hosts.survey import Survey
from cosmos_houdini.launchers import LauncherType, PollPart, SurveyPart, Task, Traits, detached
from cosmos_houdini.launchers.job_folder import Observation
from cosmos_houdini.launchers.process import ProcessLauncher
from cosmos_houdini.model.finding import Finding, failed, passed
from cosmos_houdini.model.request import Site


class NiceSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of a host with this launcher.

    Attributes:
        niceness: of the program, as for ``nice -n``.
    """

    niceness: Annotated[int, Meta(ge=0, le=19)] = 10


# This part comes before the script does anything: the script starts itself again with the niceness, which its program
# inherits.
_PART = """\
if [ -z "${{nicely-}}" ]; then
    export nicely=yes
    exec nice -n {niceness} sh "$0" "$@"
fi
unset nicely
"""


@dataclass(frozen=True, slots=True)
class NiceProcessLauncher:
    """Runs a job as the launcher ``process`` does, with another niceness.

    Attributes:
        config: of the host.
    """

    config: HostConfig

    @property
    def name(self) -> str:
        """The name in the configuration."""
        return "nice-process"

    def script(self, task: Task) -> str:
        """Return the text of ``run.sh``; see Launcher.script."""
        part = _PART.format(niceness=self.config.settings(NiceSettings).niceness)
        return ProcessLauncher(self.config, own_parts=(part,)).script(task)

    def start(self, host: Host, task: Task) -> None:
        """Start ``run.sh``; see Launcher.start."""
        detached.start(host, task, self.script(task))

    def start_together(self, host: Host, tasks: Sequence[Task]) -> None:
        """Leave all to ``start``; see Launcher.start_together."""

    def cancel(self, host: Host, site: Site, job_id: str) -> None:
        """Stop the attempt; see Launcher.cancel."""
        detached.cancel(host, site, job_id)


# The script of this launcher leaves no sign of its own in a job's folder, so no job is of a scheduler; it only tells
# how busy the host is.
_POLL = """\
is_of_nice() { false; }
collect_nice() { :; }
ask_nice() { echo "scheduler nice $(nice)"; }
"""


def _merge(texts: Sequence[str], seen: Mapping[str, Observation]) -> Mapping[str, Observation]:
    found = next((text for text in texts if re.fullmatch(r"\d{1,2}", text, re.ASCII)), None)
    if found is None:
        return seen
    return {folder: replace(one, scheduler=f"own niceness {found}") for folder, one in seen.items()}


def _judge(name: str, config: HostConfig, survey: Survey) -> Iterator[Finding]:
    if survey.first("nice"):
        yield passed("nice", f"programs run with niceness {config.settings(NiceSettings).niceness}")
    else:
        yield failed("nice", survey.first("no_nice"), f"install coreutils on {name}")


NICE_PROCESS = LauncherType(
    make=lambda _name, config: NiceProcessLauncher(config),
    traits=Traits(runs_on_host=True),
    settings=NiceSettings,
    poll=PollPart(scheduler="nice", script=lambda _config: _POLL, merge=_merge),
    survey=SurveyPart(script=lambda _config: "ask nice nice\n", judge=_judge),
)

"""The launcher ``process``: the engine's program as a process of the host's user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cosmos_houdini.hosts.base import Host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.launchers import detached
from cosmos_houdini.launchers.base import LauncherType, Task, Traits
from cosmos_houdini.launchers.job_script import job_parts
from cosmos_houdini.launchers.shell import exports, quoted, words
from cosmos_houdini.model.request import Site


@dataclass(frozen=True, slots=True)
class ProcessLauncher:
    """Runs the program itself, in a process group of its own.

    Attributes:
        config: the host's environment and GPUs.
        own_parts: texts of the job script that follow the usual ones; a launcher of another package replaces hooks so.
    """

    config: HostConfig
    own_parts: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name in the configuration."""
        return "process"

    def script(self, task: Task) -> str:
        """Return the text of ``run.sh``; see Launcher.script. The host's ``env`` wins over the engine's."""
        invocation = task.invocation
        program = (
            "program() {\n"
            + exports({**invocation.env, **self.config.env})
            # CUDA by itself numbers the fastest GPU first, and nvidia-smi goes by the bus.
            + '[ -z "$held" ] || export CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA_VISIBLE_DEVICES="$held"\n'
            + f"cd {quoted(str(invocation.cwd or task.site.folder))} || exit 1\n"
            + f"exec $leader {words(invocation.argv)}\n"
            + "}\n"
        )
        parts = (*job_parts("process"), *self.own_parts)
        return detached.run_sh(task, self.config, values="", program=program, parts=parts)

    def start(self, host: Host, task: Task) -> None:
        """Start ``run.sh``; see Launcher.start."""
        detached.start(host, task, self.script(task))

    def start_together(self, host: Host, tasks: Sequence[Task]) -> None:
        """Leave all to ``start``; see Launcher.start_together."""

    def cancel(self, host: Host, site: Site, job_id: str) -> None:
        """Stop the attempt; see Launcher.cancel."""
        detached.cancel(host, site, job_id)


PROCESS: Final[LauncherType] = LauncherType(
    make=lambda _name, config: ProcessLauncher(config), traits=Traits(shares_process=True, runs_on_host=True)
)

"""Several jobs that one process serves; its members are the jobs.

Each member has the folder and the ``run.sh`` of a job like any other. So polling, cancelling and clean-up need to know
nothing of the shared process. A member's ``run.sh`` waits for the member's turn, and then gives the member its share of
what the process prints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from cosmos_houdini.errors import HostError
from cosmos_houdini.hosts.base import Host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.launchers import detached
from cosmos_houdini.launchers.base import Launcher, Task
from cosmos_houdini.launchers.job_script import assemble, job_parts
from cosmos_houdini.launchers.shell import assignments, quoted, words
from cosmos_houdini.launchers.staging import stage
from cosmos_houdini.launchers.time_limit import seconds
from cosmos_houdini.model.request import Site

SCHEMA = "cosmos-houdini/shared-process/1"
SUFFIX = ".shared"
BEGINS = "begins"
WITHDRAWN = "withdrawn"
"""A file in a member's folder: the process must not begin with this member."""


def process_site(first: Site) -> Site:
    """Return the site of the process: beside its first member, so that a clean-up removes both together.

    >>> process_site(Site(folder=PurePosixPath("/data/jobs/sea-0123456789.2"))).folder
    PurePosixPath('/data/jobs/sea-0123456789.2.shared')
    """
    return replace(first, folder=first.folder.with_name(first.folder.name + SUFFIX))


def start(
    launcher: Launcher,
    host: Host,
    config: HostConfig,
    process: Task,
    *,
    begins: Sequence[str],
    links: Mapping[str, PurePosixPath],
) -> None:
    """Stage a process, and start it with its members, which are staged and not started yet.

    One command on the host starts everything. If the connection fails before it, nothing has started, and a later call
    may take other members.

    Args:
        launcher: ``process`` or ``docker``.
        host: the host on which the members are staged.
        config: of the host.
        process: the process, without the file of ``begins``.
        begins: for each member, a text in the line of the log with which its share begins.
        links: the links to make in the process's folder, each with its target.

    Raises:
        JobError: the host cannot start it.
        HostError: the connection failed.
    """
    invocation = replace(process.invocation, files={**process.invocation.files, BEGINS: _lines(begins)})
    process = replace(process, invocation=invocation)
    document = {"schema": SCHEMA, "members": [member.name for member in process.members]}
    if stage(host, process, document):
        scripts = {member / "run.sh": member_script(member, config) for member in process.members}
        host.write_all({path: text.encode("utf-8", "surrogateescape") for path, text in scripts.items()})
        _link(host, process, links)
    launcher.start(host, process)


def member_script(folder: PurePosixPath, config: HostConfig) -> str:
    """Return the text of a member's ``run.sh``."""
    watched = detached.watching(config, limit_s=seconds(config.time) if config.time else 0)
    return assemble(job_parts("shared_job"), values=assignments(here=folder, **watched))


def _lines(begins: Sequence[str]) -> str:
    """Return the content of the file ``begins``.

    Raises:
        ValueError: a text is empty, or has more than one line.
    """
    if any(not text or "\n" in text for text in begins):
        raise ValueError(f"lines of a log cannot hold {begins!r}")
    return "".join(f"{text}\n" for text in begins)


def _link(host: Host, process: Task, links: Mapping[str, PurePosixPath]) -> None:
    lines = [f"cd {quoted(str(process.site.folder))} || exit 1"]
    for relative, target in links.items():
        path = PurePosixPath(relative)
        lines.append(f"mkdir -p {quoted(f'./{path.parent}')} && ln -sfn {words((str(target), f'./{path}'))} || exit 1")
    done = host.run("\n".join(lines) + "\n")
    if done.exit_code:
        raise HostError(f"host {host.name} cannot make the links in {process.site.folder}: {done.stderr.strip()}")

"""The launcher ``docker``: the engine's program in a container of the host's Docker Engine."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final

from msgspec import Struct

from cosmos_houdini.errors import BadInput
from cosmos_houdini.hosts.base import Host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.hosts.survey import Survey
from cosmos_houdini.launchers import detached
from cosmos_houdini.launchers.base import ImagePart, LauncherType, StoragePart, SurveyPart, Task, Traits
from cosmos_houdini.launchers.job_folder import OBJECTS
from cosmos_houdini.launchers.job_script import job_parts
from cosmos_houdini.launchers.shell import assignments, exports, quoted, script_part, variable_name, words
from cosmos_houdini.model.finding import Finding, failed, passed, warned
from cosmos_houdini.model.request import Site

CLIENT_PREFIX = "DOCKER_"
CHECKPOINTS = "checkpoints"
"""The folder below ``engine_path`` that programs may write to: upstream's engines download their weights into it."""
HOME = "home"
"""The home of the program in the job's folder; it is empty at the start and removed at the end."""
_FENCE = (
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    # As many threads as eight processes need on a large machine; a program that multiplies ends with itself.
    "--pids-limit=8192",
    # PyTorch passes tensors between its processes there. A limit, not a reservation; Docker's own is 64 MiB.
    "--shm-size=32g",
)


class DockerSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of a host whose jobs run in containers.

    Attributes:
        image: the image, which must be on the host already.
    """

    image: str | None = None


@dataclass(frozen=True, slots=True)
class DockerLauncher:
    """Runs the program in a container that sees inputs and outputs of the job under the same paths as the host.

    The program has the host's user, no capability, and no way to one. It can write to the job's ``out`` and logs, to
    its own home, and to the checkpoints of the engine; it does not see ``run.sh``, which runs outside of the container.

    Variables of the host's ``env`` that begin with ``DOCKER_`` (``DOCKER_HOST`` ...) are for the docker program of the
    host; the others are for the job.

    Attributes:
        config: the host's image, engine path, environment and GPUs.
        image: the image, which must be on the host already.
    """

    config: HostConfig
    image: str

    @property
    def name(self) -> str:
        """The name in the configuration."""
        return "docker"

    def script(self, task: Task) -> str:
        """Return the text of ``run.sh``; see Launcher.script. The host's ``env`` wins over the engine's."""
        values = exports(DOCKER.client_env(self.config)) + assignments(root=task.site.folder.parent.parent)
        run = f'docker run {words(self._options(task))} "$@" {self._command(task)}'
        program = f"container() {{\n{_checkpoints(task.site)}{run}\n}}\n"
        return detached.run_sh(task, self.config, values=values, program=program, parts=job_parts("docker"))

    def start(self, host: Host, task: Task) -> None:
        """Start ``run.sh``; see Launcher.start."""
        detached.start(host, task, self.script(task), ready=self.ready_part())

    def start_together(self, host: Host, tasks: Sequence[Task]) -> None:
        """Leave all to ``start``; see Launcher.start_together."""

    def cancel(self, host: Host, site: Site, job_id: str) -> None:
        """Stop the attempt; see Launcher.cancel."""
        detached.cancel(host, site, job_id, sweep=self.sweep_part(job_id))

    def ready_part(self) -> str:
        """Return the commands that print why the host cannot run a container; see ``detached.start``."""
        return exports(DOCKER.client_env(self.config)) + assignments(image=self.image) + script_part("docker/ready")

    def sweep_part(self, job_id: str) -> str:
        """Return the shell function that stops the container of a job; see ``detached.cancel``."""
        return exports(DOCKER.client_env(self.config)) + assignments(job=job_id) + script_part("docker/cancel")

    def _options(self, task: Task) -> tuple[str, ...]:
        site, invocation = task.site, task.invocation
        job_env = {k: v for k, v in self.config.env.items() if not k.startswith(CLIENT_PREFIX)}
        # The image knows no user with the host's number, and Python looks for the name of its user.
        own_env = {"HOME": str(site.folder / HOME), "USER": "cosmos"}
        options = ["--detach", *_FENCE, "--label", f"cosmos-houdini.job={task.job_id}"]
        options += ["--label", f"cosmos-houdini.folder={site.folder}"]
        for name, value in {**own_env, **invocation.env, **job_env}.items():
            options += ["--env", f"{variable_name(name)}={value}"]
        for place in _mounts(task):
            options += ["--mount", place]
        return (*options, "--workdir", str(invocation.cwd or site.folder))

    def _command(self, task: Task) -> str:
        entry = script_part("docker/container_entry")
        return words((self.image, "sh", "-c", entry, "container_entry", str(task.site.folder), *task.invocation.argv))


def _mounts(task: Task) -> Iterator[str]:
    """Give what the container sees of the host."""
    site = task.site
    for folder in (site.folder, *task.members):
        seen = replace(site, folder=folder)
        yield mount(seen.inputs, read_only=True)
        yield mount(seen.outputs)
    sent = {PurePosixPath(relative).parts[0] for relative in (*task.invocation.files, *task.invocation.inputs)}
    for name in sorted(sent - {site.inputs.name, site.outputs.name}):
        yield mount(site.folder / name, read_only=True)
    for name in ("stdout.log", "stderr.log", HOME):
        yield mount(site.folder / name)
    yield mount(site.folder.parent.parent / OBJECTS, read_only=True)
    if site.engine_path:
        yield mount(site.engine_path, read_only=True)


def _checkpoints(site: Site) -> str:
    """Return a shell command that adds the checkpoints to the options, if the engine has a folder of them."""
    if not site.engine_path:
        return ""
    folder = site.engine_path / CHECKPOINTS
    return f'[ ! -d {quoted(str(folder))} ] || set -- "$@" --mount {quoted(mount(folder))}\n'


def mount(path: PurePosixPath, *, read_only: bool = False) -> str:
    """Return the value of docker's ``--mount`` for a path that is the same inside and outside; it is one line of CSV.

    >>> mount(PurePosixPath("/a,b"), read_only=True)
    'type=bind,"source=/a,b","target=/a,b",readonly'
    """
    line = io.StringIO()
    fields = ["type=bind", f"source={path}", f"target={path}", *(["readonly"] if read_only else [])]
    csv.writer(line, lineterminator="").writerow(fields)
    return line.getvalue()


def _make(name: str, config: HostConfig) -> DockerLauncher:
    image = config.settings(DockerSettings).image
    if not image:
        raise BadInput(
            f"host {name!r} is to run jobs by docker and names no image",
            action=f"set hosts.{name}.image, as in cosmos-transfer1:latest",
        )
    return DockerLauncher(config, image)


def _survey_script(config: HostConfig) -> str:
    image = config.settings(DockerSettings).image or ""
    return exports(DOCKER.client_env(config)) + assignments(image=image) + script_part("docker/survey")


def _judge(name: str, config: HostConfig, survey: Survey) -> Iterator[Finding]:
    if not survey.first("docker"):
        yield failed("docker", survey.first("no_docker"), "start Docker there, and let this user use it: group docker")
        return
    runtime = '"nvidia"' in survey.first("runtimes") or survey.first("toolkit")
    if (config.gpu_numbers or survey.gpus) and not runtime:
        seen = f"Docker Engine {survey.first('docker')}, in which no NVIDIA runtime is registered"
        yield warned("docker", seen, "install the NVIDIA Container Toolkit there if jobs find no GPU")
    else:
        yield passed("docker", f"Docker Engine {survey.first('docker')}")
    image = config.settings(DockerSettings).image
    if survey.first("image"):
        yield passed("image", f"{image} for {survey.first('image')}")
    else:
        action = f"build it there, `docker pull` it, or correct hosts.{name}.image"
        yield failed("image", f"{image}: {survey.first('no_image')}", action)


DOCKER: Final[LauncherType] = LauncherType(
    make=_make,
    traits=Traits(shares_process=True),
    settings=DockerSettings,
    client_prefix=CLIENT_PREFIX,
    survey=SurveyPart(script=_survey_script, judge=_judge),
    storage=StoragePart(
        listing=lambda config: exports(DOCKER.client_env(config)) + script_part("docker/storage"),
        removal=lambda config: exports(DOCKER.client_env(config)) + script_part("docker/remove"),
    ),
    image=ImagePart(
        find=lambda config: config.settings(DockerSettings).image or "",
        step="make_docker_image",
        takes_dockerfile=True,
        allowed="a name as cosmos:1, made from REGISTRY/IMAGE or from a tar on the host",
    ),
)

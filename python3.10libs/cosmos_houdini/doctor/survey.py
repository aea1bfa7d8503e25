"""What a host says of itself, in answer to one script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources

from cosmos_houdini.config.settings import HostConfig
from cosmos_houdini.engines.base import Needs
from cosmos_houdini.errors import HostError
from cosmos_houdini.hosts.disk_room import free_bytes
from cosmos_houdini.hosts.nvidia_smi import GPU_QUERY, Gpu, parse_gpus
from cosmos_houdini.launchers.docker import CLIENT_PREFIX
from cosmos_houdini.launchers.job_folder import SLURM_PREFIX
from cosmos_houdini.launchers.shell import assignments, exports, part
from cosmos_houdini.launchers.slurm.launcher import SLURM

# Of a host's env, what its own programs see where a job runs in a container or on another machine.
_CLIENT_PREFIXES = {"docker": CLIENT_PREFIX, SLURM: SLURM_PREFIX}


@dataclass(frozen=True, slots=True)
class Survey:
    """The facts of a host: every key of ``survey.sh`` with its values, in order."""

    told: Mapping[str, tuple[str, ...]]

    def all(self, key: str) -> tuple[str, ...]:
        """Return all values of a key."""
        return self.told.get(key, ())

    def first(self, key: str) -> str:
        """Return the first value of a key, or an empty string."""
        return next(iter(self.all(key)), "")

    @property
    def now_s(self) -> int | None:
        """Seconds since 1970 by the host's clock."""
        now = self.first("now")
        return int(now) if re.fullmatch(r"\d{1,12}", now, re.ASCII) else None

    @property
    def free_bytes(self) -> int | None:
        """Room on the disk of the root."""
        return free_bytes(f"{self.first('disk')} ")

    @property
    def gpus(self) -> tuple[Gpu, ...]:
        """The GPUs that nvidia-smi lists."""
        return tuple(parse_gpus(self.all("gpu")))


def survey_script(config: HostConfig, needs: Iterable[Needs]) -> str:
    """Return the script that tells everything about a host in one go; it starts no job and changes nothing.

    Args:
        config: how jobs run there.
        needs: of the engines that are looked for.
    """
    wanted = list(needs)
    prefix = _CLIENT_PREFIXES.get(config.launcher, "")
    job_env = {name: value for name, value in config.env.items() if name.startswith(prefix)}
    cache = next((need.cache for need in wanted if need.models), "")
    values = assignments(
        launcher=config.launcher,
        gpu_query=GPU_QUERY,
        image=config.image or "",
        partition=config.partition or "",
        ffmpeg=config.ffmpeg or "",
        engine_path=config.engine_path or "",
        files=" ".join(dict.fromkeys(name for need in wanted for name in need.files)),
        programs=" ".join(dict.fromkeys(name for need in wanted for name in need.programs)),
        python=config.python,
        modules=" ".join(dict.fromkeys(name for need in wanted for name in need.modules)),
        models=" ".join(dict.fromkeys(cached_as(name) for need in wanted for name in need.models)),
        hf_home=config.env.get("HF_HOME") or f"{config.engine_path}/{cache}",
    )
    body = resources.files(__package__).joinpath("survey.sh").read_text(encoding="utf-8")
    return f"{values}job_env() {{ :\n{exports(job_env)}}}\n{part('within')}{part('slurm_client')}{body}"


def cached_as(model: str) -> str:
    """Return the folder that a repository has in the cache of Hugging Face.

    >>> cached_as("nvidia/Cosmos-Guardrail1")
    'models--nvidia--Cosmos-Guardrail1'
    """
    return f"models--{model.replace('/', '--')}"


def parse_survey(text: str) -> Survey:
    """Return what ``survey.sh`` printed.

    Raises:
        HostError: the answer was cut off, or is no answer.
    """
    lines = text.splitlines()
    if not lines or lines[-1] != "done":
        raise HostError(
            f"the host's answer ends with {text[-80:]!r}", action="look what its shell prints: `ssh HOST sh -c true`"
        )
    told: dict[str, list[str]] = {}
    for line in lines[:-1]:
        key, _, value = line.partition(" ")
        told.setdefault(key, []).append(value.strip())
    return Survey({key: tuple(values) for key, values in told.items()})

"""The script that asks a host for all facts that the doctor judges."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources

from cosmos_houdini.engines.base import Needs
from cosmos_houdini.hosts.nvidia_smi import GPU_QUERY
from cosmos_houdini.hosts.script import TIMEOUT
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.launchers.registry import launcher_type
from cosmos_houdini.launchers.shell import assignments, exports


def survey_script(config: HostConfig, needs: Iterable[Needs]) -> str:
    """Return the script that prints all facts about a host; it starts no job and changes nothing.

    Args:
        config: how jobs run there.
        needs: of the engines to look for.

    Raises:
        BadInput: there is no launcher of the name that the configuration gives.
    """
    wanted = list(needs)
    cache = next((need.cache for need in wanted if need.models), "")
    values = assignments(
        gpu_query=GPU_QUERY,
        ffmpeg=config.ffmpeg or "",
        engine_path=config.engine_path or "",
        files=_unique(name for need in wanted for name in need.files),
        models=_unique(cached_as(name) for need in wanted for name in need.models),
        hf_home=config.env.get("HF_HOME") or f"{config.engine_path}/{cache}",
    )
    launcher = launcher_type(config)
    part = launcher.survey.script(config) if launcher.survey else ""
    if launcher.traits.runs_on_host:
        part += assignments(
            programs=_unique(name for need in wanted for name in need.programs),
            python=config.python,
            modules=_unique(name for need in wanted for name in need.modules),
        )
        part += exports(config.env) + _text("survey_programs.sh")
    return f"{values}{TIMEOUT}survey_launcher() {{ :\n{part}}}\n{_text('survey.sh')}"


def _unique(names: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(names))


def cached_as(model: str) -> str:
    """Return the folder of a repository in the cache of Hugging Face.

    >>> cached_as("nvidia/Cosmos-Guardrail1")
    'models--nvidia--Cosmos-Guardrail1'
    """
    return f"models--{model.replace('/', '--')}"


def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")

"""Findings on what an engine needs on a host: GPUs, its programs, its checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from cosmos_houdini.doctor.survey import cached_as
from cosmos_houdini.engines import Engine, engine_names, find_engine
from cosmos_houdini.engines.base import AskingEngine
from cosmos_houdini.errors import BadInput
from cosmos_houdini.hosts import Host
from cosmos_houdini.hosts.nvidia_smi import Gpu
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.hosts.survey import Survey
from cosmos_houdini.jobs.secrets import redacted, secrets_from
from cosmos_houdini.launchers.registry import launcher_type
from cosmos_houdini.launchers.shell import exports, words
from cosmos_houdini.launchers.site import site_for
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.model.finding import Finding, failed, passed, warned

QUESTION_TIMEOUT_S = 120.0
_SHOWN_FILES = 3


def engines_for(chosen: str, config: HostConfig) -> list[Engine]:
    """Return the engine that must run on a host, then the other engines that need files in its engine_path.

    Raises:
        BadInput: there is no engine of that name.
    """
    first = find_engine(chosen)
    if first.needs.files or not config.engine_path:
        return [first]
    return [first, *(known for known in map(find_engine, engine_names()) if known.needs.files)]


def worth_judging(engines: list[Engine], survey: Survey) -> list[Engine]:
    """Return the engine that must run, and the other engines that have files in engine_path."""
    first, *others = engines
    absent = set(survey.all("no_file"))
    return [first, *([known for known in others if not absent.issuperset(known.needs.files)] or others)]


def ask_engine(host: Host, config: HostConfig, wanted: Engine, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the finding of an engine that depends on more than files, such as a server, asked from the host.

    Args:
        host: the host.
        config: how jobs run there; only a launcher of processes of the host sees what this question sees.
        wanted: the engine.
        environ: the variables of this machine, some of which are the host's secrets.

    Raises:
        HostError: the connection failed.
    """
    if not (isinstance(wanted, AskingEngine) and launcher_type(config).traits.runs_on_host):
        return
    try:
        command = words(wanted.question(site_for(host.root, "doctor", 1, config, ffmpeg=FFmpeg())))
    except BadInput as error:
        yield failed(f"engine {wanted.name}", error.problem, error.action or f"allowed: {error.allowed}")
        return
    secrets = secrets_from(config.secrets, environ)
    done = host.run(f"{exports({**config.env, **secrets})}{command}\n", timeout_s=QUESTION_TIMEOUT_S)
    found = wanted.answer(done.exit_code, done.stdout)
    yield replace(found, seen=redacted(found.seen, secrets))


def check_gpus(name: str, config: HostConfig, wanted: Engine, survey: Survey) -> Finding:
    """Judge the GPUs of a host for the engine that must run there."""
    found, need_gb = survey.gpus, wanted.gpu_memory_gb
    if launcher_type(config).traits.chooses_gpus and not found:
        return passed("gpus", f"none here, as on most login nodes; {config.launcher} gives them to jobs")
    if not found:
        if not need_gb and not config.gpu_numbers:
            return passed("gpus", f"none, and the engine {wanted.name} needs none")
        seen = survey.first("no_gpu") or "nvidia-smi lists no GPU"
        return failed("gpus", seen, "install or repair the NVIDIA driver there, until `nvidia-smi` lists the GPUs")
    absent = [number for number in config.gpu_numbers if number not in {gpu.index for gpu in found}]
    listed = "; ".join(map(str, found))
    if absent:
        numbers = ", ".join(map(str, absent))
        return failed("gpus", f"there is no GPU {numbers}, only {listed}", f"correct hosts.{name}.gpus")
    if not need_gb:
        return passed("gpus", listed)
    usable = [gpu for gpu in found if not config.gpu_numbers or gpu.index in config.gpu_numbers]
    return _judge_memory(wanted, usable)


def _judge_memory(wanted: Engine, usable: list[Gpu]) -> Finding:
    need_gb, listed = wanted.gpu_memory_gb, "; ".join(map(str, usable))
    needed = f"{wanted.name} needs {need_gb:.0f} GiB free on one GPU"
    if all(gpu.total_gb is not None and gpu.total_gb < need_gb for gpu in usable):
        return failed("gpus", f"{listed}: {needed}", "take a host with a larger GPU")
    if all(gpu.free_gb is not None and gpu.free_gb < need_gb for gpu in usable):
        return warned("gpus", f"{listed}: {needed}", "look with `nvidia-smi` who uses them, or wait")
    return passed("gpus", listed)


def check_engine(name: str, config: HostConfig, wanted: Engine, survey: Survey, *, required: bool) -> Finding:
    """Judge whether an engine's programs and files are on a host.

    Args:
        name: of the host.
        config: how jobs run there.
        wanted: the engine.
        survey: the facts about the host.
        required: whether a missing file is a failure; only the chosen engine is required.
    """
    check, needs = f"engine {wanted.name}", wanted.needs
    lack = next(_lacks(name, config, wanted, survey), None)
    if lack:
        seen, action = lack
        return failed(check, seen, action) if required else warned(check, seen, action)
    models = [model for model in needs.models if cached_as(model) in survey.all("no_model")]
    if models:
        return warned(
            check,
            f"{', '.join(models)} {'is' if len(models) == 1 else 'are'} not in the cache on the host",
            "the first job brings them, with an HF_TOKEN whose account has accepted their licences",
        )
    what = (
        f"{len(needs.files)} checkpoints and programs are in {config.engine_path}" if needs.files else "needs no files"
    )
    return passed(check, what)


def _lacks(name: str, config: HostConfig, wanted: Engine, survey: Survey) -> Iterator[tuple[str, str]]:
    """Yield each missing thing and an action; later things need the first one."""
    needs = wanted.needs
    if needs.files and not config.engine_path:
        yield f"hosts.{name} has no engine_path, and {wanted.name} runs from a checkout", f"set {_path(name)}"
    if needs.files and survey.first("no_engine_path"):
        yield f"there is no folder {config.engine_path} on the host", f"correct {_path(name)}"
    missing = [file for file in needs.files if file in survey.all("no_file")]
    if missing:
        shown = ", ".join(missing[:_SHOWN_FILES])
        more = f" and {len(missing) - _SHOWN_FILES} more" if len(missing) > _SHOWN_FILES else ""
        yield f"{config.engine_path} lacks {shown}{more}", needs.action
    programs = [program for program in needs.programs if program in survey.all("no_engine_program")]
    if programs:
        yield f"there is no program {', '.join(programs)}", f"set PATH in hosts.{name}.env to where it is"
    if needs.modules and survey.first("no_python"):
        seen = f"the Python {config.python!r} does not start: {survey.first('no_python')}"
        yield seen, f"set hosts.{name}.python to one that has {', '.join(needs.modules)}"
    modules = [module for module in needs.modules if module in survey.all("no_module")]
    if modules:
        yield f"the Python {config.python!r} lacks {', '.join(modules)}", needs.action


def _path(name: str) -> str:
    return f"hosts.{name}.engine_path to the folder on the host"

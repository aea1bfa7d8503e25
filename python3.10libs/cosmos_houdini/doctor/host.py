"""Checks of a host: whether it can be reached, and whether it has what jobs need."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path

from cosmos_houdini.doctor.disk import judge_disk
from cosmos_houdini.doctor.engine import ask_engine, check_engine, check_gpus, worth_judging
from cosmos_houdini.doctor.survey import survey_script
from cosmos_houdini.engines.base import Engine
from cosmos_houdini.errors import AuthRefused, BadInput, CosmosError, HostKeyError, HostUnreachable
from cosmos_houdini.hosts import Host, open_host
from cosmos_houdini.hosts.base import RemarkingHost
from cosmos_houdini.hosts.ownership import FOREIGN_EXIT, refused
from cosmos_houdini.hosts.registry import connection_of, host_type
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.hosts.survey import Survey, parse_survey
from cosmos_houdini.launchers.registry import launcher_type
from cosmos_houdini.launchers.site import sees_own_programs
from cosmos_houdini.model.finding import Finding, failed, passed, warned

SURVEY_TIMEOUT_S = 120.0
CLOCK_DIFFERENCE_S = 60.0
CONNECTION = "connection"
"""The check that fails if the host cannot be reached, or refuses the login."""

_UNREACHED = (HostUnreachable, HostKeyError, AuthRefused)


def check_host(name: str, config: HostConfig, engines: list[Engine], *, project: Path) -> Iterator[Finding]:
    """Yield a finding for each requirement of a host, by one command; if CONNECTION fails, it is the only finding.

    Args:
        name: the host's name in the configuration.
        config: its connection, and how jobs run there.
        engines: the engine that must run there, then those that may.
        project: the folder that holds ``.cosmos``.
    """
    try:
        host = open_host(name, config, project=project)
        script = survey_script(config, [known.needs for known in engines])
    except BadInput as error:
        yield failed("configuration", error.problem, _next(error))
        return
    try:
        began, clock = time.monotonic(), time.time()
        done = host.run(script, timeout_s=SURVEY_TIMEOUT_S)
        took_s = time.monotonic() - began
        survey = parse_survey(done.stdout)
        asked = list(ask_engine(host, config, engines[0], os.environ))
    except _UNREACHED as error:
        yield failed(CONNECTION, error.problem, _next(error))
        return
    except CosmosError as error:
        yield failed("root", error.problem, _next(error))
        return
    finally:
        host.close()
    yield _connection(config, took_s, host.remarks() if isinstance(host, RemarkingHost) else ())
    yield from _judged(host, config, engines, survey, here_s=clock + took_s / 2)
    yield from asked


def _judged(
    host: Host, config: HostConfig, engines: list[Engine], survey: Survey, *, here_s: float
) -> Iterator[Finding]:
    yield _clock(survey, here_s)
    yield _disk(survey, host)
    yield _programs(survey)
    yield _locks(survey, config)
    yield from _ownership(host, survey)
    launcher = launcher_type(config, host.name)
    if launcher.survey:
        yield from launcher.survey.judge(host.name, config, survey)
    yield check_gpus(host.name, config, engines[0], survey)
    yield _ffmpeg(host.name, config, survey)
    for index, known in enumerate(worth_judging(engines, survey)):
        yield check_engine(host.name, config, known, survey, required=index == 0)


def _next(error: CosmosError) -> str:
    return "; ".join(part for part in (error.allowed and f"allowed: {error.allowed}", error.action) if part)


def _connection(config: HostConfig, took_s: float, remarks: tuple[str, ...]) -> Finding:
    if host_type(config).is_this_machine:
        return passed(CONNECTION, "this machine; its shell answers")
    if connection_of(config) != "ssh":
        return passed(CONNECTION, f"it answered within {took_s:.1f} s by {connection_of(config)}")
    reached = f"{config.address} answered within {took_s:.1f} s; its host key is known and it accepts yours"
    return passed(CONNECTION, "; ".join([reached, *remarks]))


def _clock(survey: Survey, here_s: float) -> Finding:
    if survey.now_s is None:
        return warned("clock", f"`date +%s` says {survey.first('now')!r}", "see that `date` of the host works")
    difference_s = survey.now_s - here_s
    if abs(difference_s) > CLOCK_DIFFERENCE_S:
        ahead = "ahead of" if difference_s > 0 else "behind"
        seen = f"{abs(difference_s):.0f} s {ahead} this machine's"
        return warned("clock", seen, "times in logs will not agree; let both follow a time server")
    return passed("clock", f"agrees with this machine's within {max(1.0, abs(difference_s)):.0f} s")


def _disk(survey: Survey, host: Host) -> Finding:
    if survey.free_bytes is None:
        return warned("disk", f"`df -Pk` says {survey.first('disk')!r}", f"see how much room {host.root} has")
    return judge_disk("disk", survey.free_bytes, str(host.root))


def _programs(survey: Survey) -> Finding:
    missing = list(survey.all("no_program"))
    if not survey.all("digest"):
        missing.append("openssl, sha256sum or shasum")
    if missing:
        return failed("programs", f"there is no {', '.join(missing)}", "install the usual POSIX programs on the host")
    return passed("programs", f"{survey.first('system')}, with all that jobs call")


def _locks(survey: Survey, config: HostConfig) -> Finding:
    """Judge whether the host can keep two jobs from using one GPU."""
    if survey.first("flock"):
        return passed("locks", "flock works in the root")
    seen = survey.first("no_flock")
    if not launcher_type(config).traits.chooses_gpus and (config.gpu_numbers or survey.gpus):
        return failed(
            "locks", seen, "install util-linux, or put the root on a disk that can lock; GPUs are shared by it"
        )
    return warned("locks", seen, "install util-linux before jobs need GPUs: they are shared by it")


def _ownership(host: Host, survey: Survey) -> Iterator[Finding]:
    """Judge who else could change what lies in the root; the host refuses the rest of the root by itself."""
    if error := refused(host.name, FOREIGN_EXIT, survey.first("foreign")):
        yield failed("ownership", error.problem, error.action)
    if told := refused(host.name, FOREIGN_EXIT, survey.first("replaceable")):
        seen = told.problem.partition(";")[0]
        yield warned("ownership", f"{seen}, who could put another root in the place of {host.root}", told.action)


def _ffmpeg(name: str, config: HostConfig, survey: Survey) -> Finding:
    """Judge the FFmpeg with which the engine preview runs."""
    if config.ffmpeg:
        if survey.first("ffmpeg"):
            return passed("ffmpeg", f"{config.ffmpeg}: {survey.first('ffmpeg')}")
        return failed("ffmpeg", survey.first("no_ffmpeg"), f"correct hosts.{name}.ffmpeg, or leave it out")
    if survey.first("no_exec") and not sees_own_programs(config):
        seen = f"programs in the root cannot be started: {survey.first('no_exec')}"
        action = f"mount its disk without noexec, or install FFmpeg there and name it as hosts.{name}.ffmpeg"
        return warned("ffmpeg", seen, f"{action}; the engine preview needs it")
    here = f"{platform.system()} {platform.machine()}"
    if survey.first("system") != here or platform.system() == "Windows":
        seen = f"the host is {survey.first('system')}, so that the FFmpeg of this machine ({here}) does not run there"
        return warned("ffmpeg", seen, f"install one there for the engine preview and name it as hosts.{name}.ffmpeg")
    return passed("ffmpeg", "this machine's own is sent along where a job needs it")

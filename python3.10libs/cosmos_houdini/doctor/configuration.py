"""The configuration as a whole: values that are refused only when a command uses them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmos_houdini.batches.time_window import TimeWindow
from cosmos_houdini.config import Config, unknown_variables
from cosmos_houdini.engines import find_engine
from cosmos_houdini.errors import BadInput, CosmosError
from cosmos_houdini.hosts import HostConfig, open_host
from cosmos_houdini.launchers import launcher_for
from cosmos_houdini.user_path import expand_user


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigProblem:
    """One value of the configuration that no command accepts.

    Attributes:
        key: dotted, or the name of a variable.
        origin: the file or variable that set it; empty for a built-in value.
        problem: the fault of the value.
        allowed: the accepted values.
        action: the next step.
    """

    key: str
    origin: str
    problem: str
    allowed: str = ""
    action: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the problem as ``config show --json`` prints it."""
        return {
            "key": self.key,
            "origin": self.origin,
            "problem": self.problem,
            "allowed": self.allowed,
            "action": self.action,
        }

    def error(self) -> BadInput:
        """Return the problem as an error that names key and file."""
        where = f"{self.origin}: " if self.origin else ""
        return BadInput(f"{where}{self.problem}", allowed=self.allowed, action=self.action)


def find_problems(config: Config, environ: Mapping[str, str] | None = None) -> Iterator[ConfigProblem]:
    """Yield each value that no command would accept; connect to nothing and write nothing.

    Args:
        config: the loaded configuration; every value has the right type and range.
        environ: the environment; a variable in it that sets nothing is a problem too.
    """
    for unknown in unknown_variables(os.environ if environ is None else environ):
        yield ConfigProblem(key=unknown.name, origin="", problem=unknown.problem, action=unknown.action)
    for key, error in _errors(config):
        yield ConfigProblem(
            key=key,
            origin=_origin(config, key),
            problem=error.problem if key in error.problem else f"{key}: {error.problem}",
            allowed=error.allowed,
            action=error.action,
        )


def _errors(config: Config) -> Iterator[tuple[str, CosmosError]]:
    settings = config.settings
    try:
        find_engine(settings.defaults.engine)
    except BadInput as error:
        yield "defaults.engine", error
    try:
        settings.host(None)
    except BadInput as error:
        yield "defaults.host", error
    for name, host in settings.hosts.items():
        yield from _host_errors(name, host, config.project)
    yield from _file_errors(config)
    for name in settings.passes.layers:
        if name not in settings.passes.words:
            yield f"passes.layers.{name}", BadInput(f"{name!r} is no pass", allowed=", ".join(settings.passes.words))
    low, high = settings.depth.percentiles
    if not 0 <= low < high <= 100:  # noqa: PLR2004 - per cent
        yield "depth.percentiles", BadInput(f"{low}, {high} are no percentiles", allowed="two, rising, from 0 to 100")
    if settings.overnight.window is not None:
        try:
            TimeWindow.parse(settings.overnight.window)
        except BadInput as error:
            yield "overnight.window", error


def _host_errors(name: str, host: HostConfig, project: Path) -> Iterator[tuple[str, CosmosError]]:
    try:
        launcher_for(name, host)
        open_host(name, host, project=project).close()
    except BadInput as error:
        yield f"hosts.{name}", error
    if host.identity and not expand_user(host.identity).is_file():
        action = f"correct hosts.{name}.identity"
        yield f"hosts.{name}.identity", BadInput(f"the key {host.identity} is no file", action=action)


def _file_errors(config: Config) -> Iterator[tuple[str, CosmosError]]:
    settings = config.settings
    ocio = settings.color.config
    if ocio and "://" not in ocio and not Path(ocio).is_file():
        yield (
            "color.config",
            BadInput(f"{ocio} is no file", allowed="an OpenColorIO configuration, or a built-in one as ocio://NAME"),
        )
    ffmpeg = settings.programs.ffmpeg
    if ffmpeg and not expand_user(ffmpeg).is_file():
        yield "programs.ffmpeg", BadInput(f"{ffmpeg} is no file", action="name FFmpeg by its path")
    urls = settings.notify.urls_file
    if urls and not expand_user(urls).is_file():
        yield "notify.urls_file", BadInput(f"{urls} is no file", action="write one address of Apprise a line into it")


def _origin(config: Config, key: str) -> str:
    """Return the origin of a key, of one of the keys below it, or of the nearest key above it."""
    origins = config.origins
    below = next((where for name, where in origins.items() if name == key or name.startswith(f"{key}.")), "")
    return below or next((where for name, where in origins.items() if key.startswith(f"{name}.")), "")

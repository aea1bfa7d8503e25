"""The configuration: hosts by name and defaults, from files and environment, each value with its origin.

Order, later wins: built-in defaults, the user's file, the project's ``cosmos-houdini.yaml`` (in the working folder or a
parent), then ``COSMOS_HOUDINI_*``. ``COSMOS_HOUDINI_CONFIG`` names one file that stands instead of the two files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import platformdirs
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cosmos_houdini.errors import BadInput, did_you_mean

FILE_NAME = "cosmos-houdini.yaml"
ENV_PREFIX = "COSMOS_HOUDINI_"
LOCAL = "local"

Preset = Literal["off", "very_low", "low", "medium", "high", "very_high"]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Defaults(_Section):
    """What holds when a command line names nothing."""

    host: str = LOCAL
    engine: str = "preview"
    attempts: int = Field(3, ge=1, le=20, description="Most that is tried for a job without a person's order.")


class Programs(_Section):
    """External programs of this machine."""

    ffmpeg: Path | None = Field(None, description="FFmpeg instead of the one that imageio-ffmpeg brings.")


class HostConfig(_Section):
    """One host; without ``address`` it is this machine."""

    address: str | None = Field(None, description="[user@]host, or a Host of ~/.ssh/config.")
    port: int | None = Field(None, ge=1, le=65535)
    identity: Path | None = None
    known_hosts: Path | None = None
    root: str | None = Field(None, description="Absolute folder on the host for objects and jobs.")
    launcher: str = "process"
    image: str | None = None
    engine_path: str | None = None
    ffmpeg: str | None = Field(None, description="FFmpeg of the host; without it this machine's own is sent.")
    bandwidth_mb_per_s: float | None = Field(
        None, gt=0, description="Most that goes to and from the host, in 1e6 bytes."
    )
    env: dict[str, str] = Field(default_factory=dict, description="Environment of every job, nothing secret.")
    secrets: tuple[str, ...] = Field(("HF_TOKEN",), description="Variables of this machine handed to jobs in secret.")
    gpus: tuple[int, ...] | Literal["auto"] = Field("auto", description="Numbers of nvidia-smi; all of them by 'auto'.")
    jobs_per_gpu: int = Field(1, ge=1, le=16, description="Most jobs of this project that share a GPU.")
    price_per_hour: float | None = Field(None, ge=0)
    partition: str | None = None
    gres: str | None = None
    time: str | None = Field(None, description="Most that a job may run, as Slurm spells it: 90 (minutes), 02:00:00.")
    stalled_after_min: float | None = Field(
        30.0, gt=0, description="A job without a new log line and GPU use for so long is stopped."
    )

    @property
    def gpu_numbers(self) -> tuple[int, ...]:
        """The GPUs that were named; none where the host is asked for them."""
        return () if self.gpus == "auto" else self.gpus


class PassNames(_Section):
    """Words in folder and file names that tell a pass, beside the built-in ones."""

    color: tuple[str, ...] = ()
    depth: tuple[str, ...] = ()
    seg: tuple[str, ...] = ()
    edge: tuple[str, ...] = ()
    vis: tuple[str, ...] = ()
    normal: tuple[str, ...] = ()
    mask: tuple[str, ...] = ()
    layers: dict[str, str] = Field(
        default_factory=dict, description="Pass to the name of the EXR layer that feeds it, before the usual names."
    )

    @property
    def words(self) -> dict[str, tuple[str, ...]]:
        """The words of each pass."""
        return {name: getattr(self, name) for name in PassNames.model_fields if name != "layers"}


class ColorConfig(_Section):
    """How scene-linear colour is shown in the colour video."""

    config: str | None = Field(None, description="OpenColorIO configuration; $OCIO or the built-in one without it.")
    display: str | None = None
    view: str | None = None
    input: str | None = Field(None, description="Colour space of the pictures; what their header says without it.")
    exposure: float = Field(0.0, ge=-20, le=20, description="In stops.")


class DepthConfig(_Section):
    """How depth passes are read."""

    kind: Literal["auto", "camera-z", "ray-distance", "near-bright", "near-dark"] = "auto"
    percentiles: tuple[float, float] = (0.0, 99.9)
    far: float = Field(1e9, gt=0, description="Scene units from which everything is sky.")


class SegConfig(_Section):
    """Which objects are told apart, and in which colours."""

    objects: tuple[str, ...] = Field((), description="Names of Cryptomatte objects, with * and ?; all without any.")
    palette: Path | None = Field(None, description="Table of the show's colours; .cosmos/palette.json without it.")


class ControlsConfig(_Section):
    """What is computed from the colour pass where no such pass is rendered, and how passes fill the engine's frame."""

    edge: Preset = "off"
    vis: Preset = "off"
    fit: Literal["auto", "fit", "letterbox", "crop", "none"] = "auto"


class Settings(_Section):
    """The whole configuration."""

    defaults: Defaults = Defaults()
    hosts: dict[str, HostConfig] = Field(default_factory=dict)
    programs: Programs = Programs()
    passes: PassNames = PassNames()
    color: ColorConfig = ColorConfig()
    depth: DepthConfig = DepthConfig()
    seg: SegConfig = SegConfig()
    controls: ControlsConfig = ControlsConfig()

    def host(self, name: str | None) -> tuple[str, HostConfig]:
        """Return a host's name and configuration; without a name the default host's.

        Raises:
            BadInput: no host of that name is configured.
        """
        wanted = name or self.defaults.host
        if wanted in self.hosts:
            return wanted, self.hosts[wanted]
        if wanted == LOCAL:
            return wanted, HostConfig()
        known = [*self.hosts, LOCAL]
        raise BadInput(
            f"no host {wanted!r} is configured",
            allowed=", ".join(known),
            action=did_you_mean(wanted, known) or f"add it under 'hosts' in {FILE_NAME}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings, and where each value that is no built-in default came from.

    Attributes:
        settings: the merged values.
        origins: dotted key to the file or variable that set it.
        project: the folder to which ``.cosmos`` belongs: the one of the project's file, or the working folder.
    """

    settings: Settings
    origins: Mapping[str, str]
    project: Path


def load(folder: Path | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """Read the configuration as seen from ``folder`` (the working folder).

    Raises:
        BadInput: a file that is missing, is no YAML, or holds an unknown key or a wrong value; file and key are named.
    """
    environ = os.environ if environ is None else environ
    folder = (folder or Path.cwd()).resolve()
    project_file = _project_file(folder)
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for path in _files(environ, project_file):
        _merge(merged, _read(path), origins, str(path))
    for variable, keys in _variables(environ, merged).items():
        _set(merged, keys, yaml.safe_load(environ[variable]), origins, f"${variable}")
    return Config(
        settings=_validate(merged, origins), origins=origins, project=project_file.parent if project_file else folder
    )


def _project_file(folder: Path) -> Path | None:
    return next((path for parent in [folder, *folder.parents] if (path := parent / FILE_NAME).is_file()), None)


def _files(environ: Mapping[str, str], project_file: Path | None) -> list[Path]:
    named = environ.get(f"{ENV_PREFIX}CONFIG")
    if named:
        if not Path(named).is_file():
            raise BadInput(f"${ENV_PREFIX}CONFIG names {named}, which is no file")
        return [Path(named)]
    user_file = platformdirs.user_config_path("cosmos-houdini", appauthor=False) / FILE_NAME
    return [path for path in (user_file, project_file) if path and path.is_file()]


def _read(path: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is no YAML: {error}") from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise BadInput(
            f"{path} holds {type(data).__name__}", allowed="a mapping with " + ", ".join(Settings.model_fields)
        )
    return data


def _merge(into: dict[str, Any], new: dict[str, Any], origins: dict[str, str], origin: str, prefix: str = "") -> None:
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(into.get(key, {}), dict):
            _merge(into.setdefault(key, {}), value, origins, origin, f"{prefix}{key}.")
        else:
            into[key] = value
            origins[f"{prefix}{key}"] = origin


def _set(into: dict[str, Any], keys: tuple[str, ...], value: object, origins: dict[str, str], origin: str) -> None:
    nested: dict[str, Any] = {keys[-1]: value}
    for key in reversed(keys[:-1]):
        nested = {key: nested}
    _merge(into, nested, origins, origin)


def _variables(environ: Mapping[str, str], merged: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the keys that each COSMOS_HOUDINI_* variable sets.

    ``COSMOS_HOUDINI_DEFAULTS_HOST`` sets ``defaults.host``; ``COSMOS_HOUDINI_HOSTS_GPU01_ENGINE_PATH`` sets
    ``hosts.gpu01.engine_path``. A host's name is compared without regard to case and punctuation.
    """
    plain = {
        f"{ENV_PREFIX}{section}_{field}".upper(): (section, field)
        for section, model in _sections()
        for field in model.model_fields
    }
    found: dict[str, tuple[str, ...]] = {}
    for name in environ:
        if name in plain:
            found[name] = plain[name]
        elif name.startswith(f"{ENV_PREFIX}HOSTS_"):
            found[name] = _host_keys(name, merged)
    return found


def _sections() -> Iterator[tuple[str, type[_Section]]]:
    """Yield the sections that have a fixed set of keys."""
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, _Section):
            yield name, field.annotation


def _host_keys(variable: str, merged: Mapping[str, Any]) -> tuple[str, ...]:
    rest = variable.removeprefix(f"{ENV_PREFIX}HOSTS_")
    fields = sorted(HostConfig.model_fields, key=len, reverse=True)
    field = next((f for f in fields if rest.endswith(f"_{f.upper()}")), None)
    if field is None:
        raise BadInput(f"${variable} sets no known value of a host", allowed=", ".join(sorted(HostConfig.model_fields)))
    wanted = rest[: -len(field) - 1]
    known = (str(name) for name in merged.get("hosts", {}))
    return ("hosts", next((n for n in known if re.sub(r"\W", "_", n).upper() == wanted), wanted.lower()), field)


def _validate(merged: dict[str, Any], origins: Mapping[str, str]) -> Settings:
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        origin = next((where for name, where in origins.items() if name.startswith(key)), "the configuration")
        hint = ""
        if first["type"] == "extra_forbidden":
            fields = HostConfig.model_fields if key.startswith("hosts.") else Settings.model_fields
            hint = did_you_mean(str(first["loc"][-1]), fields)
        raise BadInput(f"{origin}: {key} = {first['input']!r}: {first['msg']}", action=hint) from error

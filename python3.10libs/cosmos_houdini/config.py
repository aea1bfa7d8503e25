"""The configuration: hosts by name and defaults, from files and environment, each value with its origin.

Order, later wins: built-in defaults, the user's file, the project's ``cosmos-houdini.yaml`` (in the working folder or a
parent), then ``COSMOS_HOUDINI_*``. ``COSMOS_HOUDINI_CONFIG`` names one file that stands instead of the two files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_type_hints

import msgspec
import platformdirs
import yaml
from msgspec import Meta, Struct

from cosmos_houdini.errors import BadInput, did_you_mean

FILE_NAME = "cosmos-houdini.yaml"
ENV_PREFIX = "COSMOS_HOUDINI_"
LOCAL = "local"

Preset = Literal["off", "very_low", "low", "medium", "high", "very_high"]

_Section = TypeVar("_Section", bound=Struct)


class Defaults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds when a command line names nothing.

    Attributes:
        attempts: most that is tried for a job without a person's order.
    """

    host: str = LOCAL
    engine: str = "preview"
    attempts: Annotated[int, Meta(ge=1, le=20)] = 3


class Programs(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """External programs of this machine.

    Attributes:
        ffmpeg: FFmpeg instead of the one that imageio-ffmpeg brings.
    """

    ffmpeg: Path | None = None


class HostConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One host; without ``address`` it is this machine.

    Attributes:
        address: [user@]host, or a Host of ~/.ssh/config.
        root: absolute folder on the host for objects and jobs.
        ffmpeg: FFmpeg of the host; without it this machine's own is sent.
        bandwidth_mb_per_s: most that goes to and from the host, in 1e6 bytes.
        env: environment of every job, nothing secret.
        secrets: variables of this machine that are handed to jobs in secret.
        gres: for Slurm; without it, as many GPUs as the job uses.
        container: what runs the image on a cluster.
        sbatch: more options for Slurm, as in ``--mem=64G``.
        gpus: numbers of nvidia-smi; ``auto`` for all that the host has.
        jobs_per_gpu: most jobs below one root that share a GPU.
        time: most that a job may run, as Slurm spells it: ``90`` (minutes), ``02:00:00``, ``1-12`` (days and hours).
        stalled_after_min: a job without a new log line and without GPU use for so long is stopped.
    """

    address: str | None = None
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    identity: Path | None = None
    known_hosts: Path | None = None
    root: str | None = None
    launcher: str = "process"
    image: str | None = None
    engine_path: str | None = None
    ffmpeg: str | None = None
    bandwidth_mb_per_s: Annotated[float, Meta(gt=0)] | None = None
    env: dict[str, str] = {}
    secrets: tuple[str, ...] = ("HF_TOKEN",)
    gpus: tuple[int, ...] | Literal["auto"] = "auto"
    jobs_per_gpu: Annotated[int, Meta(ge=1, le=16)] = 1
    price_per_hour: Annotated[float, Meta(ge=0)] | None = None
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    gres: str | None = None
    time: str | None = None
    container: Literal["apptainer", "pyxis"] | None = None
    sbatch: tuple[str, ...] = ()
    stalled_after_min: Annotated[float, Meta(gt=0)] | None = 30.0

    @property
    def gpu_numbers(self) -> tuple[int, ...]:
        """The GPUs that were named; none where the host is asked for them."""
        return () if self.gpus == "auto" else self.gpus


class PassNames(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words in folder and file names that tell a pass, beside the built-in ones.

    Attributes:
        layers: pass to the name of the EXR layer that feeds it, before the usual names.
    """

    color: tuple[str, ...] = ()
    depth: tuple[str, ...] = ()
    seg: tuple[str, ...] = ()
    edge: tuple[str, ...] = ()
    vis: tuple[str, ...] = ()
    normal: tuple[str, ...] = ()
    mask: tuple[str, ...] = ()
    layers: dict[str, str] = {}

    @property
    def words(self) -> dict[str, tuple[str, ...]]:
        """The words of each pass."""
        return {name: getattr(self, name) for name in self.__struct_fields__ if name != "layers"}


class ColorConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How scene-linear colour is shown in the colour video.

    Attributes:
        config: OpenColorIO configuration; $OCIO or the built-in one without it.
        input: colour space of the pictures; what their header says without it.
        exposure: in stops.
    """

    config: str | None = None
    display: str | None = None
    view: str | None = None
    input: str | None = None
    exposure: Annotated[float, Meta(ge=-20, le=20)] = 0.0


class DepthConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How depth passes are read.

    Attributes:
        far: scene units from which everything is sky.
    """

    kind: Literal["auto", "camera-z", "ray-distance", "near-bright", "near-dark"] = "auto"
    percentiles: tuple[float, float] = (0.0, 99.9)
    far: Annotated[float, Meta(gt=0)] = 1e9


class SegConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which objects are told apart, and in which colours.

    Attributes:
        objects: names of Cryptomatte objects, with * and ?; all without any.
        palette: table of the show's colours; .cosmos/palette.json without it.
    """

    objects: tuple[str, ...] = ()
    palette: Path | None = None


class ControlsConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is computed from the colour pass where no such pass is rendered, and how passes fill the engine's frame."""

    edge: Preset = "off"
    vis: Preset = "off"
    fit: Literal["auto", "fit", "letterbox", "crop", "none"] = "auto"


class NotifyConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is told what becomes of a batch.

    Attributes:
        urls_file: addresses of Apprise, one a line, in a file that its owner alone can read; more of them stand in
            $COSMOS_HOUDINI_NOTIFY_URLS. They hold passwords, so that no other place takes them.
        on: what is told.
        failed_share: share of the runs of a batch whose failure is told while it goes on.
    """

    urls_file: Path | None = None
    on: tuple[Literal["finish", "failures", "budget", "hold"], ...] = ("finish", "failures", "budget", "hold")
    failed_share: Annotated[float, Meta(gt=0, le=1)] = 0.2


class OvernightConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On which terms a batch goes on without anyone watching.

    Attributes:
        between: times of day, as in ``22:00-07:00``, between which runs are started.
        gpu_hours: the most that all attempts of a batch may take.
        money: the most that they may cost, at the host's price_per_hour.
        hottest_c: temperature of a GPU from which nothing is started on its host.
        least_disk_gb: room, in 1e9 bytes, that has to be free on the host and on this machine.
    """

    between: str | None = None
    gpu_hours: Annotated[float, Meta(gt=0)] | None = None
    money: Annotated[float, Meta(gt=0)] | None = None
    hottest_c: Annotated[float, Meta(gt=0)] = 90.0
    least_disk_gb: Annotated[float, Meta(ge=0)] = 2.0


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole configuration."""

    defaults: Defaults = Defaults()
    hosts: dict[str, HostConfig] = {}
    programs: Programs = Programs()
    passes: PassNames = PassNames()
    color: ColorConfig = ColorConfig()
    depth: DepthConfig = DepthConfig()
    seg: SegConfig = SegConfig()
    controls: ControlsConfig = ControlsConfig()
    notify: NotifyConfig = NotifyConfig()
    overnight: OvernightConfig = OvernightConfig()

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


# The sections that have a fixed set of keys.
_SECTIONS: Mapping[str, type[Struct]] = {
    name: type(default)
    for name, default in zip(Settings.__struct_fields__, Settings.__struct_defaults__, strict=True)
    if isinstance(default, Struct)
}


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
            f"{path} holds {type(data).__name__}", allowed="a mapping with " + ", ".join(Settings.__struct_fields__)
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
        for section, kind in _SECTIONS.items()
        for field in kind.__struct_fields__
    }
    found: dict[str, tuple[str, ...]] = {}
    for name in environ:
        if name in plain:
            found[name] = plain[name]
        elif name.startswith(f"{ENV_PREFIX}HOSTS_"):
            found[name] = _host_keys(name, merged)
    return found


def _host_keys(variable: str, merged: Mapping[str, Any]) -> tuple[str, ...]:
    rest = variable.removeprefix(f"{ENV_PREFIX}HOSTS_")
    fields = sorted(HostConfig.__struct_fields__, key=len, reverse=True)
    field = next((f for f in fields if rest.endswith(f"_{f.upper()}")), None)
    if field is None:
        raise BadInput(
            f"${variable} sets no known value of a host", allowed=", ".join(sorted(HostConfig.__struct_fields__))
        )
    wanted = rest[: -len(field) - 1]
    known = (str(name) for name in merged.get("hosts", {}))
    return ("hosts", next((n for n in known if re.sub(r"\W", "_", n).upper() == wanted), wanted.lower()), field)


def _validate(merged: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    """Convert section by section and host by host: msgspec names a place in a mapping without its key."""
    _refuse_unknown(merged, Settings, "", origins)
    values: dict[str, Any] = {
        name: _converted(merged[name], kind, name, origins) for name, kind in _SECTIONS.items() if name in merged
    }
    hosts = merged.get("hosts", {})
    if not isinstance(hosts, dict):
        raise _wrong("hosts", hosts, "expected a mapping of names to hosts", origins)
    values["hosts"] = {
        str(name): _converted(host, HostConfig, f"hosts.{name}", origins) for name, host in hosts.items()
    }
    return Settings(**values)


def _converted(data: object, kind: type[_Section], key: str, origins: Mapping[str, str]) -> _Section:
    if not isinstance(data, dict):
        raise _wrong(key, data, f"expected a mapping with {', '.join(kind.__struct_fields__)}", origins)
    _refuse_unknown(data, kind, f"{key}.", origins)
    try:
        return msgspec.convert(data, kind, strict=False, dec_hook=_from_text)
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at ")
        field = next(name for name in data if re.search(rf"\$\.{name}\b", place))
        choices = get_args(get_type_hints(kind)[field])
        allowed = ", ".join(choices) if all(isinstance(choice, str) for choice in choices) else ""
        raise _wrong(
            f"{key}.{field}", data[field], "no such value" if allowed else said, origins, allowed=allowed
        ) from error


def _refuse_unknown(data: Mapping[str, Any], kind: type[Struct], prefix: str, origins: Mapping[str, str]) -> None:
    for name, value in data.items():
        if name not in kind.__struct_fields__:
            raise _wrong(
                f"{prefix}{name}",
                value,
                "unknown key",
                origins,
                allowed=", ".join(kind.__struct_fields__),
                action=did_you_mean(str(name), kind.__struct_fields__),
            )


def _wrong(
    key: str, value: object, said: str, origins: Mapping[str, str], *, allowed: str = "", action: str = ""
) -> BadInput:
    origin = next((where for name, where in origins.items() if name.startswith(key)), "the configuration")
    sentence = f"{said[0].lower()}{said[1:]}".replace("`", "")
    return BadInput(f"{origin}: {key} = {value!r}: {sentence}", allowed=allowed, action=action)


def _from_text(kind: type, value: object) -> object:
    """Make what msgspec does not know out of the text that stands for it."""
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise TypeError(f"Expected str, got {type(value).__name__}")


def plain(section: Struct) -> dict[str, Any]:
    """Return a part of the configuration as values that JSON and YAML know."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(section, enc_hook=str))
    return found

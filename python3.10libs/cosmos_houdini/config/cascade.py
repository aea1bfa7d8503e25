"""The configuration: hosts by name and defaults, from files and environment, each value with its origin.

Order, later wins: built-in defaults, the user's file, every ``cosmos-houdini.yaml`` in a parent folder and in the
working folder (the outermost first), then ``COSMOS_HOUDINI_*``. ``COSMOS_HOUDINI_CONFIG`` names one file that replaces
all files.

A file counts only where nobody but the user and root can have written it, or the user trusts its folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar, get_args, get_type_hints

import msgspec
import platformdirs
from msgspec import Struct

from cosmos_houdini.config.settings import FILE_NAME, LOCAL, SECTIONS, ColorConfig, Settings
from cosmos_houdini.config.trust import LIST_NAME, FolderTrust, read_trust, refuse_changes, refuse_doubtful
from cosmos_houdini.config.variables import ENV_PREFIX, section_variables
from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.hosts.registry import HOST_TYPES, connection_of
from cosmos_houdini.hosts.settings import COMMON_KEYS, HostConfig, host_keys
from cosmos_houdini.launchers.registry import LAUNCHER_TYPES, launcher_settings
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.user_path import expand_user
from cosmos_houdini.yaml_text import read_yaml, read_yaml_file

_Section = TypeVar("_Section", bound=Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings, and the origin of each value that is not a built-in default.

    Attributes:
        settings: the merged values.
        origins: dotted key to the file or variable that set it.
        project: the folder to which ``.cosmos`` belongs: the one of the innermost file, or the working folder.
        files: the files that were read, in their order.
        ignored: the files without which the user wants to go on.
    """

    settings: Settings
    origins: Mapping[str, str]
    project: Path
    files: tuple[Path, ...] = ()
    ignored: tuple[Path, ...] = ()

    @property
    def ffmpeg(self) -> FFmpeg:
        """The FFmpeg that these settings name."""
        return FFmpeg(path=self.settings.programs.ffmpeg)


def load(folder: Path | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """Read the configuration as seen from ``folder`` (the working folder).

    Raises:
        BadInput: a file is missing or not YAML, or has an unknown key or a wrong value; the message names file and key.
            Others may have written a file, or a project file changes a host of the user's own file.
    """
    environ = os.environ if environ is None else environ
    folder = (folder or Path.cwd()).resolve()
    trust = read_trust(trust_file())
    ignored = tuple(path for path in _project_files(folder) if trust.is_ignored(path.parent))
    project_files = [path for path in _project_files(folder) if path not in ignored]
    files = _files(environ, project_files)
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for path, data in _contents(files, trust).items():
        _merge(merged, data, origins, str(path))
    for variable, keys in _variables(environ, merged).items():
        _set(merged, keys, read_yaml(environ[variable], f"${variable}"), origins, f"${variable}")
    return Config(
        settings=_validate(merged, origins),
        origins=origins,
        project=project_files[-1].parent if project_files else folder,
        files=tuple(files),
        ignored=ignored,
    )


def user_file() -> Path:
    """Return the path of the user's own file, which need not exist."""
    return platformdirs.user_config_path("cosmos-houdini", appauthor=False) / FILE_NAME


def trust_file() -> Path:
    """Return the path of the list of folders that the user trusts or ignores, which need not exist."""
    return user_file().with_name(LIST_NAME)


def _project_files(folder: Path) -> list[Path]:
    """Return the files of a folder and of all its parents, the outermost first."""
    return [path for parent in [*reversed(folder.parents), folder] if (path := parent / FILE_NAME).is_file()]


def _files(environ: Mapping[str, str], project_files: list[Path]) -> list[Path]:
    named = environ.get(f"{ENV_PREFIX}CONFIG")
    if named:
        if not Path(named).is_file():
            raise BadInput(f"${ENV_PREFIX}CONFIG names {named}, which is no file")
        return [Path(named).absolute()]
    own = user_file()
    others = [path for path in project_files if path != own.resolve()]
    return [own, *others] if own.is_file() else others


def _contents(files: Sequence[Path], trust: FolderTrust) -> dict[Path, dict[str, Any]]:
    """Return what the files hold, in their order."""
    own_file = user_file()
    found: dict[Path, dict[str, Any]] = {}
    for path in files:
        refuse_doubtful(path, trust)
        found[path] = _read(path)
        if own_file in found and path != own_file and not trust.is_trusted(path.parent):
            refuse_changes(path, found[path], own_file, found[own_file])
    return found


def _read(path: Path) -> dict[str, Any]:
    data = read_yaml_file(path)
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
    plain = section_variables()
    found: dict[str, tuple[str, ...]] = {}
    for name in environ:
        if name in plain:
            found[name] = plain[name]
        elif name.startswith(f"{ENV_PREFIX}HOSTS_"):
            found[name] = _host_keys(name, merged)
    return found


def _host_keys(variable: str, merged: Mapping[str, Any]) -> tuple[str, ...]:
    rest = variable.removeprefix(f"{ENV_PREFIX}HOSTS_")
    fields = sorted(host_keys(launcher_settings(HostConfig().launcher)), key=len, reverse=True)
    field = next((f for f in fields if rest.endswith(f"_{f.upper()}")), None)
    if field is None:
        # Only now are the packages imported that add launchers and connections.
        others = [found.settings for found in LAUNCHER_TYPES.all()] + [found.settings for found in HOST_TYPES.all()]
        fields = sorted(host_keys(filter(None, others)), key=len, reverse=True)
        field = next((f for f in fields if rest.endswith(f"_{f.upper()}")), None)
    if field is None:
        raise BadInput(f"${variable} sets no known value of a host", allowed=", ".join(sorted(fields)))
    wanted = rest[: -len(field) - 1]
    known = (str(name) for name in merged.get("hosts", {}))
    return ("hosts", next((n for n in known if re.sub(r"\W", "_", n).upper() == wanted), wanted.lower()), field)


def _validate(merged: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    """Convert section by section and host by host: msgspec names a place in a mapping without its key."""
    _refuse_unknown(merged, Settings, "", origins)
    values: dict[str, Any] = {
        name: _converted(merged[name], kind, name, origins) for name, kind in SECTIONS.items() if name in merged
    }
    hosts = merged.get("hosts", {})
    if not isinstance(hosts, dict):
        raise _wrong("hosts", hosts, "expected a mapping of names to hosts", origins)
    values["hosts"] = {str(name): _host(host, f"hosts.{name}", origins) for name, host in hosts.items()}
    return Settings(**values)


def _host(data: object, key: str, origins: Mapping[str, str]) -> HostConfig:
    """Convert the keys of a host that hold for all, and those of its launcher and of the way to it."""
    if not isinstance(data, dict):
        raise _wrong(key, data, f"expected a mapping with {', '.join(COMMON_KEYS)}", origins)
    common = _struct({name: data[name] for name in COMMON_KEYS if name in data}, HostConfig, key, origins)
    if key == f"hosts.{LOCAL}" and common.address is not None:
        raise _wrong(f"{key}.address", common.address, "this host is this machine", origins, action="name another host")
    kinds = list(launcher_settings(common.launcher))
    connection = HOST_TYPES.find(connection_of(common))
    if connection and connection.settings:
        kinds.append(connection.settings)
    known = host_keys(kinds)
    unknown = next((name for name in data if name not in known), None)
    if unknown is not None:
        # A key of a package that is not installed is none that the user got wrong.
        if LAUNCHER_TYPES.find(common.launcher) is None:
            raise _wrong(
                f"{key}.launcher",
                common.launcher,
                "no such launcher",
                origins,
                allowed=", ".join(LAUNCHER_TYPES.names()),
            )
        if connection is None:
            raise _wrong(
                f"{key}.connection",
                connection_of(common),
                "no such connection",
                origins,
                allowed=", ".join(HOST_TYPES.names()),
            )
        _refuse_key(unknown, data[unknown], known, f"{key}.", origins)
    extra = [
        _struct({name: data[name] for name in kind.__struct_fields__ if name in data}, kind, key, origins)
        for kind in kinds
    ]
    return msgspec.structs.replace(common, extra=tuple(extra))


def _converted(data: object, kind: type[_Section], key: str, origins: Mapping[str, str]) -> _Section:
    if not isinstance(data, dict):
        raise _wrong(key, data, f"expected a mapping with {', '.join(kind.__struct_fields__)}", origins)
    _refuse_unknown(data, kind, f"{key}.", origins)
    return _struct(data, kind, key, origins)


def _struct(data: Mapping[str, Any], kind: type[_Section], key: str, origins: Mapping[str, str]) -> _Section:
    """Convert values whose keys are known."""
    try:
        return _beside_file(msgspec.convert(data, kind, strict=False, dec_hook=_from_text), key, origins)
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at ")
        field = next(name for name in data if re.search(rf"\$\.{name}\b", place))
        choices = get_args(get_type_hints(kind)[field])
        allowed = ", ".join(choices) if all(isinstance(choice, str) for choice in choices) else ""
        raise _wrong(
            f"{key}.{field}", data[field], "no such value" if allowed else said, origins, allowed=allowed
        ) from error


def _beside_file(section: _Section, key: str, origins: Mapping[str, str]) -> _Section:
    """Return a section whose relative paths start at the folder of their file; a program may be one of the PATH."""
    paths = {name: value for name in section.__struct_fields__ if isinstance(value := getattr(section, name), Path)}
    if isinstance(section, ColorConfig) and section.config and "://" not in section.config:
        shown = expand_user(section.config)
        return msgspec.structs.replace(section, config=str(Path(origins[f"{key}.config"]).parent / shown))
    beside = {
        name: Path(origins[f"{key}.{name}"]).parent / path for name, path in paths.items() if path.parts[:1] != ("~",)
    }
    try:
        found = {name: path for name, path in beside.items() if key != "programs" or path.is_file()}
    except OSError as error:
        raise BadInput(f"{key}: {error.filename} is no path: {error.strerror}") from error
    return msgspec.structs.replace(section, **found)


def _refuse_unknown(data: Mapping[str, Any], kind: type[Struct], prefix: str, origins: Mapping[str, str]) -> None:
    for name, value in data.items():
        if name not in kind.__struct_fields__:
            _refuse_key(name, value, kind.__struct_fields__, prefix, origins)


def _refuse_key(name: object, value: object, known: Sequence[str], prefix: str, origins: Mapping[str, str]) -> NoReturn:
    action = did_you_mean(str(name), known)
    raise _wrong(f"{prefix}{name}", value, "unknown key", origins, allowed=", ".join(known), action=action)


def _wrong(
    key: str, value: object, said: str, origins: Mapping[str, str], *, allowed: str = "", action: str = ""
) -> BadInput:
    origin = next((where for name, where in origins.items() if name.startswith(key)), "the configuration")
    sentence = f"{said[0].lower()}{said[1:]}".replace("`", "")
    return BadInput(f"{origin}: {key} = {value!r}: {sentence}", allowed=allowed, action=action)


def _from_text(kind: type, value: object) -> object:
    """Convert a text to a type that msgspec does not know."""
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise TypeError(f"Expected str, got {type(value).__name__}")


def plain(section: Struct) -> dict[str, Any]:
    """Return a part of the configuration as plain values for JSON and YAML."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(section, enc_hook=str))
    hosts = [found] if isinstance(section, HostConfig) else found.get("hosts", {}).values()
    for host in hosts:
        # The file has the keys of the launcher and of the connection beside the others.
        for settings in host.pop("extra"):
            host.update(settings)
    return found

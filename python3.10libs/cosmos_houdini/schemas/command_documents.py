"""Documents of the other commands; each structure describes one JSON object."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field


class Problem(Struct, kw_only=True):
    """One error: what failed, what would be accepted, what to do next."""

    name: str = field(name="class")
    problem: str
    allowed: str
    action: str
    exit_code: Literal[1, 2, 3, 4]


class ErrorDocument(Struct):
    """An error of a command with --json."""

    error: Problem


class ConfigProblem(Struct):
    """A value of the configuration that no command accepts."""

    key: str
    origin: str
    problem: str
    allowed: str
    action: str


class EngineParameter(Struct, kw_only=True):
    """A parameter of an engine; a batch may also use its synonyms."""

    name: str
    default: Any
    allowed: str
    help: str
    synonyms: list[str]
    type: str
    low: float | None
    high: float | None
    choices: list[Any] | None


class ConfigDocument(Struct, kw_only=True):
    """The merged configuration; origins maps keys to the file or variable that set them, and ignored files set none."""

    settings: dict[str, Any]
    origins: dict[str, str]
    files: list[str]
    ignored: list[str]
    project: str
    engines: list[str]
    parameters: dict[str, list[EngineParameter]]
    problems: list[ConfigProblem]


class Check(Struct, kw_only=True):
    """One check of doctor; host is null for this machine."""

    host: str | None
    check: str
    verdict: Literal["pass", "warn", "fail"]
    seen: str
    action: str


class DoctorDocument(Struct):
    """Findings of doctor; hosts are the configured ones."""

    ok: bool
    host: str | None
    hosts: list[str]
    checks: list[Check]


class SetupDocument(Struct, kw_only=True):
    """The setup of a host; settings are keys of the host to set, and doctor is null if nothing was run."""

    host: str
    engine: str
    script: str
    settings: dict[str, str]
    doctor: DoctorDocument | None


class PackageFile(Struct):
    """A package file in Houdini's preferences."""

    file: str
    action: Literal["written", "replaced", "unchanged", "removed"]


class InstallDocument(Struct):
    """Package files that were written."""

    root: str
    python: str
    packages: list[PackageFile]


class UninstallDocument(Struct):
    """Package files that were removed."""

    packages: list[PackageFile]


class StoredItem(Struct):
    """Something on a host that can be removed."""

    kind: str
    name: str
    state: str | None
    age_s: float
    bytes: int


class LocalItem(Struct):
    """Something in the project that can be removed."""

    path: str
    bytes: int


class CleanDocument(Struct, kw_only=True):
    """Items that clean removes, or would remove; left could not be removed."""

    host: str
    root: str
    removed: bool
    remote: list[StoredItem]
    local: list[LocalItem]
    kept: dict[str, str]
    bytes: int
    left: list[str]


class ConfigTrustDocument(Struct):
    """A configuration file, and whether it counts from now on."""

    file: str
    counts: bool


class CompletionDocument(Struct):
    """The script by which a shell completes, and how to set it up."""

    shell: str
    script: str
    setup: str


class HelpParameter(Struct, kw_only=True):
    """An option or an argument; value is the form of its value, empty for a flag."""

    names: list[str]
    kind: Literal["option", "argument"]
    value: str
    help: str
    required: bool
    repeatable: bool
    choices: list[str]


class HelpDocument(Struct):
    """A command with its parameters, or a group with its commands."""

    command: str
    summary: str
    usage: str
    parameters: list[HelpParameter]
    commands: dict[str, str]


class SchemasDocument(Struct):
    """The names of all documents, with the values of their key schema."""

    schemas: dict[str, str]


class WatchInstallDocument(Struct):
    """The file by which the system starts a watcher, and the command that makes it do so."""

    path: str
    command: str

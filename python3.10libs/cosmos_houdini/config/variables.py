"""Variables of the environment whose names look like configuration and set nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cosmos_houdini.errors import did_you_mean

ENV_PREFIX = "COSMOS_HOUDINI_"

NOT_CONFIGURATION = frozenset(
    {
        "COSMOS_HOUDINI_CONFIG",  # names the file of the configuration
        "COSMOS_HOUDINI_OCIO_DISPLAY",  # the display of Houdini's viewport
        "COSMOS_HOUDINI_OCIO_VIEW",  # its view
        "COSMOS_HOUDINI_JOB",  # marks the processes of a job on its host
        "COSMOS_HOUDINI_NOTIFY_URLS",  # holds passwords, so no file may set it
        "COSMOS_HOUDINI_PYTHON",  # Python of the worker, which Houdini starts
    }
)
"""Variables with another purpose; those of tests begin with ``COSMOS_HOUDINI_TESTS_``."""

_TESTS = f"{ENV_PREFIX}TESTS_"
_HOSTS = f"{ENV_PREFIX}HOSTS_"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownVariable:
    """A variable that begins with COSMOS_HOUDINI_ and that nothing reads."""

    name: str
    action: str

    @property
    def problem(self) -> str:
        """The sentence about it."""
        return f"${self.name} is no variable of cosmos-houdini and has no effect"

    def __str__(self) -> str:
        return f"{self.problem}; {self.action}"


def section_variables() -> dict[str, tuple[str, str]]:
    """Return each variable that sets a value outside of ``hosts``, with its section and key."""
    from cosmos_houdini.config.settings import SECTIONS  # noqa: PLC0415 - not loaded where no variable is set

    return {
        f"{ENV_PREFIX}{section}_{field}".upper(): (section, field)
        for section, kind in SECTIONS.items()
        for field in kind.__struct_fields__
    }


def unknown_variables(environ: Mapping[str, str]) -> Iterator[UnknownVariable]:
    """Give each variable that looks like configuration and is none, with the nearest name that is one.

    Variables of hosts are left to ``load``, which knows the names of the hosts.
    """
    ours = sorted(name for name in environ if name.startswith(ENV_PREFIX) and not name.startswith((_TESTS, _HOSTS)))
    doubtful = [name for name in ours if name not in NOT_CONFIGURATION]
    if not doubtful:
        return
    known = [*section_variables(), *sorted(NOT_CONFIGURATION)]
    for name in doubtful:
        if name not in known:
            action = did_you_mean(name, known) or "docs/configuration.md lists all"
            yield UnknownVariable(name=name, action=action)

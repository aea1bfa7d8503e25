"""The programs of this machine that tests start: none that .ci/run does not install.

A test that looks up a program by itself would be skipped, or fail, on a machine where nobody happens to have it.
"""

from __future__ import annotations

import os
import shutil
from functools import cache

import pytest

from support import ROOT

PACKAGES = ROOT / ".ci" / "packages"
# Some systems keep programs for root alone in folders that are not on a user's PATH.
_FOLDERS = os.pathsep.join(["/usr/sbin", "/sbin"])


@cache
def packages() -> dict[str, tuple[str, ...]]:
    """Return the programs of each package that .ci/run installs; ``-`` has those of every Debian."""
    lines = [line.partition("#")[0] for line in PACKAGES.read_text(encoding="utf-8").splitlines()]
    parts = [line.partition(":") for line in lines if line.strip()]
    return {package.strip(): tuple(programs.split()) for package, _, programs in parts}


def find_program(name: str) -> str | None:
    """Return the path of a program, or None where it is not installed.

    Raises:
        LookupError: .ci/packages does not name the program.
    """
    if not any(name in programs for programs in packages().values()):
        raise LookupError(f"tests look up the program {name!r}: write it behind its package in {PACKAGES}")
    return shutil.which(name) or shutil.which(name, path=_FOLDERS)


def need_program(name: str) -> str:
    """Return the path of a program; skip the test where it is not installed, or let it fail where .ci/run runs it."""
    found = find_program(name)
    if found is None:
        package = next(package for package, programs in packages().items() if name in programs)
        missing = f"the program {name} is not installed (Debian: {package})"
        if "programs" in os.environ.get("COSMOS_HOUDINI_TESTS_REQUIRE", "").split(","):
            pytest.fail(f"{missing}, although .ci/run has to install it")
        pytest.skip(missing)
    return found

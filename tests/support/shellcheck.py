"""shellcheck over the scripts that hosts get."""

from __future__ import annotations

import subprocess

from support.programs import need_program


def complaints(script: str | bytes) -> str:
    """Return what shellcheck says of a script in POSIX sh; empty where it finds nothing."""
    text = script.encode() if isinstance(script, str) else script
    argv = [need_program("shellcheck"), "--shell=sh", "--severity=warning", "--format=gcc", "-"]
    done = subprocess.run(argv, input=text, capture_output=True, check=False)
    found = done.stdout.decode() + done.stderr.decode()
    assert bool(found) == bool(done.returncode), found
    return found

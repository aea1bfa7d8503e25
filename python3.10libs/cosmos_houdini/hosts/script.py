r"""The text and the environment in which a script runs on a host.

The script travels on the standard input of ``sh``, enclosed in one pair of braces. A shell reads a compound command to
its end before it runs any of it. So a script whose end was lost is a syntax error, and half a script never runs. The
commands inside read ``/dev/null`` instead of the rest of the script.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from cosmos_houdini.errors import BadInput, HostError
from cosmos_houdini.hosts.base import Completed
from cosmos_houdini.hosts.ownership import FOLDERS, ownership_script, refused

MAX_OUTPUT_BYTES = 64 * 1024 * 1024
"""Most that a script may print on one stream; longer output belongs into a file, which is fetched."""

TIMEOUT = """\
# Runs a command for at most $1 seconds, where the host can: a command that hangs must not hold up the rest.
within() {
    if command -v timeout >/dev/null 2>&1; then timeout "$@"; else shift && "$@"; fi
}
"""
"""The shell function ``within SECONDS COMMAND...``."""

KEPT_VARIABLES = ("HOME", "PATH", "USER", "LANG", "TMPDIR")
# Programs of Windows do not start without these.
_KEPT_ON_WINDOWS = ("SYSTEMROOT", "SYSTEMDRIVE", "COMSPEC", "PATHEXT", "USERPROFILE", "TEMP", "TMP")


def enclosed(script: str, *, judged: bool = True) -> bytes:
    r"""Return the input for ``sh`` that runs a script as a whole; only the user can read files that it makes.

    The script runs only if the folders of the root are the user's alone. It has the functions of ``ownership_script``.

    >>> print(enclosed("echo hi", judged=False).decode().partition("judged=")[2])
    <BLANKLINE>
    echo hi
    } </dev/null
    <BLANKLINE>

    Args:
        script: what is to run.
        judged: whether owners and modes of folders mean something on the host.

    Raises:
        BadInput: the script holds a NUL character, which shells drop silently.
    """
    if "\0" in script:
        raise BadInput(f"a script for a host holds a NUL character after {script[: script.index(chr(0))][-40:]!r}")
    folders = " ".join('"$PWD"/' + name for name in (".", *FOLDERS))
    look = ("judged=yes", "owned " + folders) if judged else ("judged=",)
    lines = ("umask 077", "{ :", ownership_script(), *look, script, "} </dev/null", "")
    # File names that are no UTF-8 arrive from the operating system as surrogates, and leave as the bytes they were.
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def completed(host: str, exit_code: int, stdout: bytes, stderr: bytes) -> Completed:
    """Return the result of a script, with its output decoded as UTF-8.

    Raises:
        HostError: a stream holds more than MAX_OUTPUT_BYTES, or the script has refused a folder that is not the user's
            alone.
    """
    if max(len(stdout), len(stderr)) > MAX_OUTPUT_BYTES:
        raise too_much_output(host)
    errors = stderr.decode("utf-8", "replace")
    if refusal := refused(host, exit_code, errors):
        raise refusal
    return Completed(exit_code=exit_code, stdout=stdout.decode("utf-8", "replace"), stderr=errors)


def too_much_output(host: str) -> HostError:
    """Return the error of a script that prints more than MAX_OUTPUT_BYTES."""
    return HostError(
        f"a command on host {host!r} printed more than {MAX_OUTPUT_BYTES // 2**20} MiB",
        action="write it to a file and fetch that",
    )


def no_room(errors: str) -> bool:
    """Whether the standard error of a program, in the C locale, reports a full disk.

    >>> no_room("cat: write error: No space left on device")
    True
    """
    return any(words in errors for words in ("No space left on device", "Disk quota exceeded"))


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of this process that a job may see: no PYTHON*, no library path, no secret."""
    kept = KEPT_VARIABLES + (_KEPT_ON_WINDOWS if os.name == "nt" else ())
    return {name: environ[name] for name in kept if name in environ}

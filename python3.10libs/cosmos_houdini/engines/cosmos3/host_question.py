"""The question of ``doctor`` to a host for the framework: Python, commit, whole checkpoints, access to repositories.

A file of safetensors says its own length in its header, so a file that is cut off is found without reading its weights
(github.com/huggingface/safetensors, README, format).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from cosmos_houdini.model.finding import Finding, failed, passed, warned

LEAST_PYTHON: Final = (3, 12)
"""``typing.override`` is used, although upstream's pyproject.toml says 3.10."""
CHECK: Final = "framework"
_SHOWN: Final = 3

# huggingface_hub's ``auth_check`` asks the same address.
_ASK: Final = """
import json, os, subprocess, sys, urllib.error, urllib.request
engine_path, hub = sys.argv[1], os.path.join(os.environ.get("HF_HOME") or sys.argv[2], "hub")
def length(path):
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        if size > 100000000:
            return -1
        header = json.loads(file.read(size))
    return 8 + size + max([0] + [one["data_offsets"][1] for name, one in header.items() if name != "__metadata__"])
damaged = []
for folder, _, names in os.walk(hub):
    for name in names:
        path = os.path.join(folder, name)
        try:
            cut = name.endswith(".incomplete") or not os.path.exists(path)
            whole = cut or not name.endswith(".safetensors") or length(path) == os.path.getsize(path)
        except (OSError, ValueError, KeyError, TypeError):
            whole = False
        if cut or not whole:
            damaged.append(os.path.relpath(path, hub))
def access(name):
    address = (os.environ.get("HF_ENDPOINT") or "https://huggingface.co") + "/api/models/" + name + "/auth-check"
    token = os.environ.get("HF_TOKEN")
    asked = urllib.request.Request(address, headers={"Authorization": "Bearer " + token} if token else {})
    try:
        return urllib.request.urlopen(asked, timeout=10).status
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ValueError):
        return 0
def cached(name):
    return os.path.isdir(os.path.join(hub, "models--" + name.replace("/", "--"), "snapshots"))
lacking = [name for name in sys.argv[3:] if not cached(name)]
git = ["git", "--no-optional-locks", "-c", "safe.directory=*", "-C", engine_path, "rev-parse", "HEAD"]
try:
    commit = subprocess.run(git, capture_output=True, text=True, timeout=10).stdout.strip()
except (OSError, subprocess.SubprocessError):
    commit = ""
found = {"python": list(sys.version_info[:2]), "commit": commit, "damaged": sorted(damaged)[:100]}
print(json.dumps({**found, "access": {name: access(name) for name in lacking}}))
"""
_DENIED: Final = frozenset({401, 403})


def ask_framework(engine_path: PurePosixPath, cache: PurePosixPath, models: Sequence[str]) -> tuple[str, ...]:
    """Return the command that looks at a checkout, at the Hub's cache, and at the Hub for models that are not there.

    HF_HOME overrides the cache.
    """
    return ("python", "-c", _ASK, str(engine_path), str(cache), *models)


def judge_framework(exit_code: int, stdout: str, commit: str) -> Finding:
    """Return the finding that the answer makes; the worst one where there are several.

    Args:
        exit_code: of the command.
        stdout: its output.
        commit: the commit that this project was written for.
    """
    try:
        found: dict[str, Any] = json.loads(stdout.splitlines()[-1])
        version = tuple(int(part) for part in found["python"])
        damaged, there = [str(path) for path in found["damaged"]], str(found["commit"])
        access = {str(name): int(status) for name, status in found["access"].items()}
    except (ValueError, IndexError, KeyError, TypeError, AttributeError):
        action = "set PATH in the host's env to the environment of the framework"
        return failed(CHECK, f"its Python gave no answer (exit code {exit_code})", action)
    python = ".".join(map(str, version))
    if version < LEAST_PYTHON:
        least = ".".join(map(str, LEAST_PYTHON))
        return failed(CHECK, f"its Python is {python}", f"make its environment with Python {least} or newer")
    if damaged:
        more = f" and {len(damaged) - _SHOWN} more" if len(damaged) > _SHOWN else ""
        shown = f"{', '.join(damaged[:_SHOWN])}{more}"
        return failed(CHECK, f"checkpoints are cut off: {shown}", "remove these files; the next job brings them again")
    if lack := _judge_access(access):
        return lack
    if there != commit:
        seen = f"the checkout is at {there[:12] or 'no commit that git tells'}, and {commit[:12]} is known to work"
        return warned(CHECK, seen, f"`git checkout {commit[:12]}` there, if jobs fail as bad_input")
    return passed(CHECK, f"Python {python}, commit {commit[:12]}, and every checkpoint there is whole")


def _judge_access(access: Mapping[str, int]) -> Finding | None:
    """Return the finding on models that are not on the host, by the Hub's answers; 0 is none."""
    if denied := [name for name, status in access.items() if status in _DENIED]:
        action = "accept their licences with an account, and set its HF_TOKEN here"
        return failed(CHECK, f"the Hub does not give {', '.join(denied)}", action)
    if away := [name for name, status in access.items() if not status]:
        seen = f"the host does not reach the Hub, and lacks {', '.join(away)}"
        return warned(CHECK, seen, "bring them there with setup-host, or open the way to the Hub")
    return None

"""The origin of a result: the versions of this program, of the engine and of the image, and the GPUs."""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from cosmos_houdini import __version__
from cosmos_houdini.jobs.store.price import Price
from cosmos_houdini.launchers.staging import ENGINE_VERSION

IMAGE = "image"
GPU_MEMORY = "gpu_memory"
LONGEST_BYTES = 4000

_CHECKOUT = Path(__file__).resolve().parents[3]
_IMAGE_LINE = re.compile(r"(?P<name>\S+) (?P<id>sha256:[0-9a-f]{64})(?P<digests>( \S+@sha256:[0-9a-f]{64})*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """The versions, the image and the GPUs of one attempt, as far as they are known.

    Attributes:
        code_version: version of this program, with the commit if it runs from a checkout.
        engine_version: the first line that the engine's own version command printed on the host.
        image: name of the container's image, as configured.
        image_id: hash of the image's content, ``sha256:...``.
        image_digests: digests of the image in registries; empty for an image that was built on the host.
        gpus: model and driver of each GPU that the job held.
        price: of the host when the attempt began; None where it is not known here.
        gpu_memory_mib: the most memory in use on one of these GPUs, measured every five seconds.
    """

    code_version: str = ""
    engine_version: str = ""
    image: str = ""
    image_id: str = ""
    image_digests: tuple[str, ...] = ()
    gpus: tuple[str, ...] = ()
    gpu_memory_mib: int | None = None
    price: Price | None = None

    def document(self) -> dict[str, Any]:
        """Return the provenance as JSON data."""
        return asdict(self)


@cache
def code_version() -> str:
    """Return the version of this program, with the commit if it runs from its own checkout."""
    if not (_CHECKOUT / ".git").exists():
        return __version__
    try:
        told = subprocess.run(
            ["git", "--no-optional-locks", "-C", str(_CHECKOUT), "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return __version__
    return f"{__version__} ({told.stdout.strip()})"


def provenance_script(folder: PurePosixPath) -> str:
    """Return a script that prints the provenance files of a job's folder, with ``== NAME`` before each."""
    lines = [f"cd {shlex.quote(str(folder))} 2>/dev/null || exit 0"]
    lines += [
        f"echo '== {name}'; [ ! -f {name} ] || head -c {LONGEST_BYTES} {name} 2>/dev/null"
        for name in (ENGINE_VERSION, IMAGE, GPU_MEMORY)
    ]
    return "\n".join(lines) + "\n"


def parse_provenance(text: str) -> Provenance:
    """Parse the output of the script of ``provenance_script``; leave out values that have an unexpected form."""
    told: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("== "):
            told[line[3:]] = []
        elif told and line.strip():
            list(told.values())[-1].append(line.strip())
    image = _IMAGE_LINE.fullmatch(next(iter(told.get(IMAGE, [])), ""))
    used, *gpus = told.get(GPU_MEMORY) or [""]
    return Provenance(
        engine_version=next(iter(told.get(ENGINE_VERSION, [])), ""),
        image=image["name"] if image else "",
        image_id=image["id"] if image else "",
        image_digests=tuple(image["digests"].split()) if image else (),
        gpus=tuple(", ".join(part.strip() for part in line.split(",")[1:]) for line in gpus),
        gpu_memory_mib=int(used) if re.fullmatch(r"\d{1,9}", used, re.ASCII) else None,
    )

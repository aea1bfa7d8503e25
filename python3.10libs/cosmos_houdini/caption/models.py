"""Where a captioning model is: a folder, or a name in the cache of Hugging Face on this machine."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.hub_cache import find_snapshot
from cosmos_houdini.user_path import expand_user

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_MEMORY_FACTOR = 1.3


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalModel:
    """A model on this machine.

    Attributes:
        name: as the user named it.
        folder: holds ``config.json`` and the weights.
        revision: the commit of a model of Hugging Face; of a folder, ``files-`` and a hash of names, sizes and config.
    """

    name: str
    folder: Path
    revision: str

    @property
    def weights_bytes(self) -> int:
        """Size of all weights in bytes."""
        return sum(path.stat().st_size for path in self.folder.glob("*.safetensors"))


def find_model(name: str) -> LocalModel:
    """Return a model by folder, or by name from the local cache; nothing is downloaded.

    Raises:
        BadInput: there is no such folder, it holds no model, or the cache does not have the model.
    """
    folder = expand_user(Path(name))
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise BadInput(f"{name} holds no config.json", allowed="the folder of a model of transformers")
        return LocalModel(name=name, folder=folder.resolve(), revision=f"files-{_fingerprint(folder)}")
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"there is no model folder {name}",
            allowed="a folder, or a name such as HuggingFaceTB/SmolVLM2-500M-Video-Instruct",
        )
    snapshot = find_snapshot(name)
    if snapshot and (snapshot / "config.json").is_file():
        return LocalModel(name=name, folder=snapshot, revision=snapshot.name)
    raise BadInput(
        f"this machine does not have the model {name}",
        action="get it where there is a network with `cosmos-houdini caption --fetch`, or name a folder with --model",
    )


def refuse_too_large(model: LocalModel) -> None:
    """Raise BadInput if a model's weights cannot fit into the memory that is free; nothing where that is unknown."""
    free = _free_memory()
    needed = int(model.weights_bytes * _MEMORY_FACTOR)
    if free is not None and needed > free:
        raise BadInput(
            f"the model {model.name} needs about {needed / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free",
            action="close other programs, or name a smaller model with --model",
        )


def _free_memory() -> int | None:
    """Return the bytes of memory that programs can still take; None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = next((line for line in lines if line.startswith("MemAvailable:")), None)
    return int(found.split()[1]) * 1024 if found else None


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256((folder / "config.json").read_bytes())
    for path in sorted(folder.iterdir()):
        if path.is_file():
            digest.update(f"{path.name}\0{path.stat().st_size}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]

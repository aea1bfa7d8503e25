"""Fetch files of the Hugging Face Hub into a folder or into the Hub's cache, and prove each by its hash.

It runs on a host as ``fetch_weights.py WEIGHTS.json ENGINE_PATH``, by any Python from 3.9 on, without other packages. A
file that is there is hashed once; one that is there in part is continued. The folders of the cache are those of
huggingface_hub (its guide "Understand caching"): blobs by their hash, snapshots by commit with links to them, and refs.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HUB = "https://huggingface.co"
PIECE = 1 << 20
TIMEOUT_S = 60.0
ATTEMPTS = 8
TELL_EVERY_S = 20.0
RECORD = ".cosmos-houdini-verified.json"
REFUSED = (401, 403)
PARTIAL = 206


class CannotFetch(Exception):
    """The weights cannot be made complete; the message says why, and what to do."""


def main(arguments: list[str]) -> int:
    """Fetch all weights of a file and return the exit code."""
    wanted = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    engine_path = Path(arguments[1])
    try:
        fetch_all(wanted, engine_path)
    except CannotFetch as error:
        sys.stderr.write(f"setup failed: {error}\n")
        return 1
    return 0


def fetch_all(wanted: dict[str, Any], engine_path: Path) -> None:
    """Fetch what is missing, after a look at the room that it needs."""
    record = Record(engine_path / RECORD)
    files = [file for one in wanted["weights"] for file in listed(one, engine_path, wanted["cache"])]
    missing = [file for file in files if not record.has(file)]
    check_room(engine_path, missing)
    for number, file in enumerate(missing, start=1):
        fetch(file, f"[{number}/{len(missing)}]")
        record.add(file)
    for file in files:
        file.link()
    say(f"all {len(files)} files of weights are there and verified")


class HubFile:
    """A file of the Hub: its address, its size and hash, and its place on this machine."""

    def __init__(self, told: dict[str, Any], url: str, label: str, path: Path) -> None:
        lfs = told.get("lfs") or {}
        self.url, self.label, self.path = url, label, path
        self.size = int(lfs.get("size", told.get("size") or 0))
        self.sha256 = str(lfs.get("sha256") or lfs.get("oid") or "")
        self.git_hash = str(told.get("blobId") or "")
        self.links: list[Path] = []
        self.reference: tuple[Path, str] = (Path(), "")

    @property
    def hash(self) -> str:
        """The hash by which the Hub knows the content: SHA-256 for large files, that of git for others."""
        return self.sha256 or self.git_hash

    def matches(self, path: Path) -> bool:
        """Return whether a file has the content of this one."""
        if not path.is_file() or path.stat().st_size != self.size:
            return False
        digest = hashlib.sha256() if self.sha256 else hashlib.sha1(f"blob {self.size}\0".encode())  # noqa: S324 - git's
        with path.open("rb") as file:
            for piece in iter(lambda: file.read(PIECE), b""):
                digest.update(piece)
        return digest.hexdigest() == self.hash

    def link(self) -> None:
        """Make the links and the reference of the cache."""
        for link in self.links:
            link.parent.mkdir(parents=True, exist_ok=True)
            target = os.path.relpath(self.path, link.parent)
            if not link.is_symlink() or str(link.readlink()) != target:
                part = link.with_name(f"{link.name}.new")
                part.unlink() if part.is_symlink() else None
                part.symlink_to(target)
                part.replace(link)
        path, commit = self.reference
        if commit and (not path.is_file() or path.read_text() != commit):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(commit)


class Record:
    """Which files were proven: their size and their time at that moment, so that they need not be hashed again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._proven = dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            self._proven = {}

    def has(self, file: HubFile) -> bool:
        """Return whether a file is there and proven; hash it if it is there and not proven yet."""
        if not file.path.is_file():
            return False
        if self._proven.get(str(file.path)) == self._facts(file):
            return True
        say(f"hashing {file.label}")
        if file.matches(file.path):
            self.add(file)
            return True
        return False

    def add(self, file: HubFile) -> None:
        """Note that a file is proven."""
        self._proven[str(file.path)] = self._facts(file)
        part = self._path.with_name(f"{self._path.name}.new")
        part.write_text(json.dumps(self._proven), encoding="utf-8")
        part.replace(self._path)

    def _facts(self, file: HubFile) -> list[Any]:
        facts = file.path.stat()
        return [facts.st_size, facts.st_mtime_ns, file.hash]


def listed(one: dict[str, Any], engine_path: Path, cache: str) -> Iterator[HubFile]:
    """Yield the wanted files of a repository."""
    repository, revision = one["repository"], one["revision"]
    quoted = urllib.parse.quote(revision, safe="")
    url = f"{hub()}/api/models/{repository}/revision/{quoted}?blobs=true"
    try:
        with opened(url, repository) as answer:
            told = json.loads(answer.read())
        commit, siblings = str(told["sha"]), told["siblings"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CannotFetch(f"{hub()} does not list {repository} at {revision}: {error}") from error
    found = [each for each in siblings if any(fnmatch.fnmatch(each["rfilename"], name) for name in one["files"])]
    for name in one["files"]:
        if not any(fnmatch.fnmatch(each["rfilename"], name) for each in siblings):
            raise CannotFetch(f"{repository} at {revision} has no file {name}")
    store = cache_folder(engine_path, cache) / f"models--{repository.replace('/', '--')}"
    for told_file in found:
        name = str(told_file["rfilename"])
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise CannotFetch(f"{repository} has a file {name!r}, which leads elsewhere")
        file = HubFile(
            told_file,
            f"{hub()}/{repository}/resolve/{commit}/{urllib.parse.quote(name)}",
            f"{repository}/{name}",
            engine_path / one["folder"] / name if one["folder"] else store,
        )
        if not one["folder"]:
            file.path = store / "blobs" / file.hash
            file.links = [store / "snapshots" / commit / name]
            file.reference = (store / "refs" / revision, commit)
        yield file


def cache_folder(engine_path: Path, cache: str) -> Path:
    """Return the Hub's cache, as huggingface_hub finds it for the engine."""
    return Path(os.environ.get("HF_HOME") or engine_path / cache) / "hub"


def hub() -> str:
    """Return the address of the Hub; HF_ENDPOINT names a mirror."""
    return os.environ.get("HF_ENDPOINT", HUB).rstrip("/")


def check_room(engine_path: Path, missing: list[HubFile]) -> None:
    """Refuse to begin where the disk has less room than is missing."""
    needed = sum(file.size for file in missing)
    free = shutil.disk_usage(engine_path).free
    if needed:
        say(f"{len(missing)} files are missing, {needed / 1e9:.1f} GB; {free / 1e9:.0f} GB are free")
    if needed > free:
        raise CannotFetch(f"{needed / 1e9:.1f} GB are missing, and {engine_path} has {free / 1e9:.1f} GB free")


def fetch(file: HubFile, count: str) -> None:
    """Bring a file to its place, in as many pieces as the line allows."""
    part = file.path.with_name(f"{file.path.name}.incomplete")
    part.parent.mkdir(parents=True, exist_ok=True)
    trouble = ""
    for attempt in range(ATTEMPTS):
        time.sleep(min(2.0**attempt - 1, 30.0) if attempt else 0.0)
        try:
            receive(file, part, count)
        except (OSError, EOFError) as error:
            trouble = str(error)
            continue
        if file.matches(part):
            part.replace(file.path)
            return
        trouble = "it arrived damaged"
        part.unlink()
    raise CannotFetch(f"{file.label} cannot be fetched: {trouble}")


def receive(file: HubFile, part: Path, count: str) -> None:
    """Receive the rest of a file."""
    begin = part.stat().st_size if part.is_file() else 0
    if begin >= file.size:
        begin = 0
        part.unlink() if part.is_file() else None
    repository = "/".join(file.label.split("/")[:2])
    with (
        opened(file.url, repository, begin=begin) as answer,
        part.open("ab" if answer.status == PARTIAL else "wb") as out,
    ):
        done, told = out.tell(), time.monotonic()
        say(f"{count} {file.label}: {done} of {file.size} bytes")
        for piece in iter(lambda: answer.read(PIECE), b""):
            out.write(piece)
            done += len(piece)
            if time.monotonic() - told > TELL_EVERY_S:
                told = time.monotonic()
                say(f"{count} {file.label}: {done} of {file.size} bytes")
    if done != file.size:
        raise EOFError(f"{done} of {file.size} bytes came")


def opened(url: str, repository: str, *, begin: int = 0) -> Any:  # noqa: ANN401 - an answer of urllib
    """Open an address; the token goes to the Hub alone, and not to the storage that it redirects to."""
    request = urllib.request.Request(url)  # noqa: S310 - the Hub's address
    token = os.environ.get("HF_TOKEN", "")
    if token:
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    if begin:
        request.add_header("Range", f"bytes={begin}-")
    try:
        return urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310 - likewise
    except urllib.error.HTTPError as error:
        if error.code in REFUSED:
            raise CannotFetch(
                f"{hub()} refuses {repository} (HTTP {error.code}): accept its licence at {hub()}/{repository} with "
                "the account of your HF_TOKEN, and see that HF_TOKEN is set where setup-host is called"
            ) from error
        raise


def say(line: str) -> None:
    """Print a line and flush it immediately."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

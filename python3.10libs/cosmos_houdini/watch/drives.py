"""Whether a folder is on a network drive, whose changes by other machines no system call announces."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

NETWORK_TYPES = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afpfs", "webdav", "9p", "virtiofs", "vboxsf"),
        *("ceph", "fuse.ceph", "glusterfs", "fuse.glusterfs", "lustre", "beegfs", "gpfs", "afs", "pvfs2", "panfs"),
        *("wekafs", "fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.gcsfuse", "fuse.juicefs", "drvfs"),
        *("fuse.osxfs", "fuse.vmhgfs-fuse"),
    }
)
"""Types of file systems, in the words of Linux and macOS, that other machines may write to."""

_DRIVE_REMOTE = 4
_MOUNT_POINT, _AFTER = 4, " - "


def is_network_drive(folder: Path) -> bool:
    """Return whether other machines may write to a folder; where nothing says so, it is taken for a local one."""
    path = folder.resolve()
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 - another system has no windll

        drive = f"{path.drive}\\"
        return drive.startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(drive) == _DRIVE_REMOTE
    else:  # noqa: RET505 - for a type checker, the rest is unreachable on Windows
        return type_of_mount(path, _mounts()) in NETWORK_TYPES


def type_of_mount(path: Path, mounts: Iterable[tuple[str, str]]) -> str:
    """Return the type of the file system that holds a path; empty if none does.

    Args:
        path: absolute.
        mounts: mount points with their types.

    >>> type_of_mount(Path("/mnt/farm/a"), [("/", "ext4"), ("/mnt/farm", "nfs4")])
    'nfs4'
    """
    holding = [(point, kind) for point, kind in mounts if path == Path(point) or Path(point) in path.parents]
    return max(holding, key=lambda mount: len(mount[0]), default=("", ""))[1]


def parse_mountinfo(text: str) -> list[tuple[str, str]]:
    """Return mount points with their types from Linux's ``/proc/self/mountinfo``.

    >>> parse_mountinfo("36 35 0:1 / /mnt/a rw - nfs4 host:/a rw")
    [('/mnt/a', 'nfs4')]
    """
    found = []
    for line in text.splitlines():
        before, _, after = line.partition(_AFTER)
        words = before.split()
        if len(words) > _MOUNT_POINT and after:
            found.append((words[_MOUNT_POINT].replace("\\040", " "), after.split()[0]))
    return found


def parse_mount(text: str) -> list[tuple[str, str]]:
    """Return mount points with their types from the output of macOS's ``mount``.

    >>> parse_mount("//artist@nas/show on /Volumes/show (smbfs, nodev)")
    [('/Volumes/show', 'smbfs')]
    """
    found = []
    for line in text.splitlines():
        _, _, rest = line.partition(" on ")
        point, _, kind = rest.rpartition(" (")
        if point:
            found.append((point, kind.split(",")[0].rstrip(")")))
    return found


if sys.platform == "darwin":

    def _mounts() -> list[tuple[str, str]]:
        env = {**os.environ, "LC_ALL": "C"}
        done = subprocess.run(["/sbin/mount"], capture_output=True, text=True, check=False, env=env)
        return parse_mount(done.stdout)

else:

    def _mounts() -> list[tuple[str, str]]:
        info = Path("/proc/self/mountinfo")
        return parse_mountinfo(info.read_text(encoding="utf-8", errors="replace")) if info.is_file() else []

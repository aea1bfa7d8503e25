"""The site of an attempt: its folders and programs on its host."""

from __future__ import annotations

import sys
from pathlib import PurePosixPath

from cosmos_houdini.hosts.registry import host_type
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.launchers.job_folder import JOBS, attempt_folder
from cosmos_houdini.launchers.registry import launcher_type
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.model.request import Site


def site_for(root: PurePosixPath, job_id: str, attempt: int, config: HostConfig, *, ffmpeg: FFmpeg) -> Site:
    """Return the site of an attempt below the root of its host; ``ffmpeg`` is this machine's."""
    return Site(
        folder=root / JOBS / attempt_folder(job_id, attempt),
        engine_path=PurePosixPath(config.engine_path) if config.engine_path else None,
        ffmpeg=config.ffmpeg or (ffmpeg.program if sees_own_programs(config) else None),
        own_ffmpeg=ffmpeg.path,
        python=config.python,
        own_python=sys.executable if sees_own_programs(config) else None,
        server=config.server,
        server_sees_files=config.server_sees_files,
    )


def sees_own_programs(config: HostConfig) -> bool:
    """Return whether jobs see the programs of this machine as they are, so that no copy has to be sent."""
    return host_type(config).is_this_machine and launcher_type(config).traits.runs_on_host

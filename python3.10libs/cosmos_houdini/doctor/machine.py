"""Checks of this machine, which prepares shots and fetches results."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cosmos_houdini.config import Config
from cosmos_houdini.config.settings import FILE_NAME
from cosmos_houdini.doctor.disk import judge_disk
from cosmos_houdini.engines import find_engine
from cosmos_houdini.errors import BadInput, CosmosError
from cosmos_houdini.hosts import HostConfig, open_host
from cosmos_houdini.hosts.registry import connection_of, host_type
from cosmos_houdini.jobs.store.access import find_obstacle
from cosmos_houdini.jobs.store.jobs import store_path
from cosmos_houdini.jobs.store.lock import check_locks
from cosmos_houdini.launchers import launcher_for
from cosmos_houdini.media.videos.ffmpeg import FFmpeg, Run
from cosmos_houdini.media.videos.probe import probe_video
from cosmos_houdini.model.finding import Finding, failed, passed
from cosmos_houdini.user_path import expand_user

OLDEST_PYTHON = (3, 10)
TEST_FRAMES = 12
ENCODING_TIMEOUT_S = 60.0


def check_machine(config: Config) -> Iterator[Finding]:
    """Yield a finding for each requirement of preparing and submitting a shot on this machine."""
    yield check_python()
    yield passed("configuration", _files(config))
    yield _defaults(config)
    yield _ffmpeg(config.ffmpeg)
    yield _project(config.project)
    yield judge_disk("disk", shutil.disk_usage(config.project).free, str(config.project))
    for name, settings in config.settings.hosts.items():
        yield _host(name, settings, config.project)


def check_python() -> Finding:
    """Return the finding on the Python that runs the worker."""
    seen = f"{sys.version.split()[0]}, {sys.executable}"
    if sys.version_info < OLDEST_PYTHON:
        return failed("python", seen, "make the environment again with Python 3.10 or newer: scripts/install")
    return passed("python", seen)


def unusable_configuration(error: BadInput) -> Finding:
    """Return the finding of a configuration that cannot be read."""
    action = "; ".join(part for part in (error.allowed and f"allowed: {error.allowed}", error.action) if part)
    return failed("configuration", error.problem, action or f"correct that key; {FILE_NAME} is YAML")


def _files(config: Config) -> str:
    """Return the files of the configuration, in words."""
    sources = list(dict.fromkeys(config.origins.values()))
    return f"valid, from {', '.join(sources)}" if sources else f"built in; there is no {FILE_NAME} and needs none"


def _defaults(config: Config) -> Finding:
    defaults = config.settings.defaults
    try:
        find_engine(defaults.engine)
        config.settings.host(None)
    except BadInput as error:
        return failed("defaults", error.problem, f"set defaults of {FILE_NAME} to one of: {error.allowed}")
    return passed("defaults", f"engine {defaults.engine} on host {defaults.host}")


def _ffmpeg(ffmpeg: FFmpeg) -> Finding:
    """Encode a short video and decode it again: a program that starts may still lack an encoder."""
    try:
        program = ffmpeg.program
        with tempfile.TemporaryDirectory() as folder:
            video = Path(folder) / "test.mp4"
            source = ["-f", "lavfi", "-i", "testsrc2=size=128x64:rate=24", "-frames:v", str(TEST_FRAMES)]
            encoding = ["-c:v", "libx264", "-pix_fmt", "yuv420p", str(video)]
            ffmpeg.run([*source, *encoding], Run(task="encoding a test video", timeout_s=ENCODING_TIMEOUT_S))
            clip = probe_video(video, ffmpeg=ffmpeg)
    except (CosmosError, OSError) as error:
        return failed("ffmpeg", str(error), "name an FFmpeg with libx264 as programs.ffmpeg in the configuration")
    if clip.frames != TEST_FRAMES:
        seen = f"{program} wrote {clip.frames} frames where {TEST_FRAMES} were asked for"
        return failed("ffmpeg", seen, "name another one as programs.ffmpeg in the configuration")
    return passed("ffmpeg", f"{program} encodes, and what it encodes decodes")


def _project(folder: Path) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return failed("project", f"{folder} cannot be written to: {error.strerror}", "work in a folder that is yours")
    store = store_path(folder)
    try:
        check_locks(folder)
        obstacle = find_obstacle(store) if store.parent.exists() else ""
    except CosmosError as error:
        return failed("project", error.problem, error.action)
    if obstacle:
        return failed("project", f"its jobs can only be read: {obstacle}", "work in a project folder of your own")
    return passed("project", f"{folder} can be written to")


def _host(name: str, settings: HostConfig, project: Path) -> Finding:
    """Judge the configuration of a host; connect to nothing."""
    try:
        launcher = launcher_for(name, settings).name
        host = open_host(name, settings, project=project)
    except BadInput as error:
        return failed(f"host {name}", error.problem, error.action or f"allowed: {error.allowed}")
    host.close()
    if settings.identity and not expand_user(settings.identity).is_file():
        return failed(f"host {name}", f"its key {settings.identity} is no file", f"correct hosts.{name}.identity")
    where = "this machine" if host_type(settings).is_this_machine else settings.address or connection_of(settings)
    return passed(f"host {name}", f"{where}, {launcher}, root {host.root}; `doctor --host {name}` looks at it")

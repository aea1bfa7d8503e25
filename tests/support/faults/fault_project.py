"""A project, a host and a job to which something bad happens, and the question whether anything was left behind."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import imageio_ffmpeg
import psutil
import pytest
import yaml

from cosmos_houdini.config.settings import FILE_NAME
from cosmos_houdini.engines import register_engine, unregister_engine
from cosmos_houdini.errors import HostUnreachable
from cosmos_houdini.hosts import Host, open_host
from cosmos_houdini.jobs import client as client_module
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.collect import LOG_BYTES
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.launchers.shell import script_part
from cosmos_houdini.model.request import InferenceRequest, Invocation, Site
from support.engines.fake_engine import PROGRAM, FakeEngine
from support.jobs.job_project import Shop
from support.programs import need_program
from support.servers.host_programs import write_shell
from support.servers.slurmd import Slurm
from support.servers.sshd import Sshd
from support.servers.tcp_proxy import Proxy

TIMEOUT_S = 120.0
TOKEN = "hf_0123456789abcdef"  # noqa: S105 -- a made-up secret, which the tests look for

Operation = Callable[[str, str], bool]
"""Whether a method of a host, with its first argument, is the one that is meant."""

FAULTS = {
    "cuda_oom": "echo 'torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 20 GiB' >&2; exit 1",
    "no_room": "echo 'OSError: [Errno 28] No space left on device' >&2; exit 1",
    "killed": "kill -9 $$",
    "background": "(sleep 300 & exec sleep 300) & cp in/color.mp4 out/result.mp4; echo 'Saved video'",
    "flood": "yes flood | head -c 30000000; echo; cp in/color.mp4 out/result.mp4; echo 'Saved video'",
    "binary_log": "head -c 100000 /dev/urandom; echo; cp in/color.mp4 out/result.mp4; echo 'Saved video'",
    "huge": "truncate -s 40G out/result.mp4; echo 'Saved video'",
    "empty": ": >out/result.mp4; echo 'Saved video'",
    "folder": "mkdir out/result.mp4; echo 'Saved video'",
    "link": "ln -s /etc/passwd out/result.mp4; echo 'Saved video'",
    "fifo": "mkfifo out/result.mp4; echo 'Saved video'",
    "playlist": "printf '#EXTM3U\\n#EXTINF:1,\\n/etc/passwd\\n' >out/result.mp4; echo 'Saved video'",
    "log_pipe": "rm -f stdout.log && mkfifo stdout.log && cp in/color.mp4 out/result.mp4",
    "meddling": "rm -f heartbeat state stdout.log; cp in/color.mp4 out/result.mp4; echo 'Saved video' >stdout.log",
}


class FaultyEngine(FakeEngine):
    """The fake engine with more faults."""

    def invocation(self, request: InferenceRequest, site: Site) -> Invocation:
        found = super().invocation(request, site)
        fault = FAULTS.get(str(request.parameters["fault"]))
        if fault is None:
            return found
        text = f"{PROGRAM.partition('case $FAULT')[0]}{fault}\n"
        return Invocation(
            argv=found.argv, env=found.env, files={"program.sh": text}, inputs=found.inputs, outputs=found.outputs
        )


def register() -> None:
    unregister_engine("fake")
    register_engine(FaultyEngine())


@dataclass
class Trip:
    """Something that happens as an operation of a kind begins, or after it, before its answer came.

    Attributes:
        wanted: tells the kind by method and first argument.
        happen: what happens.
        answer_lost: whether it happens afterwards.
        times: to how many operations of the kind it happens.
        sprung: to how many it has happened.
    """

    wanted: Operation
    happen: Callable[[], object]
    answer_lost: bool = False
    times: int = 1
    sprung: int = 0


class TrippedHost:
    """A real host with a Trip on its way."""

    def __init__(self, host: Host, trip: Trip) -> None:
        self._host = host
        self._trip = trip

    def __getattr__(self, name: str) -> object:
        found = getattr(self._host, name)
        if name not in {"run", "write", "write_all", "put_many", "get_many"}:
            return found

        def tripping(first: object, *args: object, **kwargs: object) -> object:
            trip = self._trip
            if trip.sprung == trip.times or not trip.wanted(name, str(first)):
                return found(first, *args, **kwargs)
            trip.sprung += 1
            if not trip.answer_lost:
                trip.happen()
                return found(first, *args, **kwargs)
            found(first, *args, **kwargs)
            trip.happen()
            raise HostUnreachable("the answer was lost")

        return tripping


def running(text: str) -> Operation:
    return lambda method, script: method == "run" and text in script


def writing(name: str) -> Operation:
    return lambda method, path: method == "write" and path.endswith(f"/{name}")


def moving(wanted: str) -> Operation:
    return lambda method, _: method == wanted


MOMENTS: Mapping[str, Operation] = {
    "the host is asked what it has": running("missing $object"),
    "the inputs are sent": moving("put_many"),
    "the inputs are linked": running("ln -sfn"),
    "the request and the files of the job are written": moving("write_all"),
    "the host is asked whether it can start": running("echo unstaged"),
    "run.sh is written": writing("run.sh"),
    "the secrets are written": writing("secrets"),
    "the job is started": running(script_part("common/start")),
    "the job is polled": running("echo lengths"),
    "the log is fetched": running(f"tail -c {LOG_BYTES}"),
    "the inputs are proven once more": running("again="),
    "the results are hashed": running("known=\nset --"),
    "the results are fetched": moving("get_many"),
}
"""Every operation on a host in the life of a job that nobody stops, by how it is told from the others."""

CANCELLING = running(script_part("common/cancel"))


@dataclass
class Scene:
    """A project with its host.

    Attributes:
        tmp: a folder for what a case needs.
        trips: what happens on the way to the host.
    """

    shop: Shop
    tmp: Path
    monkeypatch: pytest.MonkeyPatch
    server: Sshd | None = None
    proxy: Proxy | None = None
    docker: object = None
    slurm: Slurm | None = None
    trips: list[Trip] = field(default_factory=list)

    def trip(
        self, wanted: Operation, happen: Callable[[], object], *, answer_lost: bool = False, times: int = 1
    ) -> None:
        """Let something happen at an operation of the job's life."""
        trip = Trip(wanted=wanted, happen=happen, answer_lost=answer_lost, times=times)
        self.trips.append(trip)

        def opened(*args: object, **kwargs: object) -> object:
            host: object = open_host(*args, **kwargs)  # type: ignore[arg-type] -- passed on as they came
            for each in self.trips:
                host = TrippedHost(host, each)  # type: ignore[arg-type] -- does what a Host does
            return host

        self.monkeypatch.setattr(client_module, "open_host", opened)

    def program(self, name: str, text: str) -> None:
        """Put a program of ours before one of this machine, which it may call as ``$REAL``."""
        folder = self.tmp / "programs"
        folder.mkdir(exist_ok=True)
        path = folder / name
        real = need_program(name) if "$REAL" in text else ""
        path.write_text(f"#!/bin/sh\nREAL={real}\n{text}\n")
        path.chmod(0o755)
        self.monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)

    def run(self, **parameters: object) -> int:
        return self.shop.main("run", self.shop.spec(**parameters))

    def detached(self, **parameters: object) -> JobRecord:
        """Start a job, leave it, and return it."""
        assert self.shop.main("run", self.shop.spec(**parameters), "--detach") == 0
        return self.shop.record()

    def wait_for(self, name: str) -> Path:
        """Wait until a file stands in the job's folder on the host, and return it."""
        until(self.shop.on_host(name).exists)
        return self.shop.on_host(name)

    def kill_client(self, state: str, *, also: Callable[[], object] = lambda: True, **parameters: object) -> None:
        """Start a client and kill it without warning in a state of its job, as soon as ``also`` is true."""
        spec = self.shop.spec(**parameters)
        with closing(Store.of(self.shop.folder)):
            pass
        client = self.shop.popen("run", spec)
        try:
            until(lambda: self._was(state) and also())
        finally:
            client.kill()
            client.communicate()
        assert not self.shop.record().state.final

    def hold_decoding(self) -> Path:
        """Let no client get further than to the decoding of results, and return the file that lets it go on."""
        go = self.tmp / "decode"
        held = f'case $* in *cosmos_out*) until [ -e "{go}" ]; do sleep 0.05; done ;; esac'
        text = f'{held}\nexec "{imageio_ffmpeg.get_ffmpeg_exe()}" "$@"'
        ffmpeg = write_shell(self.tmp / "held", "ffmpeg", text)
        self.monkeypatch.setenv("COSMOS_HOUDINI_PROGRAMS_FFMPEG", str(ffmpeg))
        return go

    def _was(self, state: str) -> bool:
        with closing(Store.of(self.shop.folder)) as store:
            return any(str(event.state) == state for job in store.jobs() for event in store.events(job.id))

    def configure(self, **values: object) -> None:
        """Change the configuration of the host."""
        path = self.shop.folder / FILE_NAME
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
        settings["hosts"]["gpu"].update(values)
        path.write_text(yaml.safe_dump(settings), encoding="utf-8")

    def move_root(self, root: Path) -> None:
        """Let the host keep its jobs elsewhere."""
        self.configure(root=str(root))
        self.shop = replace(self.shop, root=root)

    def make_clip_heavy(self, size: int) -> None:
        """Give the clip a box of that many bytes that says nothing (ISO/IEC 14496-12, 8.1.2)."""
        heavy = self.tmp / "heavy.mp4"
        box = (8 + size).to_bytes(4, "big") + b"free" + random.Random(1).randbytes(size)
        heavy.write_bytes(self.shop.clip.read_bytes() + box)
        self.shop = replace(self.shop, clip=heavy)

    def kill_job(self) -> None:
        """Kill all of the job at once, as a host that loses its power does."""
        until(self.shop.started)
        kill_jobs(self.shop.root)
        until(lambda: not processes(self.shop.root))


def until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def processes(*folders: Path) -> list[psutil.Process]:
    """Return the processes that belong to jobs below folders, or work in them; not the one that asks."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, FileNotFoundError):
            label, place = process.environ().get("COSMOS_HOUDINI_JOB", ""), Path(process.cwd())
            inside = any(place.is_relative_to(folder) or label.startswith(f"{folder}/") for folder in folders)
            if inside and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def kill_jobs(root: Path) -> None:
    """Kill all processes of all jobs so that none of them sees the end of another."""
    doomed = processes(root)
    for each in (signal.SIGSTOP, signal.SIGKILL):
        for process in doomed:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(each)


def nothing_left(scene: Scene) -> None:
    """Fail where a case has left a process, a lock that is held, a temporary file or a secret."""
    shop = scene.shop
    with suppress(AssertionError):
        until(lambda: not processes(shop.root, shop.folder))
    assert [process.cmdline() for process in processes(shop.root, shop.folder)] == []
    with closing(shop.client()) as client:
        assert [record.id for record in client.store.records() if not _free(client, record.id)] == []
    if scene.slurm:
        until(lambda: not scene.slurm.run("squeue", "--noheader").strip())
    assert [lock for lock in (shop.root / "locks").glob("*") if not _can_lock(lock)] == []
    files = [path for folder in (shop.root, shop.folder) for path in folder.rglob("*")]
    assert [path for path in files if _is_temporary(path)] == []
    assert list((scene.tmp / "tmp").iterdir()) == []
    written = [path for path in files if path.is_file() and path.name != "stdout.log" and path.stat().st_size < 1e8]
    assert [path for path in written if TOKEN.encode() in path.read_bytes()] == []


def _free(client: Client, job_id: str) -> bool:
    with client.lock(job_id) as mine:
        return mine


def _can_lock(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _is_temporary(path: Path) -> bool:
    return path.name.endswith((".part", ".new", ".said")) or path.name in {"secrets", "reserve", "hold", ".unverified"}

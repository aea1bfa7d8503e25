"""A real Slurm on this machine that the tests start for themselves: munged, slurmctld and one slurmd with four GPUs.

The GPUs are character devices of this machine that nobody computes on; Slurm counts them and sets CUDA_VISIBLE_DEVICES.
There is no accounting, so what Slurm says of jobs that have ended comes from the memory of slurmctld.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from support.programs import need_program
from support.servers.sshd import free_port

READY_S = 120.0
DAEMONS_PATIENCE_S = 60
"""A busy machine may take its time to launch a job; its end is told as soon as slurmctld is back."""
PATIENCE_S = 20
"""Of sbatch and the like, while slurmctld is there: it is only a matter of time until it answers."""
NO_PATIENCE_S = 1
"""Likewise while it is not."""
_READY = {"idle", "mix", "alloc"}

_SLURM_CONF = """\
ClusterName=tests
SlurmctldHost={name}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
GresTypes=gpu
MpiDefault=none
SlurmdParameters=config_overrides
ReturnToService=2
MessageTimeout={patience_s}
SlurmctldTimeout=60
SlurmdTimeout=60
KillWait=3
MinJobAge=86400
OverTimeLimit=0
InactiveLimit=0
SchedulerParameters=sched_interval=1,batch_sched_delay=0
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName={name} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=1000 Gres=gpu:4
PartitionName=gpu Nodes={name} Default=YES MaxTime=60 State=UP PriorityTier=2
PartitionName=low Nodes={name} MaxTime=60 State=UP PriorityTier=1 PreemptMode=REQUEUE
PartitionName=scavenge Nodes={name} MaxTime=60 State=UP PriorityTier=1 PreemptMode=CANCEL
"""


class Slurm:
    """A cluster of one node.

    Args:
        folder: an empty folder with a short path for everything that the cluster needs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.conf = folder / "slurm.conf"
        self._daemons_conf = folder / "daemons.conf"
        self._path = f"{os.environ['PATH']}:/usr/sbin"
        self._node = socket.gethostname().partition(".")[0]
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        for name in ("munge", "state", "spool"):
            (folder / name).mkdir(mode=0o755)
        self._ports = {"controller_port": free_port(), "node_port": free_port()}
        self._configure(self._daemons_conf, DAEMONS_PATIENCE_S)
        self._configure(self.conf, PATIENCE_S)
        (folder / "gres.conf").write_text(
            f"NodeName={self._node} Name=gpu File=/dev/tty[0-3] Flags=nvidia_gpu_env\n", encoding="utf-8"
        )

    @property
    def env(self) -> dict[str, str]:
        """The variables with which Slurm's programs find this cluster."""
        return {"SLURM_CONF": str(self.conf)}

    @property
    def node(self) -> str:
        """The name of the only node."""
        return self._node

    def start(self) -> None:
        """Start all parts and wait until the node takes jobs."""
        self._start_munge()
        self.start_controller()
        self.start_node()

    def stop(self) -> None:
        """End every job and every part."""
        with suppress(AssertionError):
            self.cancel_all()
        for name in ("slurmd", "slurmctld", "munged"):
            self._kill(name)
        for process in psutil.process_iter(["name", "cmdline"]):
            if str(self.folder) in " ".join(process.info["cmdline"] or []):
                with suppress(psutil.NoSuchProcess):
                    process.kill()

    def start_controller(self) -> None:
        """Start slurmctld and wait until it answers."""
        self._configure(self.conf, PATIENCE_S)
        self._spawn("slurmctld", "slurmctld", "-D", "-f", str(self._daemons_conf))
        self._until(lambda: self.run("scontrol", "ping", check=False).count(" UP") == 1, "slurmctld")

    def stop_controller(self) -> None:
        """Stop slurmctld; jobs go on.

        It writes down what it knows: else its numbers could begin anew, and slurmd would refuse those that it has seen.
        """
        self._processes["slurmctld"].terminate()
        self._processes.pop("slurmctld").wait(READY_S)
        self._configure(self.conf, NO_PATIENCE_S)

    def start_node(self) -> None:
        """Start slurmd and wait until its node takes jobs."""
        self._spawn("slurmd", "slurmd", "-D", "-N", self._node, "-f", str(self._daemons_conf))
        self._resume()

    def stop_node(self) -> None:
        """Kill slurmd; what it started goes on."""
        self._kill("slurmd")

    def run(self, *argv: str, check: bool = True) -> str:
        """Run one of Slurm's programs and return what it prints."""
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            cwd=self.folder,
            env={"PATH": self._path, **self.env},
        )
        assert not (check and done.returncode), (argv, done.stdout, done.stderr)
        return done.stdout

    def jobs(self, *options: str) -> list[tuple[str, str, str]]:
        """Return id, name and state of the jobs that Slurm remembers, in the order of their ids."""
        told = self.run("squeue", "--noheader", "--array", "--states=all", "--sort=i", "--format=%i %j %T", *options)
        return [tuple(line.split(" ", 2)) for line in told.splitlines()]  # type: ignore[misc]  # three words

    def state(self, job: str) -> str:
        """Return the state of a job."""
        return next((state for name, _, state in self.jobs() if name == job), "")

    def cancel_all(self) -> None:
        """End every job, and return when none is on its way."""
        self.run("scancel", "--user=root")
        self.run("scancel", "--state=PENDING", "--user=nobody", check=False)
        self._until(lambda: not self.run("squeue", "--noheader", check=False).strip(), "scancel")
        if self._node_state() not in _READY:
            # A job that could not be launched, on a machine that is too busy, takes its node out of service.
            self._resume()

    def _configure(self, file: Path, patience_s: int) -> None:
        text = _SLURM_CONF.format(name=self._node, folder=self.folder, cpus=8, patience_s=patience_s, **self._ports)
        new = file.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.replace(file)

    def _resume(self) -> None:
        self.run("scontrol", "update", f"nodename={self._node}", "state=RESUME", check=False)
        self._until(lambda: self._node_state() in _READY, "slurmd")

    def _node_state(self) -> str:
        return self.run("sinfo", "--noheader", "--format=%t", check=False).strip()

    def _start_munge(self) -> None:
        place = self.folder / "munge"
        (place / "key").write_bytes(os.urandom(128))
        (place / "key").chmod(0o400)
        files = [f"--{name}={place / name}" for name in ("socket", "key-file", "log-file", "pid-file", "seed-file")]
        (place / "key").rename(place / "key-file")
        self._spawn("munged", "munged", "--foreground", "--force", *files)
        self._until((place / "socket").exists, "munged")

    def _spawn(self, name: str, *argv: str) -> None:
        with (self.folder / f"{name}.out").open("ab") as output:
            self._processes[name] = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.folder,
                env={"PATH": self._path, **self.env},
                start_new_session=True,
            )

    def _kill(self, name: str) -> None:
        process = self._processes.pop(name, None)
        if process:
            process.send_signal(signal.SIGKILL)
            process.wait(READY_S)

    def _until(self, told: Callable[[], bool], what: str) -> None:
        give_up = time.monotonic() + READY_S
        while not told():
            assert time.monotonic() < give_up, (what, self._last_words())
            time.sleep(0.1)

    def _last_words(self) -> str:
        logs = sorted([*self.folder.glob("*.log"), *self.folder.glob("*.out"), *self.folder.glob("munge/log-file")])
        return "\n".join(f"{log.name}: {log.read_text(errors='replace')[-500:]}" for log in logs)


@contextmanager
def running_slurm() -> Iterator[Slurm]:
    """Run a cluster for the length of a block; skip the test where Slurm is missing or cannot be started."""
    if sys.platform == "win32" or os.geteuid() != 0:
        pytest.skip("a Slurm cluster can only be started by root")
    for name in ("slurmctld", "slurmd", "munged", "sbatch", "squeue", "scontrol"):
        need_program(name)
    # The path of a socket may be 107 bytes long, which the folders of pytest are not short enough for.
    folder = Path(tempfile.mkdtemp(prefix="slurm"))
    folder.chmod(0o755)
    cluster = Slurm(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def slurm() -> Iterator[Slurm]:
    """Return a cluster, or skip where none can be started."""
    with running_slurm() as cluster:
        yield cluster

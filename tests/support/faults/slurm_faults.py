"""Faults between a login node and its Slurm; the cluster is real, and its answers are changed on the way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from cosmos_houdini.launchers.shell import script_part
from support.faults.fault_project import Scene, running, until
from support.faults.fault_table import Table

TABLE = Table()
fault = TABLE.fault

SUBMITTING = running(script_part("slurm/submit"))
POLLING = running("echo lengths")


@fault("sbatch answers with a line of warning", on="cluster")
def _(scene: Scene) -> None:
    scene.program("sbatch", 'echo "sbatch: warning: 4 nodes are down" >&2; echo "Welcome!"; "$REAL" "$@"; echo "Bye."')
    assert scene.run() == 0


@fault("sbatch answers nothing but warnings, and the job is taken", on="cluster")
def _(scene: Scene) -> None:
    scene.program("sbatch", '"$REAL" "$@" >/dev/null; echo "sbatch: warning: the accounts are slow today"')
    assert scene.run() == 0


@fault("sbatch ends without an answer, and the job is taken", on="cluster")
def _(scene: Scene) -> None:
    error = "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"
    scene.program("sbatch", f'"$REAL" "$@" >/dev/null; echo "{error}" >&2; exit 1')
    assert scene.run() == 0


@fault("squeue shows no job for seconds", on="cluster")
def _(scene: Scene) -> None:
    asked, go = scene.tmp / "asked", scene.tmp / "go"
    scene.program("squeue", f'echo >>"{asked}"; [ "$(wc -l <"{asked}")" -le 4 ] || {{ touch "{go}"; "$REAL" "$@"; }}')
    assert scene.run(until=str(go)) == 0


@fault("squeue fails for seconds", on="cluster")
def _(scene: Scene) -> None:
    asked, go = scene.tmp / "asked", scene.tmp / "go"
    failing = 'echo "slurm_load_jobs error: Unable to contact slurm controller (connect failure)" >&2; exit 1'
    again = f'echo >>"{asked}"; [ "$(wc -l <"{asked}")" -gt 4 ]'
    scene.program("squeue", f'{again} || {{ {failing}; }}; touch "{go}"; "$REAL" "$@"')
    assert scene.run(until=str(go)) == 0


@fault("slurmctld is restarted while the job runs", on="cluster")
def _(scene: Scene) -> None:
    slurm = scene.slurm
    assert slurm
    go = scene.tmp / "go"
    scene.detached(until=str(go))
    until(lambda: scene.shop.started() == 1)
    slurm.stop_controller()
    with ThreadPoolExecutor() as pool:
        back = pool.submit(slurm.start_controller)
        back.add_done_callback(lambda _: go.touch())
        assert scene.shop.main("attach") == 0
        back.result()


@fault("slurmctld is away while the job ends", on="cluster")
def _(scene: Scene) -> None:
    slurm = scene.slurm
    assert slurm
    go = scene.tmp / "go"
    scene.detached(until=str(go))
    until(lambda: scene.shop.started() == 1)
    slurm.stop_controller()
    go.touch()
    try:
        assert scene.shop.main("attach") == 0
    finally:
        slurm.start_controller()


@fault("the job is cancelled on the cluster by another hand", on="cluster", ends="cancelled", why="cancelled")
def _(scene: Scene) -> None:
    assert scene.slurm
    scene.detached(sleep_s="300")
    until(lambda: scene.shop.started() == 1)
    scene.slurm.cancel_all()
    assert scene.shop.main("attach") == 1


@fault("the connection is cut as a job is handed to Slurm, before the answer came", on="far_cluster")
def _(scene: Scene) -> None:
    proxy = scene.proxy
    assert proxy
    scene.trip(SUBMITTING, proxy.cut, answer_lost=True)
    assert scene.run() == 0


@fault("the connection is cut as Slurm is asked", on="far_cluster")
def _(scene: Scene) -> None:
    proxy = scene.proxy
    assert proxy
    scene.trip(POLLING, lambda: proxy.cut_after(1))
    assert scene.run(sleep_s="0.5") == 0

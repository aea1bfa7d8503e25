"""Findings on one job: whether its host can run it, how long it takes, what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from cosmos_houdini.config import Config
from cosmos_houdini.engines import find_engine
from cosmos_houdini.engines.memory import memory_gb
from cosmos_houdini.errors import BadInput, CosmosError
from cosmos_houdini.hosts import open_host
from cosmos_houdini.hosts.health import HostHealth, health_script, parse_health
from cosmos_houdini.jobs.client import open_client
from cosmos_houdini.jobs.expectation import expect
from cosmos_houdini.launchers.registry import launcher_type
from cosmos_houdini.model.finding import Finding, failed, passed, warned
from cosmos_houdini.model.request import InferenceRequest
from cosmos_houdini.specs.engine_switch import switch_engine
from cosmos_houdini.specs.files import load_run_spec
from cosmos_houdini.specs.request import build_request, caching_probe


def read_job(config: Config, job: str, engine: str | None) -> InferenceRequest:
    """Return the request of a RunSpec file, or of a job of this project.

    Args:
        config: of the project.
        job: path of a RunSpec, or the id of a job or its beginning.
        engine: another engine than the RunSpec's; None for its own.

    Raises:
        BadInput: there is neither, or the RunSpec or its videos cannot be used.
    """
    if Path(job).is_file():
        run, _ = switch_engine(load_run_spec(Path(job)), engine or load_run_spec(Path(job)).engine)
        request, _ = build_request(run, find_engine(run.engine).parameters, probe=caching_probe(config.ffmpeg))
        return request
    with open_client(config) as client:
        return client.store.get(client.store.find(job)).inference()


def check_job(config: Config, host: str, request: InferenceRequest) -> Iterator[Finding]:
    """Yield whether a request is one that its engine runs, whether it fits the host's GPUs, its time and its cost."""
    try:
        warnings = find_engine(request.engine).check(request)
    except BadInput as error:
        yield failed("job", error.problem, "; ".join(part for part in (error.allowed, error.action) if part))
        return
    for warning in warnings:
        yield warned("job", warning, "")
    if not warnings:
        yield passed("job", f"{request.engine} takes it as it is")
    if fits := _memory(config, host, request):
        yield fits
    expected = expect(config, host, [request])
    yield passed("job time", expected.sentence) if expected.seconds else warned("job time", expected.sentence, "")


def _memory(config: Config, host: str, request: InferenceRequest) -> Finding | None:
    need_gb, count = memory_gb(request), request.num_gpu
    _, settings = config.settings.host(host)
    if not need_gb or launcher_type(settings).traits.schedules_itself:
        return None
    wanted = f"it needs {count} GPU{'s' * (count != 1)} with {need_gb:.0f} GiB free"
    found = _health(config, host).of(settings.gpu_numbers)
    if len(found) < count:
        return failed("job memory", f"{wanted}; the host has {len(found)}", "take another host, or fewer GPUs")
    large = [gpu for gpu in found if gpu.total_gb is None or gpu.total_gb >= need_gb]
    free = [gpu for gpu in large if gpu.free_gb is None or gpu.free_gb >= need_gb]
    listed = "; ".join(map(str, found))
    if len(large) < count:
        return warned("job memory", f"{wanted}; {listed}", "take larger GPUs, a smaller resolution or offload")
    if len(free) < count:
        return warned("job memory", f"{wanted}; {listed}", "it waits until others have freed them")
    return passed("job memory", f"{wanted}; {listed}")


def _health(config: Config, host: str) -> HostHealth:
    _, settings = config.settings.host(host)
    with closing(open_host(host, settings, project=config.project)) as opened:
        try:
            return parse_health(opened.run(health_script(opened.root)).stdout)
        except CosmosError:
            return HostHealth()

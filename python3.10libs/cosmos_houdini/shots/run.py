"""One inference of a RunSpec: planned, described, run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cosmos_houdini.config import Config
from cosmos_houdini.engines import find_engine
from cosmos_houdini.jobs.advice import uses_gpu
from cosmos_houdini.jobs.expectation import expect
from cosmos_houdini.jobs.prepare import Prepared, prepare
from cosmos_houdini.model.request import Invocation
from cosmos_houdini.model.spec import RunSpec
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.shots.computed_controls import with_computed_controls
from cosmos_houdini.specs.dry_run import dry_run_document, write_plan
from cosmos_houdini.specs.engine_switch import switch_engine
from cosmos_houdini.specs.request import Probe, build_request, caching_probe


def plan_run(
    run_spec: RunSpec,
    config: Config,
    reporter: Reporter,
    *,
    host: str | None = None,
    num_gpu: int | None = None,
    results: Path | None = None,
    probe: Probe | None = None,
    engine: str | None = None,
) -> Prepared:
    """Return the job of a RunSpec, ready to be queued; no host is reached.

    Where edge or vis has a weight and no video, it is computed from the colour video, and kept in the project.

    Args:
        run_spec: what to run.
        config: hosts by name, and the project.
        reporter: takes the warnings.
        host: a name of the configuration; None for its default.
        num_gpu: GPUs for the inference, 1 to 64; None for the RunSpec's number.
        results: folder for the verified results; None for ``cosmos_out/<job id>`` in the project.
        probe: as for ``build_request``; None to decode every video.
        engine: another engine than the RunSpec's; every value that changes with it is told.

    Raises:
        BadInput: something in the RunSpec, its videos or the configuration cannot be used.
    """
    run_spec, changes = switch_engine(run_spec, engine or run_spec.engine)
    for change in changes:
        reporter.say(f"{run_spec.engine}: {change}")
    known = find_engine(run_spec.engine).parameters
    probe = probe or caching_probe(config.ffmpeg)
    run_spec = with_computed_controls(run_spec, config, reporter, probe=probe)
    request, warnings = build_request(run_spec, known, probe=probe, num_gpu=num_gpu)
    prepared = prepare(request, config=config, host=host, results=results)
    for warning in (*warnings, *prepared.warnings):
        reporter.say(f"warning: {warning}")
    if uses_gpu(request.engine):
        reporter.say(expect(config, prepared.record.job.host, [request]).sentence)
    return prepared


def plan_document(prepared: Prepared, config: Config) -> Mapping[str, Any]:
    """Return a planned job as ``run --dry-run --json`` prints it; it holds no secret."""
    seconds = expect(config, prepared.record.job.host, [prepared.request]).seconds
    return dry_run_document(prepared.request, prepared.plan, _invocation(prepared), prepared.site, seconds=seconds)


def write_plan_files(prepared: Prepared, folder: Path) -> tuple[Path, ...]:
    """Write the files of a planned job below a folder and return their paths."""
    return write_plan(_invocation(prepared), folder)


def _invocation(prepared: Prepared) -> Invocation:
    invocation = prepared.invocation
    if not prepared.script:
        return invocation
    return replace(invocation, files={**invocation.files, "run.sh": prepared.script})

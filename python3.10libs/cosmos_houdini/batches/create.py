"""New batch files from prompt specs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from cosmos_houdini.batches.plan import expand_batch
from cosmos_houdini.batches.prompts import vary_prompts
from cosmos_houdini.config import Config
from cosmos_houdini.engines import find_engine
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.batch import MAX_RUNS, BatchItem, BatchSpec, Randomization
from cosmos_houdini.model.names import portable_name
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.specs.batch_file import save_batch
from cosmos_houdini.specs.files import load_prompt_spec
from cosmos_houdini.sweeps.sweep import Sweep


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedBatch:
    """A written batch file, and its runs."""

    file: Path
    batch: BatchSpec
    sweep: Sweep


def create_batch(
    spec_files: Sequence[Path],
    config: Config,
    reporter: Reporter,
    *,
    randomization: Randomization | None = None,
    engine: str | None = None,
    count: int | None = None,
    seed: int | None = None,
    output: Path | None = None,
    templates: Sequence[str] = (),
    words: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> CreatedBatch:
    """Work out every run of a new batch, then write its file.

    Args:
        spec_files: prompt specs, one at least.
        config: names the default engine.
        reporter: takes the notes of the sweep.
        randomization: the varied parameters and their values; None to vary nothing.
        engine: a name of the engine registry; None for the configured default.
        count: runs for each prompt spec, before the randomization's count.
        seed: of the sweep, before the randomization's seed; equal seeds give equal runs.
        output: the file to write; None for ``NAME.batch.yaml`` in the working folder.
        templates: prompts with placeholders; every prompt spec is run with every prompt that they make. None keeps
            the specs' own prompts.
        words: the texts that take the place of each placeholder; ``prompt`` is a spec's own prompt.

    Raises:
        BadInput: a number out of range, a placeholder without words, or as for ``expand_batch``; no batch is written.
    """
    if count is not None and not 1 <= count <= MAX_RUNS:
        raise BadInput(f"count = {count}", allowed=f"a whole number from 1 to {MAX_RUNS}")
    if seed is not None and seed < 0:
        raise BadInput(f"seed = {seed}", allowed="a whole number of at least 0")
    chosen = find_engine(engine or config.settings.defaults.engine)
    given = {"count": count, "seed": seed}
    file = output or Path(f"{load_prompt_spec(spec_files[0]).name if len(spec_files) == 1 else 'batch'}.batch.yaml")
    if templates:
        spec_files = vary_prompts(spec_files, templates, words, file.absolute().parent)
    batch = BatchSpec(
        name=_batch_name(file),
        engine=chosen.name,
        items=tuple(BatchItem(spec=path.absolute()) for path in spec_files),
        randomization=(randomization or Randomization()).model_copy(
            update={key: value for key, value in given.items() if value is not None}
        ),
    )
    sweep = expand_batch(batch, reporter)
    save_batch(batch, file)
    return CreatedBatch(file=file, batch=batch, sweep=sweep)


def _batch_name(file: Path) -> str:
    """Return the first word of a file's name, in characters that every file system accepts."""
    word = file.name.removesuffix(file.suffix).removesuffix(".batch")
    return portable_name(word) or "batch"

"""The files of a batch that Python asked for: a prompt spec for each shot and prompt, and the batch file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmos_houdini.api.shot import Shot
from cosmos_houdini.api.variation import randomization_of
from cosmos_houdini.engines import find_engine
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.videos.metadata import read_metadata
from cosmos_houdini.model.batch import BATCH_SPEC_SCHEMA, BatchSpec
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.parameter import resolve
from cosmos_houdini.model.project_folders import RESULTS
from cosmos_houdini.model.spec import PromptSpec, SpecValue
from cosmos_houdini.shots.submit import spec_videos
from cosmos_houdini.specs.batch_file import parse_batch, save_batch
from cosmos_houdini.specs.files import save_prompt_spec
from cosmos_houdini.specs.values import validate_spec


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRequest:
    """What ``Project.batch`` asks for; the attributes are its arguments."""

    name: str
    engine: str
    prompts: tuple[str, ...]
    negative_prompt: str
    vary: Mapping[str, Any]
    weights: Mapping[Control, float]
    parameters: Mapping[str, SpecValue]
    count: int | None
    sampler: str | None
    seed: int
    num_gpu: int

    def check(self) -> None:
        """Refuse what can be refused before frames are encoded.

        Raises:
            BadInput: a value cannot be used.
        """
        chosen = find_engine(self.engine)
        resolve(chosen.parameters, self.parameters, engine=chosen.name)
        if not self.prompts or not all(self.prompts):
            raise BadInput("give prompts: what the results show, one text or more")
        self.batch([Path("shot.spec.json")])

    def batch(self, specs: Sequence[Path]) -> BatchSpec:
        """Return the batch over some prompt specs.

        Raises:
            BadInput: a value cannot be used.
        """
        given = {"count": self.count, "sampler": self.sampler, "seed": self.seed}
        chosen = {key: value for key, value in given.items() if value is not None}
        document = {
            "schema": BATCH_SPEC_SCHEMA,
            "name": self.name,
            "engine": self.engine,
            "items": [{"spec": str(path)} for path in specs],
            "weights": {str(control): weight for control, weight in self.weights.items()},
            "parameters": dict(self.parameters),
            "num_gpu": self.num_gpu,
            "randomization": {**randomization_of(self.vary), **chosen},
        }
        return parse_batch(document, "batch")


def write_batch_files(request: BatchRequest, shots: Sequence[Shot], project: Path) -> Path:
    """Write prompt specs and batch file below ``cosmos_out/NAME`` and return the batch file.

    Args:
        request: the batch to write.
        shots: encoded shots.
        project: the project folder.

    Raises:
        BadInput: no shot, two shots of one name, or a value cannot be used; nothing is written then.
    """
    folder = project / RESULTS / request.name
    specs = {folder / f"{spec.name}.spec.json": spec for spec in _prompt_specs(request, shots)}
    batch = request.batch(list(specs))
    for path, spec in specs.items():
        save_prompt_spec(spec, path)
    file = folder / f"{request.name}.batch.yaml"
    save_batch(batch, file)
    return file


def _prompt_specs(request: BatchRequest, shots: Sequence[Shot]) -> list[PromptSpec]:
    if not shots:
        raise BadInput("a batch needs at least one shot")
    specs: dict[str, PromptSpec] = {}
    for shot in shots:
        if not isinstance(shot.source, Path):
            raise TypeError(f"{shot} is not encoded")
        document = read_metadata(shot.source)
        for number, prompt in enumerate(request.prompts, start=1):
            shot_name = shot.name or document["name"]
            name = shot_name if len(request.prompts) == 1 else f"{shot_name}-prompt{number}"
            if name in specs:
                raise BadInput(f"two shots of the batch are named {name!r}", action="give Project.shot another name")
            texts = {"prompt": prompt, "negative_prompt": request.negative_prompt}
            specs[name] = validate_spec(PromptSpec, {"name": name, **texts, **spec_videos(document)}, "batch")
    return list(specs.values())

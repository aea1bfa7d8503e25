"""Prompt specs of a batch whose prompts are varied: one for each prompt, beside the batch file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from cosmos_houdini.caption.templates import expand_templates
from cosmos_houdini.specs.files import load_prompt_spec, save_prompt_spec


def vary_prompts(
    spec_files: Sequence[Path], templates: Sequence[str], words: Mapping[str, Sequence[str]], folder: Path
) -> list[Path]:
    """Write a prompt spec for each prompt of each spec, and return the files.

    Args:
        spec_files: prompt specs; ``{prompt}`` in a template is a spec's own prompt.
        templates: as for ``expand_templates``.
        words: likewise.
        folder: gets the files ``NAME-promptN.spec.json``.

    Raises:
        BadInput: as for ``expand_templates``, or a spec cannot be read; nothing is written.
    """
    varied = []
    for file in spec_files:
        spec = load_prompt_spec(file)
        prompts = expand_templates(templates, {"prompt": [spec.prompt], **words})
        for number, prompt in enumerate(prompts, start=1):
            name = f"{spec.name}-prompt{number}"
            varied.append(msgspec.structs.replace(spec, name=name, prompt=prompt))
    files = []
    for spec in varied:
        files.append(folder / f"{spec.name}.spec.json")
        save_prompt_spec(spec, files[-1])
    return files

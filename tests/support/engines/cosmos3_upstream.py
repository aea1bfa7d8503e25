"""Reads a command or samples as cosmos-framework itself does, and prints as JSON what it would run.

Called as ``PYTHON cosmos3_upstream.py CHECKOUT command ARGUMENT...`` or ``... CHECKOUT samples FILE...``, by a Python
3.12 with pydantic, tyro, loguru, omegaconf, attrs, cattrs and nvidia-ml-py. Every other library is stood in for: only
names of theirs are needed to read arguments.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import json
import sys
import types
from pathlib import Path
from types import SimpleNamespace
from typing import Any

OWN = ("cosmos_framework", "sitecustomize", "usercustomize")


class Named(type):
    """A class whose every attribute is another one."""

    def __getattr__(cls, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        setattr(cls, name, made := Named(name, (Thing,), {}))
        return made


class Thing(metaclass=Named):
    def __init__(self, *args: object, **kwargs: object) -> None:
        pass

    def __call__(self, function: object = None, *_: object, **__: object) -> object:
        return function

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return Thing()


class Module(types.ModuleType):
    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        setattr(self, name, made := Named(name, (Thing,), {}))
        return made


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a stand-in for every library that is not installed."""

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        if name.partition(".")[0] in OWN:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        module = Module(spec.name)
        module.__path__ = []
        module.__dict__["__version__"] = "2.9.0"
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        pass


MODEL_CONFIG = SimpleNamespace(
    resolution="720",
    tokenizer=SimpleNamespace(temporal_compression_factor=4),
    sound_gen=True,
    action_gen=True,
    vlm_config=SimpleNamespace(model_name="Qwen/Qwen3-VL-8B-Instruct", model_instance=None),
)


def read_samples(files: list[Path]) -> list[dict[str, Any]]:
    from cosmos_framework.inference.args import OmniSampleOverrides  # noqa: PLC0415 - from the checkout

    built = []
    for sample in OmniSampleOverrides.from_files(files):
        sample.output_dir = Path("/out") / sample.name
        built.append(json.loads(sample.build_sample(model_config=MODEL_CONFIG).model_dump_json()))
    return built


def read_command(argv: list[str]) -> dict[str, Any]:
    import pydantic  # noqa: PLC0415 - of upstream's environment
    import tyro  # noqa: PLC0415
    from cosmos_framework.inference.args import OmniSetupOverrides  # noqa: PLC0415
    from cosmos_framework.inference.common.args import SetupOverrides, tyro_cli  # noqa: PLC0415

    # As in scripts/inference.py, which starts CUDA when it is imported.
    args = pydantic.create_model(
        "InferenceArgs",
        input_files=(tyro.conf.arg(aliases=("-i",)) and list[Path], ...),
        setup=(SetupOverrides, OmniSetupOverrides.model_construct(diffusion_cache=True)),
    )
    renamed = ["--input-files" if word == "-i" else word for word in argv]
    config = (tyro.conf.OmitArgPrefixes, tyro.conf.CascadeSubcommandArgs, tyro.conf.OmitSubcommandPrefixes)
    found = tyro_cli(args, args=renamed, config=config)
    return {"setup": json.loads(found.setup.model_dump_json()), "samples": read_samples(found.input_files)}


def main(checkout: str, what: str, words: list[str]) -> None:
    sys.meta_path.append(StandIns())
    sys.path.insert(0, checkout)
    told = read_command(words) if what == "command" else {"samples": read_samples([Path(word) for word in words])}
    print(json.dumps(told))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])

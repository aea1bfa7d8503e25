"""Reads a command as cosmos-transfer2.5 itself does, and prints as JSON what it would run.

Called as ``PYTHON transfer25_upstream.py CHECKOUT examples/inference.py ARGUMENT...``, by a Python that has pydantic,
tyro, typing_extensions and loguru. Of torch, which is not needed to read arguments, only what names types and processes
is stood in for; everything else is upstream's own.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace


def stand_in_for_torch() -> None:
    distributed = ModuleType("torch.distributed")
    distributed.__dict__.update(
        is_available=lambda: False,
        is_initialized=lambda: False,
        get_rank=lambda _=None: 0,
        get_world_size=lambda _=None: 1,
        ProcessGroup=SimpleNamespace,
    )
    torch = ModuleType("torch")
    torch.distributed, torch.device = distributed, type("device", (), {})
    sys.modules |= {"torch": torch, "torch.distributed": distributed}


def main(checkout: Path, program: str, argv: list[str]) -> None:
    if importlib.util.find_spec("torch") is None:
        stand_in_for_torch()
    sys.path[:0] = [str(checkout / part) for part in ("", "packages/cosmos-oss", "packages/cosmos-cuda")]
    sys.argv = [program, *argv]
    spec = importlib.util.spec_from_file_location("inference", checkout / program)
    module = sys.modules["inference"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # As at the end of that file.
    args = module.tyro.cli(module.Args, config=(module.tyro.conf.OmitArgPrefixes,))
    samples, keys = module.InferenceArguments.from_files(args.input_files, overrides=args.overrides)
    setup = args.setup.model_dump(mode="json")
    json.dump({"setup": setup, "keys": keys, "samples": [json.loads(s.model_dump_json()) for s in samples]}, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])

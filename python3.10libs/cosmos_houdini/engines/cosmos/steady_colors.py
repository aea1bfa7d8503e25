"""Start a program of NVIDIA's so that the colours of a segmentation that it estimates do not change with the seed.

It runs on the host as ``steady_colors.py MODULE PROGRAM ARGUMENT...``. MODULE is the module of NVIDIA's that paints the
objects, each in a colour that it draws from Python's random numbers. Here, these numbers begin anew for each video, so
that two seeds, two runs and two requests of one process get the same colours. Nothing else changes.
"""

from __future__ import annotations

import random
import runpy
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any


def main(arguments: Sequence[str]) -> None:
    """Run the program in this process, as ``python PROGRAM ARGUMENT...`` would."""
    module, program, *_ = arguments
    sys.meta_path.insert(0, Watch(module))
    sys.argv = list(arguments[1:])
    sys.path[0] = str(Path(program).parent)
    runpy.run_path(program, run_name="__main__")


class Watch(MetaPathFinder):
    """Change the module when the program imports it, and not before: its order of imports stays as it is."""

    def __init__(self, module: str) -> None:
        self.module = module

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:  # noqa: ANN401, ARG002
        """Return the module's own spec with a loader that changes the module afterwards."""
        if fullname != self.module:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = Steady(spec.loader)
        return spec


class Steady(Loader):
    """Load a module, and let it paint with the same colours each time."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return the module as its own loader makes it."""
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Execute the module, then replace its random numbers and the function that paints."""
        self.loader.exec_module(module)
        drawn = random.Random(0)  # noqa: S311 - for colours
        paint = module.segmentation_color_mask

        def paint_steadily(*masks: Any, **options: Any) -> Any:  # noqa: ANN401 - handed on
            drawn.seed(0)
            return paint(*masks, **options)

        module.__dict__.update(random=drawn, segmentation_color_mask=paint_steadily)


if __name__ == "__main__":
    main(sys.argv[1:])

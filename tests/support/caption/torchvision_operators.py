"""Declares the operators that torchvision's build for a GPU brings, so that it loads beside a torch for a CPU alone.

A copy of this file in an environment of captions, with a ``.pth`` that imports it, takes the place of those builds of
torchvision that no package index has for a CPU.
"""

from __future__ import annotations

import importlib.abc
import sys
from typing import Any

FORM = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


class Operators(importlib.abc.MetaPathFinder):
    """Declares the operators when torchvision is imported, and not before: torch takes seconds."""

    def find_spec(self, fullname: str, *_: Any) -> None:  # noqa: ANN401 - the protocol's
        """Find nothing."""
        if fullname == "torchvision":
            sys.meta_path.remove(self)
            import torch  # noqa: PLC0415

            for name in ("nms", "qnms"):
                torch.library.define(f"torchvision::{name}", FORM)


if "torch" not in sys.modules:
    sys.meta_path.insert(0, Operators())

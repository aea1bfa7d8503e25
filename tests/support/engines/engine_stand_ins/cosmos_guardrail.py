"""Stands in for the guardrail, whose models come from the Hub alone; it answers as cosmos_guardrail 0.3.2 does.

Words of the prompt choose the verdict: "forbidden" blocks the prompt, "unfit" the video, "purple" paints it. A prompt
with "enormous" finds no memory on the GPU, as long as the file that TINY_GPU_IS_FULL names is there; it is removed.
"""

import os
from pathlib import Path

import torch

PURPLE = (150, 40, 200)


class CosmosSafetyChecker(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.prompt = ""

    def check_text_safety(self, prompt):
        self.prompt = prompt
        full = Path(os.environ.get("TINY_GPU_IS_FULL", ""))
        if "enormous" in prompt and full.is_file():
            full.unlink()
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has 1.00 GiB free.")
        return "forbidden" not in prompt

    def check_video_safety(self, frames):
        if "unfit" in self.prompt:
            return None
        if "purple" in self.prompt:
            frames[...] = PURPLE
        return frames

    def to(self, device=None, dtype=None):
        """Do nothing, and return nothing, as the real one does."""

    @property
    def device(self):
        return torch.device("cpu")

    @property
    def dtype(self):
        return torch.float32

"""Stands in for the guardrail, whose models come from the Hub alone; it answers as cosmos_guardrail 0.3.2 does.

Words of the prompt choose the verdict: "forbidden" blocks the prompt, "unfit" the video, "purple" paints it.
"""

import torch

PURPLE = (150, 40, 200)


class CosmosSafetyChecker(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.prompt = ""

    def check_text_safety(self, prompt):
        self.prompt = prompt
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

"""Imported by transformers, which calls nothing of it for text."""

from torchvision.transforms.functional import __getattr__, resize

__all__ = ["__getattr__", "resize"]

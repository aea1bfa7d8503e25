"""Stands in for torchvision, of which there is no build for a CPU alone: what the Cosmos models call works, no more."""

from torchvision import io, transforms

__all__ = ["io", "transforms"]

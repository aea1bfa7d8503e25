"""NVIDIA Cosmos video-to-video inference for Houdini shots."""

__version__ = "0.1.0"

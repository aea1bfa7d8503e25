"""The configuration: what can be set, and which file or variable set it."""

from __future__ import annotations

from cosmos_houdini.config.cascade import ENV_PREFIX, Config, load, plain

__all__ = ["ENV_PREFIX", "Config", "load", "plain"]

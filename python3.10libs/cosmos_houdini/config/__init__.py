"""The configuration: what can be set, and which file or variable set it."""

from __future__ import annotations

from cosmos_houdini.config.cascade import Config, load, plain, user_file
from cosmos_houdini.config.variables import ENV_PREFIX, unknown_variables

__all__ = ["ENV_PREFIX", "Config", "load", "plain", "unknown_variables", "user_file"]

"""The configuration: what can be set, and which file or variable set it."""

from __future__ import annotations

from cosmos_houdini.config.cascade import Config, load, plain, trust_file, user_file
from cosmos_houdini.config.variables import ENV_PREFIX, unknown_variables

__all__ = ["ENV_PREFIX", "Config", "load", "plain", "trust_file", "unknown_variables", "user_file"]

"""Get a captioning model where there is a network."""

from __future__ import annotations

from pathlib import Path

from cosmos_houdini.caption.environment import find_python
from cosmos_houdini.caption.process import run_captioner
from cosmos_houdini.config import Config
from cosmos_houdini.reporter import Reporter


def fetch_model(config: Config, reporter: Reporter, model: str | None = None) -> Path:
    """Download a model into the local cache of Hugging Face and return its folder.

    Args:
        config: names the model and its Python.
        reporter: takes a sentence.
        model: the name of a model; None for the configuration's.

    Raises:
        BadInput: there is no environment, no network, or no such model.
    """
    name = model or config.settings.caption.model
    python = find_python(config)
    reporter.say(f"fetching {name}")
    found = run_captioner(python, {"action": "fetch", "model": name}, reporter)
    return Path(found["folder"])

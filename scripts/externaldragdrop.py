"""Houdini runs this file and calls dropAccept when files are dropped onto it from outside."""

from cosmos_houdini.houdini import dropped_files


def dropAccept(files: list[str]) -> bool:  # noqa: N802 - the name that Houdini calls
    """Return whether the files were taken; Houdini itself takes all others."""
    return dropped_files.accept(files)

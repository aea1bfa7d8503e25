"""The actions of the shelf on results: report in a browser, frames in MPlay, in COPs, or behind the camera."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import hou

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini.tops.project import find_project
from cosmos_houdini.houdini.tops.result_parameters import RESULT, apply_values, read_result, transfer_values
from cosmos_houdini.houdini.windows.camera_background import show_behind_camera
from cosmos_houdini.houdini.windows.job_row import JobRow
from cosmos_houdini.houdini.windows.result_frames import ResultFrames
from cosmos_houdini.houdini.windows.result_nodes import load_in_cops
from cosmos_houdini.houdini.windows.results import ResultAction

# Kept until they have ended: a process that no one waits for stays as a zombie.
_players: list[subprocess.Popen[bytes]] = []


def report_action(opener: Callable[[Path], None]) -> ResultAction:
    """Return the action that opens the results' report."""

    def open_page(_: Sequence[JobRow], documents: list[Any]) -> str:
        page = Path(documents[-1]["page"])
        opener(page)
        return f"Opened {page}"

    return ResultAction(
        label="Open Report",
        tip="Sets the chosen results side by side in a page and opens it in the browser",
        requests=lambda chosen: [("report", {"jobs": [row.id for row in chosen]})],
        finish=open_page,
    )


def mplay_action() -> ResultAction:
    """Return the action that loads the results' frames into MPlay."""

    def play(chosen: Sequence[JobRow], _: list[Any]) -> str:
        files = [file for row in chosen for file in _frames(row).files]
        start_mplay(files)
        return f"Loaded {len(files)} frames of {len(chosen)} results into MPlay"

    return ResultAction(
        label="Load in MPlay",
        tip="Loads the chosen results into MPlay, a sequence each",
        requests=lambda chosen: [_frames(row).request for row in chosen],
        finish=play,
    )


def deliver_action() -> ResultAction:
    """Return the action that writes the results for comp, as ``deliver --to exr`` does."""

    def tell(_: Sequence[JobRow], documents: list[Any]) -> str:
        made = documents[-1]["deliveries"]
        return f"Delivered {len(made)} results, the last as {made[-1]['path']}"

    return ResultAction(
        label="Deliver EXR",
        tip="Writes the chosen results as EXR over their plates, with the plates' frame numbers and headers",
        requests=lambda chosen: [("deliver", {"runs": [row.id for row in chosen], "to": "exr"})],
        finish=tell,
    )


def background_action(camera: hou.OpNode | None = None) -> ResultAction:
    """Return the action that shows a result behind a camera, or behind that of the shot."""

    def set_background(chosen: Sequence[JobRow], _: list[Any]) -> str:
        return show_behind_camera(_plate_frames(chosen[0]).houdini_path, camera)

    return ResultAction(
        label="Set as Background",
        tip="Shows the result behind the shot's camera, frame by frame",
        requests=lambda chosen: [_plate_frames(chosen[0]).request],
        finish=set_background,
        most=1,
    )


def cop_action() -> ResultAction:
    """Return the action that loads results into a COP network of the scene."""

    def load(chosen: Sequence[JobRow], _: list[Any]) -> str:
        network = load_in_cops({row.id: _plate_frames(row).houdini_path for row in chosen})
        network.setCurrent(True, clear_all_selected=True)
        return f"{network.path()} holds a File node of each: {', '.join(row.id for row in chosen)}"

    return ResultAction(
        label="Load in COPs",
        tip="Loads the chosen results into a COP network of the scene, a File node each",
        requests=lambda chosen: [_plate_frames(row).request for row in chosen],
        finish=load,
    )


def copy_action(node: hou.OpNode) -> ResultAction:
    """Return the action that copies the parameters of a result to a node."""

    def copy(chosen: Sequence[JobRow], _: list[Any]) -> str:
        result = read_result(cast("Path", chosen[0].video).with_name(RESULT))
        folder = node.parm("folder")
        project = find_project(folder.evalAsString() if folder else str(Path(hou.hipFile.path()).parent))
        missing = apply_values(node, transfer_values(result, project))
        rest = f"; it has no {', '.join(missing)}" if missing else ""
        return f"{node.path()} has the parameters of {result.job}{rest}"

    return ResultAction(
        label=f"Copy to {node.name()}",
        tip="Copies prompt, weights, engine and parameters of the chosen result to the node",
        requests=lambda _: [],
        finish=copy,
        most=1,
    )


def mplay_program() -> Path:
    """Return where Houdini keeps MPlay."""
    return Path(hou.getenv("HFS") or "") / "bin" / ("mplay.exe" if sys.platform == "win32" else "mplay")


def start_mplay(files: Sequence[Path]) -> None:
    """Start MPlay, with each sequence of files by itself.

    Raises:
        BadInput: the program is missing, or does not start.
    """
    program = mplay_program()
    # Relative names: a command line of Windows has at most 32,767 characters.
    try:
        folder = os.path.commonpath([file.parent for file in files])
        names = [os.path.relpath(file, folder) for file in files]
    except ValueError:
        # On two drives of Windows, which have no common folder.
        folder, names = str(files[0].parent), [str(file) for file in files]
    argv = [str(program), "-g", *names]
    _players[:] = [player for player in _players if player.poll() is None]
    try:
        _players.append(subprocess.Popen(argv, cwd=folder, stdin=subprocess.DEVNULL))
    except OSError as error:
        raise BadInput(
            f"MPlay does not start: {program}: {error.strerror}", action=f"open {folder} in MPlay"
        ) from error


def _frames(row: JobRow) -> ResultFrames:
    return ResultFrames.of(row.id, cast("Path", row.video))


def _plate_frames(row: JobRow) -> ResultFrames:
    return ResultFrames.in_plate(row.id, cast("Path", row.video))

"""What the shelf does with results: the report in a browser, the frames in MPlay, in COPs, or behind the camera."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import hou

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini.open_scene import read_open_scene
from cosmos_houdini.houdini.windows.job_row import JobRow
from cosmos_houdini.houdini.windows.result_frames import ResultFrames
from cosmos_houdini.houdini.windows.result_nodes import load_in_cops
from cosmos_houdini.houdini.windows.results import ResultAction

BACKGROUND = "vm_background"
"""The parameter of a camera that holds its background image."""

# Held here until they have ended, so that they are waited for.
_players: list[subprocess.Popen[bytes]] = []


def report_action(opener: Callable[[Path], None]) -> ResultAction:
    """Return the use that opens the results' report."""

    def open_page(_: Sequence[JobRow], printed: list[str]) -> str:
        page = Path(printed[-1].strip())
        opener(page)
        return f"Opened {page}"

    return ResultAction(
        label="Open Report",
        tip="Sets the chosen results side by side in a page and opens it in the browser",
        commands=lambda chosen: [("report", *(row.id for row in chosen))],
        finish=open_page,
    )


def mplay_action() -> ResultAction:
    """Return the use that loads the results' frames into MPlay."""

    def play(chosen: Sequence[JobRow], _: list[str]) -> str:
        files = [file for row in chosen for file in _frames(row).files]
        start_mplay(files)
        return f"Loaded {len(files)} frames of {len(chosen)} results into MPlay"

    return ResultAction(
        label="Load in MPlay",
        tip="Loads the chosen results into MPlay, a sequence each",
        commands=lambda chosen: [_frames(row).arguments for row in chosen],
        finish=play,
    )


def background_action() -> ResultAction:
    """Return the use that sets a result behind the shot's camera."""

    def set_background(chosen: Sequence[JobRow], _: list[str]) -> str:
        return show_behind_camera(_plate_frames(chosen[0]).houdini_path)

    return ResultAction(
        label="Set as Background",
        tip="Shows the result behind the shot's camera, frame by frame",
        commands=lambda chosen: [_plate_frames(chosen[0]).arguments],
        finish=set_background,
        most=1,
    )


def cop_action() -> ResultAction:
    """Return the use that loads results into a COP network of the scene."""

    def load(chosen: Sequence[JobRow], _: list[str]) -> str:
        network = load_in_cops({row.id: _plate_frames(row).houdini_path for row in chosen})
        network.setCurrent(True, clear_all_selected=True)
        return f"{network.path()} holds a File node of each: {', '.join(row.id for row in chosen)}"

    return ResultAction(
        label="Load in COPs",
        tip="Loads the chosen results into a COP network of the scene, a File node each",
        commands=lambda chosen: [_plate_frames(row).arguments for row in chosen],
        finish=load,
    )


def show_behind_camera(pictures: str) -> str:
    """Set pictures as the background of the shot's camera, or where it is none of /obj, of the viewport; say of which.

    Raises:
        BadInput: there is neither.
    """
    camera = _camera()
    if camera is not None:
        with hou.undos.group("Load Cosmos Result"):
            camera.setParms({BACKGROUND: pictures})
        return f"{pictures} is the background of {camera.path()}"
    viewer = cast("hou.SceneViewer | None", hou.ui.paneTabOfType(hou.paneTabType.SceneViewer))
    if viewer is None:
        raise BadInput(
            "the scene has no camera in /obj, and no Scene View is open", action="open one, then load the result again"
        )
    settings = viewer.curViewport().settings()
    settings.backgroundImage(hou.viewportBGImageView.Camera).setImageFile(pictures)
    settings.setDisplayBackgroundImage(True)
    return f"{pictures} is the background of the Scene View wherever it looks through a camera"


def mplay_program() -> Path:
    """Return where Houdini keeps MPlay."""
    return Path(hou.getenv("HFS") or "") / "bin" / ("mplay.exe" if sys.platform == "win32" else "mplay")


def start_mplay(files: Sequence[Path]) -> None:
    """Start MPlay, with each sequence of files by itself.

    Raises:
        BadInput: it is not where Houdini keeps its programs, or does not start.
    """
    program = mplay_program()
    # Relative names: a command line of Windows ends after 32,767 characters.
    folder = os.path.commonpath([file.parent for file in files])
    argv = [str(program), "-g", *(os.path.relpath(file, folder) for file in files)]
    _players[:] = [player for player in _players if player.poll() is None]
    try:
        _players.append(subprocess.Popen(argv, cwd=folder, stdin=subprocess.DEVNULL))
    except OSError as error:
        raise BadInput(
            f"MPlay does not start: {program}: {error.strerror}", action=f"open {folder} in MPlay"
        ) from error


def _camera() -> hou.OpNode | None:
    """Return the camera of the scene's render nodes, else its only one; of /obj, where a camera has a background."""
    scene = read_open_scene()
    cameras = [camera.path for camera in scene.cameras if camera.kind == "obj"]
    used = [output.camera for output in scene.outputs if output.camera and output.camera in cameras]
    paths = list(dict.fromkeys(used)) or cameras
    picked: Sequence[int] = range(len(paths))
    if len(paths) > 1:
        title = "Load Cosmos Result"
        picked = hou.ui.selectFromList(
            paths, default_choices=(0,), exclusive=True, message="Behind which camera?", title=title
        )
        if not picked:
            raise hou.OperationInterrupted
    return cast("hou.OpNode", hou.node(paths[picked[0]])) if picked else None


def _frames(row: JobRow) -> ResultFrames:
    return ResultFrames.of(row.id, cast("Path", row.video))


def _plate_frames(row: JobRow) -> ResultFrames:
    return ResultFrames.in_plate(row.id, cast("Path", row.video))

"""The tools of the Cosmos shelf, one function each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import hou

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini import worker
from cosmos_houdini.houdini.alert import explain_errors
from cosmos_houdini.houdini.background import BackgroundCall
from cosmos_houdini.houdini.open_outputs import output_paths
from cosmos_houdini.houdini.rendering import render
from cosmos_houdini.houdini.saving import saved_scene, scene_path
from cosmos_houdini.houdini.scene_contents import read_in_steps
from cosmos_houdini.houdini.shot_choices import read_shot_choices, render_flipbook
from cosmos_houdini.houdini.submission import Submission
from cosmos_houdini.houdini.tops.sweep_network import build_sweep, set_slots, slots_for
from cosmos_houdini.houdini.windows.doctor import DoctorWindow
from cosmos_houdini.houdini.windows.monitor import Monitor, open_in_system
from cosmos_houdini.houdini.windows.qt import QtCore, QtWidgets
from cosmos_houdini.houdini.windows.result_actions import (
    background_action,
    cop_action,
    deliver_action,
    mplay_action,
    report_action,
)
from cosmos_houdini.houdini.windows.results import ResultAction, ResultsWindow
from cosmos_houdini.houdini.windows.set_up import SetUpWindow
from cosmos_houdini.houdini.windows.submit_dialog import SubmitDialog

TICK_MS = 100

# Kept here: Qt does not keep a window's Python part alive.
_monitors: dict[Path, Monitor] = {}
_dialogs: dict[Path, SubmitDialog] = {}
_doctors: dict[Path, DoctorWindow] = {}
_results: dict[tuple[str, Path], ResultsWindow] = {}
_set_ups: list[SetUpWindow] = []


@explain_errors
def submit_shot() -> None:
    """Ask for prompt and render node, and submit the scene in the background; the job monitor shows how it goes."""
    open_submit_form()


def open_submit_form(node: str = "") -> None:
    """Show the form of a submission.

    Args:
        node: the render node that is chosen in it; empty for the one of before.

    Raises:
        BadInput: the scene has no file, or no render node.
    """
    hip = saved_scene("Submit Shot to Cosmos")
    if hip is None:
        return
    shots = read_shot_choices(node)
    if not shots:
        _render_nodes(hip)
    dialog = SubmitDialog(hip, shots, read_in_steps, hou.qt.mainWindow())
    dialog.setStyleSheet(hou.qt.styleSheet())
    dialog.accepted.connect(explain_errors(lambda: _submit_form(dialog)))
    if hip in _dialogs:
        dialog.go_on_from(_dialogs[hip])
    dialog.choose(node)
    _dialogs[hip] = dialog
    # Not exec: PySide2 spells it otherwise, and nothing here has to wait.
    dialog.open()


@explain_errors
def set_up_sweep() -> None:
    """Build a TOP network that runs the shot with several seeds and sets the results side by side."""
    node = _chosen_render_node(scene_path())
    hip = saved_scene("Set Up Cosmos Sweep") if node else None
    if node is None or hip is None:
        return
    built = build_sweep(hip.stem, node, _dialogs[hip].prompt if hip in _dialogs else "")
    path = built.network.path()
    # The worker takes a second to start, and the network is of use meanwhile.
    _take_answer(BackgroundCall("config", folder=hip.parent), lambda found: _set_slots(path, found))
    built.transfer.setCurrent(True, clear_all_selected=True)
    if editor := cast("hou.NetworkEditor | None", hou.ui.paneTabOfType(hou.paneTabType.NetworkEditor)):
        editor.setPwd(built.network)
    if built.unset:
        hou.ui.displayMessage(
            f"{built.network.path()} was built, but some of its parameters could not be set.\n\nSet them by hand:",
            severity=hou.severityType.Warning,
            title="Set Up Cosmos Sweep",
            details="\n".join(built.unset),
            details_expanded=True,
        )
    else:
        hou.ui.setStatusMessage(f"{built.network.path()}: type a prompt on 'transfer', vary on 'wedge', cook 'report'")


@explain_errors
def job_monitor() -> None:
    """Show the jobs of the scene's project."""
    _monitor(scene_path().parent)


@explain_errors
def compare_results() -> None:
    """Show results of the scene's project, to be set side by side in a report or in MPlay."""
    show_results("Compare Cosmos Results", (report_action(open_in_system), mplay_action(), deliver_action()))


@explain_errors
def load_result() -> None:
    """Show results of the scene's project, to be set behind the shot's camera or loaded into a COP network."""
    show_results("Load Cosmos Result", (background_action(), cop_action()))


@explain_errors
def settings() -> None:
    """Show every value of the configuration, and where it was set."""
    folder = scene_path().parent
    with hou.InterruptableOperation("Reading the settings", open_interrupt_dialog=True) as operation:
        document = worker.call("config", folder=folder, on_wait=operation.updateProgress)
    hou.ui.displayMessage(
        f"The settings for scenes in {folder}",
        title="Cosmos Settings",
        help="cosmos-houdini.yaml sets them: in this folder, in one above it, or in the user's configuration folder.",
        details="\n".join(document["lines"]),
        details_expanded=True,
    )


@explain_errors
def doctor() -> None:
    """Show what this machine and the hosts lack. A scene without a file is enough: this helps before the first shot."""
    folder = Path.home() if hou.hipFile.isNewFile() else scene_path().parent
    if folder not in _doctors:
        _doctors[folder] = DoctorWindow(folder, hou.qt.mainWindow())
        _doctors[folder].setStyleSheet(hou.qt.styleSheet())
    else:
        _doctors[folder].look()
    _bring_to_front(_doctors[folder])


@explain_errors
def set_up() -> None:
    """Show the window that makes the worker environment; there is one for all scenes."""
    if not _set_ups:
        window = SetUpWindow(hou.qt.mainWindow())
        window.setStyleSheet(hou.qt.styleSheet())
        _set_ups.append(window)
    _bring_to_front(_set_ups[0])


def show_results(title: str, actions: Sequence[ResultAction]) -> None:
    """Show the results of the scene's project in a window with these actions."""
    folder = scene_path().parent
    key = (title, folder)
    if key in _results:
        _results[key].refresh()
    else:
        window = ResultsWindow(title, folder, actions, show_error=explain_errors, parent=hou.qt.mainWindow())
        window.setStyleSheet(hou.qt.styleSheet())
        _results[key] = window
    _bring_to_front(_results[key])


def _submit_form(dialog: SubmitDialog) -> None:
    submission = dialog.submission()
    if submission.output is None:
        folder = render_flipbook(submission.scene, *dialog.frames, dialog.shot.size)
        options = {name: value for name, value in submission.options.items() if name != "range"}
        submission = replace(submission, options={**options, "renders": str(folder)})
    elif dialog.renders_first:
        render(submission.output, dialog.frames, say=hou.ui.setStatusMessage)
    _submit(submission)


def _submit(submission: Submission) -> None:
    _monitor(submission.scene.parent).submit(submission)


def _render_nodes(hip: Path) -> tuple[str, ...]:
    """Return the scene's render nodes.

    Raises:
        BadInput: there is none.
    """
    nodes = output_paths()
    if not nodes:
        raise BadInput(
            f"{hip.name} has no render node that writes pictures",
            action="make one, such as a Karma or Mantra node in /out, and render the shot",
        )
    return nodes


def _chosen_render_node(hip: Path) -> str | None:
    """Return the only render node, or that which the artist chooses; None where it is none."""
    nodes = _render_nodes(hip)
    if len(nodes) == 1:
        return nodes[0]
    picked = hou.ui.selectFromList(
        nodes,
        default_choices=(0,),
        exclusive=True,
        message="The frames of which render node?",
        title="Set Up Cosmos Sweep",
    )
    return nodes[picked[0]] if picked else None


def adopt_monitor(monitor: Monitor) -> None:
    """Let a monitor of a panel show what is submitted, in place of a window of its own."""
    if earlier := _monitors.get(monitor.folder):
        earlier.close()
    _monitors[monitor.folder] = monitor


def forget_monitors(monitors: Sequence[Monitor]) -> None:
    """Forget monitors whose panel was closed."""
    for monitor in monitors:
        if _monitors.get(monitor.folder) is monitor:
            del _monitors[monitor.folder]


def _take_answer(call: BackgroundCall, take: Callable[[Any], None]) -> None:
    """Hand the worker's answer over on Houdini's own thread, without waiting for it."""
    if call.ended:
        explain_errors(lambda: take(call.result()))()
    else:
        QtCore.QTimer.singleShot(TICK_MS, lambda: _take_answer(call, take))


def _set_slots(path: str, found: Mapping[str, Any]) -> None:
    """Give a network's scheduler the slots that its host takes, unless the network is gone meanwhile."""
    # Not checked at run time: Houdini 20.0 has no class of this name.
    network = cast("hou.OpNode | None", hou.node(path))
    unset = set_slots(network, slots_for(found)) if network is not None else ()
    if unset:
        hou.ui.setStatusMessage(f"{path}: set by hand: {', '.join(unset)}", hou.severityType.Warning)


def _monitor(folder: Path) -> Monitor:
    """Return the one monitor of a project, shown in front."""
    if folder not in _monitors:
        _monitors[folder] = Monitor(folder, hou.qt.mainWindow())
        _monitors[folder].setStyleSheet(hou.qt.styleSheet())
    _bring_to_front(_monitors[folder])
    return _monitors[folder]


def _bring_to_front(window: QtWidgets.QWidget) -> None:
    if not window.isWindow():
        # A page of a panel: the pane is where the artist has put it.
        around = window.parentWidget()
        pages = around.parentWidget() if around else None
        if isinstance(pages, QtWidgets.QTabWidget):
            pages.setCurrentWidget(window)
        return
    window.show()
    window.raise_()
    window.activateWindow()

"""The dockable panel Cosmos Jobs: the jobs and the results of the open scene's project, in one pane of the desktop."""

from __future__ import annotations

from pathlib import Path

import hou

from cosmos_houdini.houdini import shelf
from cosmos_houdini.houdini.alert import explain_errors
from cosmos_houdini.houdini.windows.monitor import Monitor, open_in_system
from cosmos_houdini.houdini.windows.project_panel import ProjectPanel
from cosmos_houdini.houdini.windows.qt import QtWidgets
from cosmos_houdini.houdini.windows.result_actions import background_action, cop_action, mplay_action, report_action
from cosmos_houdini.houdini.windows.results import ResultsWindow

# Kept here: Qt does not keep a widget's Python part alive.
_panels: list[ProjectPanel] = []


def create() -> QtWidgets.QWidget:
    """Return the panel's widget; Houdini calls this when a pane shows the panel."""
    panel = ProjectPanel(_folder, _pages)
    panel.setStyleSheet(hou.qt.styleSheet())
    _panels.append(panel)
    return panel


def destroy() -> None:
    """Forget panels that Houdini has closed; it calls this when a pane shows the panel no more."""
    for panel in list(_panels):
        if not panel.isVisible():
            _panels.remove(panel)
            shelf.forget_monitors(panel.monitors)
            panel.close_pages()


def _folder() -> Path | None:
    return None if hou.hipFile.isNewFile() else Path(hou.hipFile.path()).parent


def _pages(folder: Path) -> dict[str, QtWidgets.QWidget]:
    """Return the pages of a project, by their titles."""
    monitor = Monitor(folder, opener=open_in_system)
    shelf.adopt_monitor(monitor)
    actions = (background_action(), cop_action(), mplay_action(), report_action(open_in_system))
    results = ResultsWindow("Cosmos Results", folder, actions, show_error=explain_errors)
    return {"Jobs": monitor, "Results": results}

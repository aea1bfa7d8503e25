"""The panel over a project: a page each for jobs and results; another scene that is opened brings its own project."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from cosmos_houdini.houdini.windows.monitor import Monitor
from cosmos_houdini.houdini.windows.qt import QtCore, QtWidgets

TICK_MS = 1000
NO_SCENE = "This scene has no file yet.\n\nSave it: the jobs of a shot belong to its scene's folder."


class ProjectPanel(QtWidgets.QWidget):
    """The pages of the open scene's project.

    Args:
        folder_of_scene: returns the project's folder; None for a scene that has no file.
        pages: makes the pages of a project, by their titles.
    """

    def __init__(
        self,
        folder_of_scene: Callable[[], Path | None],
        pages: Callable[[Path], Mapping[str, QtWidgets.QWidget]],
    ) -> None:
        super().__init__()
        self._folder_of_scene, self._make_pages = folder_of_scene, pages
        self._folder: Path | None = None
        self._hint = QtWidgets.QLabel(NO_SCENE)
        self._hint.setAlignment(QtCore.Qt.AlignmentFlag.AlignCenter)
        self.tabs = QtWidgets.QTabWidget()
        self.tabs.setDocumentMode(True)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self._hint, 1)
        layout.addWidget(self.tabs, 1)
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.follow)
        self._timer.start()
        self.tabs.hide()
        self.follow()

    @property
    def monitors(self) -> list[Monitor]:
        """The pages with jobs."""
        pages = [self.tabs.widget(index) for index in range(self.tabs.count())]
        return [page for page in pages if isinstance(page, Monitor)]

    def follow(self) -> None:
        """Show the project of the scene that is open now."""
        folder = self._folder_of_scene()
        if folder == self._folder:
            return
        self.close_pages()
        self._folder = folder
        self._hint.setVisible(folder is None)
        self.tabs.setVisible(folder is not None)
        if folder is not None:
            for title, page in self._make_pages(folder).items():
                self.tabs.addTab(page, title)

    def close_pages(self) -> None:
        """Take the pages away; their jobs go on."""
        while self.tabs.count():
            page = self.tabs.widget(0)
            self.tabs.removeTab(0)
            if page is not None:
                page.close()
                page.deleteLater()

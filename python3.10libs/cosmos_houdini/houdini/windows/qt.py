"""Qt as this Houdini brings it: PySide6 in Houdini 21, PySide2 before.

Members of enumerations are written with the enumeration's name (``Qt.AlignmentFlag.AlignRight``), which both take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6 import QtCore, QtGui, QtWidgets
else:
    try:
        from hutil.PySide import QtCore, QtGui, QtWidgets
    except ImportError:
        try:
            from PySide6 import QtCore, QtGui, QtWidgets
        except ImportError:
            from PySide2 import QtCore, QtGui, QtWidgets

__all__ = ["QtCore", "QtGui", "QtWidgets"]

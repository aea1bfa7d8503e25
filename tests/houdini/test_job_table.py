"""The table of jobs tells them apart and shows its words whole, in little room and in large letters."""

from __future__ import annotations

import pytest

from cosmos_houdini.houdini.windows.job_row import JobRow
from cosmos_houdini.houdini.windows.job_table import JobTable
from cosmos_houdini.houdini.windows.qt import QtCore, QtWidgets
from support.houdini import offscreen

JOB, STATE = 0, 1


@pytest.fixture
def table() -> JobTable:
    offscreen.application()
    return JobTable()


def test_a_job_whose_title_is_too_long_still_shows_its_end(table: JobTable) -> None:
    table.show_rows([JobRow(id=f"sq0100_sh0420_out_mantra1-{n:010x}", name="sh0420", state="queued") for n in (1, 2)])
    cell = table.model().index(0, JOB)
    option = QtWidgets.QStyleOptionViewItem()
    painter = table.itemDelegateForColumn(JOB)
    assert isinstance(painter, QtWidgets.QStyledItemDelegate)
    painter.initStyleOption(option, cell)
    shown = table.fontMetrics().elidedText(option.text, option.textElideMode, table.columnWidth(JOB))
    assert shown != option.text
    assert shown.endswith("0001")
    assert option.textElideMode == QtCore.Qt.TextElideMode.ElideMiddle


def test_a_state_is_readable_in_large_letters(table: JobTable) -> None:
    table.setStyleSheet("* { font-size: 40px; }")
    table.show()
    table.show_rows([JobRow(id="sh0420-1", name="sh0420", state="succeeded", eta="12:00:05")])
    assert table.columnWidth(STATE) >= table.fontMetrics().horizontalAdvance("succeeded") > 90
    table.close()

"""The times of day between which runs are started."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time

from cosmos_houdini.errors import BadInput


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """From one time of day to another, by the clock on the wall; over midnight where the end is the earlier one.

    On the two days of a year on which clocks are changed it is an hour longer or shorter, as the night is.

    Attributes:
        opens: the first moment that belongs to it.
        closes: the first that does not any more.
    """

    opens: time
    closes: time

    @classmethod
    def parse(cls, text: str) -> TimeWindow:
        """Return what ``22:00-07:00`` says.

        >>> str(TimeWindow.parse("22:00 - 7:00"))
        '22:00-07:00'

        Raises:
            BadInput: it is no such pair of different times.
        """
        try:
            opens, closes = (datetime.strptime(word.strip(), "%H:%M").time() for word in text.split("-"))  # noqa: DTZ007 - a time of day has no zone
        except ValueError:
            opens = closes = time()
        if opens == closes:
            raise BadInput(f"{text!r} is no time window", allowed="two different times of day, as in 22:00-07:00")
        return cls(opens, closes)

    def contains(self, moment: datetime) -> bool:
        """Whether a moment belongs to the window, by the wall clock of the moment's own zone."""
        now = moment.time()
        if self.opens < self.closes:
            return self.opens <= now < self.closes
        return now >= self.opens or now < self.closes

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"

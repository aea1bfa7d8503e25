"""The time window of a day in which runs are started."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time

from cosmos_houdini.errors import BadInput


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """A period of each day by local time; it spans midnight where its end is earlier than its beginning.

    It is an hour longer or shorter on the two days of a year on which clocks change.

    Attributes:
        opens: its first minute.
        closes: the first minute after it.
    """

    opens: time
    closes: time

    @classmethod
    def parse(cls, text: str) -> TimeWindow:
        """Return the window that a text such as ``22:00-07:00`` names.

        >>> str(TimeWindow.parse("22:00 - 7:00"))
        '22:00-07:00'

        Raises:
            BadInput: the text is not a pair of different times.
        """
        try:
            opens, closes = (datetime.strptime(word.strip(), "%H:%M").time() for word in text.split("-"))  # noqa: DTZ007 - a time of day has no zone
        except ValueError:
            opens = closes = time()
        if opens == closes:
            raise BadInput(f"{text!r} is no time window", allowed="two different times of day, as in 22:00-07:00")
        return cls(opens, closes)

    def contains(self, moment: datetime) -> bool:
        """Whether a moment is in the window, by the local time of the moment's own zone."""
        now = moment.time()
        if self.opens < self.closes:
            return self.opens <= now < self.closes
        return now >= self.opens or now < self.closes

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"

"""The price of a host's time, as it was when an attempt began: a later change of the configuration changes no cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cosmos_houdini.model.job import Attempt

KEY = "price"
"""The key of an attempt's price in ``Attempt.made_with``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A price.

    Attributes:
        per_hour: of an hour of a run; None where the host has no price.
        currency: as people write it, as in ``EUR``; may be empty.
    """

    per_hour: float | None = None
    currency: str = ""

    def __str__(self) -> str:
        """Return the price as people read it."""
        return "none" if self.per_hour is None else f"{self.per_hour:g} {self.currency}".rstrip() + " an hour"


def price_of(attempt: Attempt, now: Price) -> Price:
    """Return the price at which an attempt ran, or the present one where none was kept."""
    noted: Mapping[str, Any] | None = attempt.made_with.get(KEY)
    return now if noted is None else Price(**noted)

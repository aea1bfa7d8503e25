"""Rates and timecodes of films (SMPTE ST 12-1), as plates and movies hold them."""

from __future__ import annotations

from fractions import Fraction

_NTSC = 1001
_CLOSE = 5e-4


def exact_rate(fps: float) -> Fraction:
    """Return the rate that a rounded number of frames a second stands for.

    >>> exact_rate(23.976), exact_rate(25), exact_rate(12.5)
    (Fraction(24000, 1001), Fraction(25, 1), Fraction(25, 2))
    """
    whole = round(fps)
    if fps == whole:
        return Fraction(whole)
    ntsc = Fraction(round(fps * _NTSC / 1000) * 1000, _NTSC)
    return ntsc if abs(float(ntsc) - fps) < _CLOSE else Fraction(fps).limit_denominator(_NTSC)


def timecode_of(frame: int, rate: Fraction) -> str:
    """Return the timecode of a frame where frame 0 is at 0:00, counted without dropping; empty for negative frames.

    >>> timecode_of(1001, Fraction(24))
    '00:00:41:17'
    """
    if frame < 0:
        return ""
    base = round(rate)
    seconds, frames = divmod(frame, base)
    return f"{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{frames:02}"

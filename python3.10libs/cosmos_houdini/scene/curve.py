"""Channels over time: key frames and values, for the interpolations whose shape is known for certain."""

from __future__ import annotations

import math

from cosmos_houdini.model.scene import Channel, Segment, is_interpolation, whole

KNOWN = ("bezier()", "linear()", "constant()")
_HELD = ("extend", "hold")
_ROUND_OFF = 1e-6
_NEWTON_STEPS = 40


def is_keyed(channel: Channel) -> bool:
    """Whether a channel has keys; otherwise it is one expression or a lock."""
    return len(channel.segments) > 1 or any(is_interpolation(segment.expression) for segment in channel.segments)


def is_locked(channel: Channel) -> bool:
    """Whether a channel is only a lock on the saved value."""
    return len(channel.segments) == 1 and channel.segments[0].expression == "lock(1)"


def key_frames(channel: Channel, fps: float) -> tuple[float, ...]:
    """Return the frames of all keys, counted from frame 1 at 0 seconds.

    >>> from cosmos_houdini.model.scene import Channel, Segment
    >>> segments = (Segment(length_s=2.0, expression="linear()"), Segment(length_s=0.0, expression="linear()"))
    >>> key_frames(Channel(name="tx", segments=segments), 24)
    (1, 49)
    """
    return tuple(whole(time_s * fps + 1) for time_s in _key_times(channel))


def is_certain(channel: Channel, first_s: float, last_s: float) -> bool:
    """Whether the channel's value is certain at every time from ``first_s`` to ``last_s``.

    The value is not certain in three cases. An interpolation is none of KNOWN; that of the last key may be any, because
    no segment follows it. A Bezier handle reaches beyond its segment, so the curve would turn back in time. A time is
    outside the keys, and the channel does not hold the value of the nearest key there.
    """
    *drawn, last = channel.segments
    times = _key_times(channel)
    return (
        all(segment.expression in KNOWN and _runs_forward(segment) for segment in drawn)
        and is_interpolation(last.expression)
        and last.length_s == 0
        and (channel.before in _HELD or times[0] <= first_s + _ROUND_OFF)
        and (channel.after in _HELD or times[-1] >= last_s - _ROUND_OFF)
    )


def value_at(channel: Channel, frame: float, fps: float) -> float:
    """Return the value at a frame of a channel that ``is_certain``; outside the keys it is that of the nearest key."""
    time_s = (frame - 1) / fps
    # Times were rounded when they were saved: a key within a thousandth of a frame counts as on the frame.
    tolerance_s = 1e-3 / fps
    start_s = channel.start_s
    for segment in channel.segments[:-1]:
        if time_s < start_s + segment.length_s - tolerance_s:
            return _inside(segment, max(time_s - start_s, 0.0))
        start_s += segment.length_s
    return channel.segments[-1].values[0]


def _key_times(channel: Channel) -> tuple[float, ...]:
    times = [channel.start_s]
    for segment in channel.segments[:-1]:
        times.append(times[-1] + segment.length_s)
    return tuple(times)


def _handle_lengths_s(segment: Segment) -> tuple[float, float]:
    """Return how far both handles reach in seconds: ``accel`` is their length along the slope."""
    (slope_0, slope_1), (accel_0, accel_1) = segment.slopes, segment.accels
    return accel_0 / math.hypot(1, slope_0), accel_1 / math.hypot(1, slope_1)


def _runs_forward(segment: Segment) -> bool:
    if segment.expression != "bezier()":
        return True
    longest_s = segment.length_s * (1 + _ROUND_OFF) + _ROUND_OFF
    return all(0 <= handle_s <= longest_s for handle_s in _handle_lengths_s(segment))


def _inside(segment: Segment, elapsed_s: float) -> float:
    """Return the value ``elapsed_s`` seconds into a segment."""
    value_0, value_1 = segment.values
    if segment.expression == "constant()" or segment.length_s == 0:
        return value_0
    if segment.expression == "linear()":
        return value_0 + (value_1 - value_0) * elapsed_s / segment.length_s
    handle_0_s, handle_1_s = _handle_lengths_s(segment)
    times = (0.0, handle_0_s, segment.length_s - handle_1_s, segment.length_s)
    values = (value_0, value_0 + segment.slopes[0] * handle_0_s, value_1 - segment.slopes[1] * handle_1_s, value_1)
    return _cubic(values, _parameter_at(times, elapsed_s))


def _cubic(points: tuple[float, float, float, float], u: float) -> float:
    """Return the cubic Bezier curve through the control values ``points`` at the parameter ``u``, 0 to 1."""
    v = 1 - u
    return v * v * v * points[0] + 3 * v * v * u * points[1] + 3 * v * u * u * points[2] + u * u * u * points[3]


def _parameter_at(times: tuple[float, float, float, float], time_s: float) -> float:
    """Return the curve parameter at which a curve that runs forward in time reaches ``time_s``.

    This is Newton's method between two bounds; where a step would leave the bounds, they are halved.
    """
    low, high = 0.0, 1.0
    u = time_s / times[3]
    for _ in range(_NEWTON_STEPS):
        error_s = _cubic(times, u) - time_s
        if abs(error_s) <= 1e-12 * times[3]:
            break
        low, high = (u, high) if error_s < 0 else (low, u)
        v = 1 - u
        speed = 3 * (v * v * (times[1] - times[0]) + 2 * v * u * (times[2] - times[1]) + u * u * (times[3] - times[2]))
        step = u - error_s / speed if speed > 0 else low
        u = step if low < step < high else (low + high) / 2
    return u

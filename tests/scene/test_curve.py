"""Channels over time, against an independent dense evaluation of the same curves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_houdini.model.scene import Channel, Segment
from cosmos_houdini.scene.curve import is_certain, key_frames, value_at

END = Segment(length_s=0.0, expression="bezier()")
VALUES = st.floats(-1e3, 1e3)
SLOPES = st.floats(-50, 50)
SHARES = st.floats(0, 1)


def bezier(
    values: tuple[float, float], slopes: tuple[float, float], shares: tuple[float, float], length_s: float
) -> Channel:
    """Return a segment whose handles take ``shares`` of its length in time."""
    accels = (
        shares[0] * length_s * math.sqrt(1 + slopes[0] ** 2),
        shares[1] * length_s * math.sqrt(1 + slopes[1] ** 2),
    )
    segment = Segment(length_s=length_s, values=values, slopes=slopes, accels=accels, expression="bezier()")
    return Channel(name="tx", segments=(segment, Segment(length_s=0.0, values=(values[1], 0.0), expression="bezier()")))


def dense_curve(channel: Channel) -> tuple[np.ndarray, np.ndarray]:
    """Return times and values at 200,001 parameters of the first segment, by de Casteljau's construction."""
    segment = channel.segments[0]
    (v0, v1), (s0, s1), (a0, a1) = segment.values, segment.slopes, segment.accels
    angle_0, angle_1 = math.atan(s0), math.atan(s1)
    points = np.array(
        [
            [0.0, v0],
            [a0 * math.cos(angle_0), v0 + a0 * math.sin(angle_0)],
            [segment.length_s - a1 * math.cos(angle_1), v1 - a1 * math.sin(angle_1)],
            [segment.length_s, v1],
        ]
    )[:, :, None]
    u = np.linspace(0, 1, 200_001)
    while len(points) > 1:
        points = points[:-1] * (1 - u) + points[1:] * u
    return points[0][0], points[0][1]


@given(
    st.tuples(VALUES, VALUES),
    st.tuples(SLOPES, SLOPES),
    st.tuples(SHARES, SHARES),
    st.floats(0.04, 20),
    st.floats(0.001, 0.999),
)
def test_bezier_agrees_with_a_dense_curve(
    values: tuple[float, float], slopes: tuple[float, float], shares: tuple[float, float], length_s: float, where: float
):
    channel = bezier(values, slopes, shares, length_s)
    times, points = dense_curve(channel)
    assert np.all(np.diff(times) >= -1e-12)
    fps = 1000.0
    frame = where * length_s * fps + 1
    if where * length_s < length_s - 1e-3 / fps:
        # Where the curve stands nearly upright two neighbours differ by much: the value must lie between them.
        place = int(np.clip(np.searchsorted(times, where * length_s), 1, len(times) - 1))
        near = points[max(place - 2, 0) : place + 2]
        slack = 1e-6 * (1 + np.ptp(points))
        assert near.min() - slack <= value_at(channel, frame, fps) <= near.max() + slack


def test_bezier_with_handles_of_a_third_and_level_ends_is_the_smooth_step():
    channel = bezier((0, 1), (0, 0), (1 / 3, 1 / 3), 2)
    assert [value_at(channel, frame, 24) for frame in (1, 13, 25, 49)] == pytest.approx([0, 0.15625, 0.5, 1])


def test_linear_and_constant():
    line = Segment(length_s=1, values=(0, 10), expression="linear()")
    step = Segment(length_s=1, values=(10, 20), expression="constant()")
    end = Segment(length_s=0, values=(20, 0), expression="constant()")
    channel = Channel(name="tx", start_s=-1, segments=(line, step, end))
    assert key_frames(channel, 24) == (-23, 1, 25)
    assert [value_at(channel, frame, 24) for frame in (-50, -23, -11, 1, 24, 25, 99)] == [0, 0, 5, 10, 10, 20, 20]


def test_untied_values_jump_on_the_key():
    first = Segment(length_s=1, values=(0, 10), expression="linear()")
    second = Segment(length_s=1, values=(50, 60), expression="linear()")
    channel = Channel(name="tx", segments=(first, second, END))
    assert value_at(channel, 24, 24) < 10
    assert value_at(channel, 25, 24) == 50


def test_a_key_whose_time_was_rounded_in_32_bits_is_on_its_frame():
    step = Segment(length_s=4.9583334922790527, values=(1, 2), expression="constant()")
    channel = Channel(name="tx", segments=(step, Segment(length_s=0, values=(2, 1), expression="constant()")))
    assert key_frames(channel, 24) == (1, 120)
    assert [value_at(channel, frame, 24) for frame in (119, 120)] == [1, 2]


@pytest.mark.parametrize("expression", ["spline()", "ease()", "cubic()", "$F*2", "quintic()"])
def test_interpolations_of_unknown_shape_are_not_certain(expression: str):
    assert not is_certain(Channel(name="tx", segments=(Segment(length_s=1, expression=expression), END)), 0, 1)


def test_a_handle_beyond_its_segment_is_not_certain():
    assert is_certain(bezier((0, 1), (0, 0), (1, 1), 2), 0, 2)
    assert not is_certain(bezier((0, 1), (0, 0), (1.1, 0.2), 2), 0, 2)


def test_what_repeats_outside_its_keys_is_certain_between_them_only():
    segments = (Segment(length_s=1, expression="linear()"), END)
    channel = Channel(name="tx", segments=segments, before="cycle", after="cycle")
    assert is_certain(channel, 0, 1)
    assert not is_certain(channel, 0, 2)
    assert not is_certain(channel, -1, 1)

"""Ranges and axes of a PTZ node, whatever it writes."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contract import PtzVector
from drivers.onvif.ptz.spaces import AXES, Axis, Spaces, Span, spaces_of


@given(st.floats(-360, 359), st.floats(0.1, 720), st.floats(-1, 1))
def test_velocities_keep_sign_and_bounds(low: float, width: float, ours: float) -> None:
    span = Span(min(low, -0.1), max(low, 0.0) + width)
    theirs = span.velocity(ours)
    assert span.low <= theirs <= span.high
    assert span.velocity(0.0) == 0.0


def space(low: object, high: object, uri: str = "generic") -> Any:
    return SimpleNamespace(
        URI=uri, XRange=SimpleNamespace(Min=low, Max=high), YRange=SimpleNamespace(Min=low, Max=high)
    )


def test_a_head_in_degrees() -> None:
    node = SimpleNamespace(
        SupportedPTZSpaces=SimpleNamespace(
            AbsolutePanTiltPositionSpace=[space(0, 360)],
            AbsoluteZoomPositionSpace=[space(1, 30)],
            ContinuousPanTiltVelocitySpace=[space(-100, 100, "SpeedFov"), space(-8, 8)],
        )
    )
    spaces = spaces_of(node)
    told = SimpleNamespace(PanTilt=SimpleNamespace(x=90, y=180), Zoom=SimpleNamespace(x=30))
    assert spaces.vector(told) == PtzVector(-0.5, 0.0, 1.0)
    assert spaces.speed(PtzVector(pan=0.5, tilt=-1))["PanTilt"] == {"x": 4.0, "y": -8.0}


@pytest.mark.parametrize("node", [None, SimpleNamespace(SupportedPTZSpaces=None)])
def test_a_head_that_tells_no_ranges(node: object) -> None:
    assert spaces_of(node) == Spaces()


@pytest.mark.parametrize(
    ("low", "high"), [(None, 1), (1, 1), (float("-inf"), 1), (-1e308, 1e308), ("x", 1), (float("nan"), 1)]
)
def test_ranges_that_are_none(low: object, high: object) -> None:
    node = SimpleNamespace(
        SupportedPTZSpaces=SimpleNamespace(AbsolutePanTiltPositionSpace=[space(low, high)])
    )
    assert spaces_of(node).pan == Spaces().pan


@pytest.mark.parametrize("told", [None, SimpleNamespace(PanTilt=None, Zoom=None)])
def test_a_position_that_is_not_told(told: object) -> None:
    assert Spaces().vector(told) is None


def node(**spaces: list[Any]) -> Any:
    return SimpleNamespace(SupportedPTZSpaces=SimpleNamespace(**spaces))


@pytest.mark.parametrize(
    ("low", "high", "most"),
    [(0, 1, 1), (1, 7, 7), (0, 100, 100), (7, 1, 7), (-7, -1, 7), (-5, 0, 5), (1, -1, 1), (0.0, 0.5, 0.5)],
)
def test_a_velocity_has_two_directions(low: float, high: float, most: float) -> None:
    """Only positive speeds told for an axis: left must never be sent as right."""
    told = spaces_of(node(ContinuousPanTiltVelocitySpace=[space(low, high)]))
    assert told.speed(PtzVector(pan=-1, tilt=1))["PanTilt"] == {"x": -most, "y": most}
    assert told.speed(PtzVector(pan=0.5, tilt=-0.5))["PanTilt"] == {"x": most / 2, "y": -most / 2}


@given(st.floats(allow_nan=True), st.floats(allow_nan=True), st.floats(allow_nan=True))
def test_whatever_a_node_tells_signs_are_kept(low: float, high: float, ours: float) -> None:
    told = spaces_of(node(ContinuousZoomVelocitySpace=[space(low, high)]))
    sent = told.speed(PtzVector(zoom=ours))["Zoom"]["x"]
    assert sent * ours >= 0 if math.isfinite(ours) else sent == 0
    assert abs(sent) < float("inf")


def test_the_generic_space_is_meant_where_none_is_named() -> None:
    told = spaces_of(
        node(ContinuousPanTiltVelocitySpace=[space(-90, 90), space(-2, 2, "x/VelocityGenericSpace")])
    )
    assert told.pan_speed == Span(-2, 2)


def test_a_range_that_is_none_is_passed_over() -> None:
    told = spaces_of(node(ContinuousZoomVelocitySpace=[space(0, 0), None, space("?", 1), space(-3, 3)]))
    assert told.zoom_speed == Span(-3, 3)


@pytest.mark.parametrize(
    ("told", "axes"),
    [
        (node(), AXES),
        (node(ContinuousPanTiltVelocitySpace=[], ContinuousZoomVelocitySpace=[None]), AXES),
        (node(AbsoluteZoomPositionSpace=[space(0, 1)]), AXES),
        (node(ContinuousPanTiltVelocitySpace=[space(-1, 1)]), (Axis.PAN_TILT,)),
        (node(ContinuousZoomVelocitySpace=[space(None, None)]), (Axis.ZOOM,)),
        (node(ContinuousZoomVelocitySpace=space(-1, 1), ContinuousPanTiltVelocitySpace=[space(-1, 1)]), AXES),
        (SimpleNamespace(SupportedPTZSpaces="?"), AXES),
    ],
)
def test_a_head_has_the_axes_that_its_node_names(told: Any, axes: tuple[Axis, ...]) -> None:
    assert spaces_of(told).axes == axes


def test_a_zoom_alone_has_a_position() -> None:
    told = SimpleNamespace(PanTilt=None, Zoom=SimpleNamespace(x=0.25))
    assert Spaces(axes=(Axis.ZOOM,)).vector(told) == PtzVector(zoom=0.25)
    assert Spaces().vector(told) is None

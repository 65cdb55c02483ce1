"""Descriptions of features: what fits them, what is refused, what is said of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from drivers.errors import Unsupported
from drivers.features import Feature, FeatureCategory, FeatureKind, Value, digital_input, named, relay_output

FPS = Feature("fps", FeatureKind.NUMBER, unit="fps", least=1, most=30, whole=True, writable=True)
NAME = Feature("name", FeatureKind.TEXT, most=4, writable=True)
SIZE = Feature("size", FeatureKind.CHOICE, choices=("640x360", "1280x720"), writable=True)
CLOCK = Feature("clock", FeatureKind.MOMENT, writable=True)
RELAY = relay_output("r0", pulse=2.0)


@pytest.mark.parametrize(
    ("feature", "value"),
    [
        (FPS, 1), (FPS, 30.0), (NAME, ""), (NAME, "Cổng"), (SIZE, "640x360"), (RELAY, True),
        (CLOCK, datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_what_fits(feature: Feature, value: Value) -> None:
    assert feature.check(value) == value


@pytest.mark.parametrize(
    ("feature", "value"),
    [
        (FPS, 0), (FPS, 31), (FPS, 1.5), (FPS, True), (FPS, "25"), (FPS, float("nan")), (FPS, float("inf")),
        (NAME, "Cổng1"), (NAME, "a\n"), (NAME, 7), (SIZE, "1x1"), (SIZE, 1), (RELAY, 1), (RELAY, "on"),
        (CLOCK, datetime(2026, 1, 1)), (CLOCK, "2026-01-01"), (Feature.PTZ, True),
        (digital_input("i0", signal="Device/Trigger/DigitalInput"), True),
    ],
)  # fmt: skip
def test_what_is_refused(feature: Feature, value: Value) -> None:
    with pytest.raises(Unsupported) as caught:
        feature.check(value)
    assert caught.value.code == "driver.value"
    assert caught.value.values["feature"] == feature.id


def test_ranges_in_signs() -> None:
    assert [each.range for each in (FPS, NAME, SIZE, CLOCK, RELAY)] == [
        "1..30 fps", "<= 4", "640x360|1280x720", "moment", "on|off",
    ]  # fmt: skip
    assert Feature("x", FeatureKind.NUMBER, most=5).range == "..5"


def test_relays_and_inputs() -> None:
    assert (RELAY.id, RELAY.category, RELAY.readable, RELAY.writable) == (
        "output.r0", FeatureCategory.IO, False, True,
    )  # fmt: skip


def test_a_secret_is_in_no_error() -> None:
    secret = Feature("password", FeatureKind.TEXT, most=4, writable=True, secret=True)
    assert secret.check("Chim") == "Chim"
    for value in ("Chim-sáo", "Chim\n", ["Chim"]):
        with pytest.raises(Unsupported) as caught:
            secret.check(value)  # type: ignore[arg-type]
        assert caught.value.values == {"feature": "password", "value": "***", "range": "<= 4"}


def test_by_id() -> None:
    assert named((FPS, NAME), "name", "cam") is NAME
    with pytest.raises(Unsupported) as caught:
        named((FPS, NAME), "x" * 999, "cam")
    assert caught.value.values == {"host": "cam", "feature": "x" * 80, "known": "fps, name"}

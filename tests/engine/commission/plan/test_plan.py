"""What is planned: the nearest that a device can, nothing that is right already, the same again after it was done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contract import Feature, FeatureCategory, FeatureKind, Profile, Value
from engine.census.sighting import Expected
from engine.commission.plan.names import plan_names
from engine.commission.plan.streams import as_size, choose, distance, held, plan_streams
from engine.commission.plan.times import plan_time
from engine.commission.plan.wish import Offer, Plan, same
from engine.commission.record import Risk
from engine.commission.sheet.row import Row
from engine.commission.standard import NamesSettings, Standard, StreamSettings, TimeSettings

NOW = datetime(2026, 3, 1, 7, tzinfo=UTC)
MAIN, SUB = Standard().main, Standard().sub
ROW = Row(Expected("cong-ubnd", "Cổng UBND"))


def text(id: str, source: str = "", most: float | None = None) -> Feature:
    return Feature(
        id, FeatureKind.TEXT, FeatureCategory.NETWORK, source=source, most=most, readable=True, writable=True
    )


def flag(id: str, source: str = "") -> Feature:
    return Feature(id, FeatureKind.FLAG, FeatureCategory.NETWORK, source=source, readable=True, writable=True)


def encoder(
    token: str, sizes: Iterable[str], fps: float = 25, codecs: tuple[str, ...] = ("h264",)
) -> list[Feature]:
    def number(knob: str, least: float, most: float) -> Feature:
        return Feature(
            f"encoder.{token}.{knob}", FeatureKind.NUMBER, FeatureCategory.ENCODER, least=least, most=most,
            whole=True, readable=True, writable=True,
        )  # fmt: skip

    def choice(knob: str, choices: tuple[str, ...]) -> Feature:
        return Feature(
            f"encoder.{token}.{knob}", FeatureKind.CHOICE, FeatureCategory.ENCODER, choices=choices,
            readable=True, writable=True,
        )  # fmt: skip

    return [
        choice("codec", codecs), choice("resolution", tuple(sizes)), number("fps", 1, fps),
        number("bitrate", 64, 4096), number("gop", 1, 100),
    ]  # fmt: skip


def done(plan: Plan) -> dict[str, Value]:
    return {wish.feature.id: wish.value for wish in plan.wishes}


CLOCK = Feature("time.clock", FeatureKind.MOMENT, FeatureCategory.TIME, readable=True, writable=True)
MODE = Feature(
    "time.mode",
    FeatureKind.CHOICE,
    FeatureCategory.TIME,
    choices=("manual", "ntp"),
    readable=True,
    writable=True,
)
TIMES = (CLOCK, MODE, text("time.ntp"), text("time.zone"))


def test_a_clock_gets_zone_time_and_server_in_this_order() -> None:
    values: dict[str, Value] = {"time.mode": "manual", "time.ntp": "", "time.zone": "UTC0"}
    plan = plan_time(Offer(TIMES, values), TimeSettings(ntp="192.0.2.1", zone="ICT-7"), NOW, 7200.0)
    assert list(done(plan).items()) == [
        ("time.zone", "ICT-7"),
        ("time.clock", NOW),
        ("time.ntp", "192.0.2.1"),
        ("time.mode", "ntp"),
    ]
    assert plan.told == ()


def test_a_clock_that_is_right_is_left_alone() -> None:
    values: dict[str, Value] = {"time.mode": "ntp", "time.ntp": "192.0.2.1 ", "time.zone": "ICT-7"}
    assert not plan_time(Offer(TIMES, values), TimeSettings(ntp="192.0.2.1", zone="ICT-7"), NOW, -0.8).wishes
    plan = plan_time(Offer(TIMES, values), TimeSettings(), NOW, None)
    assert done(plan) == {"time.clock": NOW}  # one that does not tell is set


def test_a_device_that_knows_no_server_is_told_of() -> None:
    plan = plan_time(Offer((CLOCK, MODE), {"time.mode": "manual"}), TimeSettings(ntp="ntp.example"), NOW, 0.0)
    assert [each.code for each in plan.told] == ["commission.no_ntp"]
    assert plan_time(Offer((), {}), TimeSettings(), NOW, 0.0).told[0].code == "commission.no_clock"


def test_names_are_filled_in_and_cut() -> None:
    features = (
        text("network.hostname"), text("scopes.name", most=6), text("osd.VS1.name", "VS1"),
        flag("osd.VS1.clock", "VS1"),
        text("osd.VS2.name", "VS2"),
    )  # fmt: skip
    plan = plan_names(Offer(features, {"osd.VS1.clock": False}), NamesSettings(), ROW, "VS1", alone=True)
    assert done(plan) == {
        "network.hostname": "cong-ubnd",
        "scopes.name": "Cổng U",
        "osd.VS1.name": "Cổng UBND",
        "osd.VS1.clock": True,
    }
    other = plan_names(Offer(features, {}), NamesSettings(clock=False), ROW, "VS2", alone=False)
    assert done(other) == {"osd.VS2.name": "Cổng UBND"}
    assert (
        plan_names(Offer((), {}), NamesSettings(), ROW, "", alone=True).told[0].code
        == "commission.no_overlay"
    )


def test_forms_do_no_harm() -> None:
    wild = NamesSettings(hostname="{id.x}{0}", name="{name!r}", overlay="{", clock=False)
    offer = Offer((text("network.hostname"), text("scopes.name"), text("osd.a.name")), {})
    assert done(plan_names(offer, wild, ROW, "a", alone=True)) == {
        "network.hostname": "id-x-0",
        "scopes.name": "{name!r}",
        "osd.a.name": "{",
    }


def test_the_two_streams() -> None:
    sizes = ("3840x2160", "1920x1080", "1280x720")
    small = ("704x576", "640x480", "640x360", "352x288")
    profiles = [Profile("big", width=3840, height=2160), Profile("small", width=704, height=576)]
    values: dict[str, Value] = {"encoder.big.codec": "h264", "encoder.small.codec": "H265"}
    offer = Offer((*encoder("big", sizes), *encoder("small", small, 25, ("hevc", "h264"))), values)
    chosen = choose(offer, profiles, MAIN, SUB)
    assert (chosen.main, chosen.sub) == ("big", "small")
    plan = plan_streams(offer, profiles, chosen, MAIN, SUB)
    assert done(plan) == {
        "encoder.big.resolution": "1920x1080", "encoder.big.fps": 15, "encoder.big.bitrate": 2048,
        "encoder.big.gop": 30,
        "encoder.small.codec": "h264", "encoder.small.resolution": "640x360", "encoder.small.fps": 8,
        "encoder.small.bitrate": 384, "encoder.small.gop": 16,
    }  # fmt: skip
    assert {wish.risk for wish in plan.wishes} == {Risk.RESTARTS}


def test_the_shape_counts_more_than_the_pixels() -> None:
    profiles = [Profile("a", width=1, height=1), Profile("b", width=640, height=480)]
    offer = Offer(
        (*encoder("a", ["1920x1080"]), *encoder("b", ["640x480", "320x180", "704x576", "800x450"])), {}
    )
    plan = plan_streams(offer, profiles, choose(offer, profiles, MAIN, SUB), MAIN, SUB)
    assert done(plan)["encoder.b.resolution"] == "800x450"


def test_one_stream_none_and_one_that_cannot_be_set_are_told() -> None:
    one = [Profile("only", width=1280, height=720)]
    offer = Offer(encoder("only", ["1280x720"]), {})
    chosen = choose(offer, one, MAIN, SUB)
    assert chosen.main == chosen.sub == "only"
    plan = plan_streams(offer, one, chosen, MAIN, SUB)
    assert [each.code for each in plan.told] == ["commission.one_stream"]
    assert done(plan)["encoder.only.fps"] == 15
    fixed = plan_streams(Offer((), {}), one, chosen, MAIN, SUB)
    assert [each.code for each in fixed.told] == ["commission.fixed_encoder", "commission.one_stream"]
    assert choose(Offer((), {}), [], MAIN, SUB).main == ""
    hevc = MAIN.model_copy(update={"codec": "hevc"})
    assert plan_streams(offer, one, chosen, hevc, SUB).told[0].code == "commission.no_codec"


def test_the_profile_that_the_sheet_names_is_for_analysis() -> None:
    profiles = [Profile("1", "Haupt", width=640, height=360), Profile("2", "zwei", width=640, height=360)]
    offer = Offer((*encoder("1", ["1920x1080", "640x360"]), *encoder("2", ["640x360"])), {})
    assert choose(offer, profiles, MAIN, SUB).sub == "2"
    assert choose(offer, profiles, MAIN, SUB, "Haupt").sub == "1"


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (1, 1.0004, True),
        (1, 1.1, False),
        (True, 1, True),
        ("a ", "a", True),
        ("1", 1, False),
        (NOW, NOW, True),
    ],
)
def test_what_is_the_same(one: Value, other: Value, alike: bool) -> None:
    assert same(one, other) is alike


SIZES = [
    "352x288",
    "640x360",
    "640x480",
    "704x576",
    "1280x720",
    "1920x1080",
    "2560x1440",
    "3840x2160",
    "320x240",
]
WANTED = st.builds(
    StreamSettings,
    codec=st.sampled_from(["h264", "hevc"]),
    width=st.sampled_from([640, 1280, 1920]),
    height=st.sampled_from([360, 720, 1080]),
    fps=st.sampled_from([5.0, 8.0, 12.5, 25.0]),
    bitrate=st.integers(32, 8000),
    keyframe_seconds=st.sampled_from([0.5, 2.0, 9.0]),
)


@st.composite
def devices(draw: st.DrawFn) -> tuple[Offer, list[Profile]]:
    """A camera with one to four profiles, each set to something that it can."""
    features: list[Feature] = []
    values: dict[str, Value] = {}
    profiles = []
    for number in range(draw(st.integers(1, 4))):
        token = f"{draw(st.sampled_from('abc'))}{number}"
        sizes = draw(st.lists(st.sampled_from(SIZES), min_size=1, max_size=5, unique=True))
        codecs = draw(st.sampled_from([("h264",), ("hevc", "h264"), ("H265",), ("mjpeg",)]))
        features += encoder(token, sizes, draw(st.sampled_from([8, 25, 30])), codecs)
        now = draw(st.sampled_from(sizes))
        width, height = as_size(now) or (0, 0)
        profiles.append(Profile(token, width=width, height=height))
        values |= {f"encoder.{token}.resolution": now, f"encoder.{token}.codec": codecs[0]}
        values |= {f"encoder.{token}.{knob}": draw(st.integers(1, 64)) for knob in ("fps", "bitrate", "gop")}
    return Offer(features, values), sorted(profiles, key=lambda each: -each.width * each.height)


def carried_out(offer: Offer, profiles: list[Profile], plan: Plan) -> tuple[Offer, list[Profile]]:
    values = {**offer.values, **done(plan)}
    told = []
    for profile in profiles:
        width, height = as_size(str(values[f"encoder.{profile.token}.resolution"])) or (0, 0)
        told.append(replace(profile, width=width, height=height))
    return Offer(offer.features, values), sorted(told, key=lambda each: -each.width * each.height)


@given(devices(), WANTED, WANTED)
def test_what_was_done_needs_not_be_done_again(
    device: tuple[Offer, list[Profile]], main: StreamSettings, sub: StreamSettings
) -> None:
    offer, profiles = device
    chosen = choose(offer, profiles, main, sub)
    plan = plan_streams(offer, profiles, chosen, main, sub)
    for wish in plan.wishes:
        assert wish.feature.fits(wish.value)
        assert wish.before is None or not same(wish.before, wish.value)
    offer, profiles = carried_out(offer, profiles, plan)
    again = choose(offer, profiles, main, sub)
    assert plan_streams(offer, profiles, again, main, sub).wishes == ()


@given(st.floats(0.1, 1e4), st.floats(0, 100), st.floats(0, 1000), st.booleans())
def test_a_number_is_held_within_its_range(value: float, least: float, span: float, whole: bool) -> None:
    low, high = (round(least), round(least + span) + 1) if whole else (least, least + span)
    feature = Feature(
        "x", FeatureKind.NUMBER, least=low, most=high, whole=whole, readable=True, writable=True
    )
    assert feature.fits(held(feature, value))


@given(st.sampled_from(SIZES), WANTED)
def test_no_size_is_nearer_than_the_wanted_one(size: str, wanted: StreamSettings) -> None:
    assert distance(as_size(size) or (0, 0), wanted) >= distance((wanted.width, wanted.height), wanted) == 0

"""Each check passes on a camera that is good, fails on one that is bad in just this, and says so."""

from __future__ import annotations

import ast
import asyncio
import errno
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from drivers.contract import Codec, Feature, FeatureCategory, Login, Profile, Target
from drivers.errors import DriverError, Forbidden, Malformed, Refused, Unreachable, Unsupported
from engine.census.sighting import Expected, Identity
from engine.commission.checks import network
from engine.commission.checks.examination import GROUPS, examine
from engine.commission.record import Outcome
from engine.text import catalogue
from tests.engine.examining import (
    FPS,
    Film,
    Rig,
    acceptance,
    clock,
    feature,
    film,
    flat,
    found,
    soft,
    standard,
    still,
    street,
    subject,
)

CHECKS = Path(__file__).parents[4] / "engine" / "commission" / "checks"
PASS, WARN, FAIL, UNTESTED = Outcome.PASS, Outcome.WARN, Outcome.FAIL, Outcome.NOT_TESTED


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole group of pictures is enough, however soon it came; a machine that is busy gets longer."""
    monkeypatch.setattr("engine.commission.checks.watch.LEAST", 0.05)


@pytest.fixture(scope="module")
def films() -> dict[str, Film]:
    return {
        "street": film(), "soft": film(soft), "still": film(still), "clock": film(clock), "black": film(flat(0, 3)),
        "white": film(flat(255)), "grey": film(flat(120, 2)), "long": film(street, 60, 60),
    }  # fmt: skip


@dataclass(frozen=True)
class Case:
    """What makes one check end otherwise."""

    check: str
    outcome: Outcome
    code: str
    rig: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    film: str = "street"
    thorough: bool = False
    acceptance: dict[str, Any] = field(default_factory=dict)
    subject: dict[str, Any] = field(default_factory=dict)


def other(**told: Any) -> Identity:
    return Identity(
        **{"manufacturer": "Maker", "model": "Model 1", "serial": "S2", "firmware": "1.0", **told}
    )


def jump(number: int) -> int:
    """Stamps with a hole of 20 pictures."""
    return number if number < 30 else number + 20


WANTED: dict[str, Any] = {"width": 320, "height": 240, "fps": 10, "bitrate": 2000}
BAD = [
    Case("reach.answer", WARN, "check.answer_bad", {"slow": 0.02}, acceptance={"reach": {"answer": {"most": 0.01}}}),
    Case("reach.answer", FAIL, "check.answer_bad", {"slow": 0.02},
         acceptance={"reach": {"answer": {"most": 0.01, "warn_most": 0.015}}}),
    Case("reach.services", WARN, "check.services_bad", {"abilities": frozenset({Feature.SIGNALS})}),
    Case("identity.planned", FAIL, "check.planned_bad", subject={"expected": Expected("gate", serial="OTHER")}),
    Case("identity.planned", FAIL, "check.planned_bad",
         subject={"expected": Expected("gate", mac="02:00:00:00:00:99")}),
    Case("identity.planned", UNTESTED, "check.no_plan", subject={"expected": Expected("gate")}),
    Case("identity.serial", FAIL, "check.serial_none", subject={"identity": Identity("Maker", "Model 1")}),
    Case("identity.serial", FAIL, "check.serial_twice", subject={"others": {"b": other(serial="S1")}}),
    Case("identity.serial", FAIL, "check.serial_twice",
         subject={"others": {"b": other(serial="S1", macs=("02:00:00:00:00:02",))}}),
    Case("identity.firmware", WARN, "check.firmware_bad",
         subject={"standard": standard(firmware={"Maker Model 1": "2.0"})}),
    Case("identity.firmware", UNTESTED, "check.no_baseline", subject={"standard": standard(firmware={})}),
    Case("identity.mixed", WARN, "check.mixed_bad", subject={"others": {"b": other(firmware="0.9")}}),
    Case("identity.mixed", UNTESTED, "check.alone"),
    Case("login.required", FAIL, "check.login_required_bad", {"stranger": {"open"}}),
    Case("login.required", FAIL, "check.login_required_bad", {"stranger": {"open", "users", "stream"}}),
    Case("login.wrong", FAIL, "check.wrong_taken", {"any_password": True}, thorough=True),
    Case("login.wrong", UNTESTED, "check.long_set_wrong", {"any_password": True}),
    Case("login.default", FAIL, "check.default_there", subject={"default_login": True}),
    Case("login.default", UNTESTED, "check.no_defaults", subject={"standard": standard(passwords={})}),
    Case("login.default", UNTESTED, "check.default_unasked", {"stranger": {"open"}}),
    Case("login.administrators", WARN, "check.administrators_bad",
         acceptance={"login": {"administrators": {"most": 0}}}),
    Case("login.administrators", UNTESTED, "check.untold", {"configured": ()}),
    Case("login.administrators", UNTESTED, "check.administrators_untold",
         values={"user.admin.level": "administrator"}),
    Case("login.administrators", UNTESTED, "check.administrators_untold",
         values={"user.admin.level": "administrator", "user.guest.level": "user", "users.count": 3}),
    Case("login.administrators", WARN, "check.administrators_bad", values={"user.admin.level": "administrator"},
         acceptance={"login": {"administrators": {"most": 0}}}),
    Case("clock.offset", UNTESTED, "check.no_clock", {"ahead": None}),
    Case("clock.offset", UNTESTED, "check.clock_doubt", {"slow": 0.4}),
    Case("clock.offset", FAIL, "check.clock_zone", {"ahead": 7 * 3600.0}),
    Case("clock.offset", FAIL, "check.clock_bad", {"ahead": -400.0, "slow": 0.1}),
    Case("clock.ntp", WARN, "check.ntp_manual", values={"time.mode": "manual"}),
    Case("clock.ntp", WARN, "check.ntp_other", subject={"standard": standard(time={"ntp": "10.9.9.9"})}),
    Case("clock.ntp", UNTESTED, "check.untold", values={"time.mode": None}),
    Case("clock.zone", FAIL, "check.zone_bad", values={"time.zone": "UTC0"}),
    Case("clock.zone", UNTESTED, "check.untold", values={"time.zone": None}),
    Case("names.scope", WARN, "check.name_bad", values={"scopes.name": "IPC"}),
    Case("names.hostname", WARN, "check.name_bad", values={"network.hostname": "ipc"}),
    Case("names.overlay", WARN, "check.name_bad", values={"osd.src0.name": ""}),
    Case("names.overlay", UNTESTED, "check.not_wanted", subject={"standard": standard(names={"overlay": ""})}),
    Case("names.overlay_clock", WARN, "check.overlay_clock_missing", values={"osd.src0.clock": False}),
    Case("names.overlay_clock", WARN, "check.overlay_clock_there",
         subject={"standard": standard(names={"clock": False})}),
    Case("stream.main.open", FAIL, "check.stream_shut+driver.unreachable",
         {"on_start": Unreachable(host="192.0.2.1", detail="no route")}),
    Case("stream.main.open", WARN, "check.open_bad", acceptance={"stream": {"open": {"most": 0.0001}}}),
    Case("stream.main.codec", FAIL, "check.lie", values={"encoder.main.codec": "H265"}),
    Case("stream.main.resolution", FAIL, "check.lie", values={"encoder.main.resolution": "1920x1080"}),
    Case("stream.main.fps", FAIL, "check.fps_bad", values={"encoder.main.fps": 25}),
    Case("stream.main.fps", WARN, "check.fps_bad", values={"encoder.main.fps": 12}),
    Case("stream.main.fps", FAIL, "check.fps_bad", {"pace": 0.4}, acceptance={"durations": {"stream": 2.5}}),
    Case("stream.main.fps", UNTESTED, "check.too_few", {"stamps": lambda number: 0}),
    Case("stream.main.fps", UNTESTED, "check.untold_stream",
         {"profiles": (Profile("main", "", Codec.H264, 320, 240, 0),)}, values={"encoder.main.fps": None}),
    Case("stream.main.plan", WARN, "check.plan_bad",
         subject={"standard": standard(main=WANTED | {"codec": "hevc"})}),
    Case("stream.main.plan", WARN, "check.plan_bad",
         subject={"standard": standard(main=WANTED | {"fps": 25})}),
    Case("stream.main.plan", UNTESTED, "check.too_few", {"stamps": lambda number: 0}),
    Case("stream.main.resolution", UNTESTED, "check.untold_stream",
         {"profiles": (Profile("main", "", Codec.H264, 0, 0, FPS),)}, values={"encoder.main.resolution": None}),
    Case("stream.main.codec", UNTESTED, "check.codec_untold", {"profiles": (Profile("main", "", None, 320, 240, FPS),)},
         values={"encoder.main.codec": None}),
    Case("stream.main.bframes", UNTESTED, "check.too_few", {"pace": 0.15},
         acceptance={"durations": {"stream": 0.2}}),
    Case("stream.main.continuity", FAIL, "check.backwards", {"backwards": True}, thorough=True),
    Case("stream.main.continuity", FAIL, "check.behind", {"pace": 0.4}, thorough=True,
         acceptance={"durations": {"continuity": 2.5}}),
    Case("stream.main.continuity", UNTESTED, "check.too_few", {"pace": 0.15}, thorough=True,
         acceptance={"durations": {"continuity": 0.2}}),
    Case("stream.main.plan", WARN, "check.plan_bad",
         subject={"standard": standard(main={"width": 1920, "height": 1080, "fps": 10, "bitrate": 2000})}),
    Case("stream.main.gop", FAIL, "check.gop_bad", acceptance={"stream": {"gop": {"most": 0.5, "warn_most": 0.7}}}),
    Case("stream.main.gop", FAIL, "check.gop_longer", {"pace": 0.005, "stamps": lambda number: 10 * number},
         film="long", acceptance={"stream": {"gop": {"most": 2, "warn_most": 3}}, "durations": {"stream": 0.15}}),
    Case("stream.main.gop", UNTESTED, "check.gop_unseen", {"pace": 0.01}, film="long",
         acceptance={"durations": {"stream": 0.15}}),
    Case("stream.main.gop", WARN, "check.gop_bad", film="long", acceptance={"durations": {"stream": 0.5}}),
    Case("stream.main.bframes", WARN, "check.bframes_bad", {"stamps": lambda number: number + 3 * (number % 2)}),
    Case("stream.main.bitrate", WARN, "check.bitrate_bad", values={"encoder.main.bitrate": 1}, thorough=True),
    Case("stream.main.bitrate", UNTESTED, "check.bitrate_short", acceptance={"durations": {"bitrate": 3000}}),
    Case("stream.main.bitrate", UNTESTED, "check.bitrate_unlimited", values={"encoder.main.bitrate": None},
         thorough=True),
    Case("stream.main.continuity", FAIL, "check.continuity_bad", {"stamps": jump}, thorough=True),
    Case("stream.main.continuity", FAIL, "check.ended", {"ends": 30}, thorough=True),
    Case("stream.main.continuity", UNTESTED, "check.long_set"),
    Case("picture.brightness", FAIL, "check.brightness_bad", film="black"),
    Case("picture.brightness", FAIL, "check.brightness_bad", film="white"),
    Case("picture.dark", WARN, "check.dark_bad", film="black"),
    Case("picture.bright", WARN, "check.bright_bad", film="white"),
    Case("picture.uniform", FAIL, "check.uniform_bad", film="grey"),
    Case("picture.sharpness", WARN, "check.sharpness_bad", film="soft"),
    Case("picture.frozen", FAIL, "check.frozen_bad", film="still"),
    Case("picture.frozen", FAIL, "check.frozen_bad", film="clock"),
    Case("picture.frozen", UNTESTED, "check.one_picture", {"pace": 0.01}, film="long",
         acceptance={"durations": {"stream": 0.15}}),
    Case("picture.frozen", UNTESTED, "check.no_picture", {"on_start": Unreachable(host="h", detail="d")}),
    Case("network.rtt", WARN, "check.rtt_bad", {"slow": 0.02}, acceptance={"network": {"rtt": {"most": 1}}}),
    Case("network.https", WARN, "check.https_bad", values={"network.https": False}),
    Case("network.https", UNTESTED, "check.untold", values={"network.https": None}),
    Case("network.ports", UNTESTED, "check.no_ports", acceptance={"network": {"closed": []}}),
    Case("network.ports", UNTESTED, "camera.system", subject={"target": Target("http://gone.invalid/")}),
    Case("events.topics", WARN, "check.topics_bad", {"topics_told": ()}),
    Case("events.topics", UNTESTED, "check.topics_untold", {"topics_told": None}),
    Case("events.initial", WARN, "check.deaf", {"deaf": True}),
    Case("events.initial", UNTESTED, "check.no_events", {"no_events": True}),
    Case("io.relays", UNTESTED, "check.relays", {"configured": (feature("o", FeatureCategory.IO, writable=True),)}),
    Case("io.inputs", UNTESTED, "check.inputs", {"configured": (feature("i", FeatureCategory.IO),)}),
]  # fmt: skip


@pytest.mark.parametrize("case", BAD, ids=lambda case: f"{case.check}-{case.code}")
async def test_what_is_bad_is_told(case: Case, films: dict[str, Film]) -> None:
    rig = Rig(films[case.film], **case.rig)
    rig.values = {key: value for key, value in {**rig.values, **case.values}.items() if value is not None}
    results = await found(rig, acceptance(**case.acceptance), thorough=case.thorough, **case.subject)
    result = results[case.check]
    assert (result.outcome, result.reason.code) == (case.outcome, case.code), result
    assert result.reason.vi
    assert result.reason.en
    assert "{" not in result.reason.vi + result.reason.en
    assert rig.closed == rig.opened


async def test_what_is_good_passes_and_nothing_else_is_said(films: dict[str, Film]) -> None:
    rig = Rig(films["street"])
    twin = {"b": other()}
    results = await found(rig, acceptance(durations={"clock": 1.1}), thorough=True, others=twin)
    tested = {check for check, each in results.items() if each.outcome is not UNTESTED}
    assert {check for check in tested if results[check].outcome is not PASS} == set()
    judged = {case.check for case in BAD if case.outcome in (WARN, FAIL)}
    assert judged - tested == set(), "a check that never passes"
    assert tested - judged == {"network.ports"}, "a check that never fails"


async def test_every_result_says_what_it_was_held_against(films: dict[str, Film]) -> None:
    results = await found(Rig(films["street"]))
    for check, each in results.items():
        rule = acceptance().rule(check)
        assert each.source == (rule.source if rule else ""), check
    assert results["clock.offset"].threshold == "<= 0.5 s"
    assert results["picture.brightness"].threshold == "40..200"


async def test_an_open_port_is_told(films: dict[str, Film]) -> None:
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        bad = await found(Rig(films["street"]), acceptance(network={"closed": [port, 1]}))
    assert (bad["network.ports"].outcome, bad["network.ports"].value) == (FAIL, str(port))


async def test_ports_of_a_host_that_has_gone_are_not_closed(
    films: dict[str, Film], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dropped(*_: object, **__: object) -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr(network, "KNOCK", 0.01)
    monkeypatch.setattr(asyncio, "open_connection", dropped)
    result = (await found(Rig(films["street"])))["network.ports"]
    assert (result.outcome, result.reason.code) == (UNTESTED, "camera.timeout")


async def test_a_way_that_is_broken_says_nothing_of_a_port(
    films: dict[str, Film], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = asyncio.open_connection
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    alive = server.sockets[0].getsockname()[1]

    async def broken(host: str, port: int) -> Any:
        if port != alive:
            raise OSError(errno.EMFILE, "Too many open files")
        return await connect(host, port)

    monkeypatch.setattr(asyncio, "open_connection", broken)
    async with server:
        target = Target(f"http://127.0.0.1:{alive}/")
        result = (await found(Rig(films["street"]), target=target))["network.ports"]
    assert (result.outcome, result.reason.code) == (UNTESTED, "camera.system")


async def test_ports_that_drop_what_comes_are_closed_where_the_host_still_answers(
    films: dict[str, Film], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = asyncio.open_connection
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    alive = server.sockets[0].getsockname()[1]

    async def filtered(host: str, port: int) -> Any:
        return await (connect(host, port) if port == alive else asyncio.sleep(3600))

    monkeypatch.setattr(network, "KNOCK", 0.2)
    monkeypatch.setattr(asyncio, "open_connection", filtered)
    async with server:
        target = Target(f"http://127.0.0.1:{alive}/")
        result = (await found(Rig(films["street"]), target=target))["network.ports"]
    assert result.outcome is PASS


@pytest.mark.parametrize(
    ("fault", "outcome", "code"),
    [
        (Malformed(host="h", detail="SDP"), UNTESTED, "driver.malformed"),
        (Unsupported("driver.no_stream", host="h"), UNTESTED, "driver.no_stream"),
        (Refused(host="h", user=""), PASS, "check.login_required"),
        (Forbidden(host="h", user="", detail="403"), PASS, "check.login_required"),
        (None, FAIL, "check.login_required_bad"),
    ],
    ids=lambda each: getattr(each, "code", None),
)
async def test_only_a_refusal_keeps_strangers_out(
    fault: DriverError | None, outcome: Outcome, code: str, films: dict[str, Film]
) -> None:
    """A device of streams alone: one that could not be understood was not tried."""
    stranger = Rig(films["street"], stranger={"open", "stream"}, on_start=fault)

    class Alone:
        cameras = subject(stranger).device.cameras

    class Door(Rig):
        @asynccontextmanager
        async def open(self, target: Target, login: Login | None) -> AsyncIterator[Any]:
            yield Alone()

    rig = Rig(films["street"])
    result = (await found(rig, driver=Door(films["street"])))["login.required"]
    assert (result.outcome, result.reason.code) == (outcome, code)


async def test_a_channel_of_a_recorder_is_no_twin_of_the_next(films: dict[str, Film]) -> None:
    channel = Expected("gate", serial="S1", source="src0")
    results = await found(Rig(films["street"]), expected=channel, others={"b": other(serial="S1")})
    assert results["identity.serial"].outcome is PASS


async def test_a_check_that_the_site_left_out_is_never_passed(films: dict[str, Film]) -> None:
    off = acceptance(clock={"zone": {"otherwise": "off"}}, picture={"frozen": {"otherwise": "off"}})
    results = await found(Rig(films["still"]), off)
    for check in ("clock.zone", "picture.frozen"):
        assert (results[check].outcome, results[check].reason.code) == (UNTESTED, "check.off")


async def test_a_device_that_stops_answering_is_told_check_by_check(films: dict[str, Film]) -> None:
    rig = Rig(films["street"], on_clock=Unreachable(host="192.0.2.1", detail="timed out"))
    results = await found(rig)
    assert {results[each].reason.code for each in ("reach.answer", "clock.offset", "network.rtt")} == {
        "driver.unreachable"
    }
    assert results["stream.main.open"].outcome is PASS


async def test_streams_of_all_profiles_are_checked_two_at_a_time(films: dict[str, Film]) -> None:
    many = tuple(Profile(f"p.{n}", "", Codec.H264, 320, 240, FPS) for n in range(6))
    results = await found(Rig(films["street"], profiles=many))
    opened = [check for check in results if check.endswith(".open")]
    assert opened == [f"stream.p%2E{n}.open" for n in range(4)]
    assert results["stream.p%2E0.plan"].outcome is results["stream.p%2E1.plan"].outcome is PASS
    assert results["stream.p%2E2.plan"].reason.code == "check.stream_unplanned"


async def test_a_recorder_is_not_called_by_the_name_of_a_channel(films: dict[str, Film]) -> None:
    whole = subject(Rig(films["street"]))
    device: Any = whole.device
    device.cameras *= 2
    results = {each.check: each for each in await examine(whole, acceptance(), False, lambda group: None)}
    assert results["names.scope"].reason.code == results["names.hostname"].reason.code == "check.recorder"
    assert results["names.overlay"].outcome is PASS


async def test_in_the_quick_set_no_wrong_login_is_sent(films: dict[str, Film]) -> None:
    rig = Rig(films["street"])
    await found(rig)
    assert [each for each in rig.logins if each is not None] == []
    await found(rig, thorough=True)
    assert len([each for each in rig.logins if each is not None]) == 1


async def test_the_picture_is_kept_with_its_hash(films: dict[str, Film]) -> None:
    whole = subject(Rig(films["street"]))
    results = await examine(whole, acceptance(), False, lambda group: None)
    ((record, jpeg),) = whole.pictures.taken
    assert jpeg.startswith(b"\xff\xd8")
    assert record.name.startswith("gate-")
    assert {each.pictures for each in results if each.check == "picture.sharpness"} == {(record.name,)}


async def test_where_the_main_stream_is_shut_the_next_one_is_looked_at(films: dict[str, Film]) -> None:
    two = tuple(Profile(name, "", Codec.H264, 320, 240, FPS) for name in ("main", "sub"))
    whole = subject(Rig(films["street"], profiles=two, shut=frozenset({"main"})))
    results = {each.check: each for each in await examine(whole, acceptance(), False, lambda group: None)}
    assert results["stream.main.open"].outcome is FAIL
    assert results["picture.brightness"].outcome is PASS
    ((record, _),) = whole.pictures.taken
    assert record.caption.values["stream"] == "sub"


async def test_cancelled_it_leaves_no_thread_and_no_stream(films: dict[str, Film]) -> None:
    rig = Rig(films["street"], pace=0.05)
    task = asyncio.get_running_loop().create_task(
        found(rig, acceptance(durations={"stream": 50})), name="examine"
    )
    while not rig.opened:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    while [each for each in threading.enumerate() if each.name.startswith("check[")]:
        await asyncio.sleep(0.01)
    assert rig.closed == rig.opened


async def test_results_come_in_the_order_of_the_groups(films: dict[str, Film]) -> None:
    groups = [check.split(".")[0] for check in await found(Rig(films["street"]))]
    assert groups == sorted(groups, key=GROUPS.index)
    assert set(groups) == set(GROUPS)


def strings(keep: Callable[[str], bool]) -> set[str]:
    """Texts of the checks' source."""
    trees = (ast.parse(path.read_text("utf-8")) for path in CHECKS.glob("*.py"))
    every = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {each for each in every if isinstance(each, str) and keep(each)}


def test_every_sentence_of_the_checks_is_there_and_used() -> None:
    said = {each.rstrip("+") for each in strings(lambda text: text.startswith("check."))}
    assert said - {"check."} - {f"check.{name}" for name in ("login",)} == {
        code for code in catalogue("vi") if code.startswith("check.")
    }


async def test_every_check_has_a_name_in_both_languages(films: dict[str, Film]) -> None:
    for check in await found(Rig(films["street"])):
        group, *_, name = check.split(".")
        for language in ("vi", "en"):
            assert f"check_name.{group}_{name}" in catalogue(language)
            assert f"check_group.{group}" in catalogue(language)

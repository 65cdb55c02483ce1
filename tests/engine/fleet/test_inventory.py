"""Discovery: each device told once, nothing probed that was not allowed, nobody logged in to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from drivers.contract import API, Device, Found, Login, Scope, Target
from drivers.errors import Unreachable
from engine.config.settings import CameraSettings, DiscoverySettings
from engine.draft import Draft
from engine.fleet import inventory
from engine.fleet.inventory import Inventory, installed_drivers, probe
from engine.runtime.clock import ManualClock
from engine.text import LANGUAGES, Language, render
from rules.model import Change, Kind

CLOCK = ManualClock(datetime(2026, 11, 22, 8, tzinfo=UTC))


def found(
    identity: str, url: str = "http://192.0.2.7/onvif/device_service", address: str = "192.0.2.7"
) -> Found:
    return Found("fake", url, identity, address, "Gate", "Model 1")


@dataclass
class Finder:
    """A driver that finds, or fails; opening a device would be a log-in."""

    finds: list[Found | Exception] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    name: str = "finder"
    title: str = "Finder"
    schemes: frozenset[str] = frozenset()
    api: int = API

    async def discover(self, scope: Scope, wait: float) -> AsyncIterator[Found]:
        self.scopes.append(scope)
        for each in self.finds:
            if isinstance(each, Exception):
                raise each
            yield each

    def open(self, target: Target, login: Login | None) -> AbstractAsyncContextManager[Device]:
        raise AssertionError("discovery must never open a device")


class Drafts(list[Draft]):
    async def offer(self, draft: Draft) -> None:
        self.append(draft)

    def offer_from_thread(self, drafts: object) -> None:
        raise AssertionError("not from a thread")


def make(
    drafts: Drafts,
    *drivers: Finder,
    cameras: dict[str, str] | None = None,
    interfaces: tuple[str, ...] = ("127.0.0.1",),
) -> Inventory:
    known = [CameraSettings.model_validate({"id": name, "url": url}) for name, url in (cameras or {}).items()]
    settings = DiscoverySettings(interfaces=list(interfaces), every=5.0)
    return Inventory(settings, known, drivers, drafts, CLOCK)


class Enough(Exception):
    """As often as was wanted."""


async def rounds(subject: Inventory, count: int) -> None:
    """Let it probe so many times."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) >= count:
            raise Enough

    subject._sleep = sleep
    with pytest.raises(Enough):
        await subject.run()
    assert set(slept) == {5.0}


async def test_a_device_is_told_once() -> None:
    drafts = Drafts()
    driver = Finder([found("urn:1"), found("urn:1"), found("urn:2", address="192.0.2.8")])
    await rounds(make(drafts, driver), 3)
    assert len(driver.scopes) == 3
    assert driver.scopes[0] == Scope(("127.0.0.1",), ())
    assert [each.subject for each in drafts] == ["discovery:urn:1", "discovery:urn:2"]
    first = drafts[0]
    assert (first.kind, first.change, first.label, first.camera) == (
        Kind.CAMERA,
        Change.NOTED,
        "discovered",
        None,
    )
    assert first.facts == {"url": "http://192.0.2.7/onvif/device_service", "name": "Gate", "model": "Model 1"}


@pytest.mark.parametrize(
    ("configured", "announced", "known"),
    [
        ("http://192.0.2.7/onvif/device_service", "http://192.0.2.7:80/onvif/services", True),
        ("http://192.0.2.7:8080/onvif/device_service", "http://192.0.2.7/onvif/device_service", False),
        ("https://192.0.2.7/onvif/device_service", "https://192.0.2.7:443/onvif/device_service", True),
        ("http://192.0.2.9/onvif/device_service", "http://192.0.2.7/onvif/device_service", False),
        ("file:gate.mp4", "not an address at all", False),
        ("http://192.0.2.7/x", "http://[bad/", False),
        ("http://192.0.2.7/x", "http://192.0.2.7:99999/", False),
    ],
)
async def test_what_is_configured_is_told_with_its_camera(
    configured: str, announced: str, known: bool
) -> None:
    drafts = Drafts()
    subject = make(drafts, Finder([found("urn:1", announced)]), cameras={"gate": configured})
    await rounds(subject, 1)
    assert drafts[0].camera == ("gate" if known else None)


@pytest.mark.parametrize("error", [Unreachable(host="eth9", detail="no such interface"), KeyError("XAddrs")])
async def test_a_driver_that_fails_stops_no_other(error: Exception) -> None:
    drafts = Drafts()
    broken, sound = Finder([found("urn:1"), error]), Finder([found("urn:2")])
    await rounds(make(drafts, broken, sound), 2)
    assert [each.subject for each in drafts] == ["discovery:urn:1", "discovery:urn:2"]
    assert len(broken.scopes) == len(sound.scopes) == 2


async def test_nothing_is_probed_without_leave() -> None:
    driver = Finder([found("urn:1")])
    drafts = Drafts()
    await asyncio.wait_for(make(drafts, driver, interfaces=()).run(), 5)
    assert driver.scopes == []
    assert drafts == []


async def test_no_host_is_ever_knocked_at_by_an_engine() -> None:
    """A sweep is a person's word, on the command line; no configuration can say it."""
    driver = Finder([found("urn:1")])
    await rounds(make(Drafts(), driver), 2)
    assert [scope.sweep for scope in driver.scopes] == [False, False]
    assert not any("sweep" in name for name in DiscoverySettings.model_fields)


async def test_a_flood_of_answers_is_bounded_and_counted() -> None:
    drafts = Drafts()
    flood = [found(f"urn:{number}" + "x" * 10_000) for number in range(inventory.MOST + 50)]
    subject = make(drafts, Finder(list(flood)))
    await rounds(subject, 1)
    assert len(subject.found) == len(drafts) == inventory.MOST
    assert subject.ignored == 50
    assert max(len(each.subject) for each in drafts) < 300
    await rounds(subject, 2)
    assert subject.ignored == 50  # of those that answered last, not again and again
    (said,) = subject.problems()
    assert (said.code, said.values) == ("discovery.full", {"most": inventory.MOST, "ignored": 50})


LOST = Unreachable("driver.answers_lost", places="", lost=7, most=0)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_was_lost_is_a_standing_problem_until_it_is_found(
    language: Language, caplog: pytest.LogCaptureFixture
) -> None:
    driver = Finder([found("urn:1"), LOST])
    subject = make(Drafts(), driver, Finder([found("urn:2")]))
    await rounds(subject, 1)
    (said,) = subject.problems()
    sentence = render(said.code, said.values, language)
    assert "7" in sentence
    assert "finder" in sentence
    driver.finds.pop()
    await rounds(subject, 1)
    assert list(subject.problems()) == []


async def test_a_driver_that_breaks_is_a_standing_problem() -> None:
    subject = make(Drafts(), Finder([KeyError("XAddrs")]))
    await rounds(subject, 1)
    (said,) = subject.problems()
    assert "KeyError" in render(said.code, said.values, "en")


async def test_the_same_trouble_is_logged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[str] = []
    monkeypatch.setattr(inventory, "_log", lambda driver, said: logged.append(said.code))
    await rounds(make(Drafts(), Finder([LOST])), 3)
    assert logged == ["driver.answers_lost"]


async def test_a_probe_yields_each_answer_once_over_all_drivers() -> None:
    twin = found("urn:1", "http://192.0.2.9/onvif/device_service", "192.0.2.9")
    drivers = [Finder([found("urn:1")]), Finder([found("urn:1"), twin])]
    answers = [each.address async for each in probe(Scope(("127.0.0.1",)), 0.1, drivers)]
    assert answers == ["192.0.2.7", "192.0.2.9"]


def test_the_installed_drivers_are_ours() -> None:
    assert {"clip", "onvif", "rtsp", "virtual"} <= {driver.name for driver in installed_drivers()}

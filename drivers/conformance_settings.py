"""What every driver whose devices can be set must pass; a part of `drivers.conformance.DriverConformance`."""

# ruff: noqa: S101, D102  # a class of tests: it asserts, and its names are sentences

from __future__ import annotations

import asyncio
import inspect
import logging
import traceback
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import pytest

from drivers.contract import (
    Configurable,
    Device,
    Driver,
    Feature,
    FeatureKind,
    Login,
    Restartable,
    Target,
    Together,
    Topical,
)
from drivers.errors import Unsupported
from drivers.features import accounts, unfit

#: The wrong password of these tests: it must not turn up anywhere.
CANARY = "Chim-hoang-yen-7f3a9c"
#: Seconds after which something is held to hang.
PATIENCE = 60.0


class SettingsConformance:
    """Its fixtures are those of `DriverConformance`."""

    # -- what can be set -------------------------------------------------------------------------

    async def test_configuration_is_described_and_readable(
        self, driver: Driver, target: Target, login: Login | None
    ) -> None:
        async with _configurable(driver, target, login) as (device, features):
            assert_described(features)
            assert not {feature.id for feature in features if feature.kind is FeatureKind.ABILITY}
            for feature in features:
                if feature.readable:
                    assert feature.fits(await device.read(feature.id)), feature
                else:
                    with pytest.raises(Unsupported):
                        await device.read(feature.id)

    async def test_configuration_is_written_as_described(
        self, driver: Driver, target: Target, login: Login | None
    ) -> None:
        """What was read can be written, a relay can be let go, and nothing else than what is described.

        Passwords are left alone, and nobody gets or loses an account.
        """
        async with _configurable(driver, target, login) as (device, features):
            for feature in features:
                with pytest.raises(Unsupported):
                    await device.write(feature.id, unfit(feature))
                if feature.writable and not feature.secret:
                    await device.write(
                        feature.id, await device.read(feature.id) if feature.readable else False
                    )
            assert accounts(await device.configuration()) == accounts(features)

    async def test_configuration_is_set_together_or_not_at_all(
        self, driver: Driver, target: Target, login: Login | None
    ) -> None:
        """What was read is written back at once; one that cannot be leaves all others as they were."""
        async with _configurable(driver, target, login) as (device, features):
            if not isinstance(device, Together):
                pytest.skip("the device is set one by one")
            plain = [each for each in features if each.readable and each.writable and not each.secret]
            await device.write_together({each.id: await device.read(each.id) for each in plain})
            await device.write_together({})
            others = {each.id: each.least for each in plain if each.least is not None}
            before = {id: await device.read(id) for id in others}
            for bad in ("no.such.feature", *(each.id for each in features if not each.writable)):
                with pytest.raises(Unsupported):
                    await device.write_together({**others, bad: True})
            assert {id: await device.read(id) for id in before} == before

    async def test_a_secret_that_is_refused_is_not_told(
        self, driver: Driver, target: Target, login: Login | None, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        async with _configurable(driver, target, login) as (device, features):
            for feature in features:
                if feature.secret:
                    with pytest.raises(Unsupported) as caught:
                        await device.write(feature.id, f"{CANARY}\n")  # no text of one line
                    assert CANARY not in told(caught.value) + caplog.text

    async def test_unknown_feature_is_unsupported(
        self, driver: Driver, target: Target, login: Login | None
    ) -> None:
        async with _configurable(driver, target, login) as (device, _):
            with pytest.raises(Unsupported):
                await device.read("no.such.feature")
            with pytest.raises(Unsupported):
                await device.write("no.such.feature", True)

    # -- what a device may offer besides ---------------------------------------------------------

    async def test_topics_are_named_as_signals_are(
        self, driver: Driver, target: Target, login: Login | None
    ) -> None:
        async with opened(driver, target, login) as device, asyncio.timeout(PATIENCE):
            topics = await device.topics() if isinstance(device, Topical) else None
        if topics is None:
            pytest.skip("the device does not say what it could tell")
        assert list(topics) == sorted(set(topics))
        assert all(topic.isprintable() and topic.strip("/") == topic != "" for topic in topics)
        assert not [topic for topic in topics if ":" in topic]

    async def test_a_restart_is_offered_and_not_tried(
        self, driver: Driver, target: Target, login: Login | None
    ) -> None:
        """It is never called here: whoever tests on a real device would lose it for a minute."""
        async with opened(driver, target, login) as device:
            if not isinstance(device, Restartable):
                pytest.skip("the device cannot be restarted")
            assert inspect.iscoroutinefunction(device.reboot)
            assert not inspect.signature(device.reboot).parameters


@asynccontextmanager
async def opened(driver: Driver, target: Target, login: Login | None) -> AsyncIterator[Device]:
    """Open a device for as long as the context lasts."""
    async with driver.open(target, login) as device:
        yield device


@asynccontextmanager
async def _configurable(
    driver: Driver, target: Target, login: Login | None
) -> AsyncIterator[tuple[Configurable, tuple[Feature, ...]]]:
    async with opened(driver, target, login) as device, asyncio.timeout(PATIENCE):
        if isinstance(device, Configurable):
            yield device, await device.configuration()
            return
    pytest.skip("nothing of the device can be set")  # out here: a task group would wrap it


def assert_described(features: Collection[Feature]) -> None:
    """Hold descriptions against themselves: a program that knows no single feature can go by them."""
    assert len({feature.id for feature in features}) == len(features)
    for feature in features:
        assert feature.id.isprintable(), feature
        assert " " not in feature.id, feature
        assert feature.id, feature
        assert (feature.kind is FeatureKind.CHOICE) == bool(feature.choices), feature
        assert feature.least is None or feature.most is None or feature.least <= feature.most, feature
        if feature.kind is FeatureKind.ABILITY:
            assert (feature.readable, feature.writable) == (False, False), feature
        else:
            assert feature.readable or feature.writable or feature.signal, feature
        if feature.secret:
            assert (feature.kind, feature.readable, feature.writable) == (FeatureKind.TEXT, False, True), (
                feature
            )


def told(error: BaseException) -> str:
    """Return all that a log could print of an error, down to the exceptions that it hides."""
    told, here = "".join(traceback.format_exception(error)), error.__context__
    while here is not None:
        told += f"{here!r} {here} {here.args} {vars(here)}"
        here = here.__context__
    return f"{told} {error!r} {vars(error)}"

"""What every driver must pass, ours or foreign: subclass `DriverConformance` in your tests.

Needs pytest with pytest-asyncio in auto mode; see ``docs/guide/driver.md``. Time-outs here only keep a
hanging driver from hanging the tests; how fast a driver is, benchmarks say.
"""

# ruff: noqa: S101, D102  # a class of tests: it asserts, and its names are sentences

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from itertools import pairwise

import pytest

from drivers.conformance_settings import CANARY as CANARY
from drivers.conformance_settings import PATIENCE as PATIENCE
from drivers.conformance_settings import SettingsConformance, assert_described, opened, told
from drivers.contract import (
    API,
    Camera,
    CodecParameters,
    Device,
    DeviceInfo,
    Driver,
    Feature,
    FeatureKind,
    Found,
    Login,
    Packet,
    Ptz,
    PtzStatus,
    PtzVector,
    Scope,
    Signal,
    Speaker,
    Stream,
    Target,
    TrackKind,
    tracks_of,
)
from drivers.errors import DriverError, Refused, Unreachable, Unsupported
from drivers.possessions import NOTHING, left_over, possessions

#: Packets read, and packets within which decoding must be able to start.
PACKETS, KEYFRAME_WITHIN = 30, 300


class DriverConformance(SettingsConformance):
    """Subclass it, name it ``Test...``, and override the fixtures `driver` and `target` at least."""

    @pytest.fixture
    def driver(self) -> Driver:
        """Return the driver under test."""
        raise NotImplementedError

    @pytest.fixture
    def target(self) -> Target:
        """Return a device that works."""
        raise NotImplementedError

    @pytest.fixture
    def login(self) -> Login | None:
        """Return its login, None where it wants none."""
        return None

    @pytest.fixture
    def wrong_login(self, login: Login | None) -> Login:
        """Return a login that it refuses."""
        if login is None:
            pytest.skip("the device wants no login")
        return Login(login.username, CANARY)

    @pytest.fixture
    def dead_target(self) -> Target:
        """Return a target where nothing answers."""
        raise NotImplementedError

    @pytest.fixture
    def scope(self) -> Scope | None:
        """Return a scope in which the device is found, None for a driver that cannot discover."""
        return None

    # -- the driver ------------------------------------------------------------------------------

    def test_contract(self, driver: Driver) -> None:
        assert driver.name == driver.name.lower().strip() != ""
        assert driver.title
        assert driver.api == API
        assert driver.schemes
        assert all(scheme == scheme.lower() and ":" not in scheme for scheme in driver.schemes)

    async def test_discovers_nothing_in_an_empty_scope(self, driver: Driver) -> None:
        assert [found async for found in driver.discover(Scope(), 0.1)] == []

    async def test_discovers_the_device(self, driver: Driver, target: Target, scope: Scope | None) -> None:
        if scope is None:
            pytest.skip("this driver cannot discover")
        async with asyncio.timeout(PATIENCE):
            found: list[Found] = []
            while target.url not in {each.url for each in found}:  # datagrams get lost
                found = [each async for each in driver.discover(scope, 2.0)]
        assert {each.driver for each in found} == {driver.name}
        assert len({(each.identity, each.url) for each in found}) == len(found)

    async def test_unknown_option_is_unsupported(
        self, driver: Driver, target: Target, login: Login | None
    ) -> None:
        odd = Target(target.url, {**target.options, "no_such_option_": 1})
        with pytest.raises(Unsupported):
            async with driver.open(odd, login):
                pass

    # -- the device ------------------------------------------------------------------------------

    async def test_device_and_cameras(self, driver: Driver, target: Target, login: Login | None) -> None:
        async with opened(driver, target, login) as device:
            assert isinstance(device.info, DeviceInfo)
            sources = [camera.source for camera in device.cameras]
            assert len(set(sources)) == len(sources) > 0
            for camera in device.cameras:
                tokens = [profile.token for profile in camera.profiles]
                assert len(set(tokens)) == len(tokens) > 0
                assert (camera.ptz is not None) == (Feature.PTZ in camera.features)
                assert_described(camera.features)
                assert all(feature.kind is FeatureKind.ABILITY for feature in camera.features)

    async def test_an_exception_of_the_user_passes(
        self, driver: Driver, target: Target, login: Login | None
    ) -> None:
        with pytest.raises(LookupError, match="mine"):
            async with opened(driver, target, login):
                raise LookupError("mine")

    async def test_closing_gives_everything_back(
        self, driver: Driver, target: Target, login: Login | None
    ) -> None:
        await _use(driver, target, login)  # imports, pools and caches may stay
        before = possessions()
        await _use(driver, target, login)
        assert await left_over(before, PATIENCE) == NOTHING

    async def test_wrong_login_is_refused_and_not_told(
        self, driver: Driver, target: Target, wrong_login: Login, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        with pytest.raises(Refused) as caught:
            await _use(driver, target, wrong_login)
        assert wrong_login.password not in told(caught.value) + caplog.text

    async def test_a_failed_open_leaves_nothing(
        self, driver: Driver, dead_target: Target, login: Login | None
    ) -> None:
        canary = Login("admin", CANARY)
        with pytest.raises(Unreachable):
            await _use(driver, dead_target, canary)
        before = possessions()
        with pytest.raises(Unreachable) as caught:
            await _use(driver, dead_target, canary)
        assert CANARY not in told(caught.value)
        del caught
        assert await left_over(before, PATIENCE) == NOTHING

    # -- streams ---------------------------------------------------------------------------------

    async def test_stream(self, driver: Driver, target: Target, login: Login | None) -> None:
        async with opened(driver, target, login) as device:
            stream = await _stream(device.cameras[0])
            try:
                parameters = await asyncio.to_thread(stream.start)
                packets = await asyncio.to_thread(_read, stream)
            finally:
                stream.close()
        assert isinstance(parameters, CodecParameters)
        assert parameters.time_base > 0
        assert {type(packet.data) for packet in packets} == {bytes}
        assert all(packet.data for packet in packets)
        assert {packet.track for packet in packets} == {0}
        assert all(one.dts < two.dts for one, two in pairwise(packets))
        assert all(packet.pts >= packet.dts for packet in packets)
        assert all(one.received <= two.received for one, two in pairwise(packets))

    async def test_decoding_can_start(self, driver: Driver, target: Target, login: Login | None) -> None:
        async with opened(driver, target, login) as device:
            stream = await _stream(device.cameras[0])
            try:
                await asyncio.to_thread(stream.start)
                assert await asyncio.to_thread(_finds_keyframe, stream)
            finally:
                stream.close()

    async def test_close_from_another_thread_ends_read(
        self, driver: Driver, target: Target, login: Login | None
    ) -> None:
        async with opened(driver, target, login) as device:
            stream = await _stream(device.cameras[0])
            await asyncio.to_thread(stream.start)
            ended: list[BaseException] = []
            reading = threading.Event()
            reader = threading.Thread(target=_read_until_error, args=(stream, reading, ended))
            reader.start()
            await asyncio.to_thread(reading.wait, PATIENCE)
            stream.close()
            await asyncio.to_thread(reader.join, PATIENCE)
            assert not reader.is_alive()
            assert [type(error) for error in ended] == [Unreachable]

    async def test_close_is_idempotent_and_final(
        self, driver: Driver, target: Target, login: Login | None
    ) -> None:
        async with opened(driver, target, login) as device:
            stream = await _stream(device.cameras[0])
            stream.close()
            stream.close()
            with pytest.raises(Unreachable):
                await asyncio.to_thread(stream.start)
            with pytest.raises(Unreachable):
                await asyncio.to_thread(stream.read)

    async def test_two_streams_at_once(self, driver: Driver, target: Target, login: Login | None) -> None:
        async with opened(driver, target, login) as device:
            streams = [await _stream(device.cameras[0]), await _stream(device.cameras[0])]
            try:
                for stream in streams:
                    await asyncio.to_thread(stream.start)
                    await asyncio.to_thread(stream.read)
                streams[0].close()
                await asyncio.to_thread(streams[1].read)
            finally:
                for stream in streams:
                    stream.close()

    async def test_tracks_that_are_asked_for(
        self, driver: Driver, target: Target, login: Login | None
    ) -> None:
        """Whatever comes says which track it is of; the video comes in any case."""
        async with opened(driver, target, login) as device:
            camera = device.cameras[0]
            stream = await camera.open_stream(camera.profiles[0].token, frozenset(TrackKind))
            try:
                parameters = await asyncio.to_thread(stream.start)
                tracks = tracks_of(stream, parameters)
                packets = await asyncio.to_thread(_read, stream)
            finally:
                stream.close()
        assert [track.kind is TrackKind.VIDEO for track in tracks] == [True] + [False] * (len(tracks) - 1)
        assert all(track.codec and track.time_base > 0 for track in tracks)
        assert 0 in {packet.track for packet in packets} <= set(range(len(tracks)))
        for number in range(len(tracks)):
            own = [packet.dts for packet in packets if packet.track == number]
            assert all(one < two for one, two in pairwise(own))

    async def test_unknown_profile_is_unsupported(
        self, driver: Driver, target: Target, login: Login | None
    ) -> None:
        async with opened(driver, target, login) as device:
            with pytest.raises(Unsupported):
                await device.cameras[0].open_stream("no such profile")

    # -- what a camera may have ------------------------------------------------------------------

    async def test_snapshot_as_announced(self, driver: Driver, target: Target, login: Login | None) -> None:
        async with opened(driver, target, login) as device, asyncio.timeout(PATIENCE):
            for camera in device.cameras:
                if Feature.SNAPSHOT in camera.features:
                    assert (await camera.snapshot()).startswith(b"\xff\xd8")
                else:
                    with pytest.raises(Unsupported):
                        await camera.snapshot()

    async def test_signals_as_announced(self, driver: Driver, target: Target, login: Login | None) -> None:
        async with (
            opened(driver, target, login) as device,
            asyncio.timeout(PATIENCE),
            _signals(device) as signals,
        ):
            if any(Feature.SIGNALS in camera.features for camera in device.cameras):
                signal = await anext(each async for each in signals if each is not None)
                assert signal.topic
                assert ":" not in signal.topic
                assert signal.at.utcoffset() is not None
            else:
                with pytest.raises(Unsupported):
                    await anext(signals)

    async def test_speaker_as_announced(self, driver: Driver, target: Target, login: Login | None) -> None:
        async with opened(driver, target, login) as device, asyncio.timeout(PATIENCE):
            for camera in device.cameras:
                if Feature.SPEAKER in camera.features:
                    assert isinstance(camera, Speaker)
                    await camera.speak(_silence())
                elif isinstance(camera, Speaker):
                    with pytest.raises(Unsupported):
                        await camera.speak(_silence())

    # -- PTZ -------------------------------------------------------------------------------------

    async def test_ptz_presets(self, driver: Driver, target: Target, login: Login | None) -> None:
        async with _ptz(driver, target, login) as ptz:
            stored = await ptz.set_preset("conformance")
            presets = {preset.token: preset for preset in await ptz.presets()}
            assert presets[stored.token].name == "conformance"
            await ptz.goto(stored.token)
            await ptz.goto("conformance")
            with pytest.raises(Unsupported):
                await ptz.goto("no such preset")

    async def test_ptz_moves_stops_and_tells(
        self, driver: Driver, target: Target, login: Login | None
    ) -> None:
        async with _ptz(driver, target, login) as ptz:
            before = await ptz.status()
            assert isinstance(before, PtzStatus)
            away = -0.5 if before.position is not None and before.position.pan > 0 else 0.5
            await ptz.move(PtzVector(pan=away), timeout=PATIENCE)
            await _until_moved(ptz, before)
            await ptz.stop()

    async def test_ptz_watchdog_stops(self, driver: Driver, target: Target, login: Login | None) -> None:
        async with _ptz(driver, target, login) as ptz:
            if (await ptz.status()).moving is None:
                pytest.skip("the device does not tell whether it moves")
            await ptz.move(PtzVector(zoom=0.1), timeout=0.3)
            while (await ptz.status()).moving:  # noqa: ASYNC110  # it tells only when asked; a time-out ends it
                await asyncio.sleep(0.05)


@asynccontextmanager
async def _ptz(driver: Driver, target: Target, login: Login | None) -> AsyncIterator[Ptz]:
    async with opened(driver, target, login) as device, asyncio.timeout(PATIENCE):
        units = [camera.ptz for camera in device.cameras if camera.ptz is not None]
        if not units:
            pytest.skip("the device has no PTZ")
        yield units[0]


async def _silence() -> AsyncIterator[bytes]:
    for _ in range(5):
        yield b"\xff" * 160


@asynccontextmanager
async def _signals(device: Device) -> AsyncIterator[AsyncIterator[Signal | None]]:
    """Close the iterator at the end: that is how a subscription ends."""
    async with aclosing(device.signals()) as signals:
        yield signals


async def _stream(camera: Camera) -> Stream:
    async with asyncio.timeout(PATIENCE):
        stream = await camera.open_stream(camera.profiles[0].token)
    assert isinstance(stream, Stream)
    return stream


async def _use(driver: Driver, target: Target, login: Login | None) -> None:
    """Open a device, read one packet, close."""
    async with opened(driver, target, login) as device:
        stream = await _stream(device.cameras[0])
        try:
            await asyncio.to_thread(stream.start)
            await asyncio.to_thread(stream.read)
        finally:
            stream.close()


def _read(stream: Stream) -> list[Packet]:
    return [stream.read() for _ in range(PACKETS)]


def _finds_keyframe(stream: Stream) -> bool:
    return any(stream.read().keyframe for _ in range(KEYFRAME_WITHIN))


def _read_until_error(stream: Stream, reading: threading.Event, ended: list[BaseException]) -> None:
    try:
        while True:
            stream.read()
            reading.set()
    except DriverError as error:
        ended.append(error)
    finally:
        reading.set()


async def _until_moved(ptz: Ptz, before: PtzStatus) -> None:
    """Wait for another position, where the device tells positions; the context's time-out ends a lie."""
    if before.position is None:
        return
    while (await ptz.status()).position == before.position:  # noqa: ASYNC110  # it tells only when asked
        await asyncio.sleep(0.05)

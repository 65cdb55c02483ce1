"""WS-Discovery: who is asked, how often, and that nobody who answers is lost without a word."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contract import Found, Scope
from drivers.errors import DriverError, Unreachable
from drivers.onvif.discovery import probe_match, probe_targets, receiver
from drivers.onvif.discovery import search as discover
from drivers.onvif.discovery.search import ProbeRounds

Respond = Callable[[bytes, tuple[str, int], asyncio.DatagramTransport], None]


def answer(number: int, header: str = "", url: str = "http://127.0.0.1/onvif/device_service") -> bytes:
    return (
        '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="urn:w" xmlns:d="urn:d">'
        f"<e:Header><w:MessageID>{header}</w:MessageID></e:Header><e:Body><d:ProbeMatches><d:ProbeMatch>"
        f"<w:EndpointReference><w:Address>urn:uuid:{number}</w:Address></w:EndpointReference>"
        "<d:Types>n:NetworkVideoTransmitter</d:Types><d:Scopes>onvif://www.onvif.org/name/C</d:Scopes>"
        f"<d:XAddrs>{url}</d:XAddrs></d:ProbeMatch></d:ProbeMatches></e:Body></e:Envelope>"
    ).encode()


@asynccontextmanager
async def device(
    monkeypatch: pytest.MonkeyPatch, respond: Respond, host: str = "127.0.0.1"
) -> AsyncIterator[None]:
    """Answer probes at a host, at a port that discovery takes for its own."""

    class Device(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            respond(data, addr, self.transport)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Device, local_addr=(host, 0))
    monkeypatch.setattr(probe_targets, "PORT", transport.get_extra_info("sockname")[1])
    try:
        yield
    finally:
        transport.close()


async def search(scope: Scope, wait: float = 60.0) -> tuple[list[Found], str]:
    """Return what is found, and what the driver complains of at the end."""
    found: list[Found] = []
    try:
        async for each in discover.discover(scope, wait):
            found += [each]
    except DriverError as error:
        return found, str(error)
    return found, ""


HERE = Scope(hosts=("127.0.0.1",))


async def test_each_device_once_however_often_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both questions in each round, until the last device has been heard; one identity at one address is one."""
    asked: list[bytes] = []

    def respond(data: bytes, addr: tuple[str, int], transport: asyncio.DatagramTransport) -> None:
        asked.append(data)
        for number in (1, 2, 1):
            transport.sendto(answer(number, f"message {len(asked)}"), addr)
        transport.sendto(b"\x00" * 20_000, addr)
        if len(asked) == 4:
            transport.sendto(answer(99), addr)

    async with device(monkeypatch, respond):
        found: list[Found] = []
        async with aclosing(discover.discover(HERE, 60)) as answers:
            while "urn:uuid:99" not in {each.identity for each in found}:
                found.append(await anext(answers))
    assert sorted(each.identity for each in found) == ["urn:uuid:1", "urn:uuid:2", "urn:uuid:99"]
    assert {each.address for each in found} == {"127.0.0.1"}
    assert len(asked) == 4
    assert sum(b"NetworkVideoTransmitter" in data for data in asked) == 2


async def test_a_repetition_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []
    monkeypatch.setattr(discover, "ROUND", 0.02)

    def reader(data: bytes, sender: str) -> list[Found]:
        read.append(data)
        return []

    monkeypatch.setattr(discover, "read_matches", reader)
    count = iter(range(1000))

    def respond(data: bytes, addr: tuple[str, int], transport: asyncio.DatagramTransport) -> None:
        transport.sendto(answer(1, header=f"message {next(count)}"), addr)

    async with device(monkeypatch, respond):
        await search(HERE, 0.3)
    assert next(count) > 2
    assert len(read) == 1


async def test_a_burst_of_three_hundred_is_heard_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than one receive buffer of the default size holds, sent while nobody here can read."""
    monkeypatch.setattr(receiver, "BUFFER", 212_992)
    monkeypatch.setattr(discover, "ROUND", 0.2)

    def respond(data: bytes, addr: tuple[str, int], transport: asyncio.DatagramTransport) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for number in range(300):
                sock.sendto(answer(number), addr)

    async with device(monkeypatch, respond):
        found, said = await search(HERE)
    assert len({each.identity for each in found}) == len(found) == 300
    assert said == ""


async def test_what_one_round_loses_another_fetches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that passes each answer on the third time only."""
    times: dict[int, int] = dict.fromkeys(range(20), 0)
    monkeypatch.setattr(discover, "ROUND", 0.05)

    def respond(data: bytes, addr: tuple[str, int], transport: asyncio.DatagramTransport) -> None:
        for number in times:
            times[number] += 1
            if times[number] > number // 5 * 2:
                transport.sendto(answer(number), addr)

    async with device(monkeypatch, respond):
        found, said = await search(HERE)
    assert len(found) == 20
    assert said == ""


async def test_answers_that_are_lost_in_every_round_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """One socket with the smallest buffer there is, and a reader that is held up while a burst comes."""
    monkeypatch.setattr(receiver, "GROUP", 1)
    monkeypatch.setattr(receiver, "BUFFER", 1)
    monkeypatch.setattr(discover, "ROUND", 0.05)
    bursting = asyncio.Event()
    empty = receiver.DatagramReceiver._empty

    def slowly(self: receiver.DatagramReceiver, sock: socket.socket) -> None:
        for _ in range(40):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                other.sendto(answer(7), sock.getsockname())
        empty(self, sock)

    def respond(data: bytes, addr: tuple[str, int], transport: asyncio.DatagramTransport) -> None:
        bursting.set()
        transport.sendto(answer(1), addr)

    monkeypatch.setattr(receiver.DatagramReceiver, "_empty", slowly)
    async with device(monkeypatch, respond):
        found, said = await search(HERE, 0.4)
    assert bursting.is_set()
    assert found
    assert said.startswith("driver.answers_lost(")
    assert "lost=0" not in said


async def test_too_many_devices_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discover, "DEVICES", 5)

    def respond(data: bytes, addr: tuple[str, int], transport: asyncio.DatagramTransport) -> None:
        for number in range(6):
            transport.sendto(answer(number), addr)

    async with device(monkeypatch, respond):
        found, said = await search(HERE)
    assert len(found) == 5
    assert "driver.too_many" in said
    assert "most=5" in said


async def test_what_the_caller_does_with_a_device_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next rounds are not saved on because somebody was slow to take a device."""
    asked: list[bytes] = []

    def respond(data: bytes, addr: tuple[str, int], transport: asyncio.DatagramTransport) -> None:
        asked.append(data)
        transport.sendto(answer(len(asked)), addr)

    async with device(monkeypatch, respond), asyncio.timeout(60):
        async for _ in discover.discover(HERE, 0.4):
            await asyncio.sleep(0.3)
    assert 3 <= len(asked) < 40


@pytest.mark.parametrize("host", ["::1", "[::1]"])
async def test_a_host_may_be_an_ipv6_address(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    def respond(data: bytes, addr: tuple[str, int], transport: asyncio.DatagramTransport) -> None:
        transport.sendto(answer(6, url="http://10.0.0.5:8080/onvif"), addr)

    try:
        async with (
            device(monkeypatch, respond, "::1"),
            aclosing(discover.discover(Scope(hosts=(host,)), 60)) as answers,
        ):
            found = await anext(answers)
    except OSError:
        pytest.skip("no IPv6 here")
    assert (found.address, found.url) == ("::1", "http://[::1]:8080/onvif")


NOWHERE = [
    (Scope(interfaces=("203.0.113.7",)), "203.0.113.7"),
    (Scope(interfaces=("nonsense",)), "nonsense"),
    (Scope(interfaces=("::1",)), "::1"),
    (Scope(hosts=("no such host",)), "no such host"),
    (Scope(hosts=("a..b",)), "a..b"),
    (Scope(hosts=("x" * 70 + ".example",)), "x" * 70),
]


@pytest.mark.parametrize(("scope", "named"), NOWHERE)
async def test_a_place_that_cannot_be_asked(scope: Scope, named: str) -> None:
    with pytest.raises(Unreachable) as caught:
        async for _ in discover.discover(scope, 0.1):
            pass
    assert caught.value.code == "driver.not_probed"
    assert named in str(caught.value.values["places"])


@pytest.mark.parametrize(("scope", "named"), NOWHERE)
async def test_one_bad_place_is_told_and_does_not_spoil_the_others(
    monkeypatch: pytest.MonkeyPatch, scope: Scope, named: str
) -> None:
    def respond(data: bytes, addr: tuple[str, int], transport: asyncio.DatagramTransport) -> None:
        transport.sendto(answer(1), addr)

    async with device(monkeypatch, respond):
        found, said = await search(Scope(scope.interfaces, (*scope.hosts, "127.0.0.1")), 0.4)
    assert [each.identity for each in found] == ["urn:uuid:1"]
    assert "driver.not_probed" in said
    assert named in said


async def test_a_process_without_room_for_files_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket, "socketpair", full)
    _, said = await search(HERE)
    assert "Too many open files" in said


async def test_many_bad_places_are_one_sentence() -> None:
    _, said = await search(Scope(interfaces=tuple(f"203.0.113.{n}" for n in range(40))), 0.1)
    assert "+32" in said


async def test_nothing_is_sent_beyond_the_scope(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, int]] = []
    bound: set[str] = set()
    real = probe_targets.ProbeTargets.ask

    async def note(self: probe_targets.ProbeTargets, question: int) -> None:
        sent.extend(target for _, _, target in self._targets)
        bound.update(next(sockets).getsockname()[0] for _, sockets, _ in self._targets)
        await real(self, question)

    monkeypatch.setattr(probe_targets.ProbeTargets, "ask", note)
    async for _ in discover.discover(Scope(interfaces=("127.0.0.1",)), 0.1):
        pass
    assert set(sent) == {(probe_targets.GROUP, probe_targets.PORT)}
    assert bound == {"127.0.0.1"}


# -- rounds: pure -----------------------------------------------------------------------------------


def rounds(
    news: list[int], drops: list[int], *, silent: bool = False, left: float = 1e9
) -> tuple[int, ProbeRounds]:
    """Go through rounds that bring so many new devices and lose so many answers; return how many there were."""
    course, known, dropped, made = ProbeRounds(0.7, Random(1)), 0, 0, 0
    while course.goes_on(left, [None] * known, silent) and made < len(news):
        left -= course.begin(left, known, dropped)
        known, dropped = known + news[made], dropped + drops[made]
        course.end(left, known, dropped)
        made += 1
    return made, course


def test_two_rounds_without_news_are_enough() -> None:
    assert rounds([5, 0, 0, 0], [0] * 4)[0] == 3
    assert rounds([5, 0, 1, 0, 0, 0], [0] * 6)[0] == 5


@pytest.mark.parametrize(("news", "silent"), [([0] * 9, False), ([3] + [0] * 8, True)])
def test_who_has_not_been_heard_is_waited_for(news: list[int], silent: bool) -> None:
    assert rounds(news, [0] * 9, silent=silent)[0] == 9


def test_a_loss_is_a_reason_to_ask_again_and_one_whole_round_heals_it() -> None:
    made, course = rounds([5, 0, 0, 0, 0], [9, 4, 0, 0, 0])
    assert made == 4
    assert course.lost == 0
    assert rounds([5, 0, 0, 0], [9, 4, 4, 6])[1].lost == 4


def test_a_round_that_was_cut_short_proves_nothing() -> None:
    assert rounds([5, 0], [9, 0], left=0.9)[1].lost == 9


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30), st.floats(0.01, 60)
)
def test_rounds_always_end(rows: list[tuple[int, int]], left: float) -> None:
    course, known, dropped, made = ProbeRounds(min(0.7, left / 2), Random(1)), 0, 0, 0
    while course.goes_on(left, [None] * known, False):
        new, lost = rows[made % len(rows)]
        length = course.begin(left, known, dropped)
        assert length > 0
        left, known, dropped, made = left - length, known + new, dropped + lost, made + 1
        course.end(left, known, dropped)
        assert made < 1000
    assert course.lost is not None


# -- IPv6 -------------------------------------------------------------------------------------------


def test_what_came_from_one_link_says_from_which() -> None:
    lo = socket.if_nametoindex("lo")
    assert receiver.sender_of(("fe80::1", 3702, 0, lo)) == "fe80::1%lo"
    assert receiver.sender_of(("2001:db8::1", 3702, 0, 0)) == "2001:db8::1"
    assert receiver.sender_of(("192.0.2.1", 3702)) == "192.0.2.1"
    (found,) = probe_match.read_matches(answer(1, url="http://[fe80::1]:81/onvif/x"), "fe80::1%lo")
    assert found.url == "http://[fe80::1%lo]:81/onvif/x"


async def test_an_address_of_no_link_is_told() -> None:
    found, said = await search(Scope(interfaces=("fe80::1%nowhere", "2001:db8::77")), 0.1)
    assert found == []
    assert "fe80::1%nowhere" in said
    assert "2001:db8::77" in said


async def test_many_hosts_are_asked_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await real(0)

    with receiver.DatagramReceiver(lambda: None) as heard:
        targets = await probe_targets.ProbeTargets.of(
            Scope(hosts=tuple(f"127.0.4.{number}" for number in range(1, 101))), heard
        )
        monkeypatch.setattr("drivers.onvif.discovery.probe_targets.asyncio.sleep", sleep)
        await targets.ask(0)
    assert pauses == [probe_targets.PAUSE] * (100 // probe_targets.TOGETHER)

"""The bytes of an RTSP connection however they are cut, and whose datagrams are taken."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.errors import DriverError
from drivers.rtsp.connection import Late, RtpSockets, RtspConnection
from drivers.rtsp.message import Message
from drivers.rtsp.rate_limit import packets


def talk(said: bytes) -> list[Any]:
    """What a wire makes of bytes, until they are used up."""
    ours, theirs = socket.socketpair()
    connection = RtspConnection("peer", threading.Event())
    connection._sock = ours
    out: list[Any] = []
    with theirs:

        def write() -> None:
            theirs.sendall(said)
            theirs.shutdown(socket.SHUT_WR)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            while True:
                came = connection.next(time.monotonic() + 30)
                out.append(came if isinstance(came, Message) else (came[0], bytes(came[1])))
        except DriverError as error:
            out.append(error)
        finally:
            connection.close()
            writer.join()
    return out


PARTS = [b"$", b"\0", b"\1\0", b"RTSP/1.0 200 OK\r\n", b"\r\n\r\n", b"Content-Length: 3\r\n", b"abc"]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(PARTS), max_size=40))
def test_any_bytes_end_as_an_error_of_ours(parts: list[bytes]) -> None:
    *_, last = talk(b"".join(parts))
    assert isinstance(last, DriverError)
    assert not isinstance(last, Late)


def test_packets_and_messages_however_they_are_cut() -> None:
    large = b"z" * 65_535
    said = (
        b"$\0\0\3abc" + b"RTSP/1.0 200 OK\r\nCSeq: 9\r\nContent-Length: 2\r\n\r\nhi" + b"$\1\xff\xff" + large
    )
    first, second, third, last = talk(said + b"\r\n\r\n$\2\0\0"[:4] + b"")
    assert first == (0, b"abc")
    assert (second.status, second.body) == (200, b"hi")
    assert third == (1, large)
    assert isinstance(last, DriverError)


def test_an_earlier_sessions_datagrams_do_not_take_the_place_of_this_ones() -> None:
    """They come from another port than was told; only a server that sends nothing else meant that one."""
    hosts, bucket = frozenset({"127.0.0.1"}), packets("peer")
    ours = RtpSockets(socket.AF_INET, "127.0.0.1")
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as old,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as new,
    ):
        old.bind(("127.0.0.1", 0))
        new.bind(("127.0.0.1", 0))
        ours.set_peer("127.0.0.1", (new.getsockname()[1], 0))
        there = ("127.0.0.1", ours.ports[0])

        def taken() -> list[bytes]:
            ours.wait(time.monotonic() + 30)
            return [bytes(each) for each in ours.take(ours.rtp, hosts, bucket)]

        old.sendto(b"old", there)
        assert taken() == []
        new.sendto(b"new", there)
        assert taken() == [b"new"]
        old.sendto(b"old", there)  # the kernel keeps it away by now
        new.sendto(b"newer", there)
        assert taken() == [b"newer"]
    ours.close()


def test_a_server_that_tells_a_wrong_port_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RtpSockets, "STRAYS", 3)
    ours = RtpSockets(socket.AF_INET, "127.0.0.1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        ours.set_peer("127.0.0.1", (9, 0))
        for number in range(5):
            server.sendto(bytes([number]), ("127.0.0.1", ours.ports[0]))
        ours.wait(time.monotonic() + 30)
        took = [bytes(each) for each in ours.take(ours.rtp, frozenset({"127.0.0.1"}), packets("peer"))]
    ours.close()
    assert took == [b"\x03", b"\x04"]

"""Ears: what they hold while nobody reads, what they count as lost, what they give back."""

from __future__ import annotations

import socket
import threading

import pytest

from drivers.onvif.discovery import receiver
from drivers.onvif.discovery.receiver import DatagramReceiver

ANSWER = b"x" * 1100


def send(port: int, count: int, apart: bool = False) -> None:
    mouths = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count if apart else 1)]
    for number in range(count):
        mouths[number % len(mouths)].sendto(ANSWER, ("127.0.0.1", port))
    for mouth in mouths:
        mouth.close()


def hear(subject: DatagramReceiver, news: threading.Event, wanted: int) -> list[receiver.Datagram]:
    """Start it, and return what has come when that is enough."""
    subject.start()
    taken: list[receiver.Datagram] = []
    while len(taken) + subject.lost() < wanted and news.wait(30):
        news.clear()
        taken += subject.take()
    return taken


@pytest.mark.parametrize("apart", [False, True])
def test_a_burst_is_held_that_no_single_buffer_holds(monkeypatch: pytest.MonkeyPatch, apart: bool) -> None:
    """Nobody reads while it comes; the buffers are of the size that everybody may have."""
    monkeypatch.setattr(receiver, "BUFFER", 212_992)
    news = threading.Event()
    with DatagramReceiver(news.set) as subject:
        group = subject.open(socket.AF_INET, "127.0.0.1")
        assert len({sock.getsockname() for sock in group}) == 1
        send(group[0].getsockname()[1], 700, apart)
        taken = hear(subject, news, 700)
        assert subject.lost() == 0
    assert taken == [(ANSWER, "127.0.0.1")] * 700


def test_what_the_kernel_had_no_room_for_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver, "BUFFER", 1)
    monkeypatch.setattr(receiver, "GROUP", 1)
    news = threading.Event()
    with DatagramReceiver(news.set) as subject:
        (sock,) = subject.open(socket.AF_INET, "127.0.0.1")
        send(sock.getsockname()[1], 50)
        taken = hear(subject, news, 50)
        assert 0 < len(taken) < 50
        assert subject.lost() == 50 - len(taken)


def test_what_we_had_no_room_for_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver, "WAITING", 10 * len(ANSWER))
    news = threading.Event()
    with DatagramReceiver(lambda: None) as subject:
        group = subject.open(socket.AF_INET, "127.0.0.1")
        send(group[0].getsockname()[1], 50)
        subject.start()
        for _ in range(3000):
            if subject.lost():
                break
            news.wait(0.01)
        while subject.lost() < 40:
            news.wait(0.01)
        assert len(subject.take()) == 10
        assert subject.lost() == 40
        assert subject.take() == []


def test_threads_and_sockets_are_given_back() -> None:
    with DatagramReceiver(lambda: None) as subject:
        group = subject.open(socket.AF_INET, "127.0.0.1")
        subject.start()
        thread = subject._thread
    assert not thread.is_alive()
    assert {sock.fileno() for sock in group} == {-1}


def test_a_foreign_address_is_an_oserror_and_leaves_nothing_open() -> None:
    with DatagramReceiver(lambda: None) as subject:
        with pytest.raises(OSError, match="assign"):
            subject.open(socket.AF_INET, "203.0.113.7")
        assert subject._sockets == []


def test_where_ports_cannot_be_shared_one_socket_hears(monkeypatch: pytest.MonkeyPatch) -> None:
    news = threading.Event()
    monkeypatch.setattr(socket, "SO_REUSEPORT", 9999)
    with DatagramReceiver(news.set) as subject:
        group = subject.open(socket.AF_INET, "127.0.0.1")
        assert len(group) == 1
        send(group[0].getsockname()[1], 3)
        assert len(hear(subject, news, 3)) == 3

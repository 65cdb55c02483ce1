"""Who may enter."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from engine.web.auth import Peer, may_enter, peer_of, shows


def test_the_kernel_names_the_peer() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        peer = peer_of(ours)
    assert (peer.pid, peer.uid) == (os.getpid(), os.geteuid())
    assert peer.groups >= {os.getegid(), *os.getgroups()}


def test_the_kernel_is_asked_for_groups_in_a_way_that_it_answers() -> None:
    """Whoever is only a further member of the socket's group was a stranger: Python had refused to ask for so much."""
    further = [54321, 54322] if os.geteuid() == 0 else None
    asked = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os, socket; from engine.web.auth import peer_of; ours, theirs = socket.socketpair();"
            "told = ours.getsockopt(socket.SOL_SOCKET, 59, 1024);"
            "print(len(told) // 4 == len(os.getgroups()), *sorted(peer_of(ours).groups - {os.getegid()}))",
        ],
        extra_groups=further,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    own = sorted({*(further if further is not None else os.getgroups())} - {os.getegid()})
    assert asked == ["True", *map(str, own)]


@pytest.mark.parametrize(
    ("uid", "groups", "enters"),
    [
        (1000, {1000}, True),  # the engine's own user
        (0, {0}, True),  # root
        (1001, {1001, 44}, True),  # member of the socket's group
        (1001, {1001}, False),
        (1001, set(), False),
    ],
)
def test_owner_root_and_group_enter(uid: int, groups: set[int], enters: bool) -> None:
    assert may_enter(Peer(1, uid, frozenset(groups)), owner=1000, group=44) is enters


@pytest.mark.parametrize(
    ("header", "opens"),
    [
        ("Bearer mở-cửa", True),
        ("bearer mở-cửa", True),
        ("Bearer  mở-cửa ", True),
        ("Bearer mở-cử", False),
        ("Basic mở-cửa", False),
        ("mở-cửa", False),
        ("", False),
        (None, False),
    ],
)
def test_only_the_whole_token_opens(header: str | None, opens: bool) -> None:
    assert shows(header, "mở-cửa") is opens

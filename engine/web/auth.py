"""Who may speak: the kernel's word on a unix socket, a bearer token over TCP."""

from __future__ import annotations

import hmac
import pwd
import socket
import struct
from dataclasses import dataclass

#: Linux' option for all groups of a peer; not named by Python's socket module.
SO_PEERGROUPS = 59
_CREDENTIALS = struct.Struct("iII")
#: Bytes of group numbers to ask for: 256 groups. Python refuses to ask for more ("buflen out of range").
_GROUPS_LIMIT = 1024


@dataclass(frozen=True, slots=True)
class Peer:
    """The process at the other end of a unix socket, as the kernel saw it when it connected."""

    pid: int
    uid: int
    groups: frozenset[int]


def peer_of(connection: socket.socket) -> Peer:
    """Ask the kernel who is at the other end of a connected unix socket."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, gid = _CREDENTIALS.unpack(raw)
    return Peer(pid, uid, frozenset({gid, *_groups(connection)}))


def _groups(connection: socket.socket) -> tuple[int, ...]:
    try:
        raw = connection.getsockopt(socket.SOL_SOCKET, SO_PEERGROUPS, _GROUPS_LIMIT)
    except OSError:  # before Linux 4.13, or more groups than fit: the primary group decides
        return ()
    return struct.unpack(f"{len(raw) // 4}I", raw)


def name_of(peer: Peer) -> str:
    """Return a peer's user name, its number where this machine knows no name."""
    try:
        return pwd.getpwuid(peer.uid).pw_name
    except KeyError:
        return str(peer.uid)


def may_enter(peer: Peer, *, owner: int, group: int) -> bool:
    """Return whether a peer is the engine's own user, root, or a member of the socket's group."""
    return peer.uid in (owner, 0) or group in peer.groups


def shows(header: str | None, token: str) -> bool:
    """Return whether an Authorization header carries the bearer token; takes equally long for any guess."""
    scheme, _, told = (header or "").partition(" ")
    given = told.strip().encode("utf-8", "surrogateescape")
    return hmac.compare_digest(given, token.encode()) and scheme.lower() == "bearer"

"""The two doors of the API: a unix socket, and TCP for those who ask for it."""

from __future__ import annotations

import asyncio
import errno
import socket
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.config.addresses import host_and_port
from engine.config.settings import ApiSettings
from engine.errors import EngineError
from engine.text import render
from rules.model import Fact, Sentence

#: Makes a socket of an address family and a type.
Make = Callable[[int, int], socket.socket]


class Closed(EngineError):
    """A door cannot be opened; the sentence says what a person must change."""

    def __init__(self, code: str, **values: Fact) -> None:
        super().__init__(render(code, values, "en"))
        self.said = Sentence(code, values)


#: Sentences of what keeps a door closed, where the system's own word is not needed.
_CLOSED = {errno.EADDRINUSE: "door.taken", errno.EADDRNOTAVAIL: "door.foreign", errno.EACCES: "door.denied"}


def closed(where: object, error: OSError) -> Closed:
    """Return why a door at a path or HOST:PORT cannot be opened."""
    detail = error.strerror or type(error).__name__
    return Closed(_CLOSED.get(error.errno or 0, "door.closed"), where=str(where), detail=detail)


@dataclass(frozen=True, slots=True)
class UnixDoor:
    """A bound unix socket and the file that stands for it; `group` may enter."""

    path: Path
    socket: socket.socket
    inode: int
    group: int

    def close(self) -> None:
        """Close it and remove its file; one that a successor has put there stays."""
        self.socket.close()
        if self.path.exists() and self.path.stat().st_ino == self.inode:
            self.path.unlink()


def bind_unix(path: Path, make: Make = socket.socket) -> UnixDoor:
    """Bind a socket (mode 0660, not yet listening) at a path, replacing a dead server's.

    Permissions are set before anyone can connect: a bound socket that does not listen refuses.

    Args:
        path: Where its file is to be.
        make: Makes the socket.

    Raises:
        Closed: A live server answers there, or something else than a socket is in the way.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear(path)
    door = make(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        door.bind(str(path))
        path.chmod(0o660)
        known = path.stat()
    except OSError as error:
        door.close()
        raise closed(path, error) from None
    return UnixDoor(path, door, known.st_ino, known.st_gid)


async def bind_tcp(host: str, port: int, make: Make = socket.socket) -> list[socket.socket]:
    """Bind a socket, not yet listening, to every address of a host.

    Raises:
        Closed: An address is taken or not ours, or there is no such host.
    """
    bound: list[socket.socket] = []
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, address in dict.fromkeys((each[0], each[4]) for each in found):
            door = make(family, socket.SOCK_STREAM)
            bound.append(door)
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:  # IPv4 has a socket of its own
                door.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            door.bind(address)
    except OSError as error:
        for door in bound:
            door.close()
        raise closed(f"{host}:{port}", error) from None
    return bound


def _clear(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise Closed("door.in_the_way", where=str(path))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
        except OSError as error:
            raise closed(path, error) from None
        else:
            raise Closed("door.engine", where=str(path))


def tcp_address(settings: ApiSettings) -> tuple[str, int] | None:
    """Return where to listen over TCP, None when it is off.

    Raises:
        Closed: The address is not HOST:PORT.
    """
    if settings.tcp is None:
        return None
    host, port = host_and_port(settings.tcp)
    if not host or port is None:
        raise Closed("door.address", where=settings.tcp)
    return host, port

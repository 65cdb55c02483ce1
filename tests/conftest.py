"""What every test stands on, so that none fails because the machine is slow or another runs beside it."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterator
from functools import cache

import pytest
import typer.testing
from hypothesis import HealthCheck, settings

from engine.runtime import log

# How long an example takes says something of the machine, nothing of the code.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# A command line is the same at each call; building all of it takes longer than most of what is tried with it.
setattr(typer.testing, "_get_command", cache(typer.main.get_command))  # noqa: B010 - mypy does not know it

#: Ports that the kernel hands to nobody by itself (it begins at 32768), in blocks of one process each: a port
#: taken from here is still free when it is used, and when what listened on it has gone and comes back.
FIRST, BLOCK, BLOCKS = 20_000, 100, 100


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """Whatever a test makes of logging is gone for the next: a command sets it up for its process, which is ours here.

    Tracebacks are plain, and nothing is cut off.
    """
    log.last_resort()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in log.QUIET}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def _free_ports() -> Iterator[int]:
    block = FIRST + os.getpid() % BLOCKS * BLOCK
    while True:
        for port in range(block, block + BLOCK):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
            yield port


_PORTS = _free_ports()


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """Name another TCP port of 127.0.0.1 that nobody else will take."""
    return lambda: next(_PORTS)


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A TCP port of 127.0.0.1 where nobody listens, nor can begin to: it is held."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])

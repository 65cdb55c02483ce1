"""A media container that one thread reads and any thread may close.

Freeing a container while another thread is inside FFmpeg crashes the process, so `close` only sets a
flag then, and the reading thread frees it on its way out.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from drivers.errors import Unreachable

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.stream import VideoStream


class Closable(Protocol):
    """What a reader holds."""

    def close(self) -> None:
        """Free it."""
        ...


class Reader:
    """Base of the streams; `host` is what errors name."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._stop = threading.Event()
        self._busy = threading.Lock()  # held while a thread is inside FFmpeg
        self._container: Closable | None = None
        self._packets: Iterator[Packet[VideoStream]] = iter(())

    def close(self) -> None:
        """End a blocked call and release everything; idempotent, from any thread."""
        self._stop.set()
        self._release()

    @contextmanager
    def _inside(self) -> Iterator[None]:
        """Keep the container alive while this thread is in it; free it if it was closed meanwhile.

        Raises:
            Unreachable: ``driver.closed`` where a call ended because of `close`.
        """
        try:
            with self._busy:
                self._check_open()
                try:
                    yield
                except Unreachable:
                    self._check_open()  # an interrupted call says time-out: tell the true reason
                    raise
        finally:
            if self._stop.is_set():
                self._release()

    def _check_open(self) -> None:
        if self._stop.is_set():
            raise Unreachable("driver.closed", host=self._host) from None

    def _release(self) -> None:
        if not self._busy.acquire(blocking=False):
            return
        try:
            container, self._container, self._packets = self._container, None, iter(())
            if container is not None:
                container.close()
        finally:
            self._busy.release()

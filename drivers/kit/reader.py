"""What one thread reads and any thread may close: a media container, an RTSP session.

Freeing it while another thread is inside crashes the process (FFmpeg) or frees what is in use, so `close` only
sets a flag then, and the reading thread frees it on its way out.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import TracebackType
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


class Guarded:
    """Base of the streams: one thread is inside, any may close; `host` is what errors name."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._stop = threading.Event()
        self._busy = threading.Lock()  # held while a thread is inside
        self._inside = Inside(self)

    def close(self) -> None:
        """End a blocked call and release everything; idempotent, from any thread."""
        self._stop.set()
        self._interrupt()
        self._release()

    def _interrupt(self) -> None:
        """End a blocked call, where the stop event alone does not; from any thread."""

    def _free(self) -> None:
        """Release everything; no thread is inside."""
        raise NotImplementedError

    def _check_open(self) -> None:
        if self._stop.is_set():
            raise Unreachable("driver.closed", host=self._host) from None

    def _release(self) -> None:
        if not self._busy.acquire(blocking=False):
            return
        try:
            self._free()
        finally:
            self._busy.release()


class Inside:
    """Keeps what is open while a thread is in it, and frees it if it was closed meanwhile.

    A class and no generator: it is entered for every picture.
    """

    def __init__(self, guarded: Guarded) -> None:
        self._guarded = guarded

    def __enter__(self) -> None:
        """Go in.

        Raises:
            Unreachable: ``driver.closed`` after `close`.
        """
        self._guarded._busy.acquire()
        try:
            self._guarded._check_open()
        except Unreachable:
            self._leave()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Go out; a call that `close` interrupted says something else: tell the true reason."""
        if self._leave() and isinstance(error, Unreachable):
            self._guarded._check_open()

    def _leave(self) -> bool:
        """Let others in; return whether it was closed meanwhile."""
        self._guarded._busy.release()
        if not self._guarded._stop.is_set():
            return False
        self._guarded._release()
        return True


class Reader(Guarded):
    """Base of the streams that FFmpeg reads."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self._container: Closable | None = None
        self._packets: Iterator[Packet[VideoStream]] = iter(())

    def _free(self) -> None:
        container, self._container, self._packets = self._container, None, iter(())
        if container is not None:
            container.close()

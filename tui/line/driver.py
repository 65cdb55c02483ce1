"""Textual's driver for Unix terminals with a line of our own between Textual and the terminal."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
from collections.abc import Callable
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from textual import events, messages
from textual.drivers.linux_driver import LinuxDriver

from tui.line.line import Line

if TYPE_CHECKING:
    from textual.app import App
    from textual.message import Message

#: Seconds that quitting waits: for the answer that is due (it would stand in the shell), then for the last bytes.
FAREWELL: Final = 0.35
#: Seconds after which the writer looks again whether it is to end, where the terminal takes nothing.
LOOK: Final = 0.1


class Writer(threading.Thread):
    """Carries what the line gives to the terminal; nobody else ever waits for it.

    Args:
        write: Writes some bytes, and returns how many went; 0 after a while in which none could.
    """

    def __init__(self, line: Line, lock: threading.Condition, write: Callable[[bytes], int]) -> None:
        super().__init__(daemon=True, name="matthan-line")
        self._line, self._lock, self._write = line, lock, write
        self._ended = False
        self._left = b""

    def run(self) -> None:
        """Until it is ended."""
        while not self._ended:
            data = self._left or self._next()
            try:
                self._left = data[self._write(data) :] if data else b""
            except OSError:  # the terminal is gone; Textual's reader finds out, too
                return

    def _next(self) -> bytes:
        with self._lock:
            data, delay = self._line.next(monotonic())
            if not data and not self._ended:
                self._lock.wait(delay)
            return data

    def end(self) -> bytes:
        """End; return what of the last slice did not go, for half a sequence must not be left."""
        with self._lock:
            self._ended = True
            self._lock.notify_all()
        self.join(3 * LOOK)
        return b"" if self.is_alive() else self._left


class LineDriver(LinuxDriver):
    """Textual's own driver, but for what is written, and for the answers of the terminal.

    The app that it is built for has a `line`.
    """

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self._line: Line = getattr(app, "line", None) or Line()
        self._changed = threading.Condition()
        self._carrier: Writer | None = None
        self._out, self._left = -1, b""

    def start_application_mode(self) -> None:
        """Begin to write; everything is to be shown, for who knows what is there."""
        self._out = _own_file(self.fileno)
        with self._changed:
            self._line.again()
        self._carrier = Writer(self._line, self._changed, self._put)
        self._carrier.start()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        told = signal.getsignal(signal.SIGWINCH)
        if callable(told):
            signal.signal(signal.SIGWINCH, self._resized_after(told))

    def _resized_after(
        self, told: Callable[[int, FrameType | None], Any]
    ) -> Callable[[int, FrameType | None], None]:
        def resized(number: int, frame: FrameType | None) -> None:
            self._line.spoiled = True  # also where it is as large as before in the end
            told(number, frame)

        return resized

    def write(self, data: str) -> None:
        """Take what is wanted; returns at once, whatever the terminal does."""
        with self._changed:
            self._line.resize(*self._app.size)
            self._line.write(data)
            self._changed.notify_all()

    def process_message(self, message: Message) -> None:
        """Keep the terminal's answers; note keys."""
        if isinstance(message, events.CursorPosition):
            with self._changed:
                self._line.answered(monotonic())
                self._changed.notify_all()
            return
        if isinstance(message, events.Key | events.MouseDown | events.MouseUp):
            with self._changed:
                self._line.key(monotonic())
        elif isinstance(message, messages.TerminalSupportsSynchronizedOutput):
            self._line.synchronized = True
        super().process_message(message)

    def disable_input(self) -> None:
        """Wait for the answer that is due while somebody still listens; from then on nothing is asked."""
        deadline = monotonic() + FAREWELL
        with self._changed:
            while self._line.owes and (left := deadline - monotonic()) > 0:
                self._changed.wait(left)
        if self._carrier is not None:
            self._left = self._carrier.end()
            self._carrier = None
        super().disable_input()

    def stop_application_mode(self) -> None:
        """Give the terminal back, as far as it takes anything."""
        super().stop_application_mode()
        deadline, last = monotonic() + FAREWELL, self._left + self._line.farewell()
        self._left = b""
        with contextlib.suppress(OSError):
            while last and monotonic() < deadline:
                last = last[self._put(last) :]
        if self._out >= 0:
            os.close(self._out)
            self._out = -1

    def _put(self, data: bytes) -> int:
        """Write as much as the terminal takes."""
        if not select.select([], [self._out], [], LOOK)[1]:
            return 0
        try:
            return os.write(self._out, data)
        except BlockingIOError:
            return 0


def _own_file(fileno: int) -> int:
    """Open the terminal once more, so that not to wait for it changes nothing for the shell, who has the same file.

    Where it cannot be opened (it is no terminal): a second name of what there is.
    """
    try:
        return os.open(os.ttyname(fileno), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return os.dup(2)

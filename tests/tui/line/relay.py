"""A terminal at the end of a slow line: a program in a pty, a relay that lets so many bytes a second through."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections import deque
from pathlib import Path

from tests.tui.line.emulator import Terminal

ROOT = Path(__file__).parents[3]
#: What the emulator cannot take (its parser writes it as text), and what a terminal has to answer.
_FOREIGN = re.compile(
    rb"\x1b\[[<>=][\d;]*u|\x1b\[\?\d+\$p|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b_[^\x1b]*\x1b\\"
)
ASK = b"\x1b[6n"


class Relay:
    """A program, a line of so many bytes a second that swallows some at first, and a terminal.

    Args:
        rate: Bytes a second that reach the terminal; 0: all at once.
        swallows: Bytes that stand in the line between (sshd, TCP) before anybody is told to wait.
        answers: Whether the terminal answers where its cursor is.
    """

    def __init__(
        self,
        arguments: list[str],
        *,
        rate: float = 0,
        swallows: int = 0,
        answers: bool = True,
        size: tuple[int, int] = (80, 24),
    ) -> None:
        self.terminal = Terminal(*size)
        self.rate, self.swallows, self.answers = rate, swallows, answers
        self.bytes, self.stopped = 0, False
        self._held: deque[bytes] = deque()
        self._holds, self._credit, self._at, self._rest = 0, 0.0, time.monotonic(), b""
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            environ = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
            environ.pop("COLORTERM", None)
            environ["TEXTUAL_COLOR_SYSTEM"] = "256"
            os.execvpe(sys.executable, [sys.executable, *arguments], environ)  # noqa: S606 - a terminal of its own
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def press(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def step(self) -> bool:
        """Carry what there is time for; return False once the program is gone."""
        now = time.monotonic()
        self._credit = (
            min(self._credit + (now - self._at) * self.rate, max(self.rate / 20, 64)) if self.rate else 1e9
        )
        self._at = now
        room = self._holds < max(self.swallows, 256)
        ready, _, _ = select.select([self._fd] if room else [], [], [], 0.005)
        if ready:
            try:
                data = os.read(self._fd, 4096)
            except OSError:
                return False
            self.bytes += len(data)
            self._held.append(data)
            self._holds += len(data)
        while self._held and self._credit >= 1 and not self.stopped:
            data = self._held.popleft()
            part = data[: int(self._credit)]
            if data[len(part) :]:
                self._held.appendleft(data[len(part) :])
            self._credit -= len(part)
            self._holds -= len(part)
            self._show(part)
        return True

    def _show(self, data: bytes) -> None:
        whole = self._rest + data
        cut = whole.rfind(b"\x1b")
        done = cut < 0 or re.match(
            rb"\x1b(\[[0-?]*[ -/]*[@-~]|[\]_].*(\x07|\x1b\\)|[^\[\]_])", whole[cut:], re.DOTALL
        )
        whole, self._rest = (whole, b"") if done else (whole[:cut], whole[cut:])
        asked = whole.count(ASK)
        self.terminal.feed(_FOREIGN.sub(b"", whole).replace(ASK, b""))
        if self.answers and asked:
            os.write(self._fd, b"\x1b[1;1R" * asked)

    def until(self, words: str, seconds: float = 30.0) -> float:
        """Carry until the terminal shows words; return the seconds that took.

        Raises:
            TimeoutError: It never did.
        """
        begun = time.monotonic()
        while words not in self.terminal.text():
            if not self.step() or time.monotonic() - begun > seconds:
                raise TimeoutError(f"{words!r} is not on the screen:\n{self.terminal.text()}")
        return time.monotonic() - begun

    def carry(self, seconds: float) -> int:
        """Carry for some time; return the bytes that the program wrote."""
        before, end = self.bytes, time.monotonic() + seconds
        while time.monotonic() < end and self.step():
            pass
        return self.bytes - before

    def gone(self, seconds: float) -> bool:
        """Carry until the program ended; return whether it did in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                self.pid = 0
                return True
            self.step()
        return False

    def close(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._fd)

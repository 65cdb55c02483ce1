"""The line: what Textual wants on the screen, what the terminal shows, and what goes to it next. No I/O."""

from __future__ import annotations

import re
from typing import Final

from tui.line.cells import UnknownSequence
from tui.line.differ import Differ
from tui.line.pace import ASK, SLOW_FRAME, Pace, Reading
from tui.line.payloads import Controls, Pictures
from tui.line.reader import Reader

#: A frame of at least so many bytes is shown at once, by terminals that can.
WHOLE: Final = 256
BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"
#: Seconds after a key in which what changes is likely its doing: on a slow line that waits for no frame.
HOT: Final = 1.5
#: What a slow line goes without: each move of the mouse, each key told in kitty's long words.
_TALKATIVE: Final = re.compile(r"\x1b\[(\?1003[hl]|[<>=][\d;]*u)")
#: Black of 16 colours, which is what most terminals have for a ground: it can be erased instead of written.
BLACK: Final = "40"


class Line:
    """One line to one terminal; everything takes the time from its caller.

    Args:
        slow: 9,600 baud: frames of one a second, no talk that is not needed.

    Attributes:
        synchronized: Whether the terminal can show a frame at once.
        sent: Bytes that went.
        spoiled: Set by anybody, from any thread: nobody knows what the terminal shows, so show everything again.
        skipped: How often something was read that is not known; it was handed on as it was.
    """

    def __init__(self, *, slow: bool = False) -> None:
        self.slow = slow
        self.synchronized = self.spoiled = False
        self.sent = self.skipped = 0
        self._reader = Reader(self, flat=BLACK if slow else "")
        self._differ, self._pace = Differ(), Pace(slow=slow)
        self._controls, self._pictures = Controls(), Pictures()
        self._size = (0, 0)
        self._dirty = False
        self._key_at, self._frame_at = -HOT, -SLOW_FRAME

    @property
    def dropped(self) -> int:
        """Pieces of pictures, and modes, that never went."""
        return self._controls.dropped + self._pictures.dropped

    @property
    def owes(self) -> bool:
        """Whether the terminal has still to answer."""
        return self._pace.owes

    def reading(self, now: float) -> Reading:
        """Return what is known of the line."""
        return self._pace.reading(now)

    def resize(self, width: int, height: int) -> None:
        """The terminal has another size: nobody knows what it shows, and nothing is wanted until it is written."""
        if (width, height) != self._size:
            self._size = (width, height)
            self._reader.resize(width, height)
            self._differ.lost(width, height)
            self._pictures.clear()

    def write(self, data: str) -> None:
        """Take what Textual wants written: whole sequences."""
        try:
            self._reader.feed(data)
        except UnknownSequence:
            self.skipped += 1
            self.control(data)
            self.lost()
        self._dirty = True

    def key(self, now: float) -> None:
        """A person pressed a key: what changes from now on goes first."""
        self._key_at = now
        self._reader.keys += 1

    def answered(self, now: float) -> None:
        """The terminal drew the last slice."""
        self._pace.answered(now)

    def again(self) -> None:
        """The terminal was somebody else's for a while: everything is to be shown again, nothing is in flight."""
        self.lost()
        self._pace.forget()
        self._dirty = True

    def next(self, now: float) -> tuple[bytes, float | None]:
        """Return what to send now, and else the seconds after which to ask again (None: when something changes)."""
        if self.spoiled:
            self.spoiled, self._dirty = False, True
            self.lost()
        if self._pace.late(now):
            return ASK.encode(), None
        if (delay := self._pace.delay(now)) > 0:
            return b"", delay
        if not self._controls and self._dirty and (delay := self._rest(now)) > 0:
            return b"", delay
        text = self._slice(now)
        if not text:
            return b"", None
        if self._pace.asks:
            text += ASK
        data = text.encode("utf-8", "replace")
        self._pace.sent(len(data), now)
        self.sent += len(data)
        return data, None

    def farewell(self) -> bytes:
        """Return what must go before the terminal is given back: modes alone, no cell and no picture."""
        self._pictures.clear()
        self._dirty = False
        return ("\x1b[m" + self._controls.take()).encode("utf-8", "replace")

    def control(self, sequence: str) -> None:
        """Take a mode, a question, a bell."""
        if not (self.slow and _TALKATIVE.fullmatch(sequence)):
            self._controls.add(sequence)

    def chunk(self, sequence: str) -> None:
        """Take a piece of a picture that cells stand for."""
        self._pictures.chunk(sequence)
        self._dirty = True

    def drawn(self, sequence: str, left: int, top: int, right: int, bottom: int) -> None:
        """Take a picture that is drawn over cells."""
        self._pictures.drawing((left, top), f"\x1b[{top + 1};{left + 1}H{sequence}")
        self._differ.hide(left, top, right, bottom)

    def lost(self) -> None:
        """Nobody knows what the terminal shows."""
        self._differ.lost(*self._size)

    def _rest(self, now: float) -> float:
        """Return the seconds until the next frame, on a slow line that no key hurries."""
        if not self.slow or now - self._key_at < HOT:
            return 0.0
        return max(0.0, self._frame_at + SLOW_FRAME - now)

    def _slice(self, now: float) -> str:
        """Return modes, then words (what the last key changed first), then half-blocks, then one piece of a picture."""
        text = self._controls.take()
        if text:
            self._differ.adrift()
        if not self._dirty:
            return text
        cells, done = self._cells()
        text += cells
        if done and len(cells) < WHOLE // 4 and (piece := self._pictures.take()):
            self._differ.adrift()
            return text + piece
        if done and not self._pictures:
            self._dirty, self._frame_at = False, now
        return text

    def _cells(self) -> tuple[str, bool]:
        reader = self._reader
        order = sorted(range(len(reader.rows)), key=lambda y: -reader.changed[y])
        cells, done = self._differ.slice(reader.rows, order, reader.cursor, self._pace.budget)
        if self.synchronized and done and len(cells) > WHOLE:
            cells = f"{BEGIN}{cells}{END}"
        return cells, done

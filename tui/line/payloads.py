"""What goes to a terminal beside cells: modes and questions first, pictures last; bounded, and newest wins. Pure."""

from __future__ import annotations

import re
from collections import deque
from typing import Final

#: Characters that wait at most: of modes and questions, of pictures. What is over it goes, the oldest first.
CONTROLS, PICTURES = 65_536, 8 * 2**20
#: The id of a picture in kitty's words (`I` by mistake in textual-image's own deletes).
_NAME: Final = re.compile(r"\x1b_(?:G|G[^;]*,)[iI]=(\d+)")
_DELETE: Final = re.compile(r"\x1b_(?:G|G[^;]*,)a=d\b")


class Controls:
    """Modes, questions and the bell, in order.

    Attributes:
        dropped: How many went without being sent.
    """

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._size = 0
        self.dropped = 0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, sequence: str) -> None:
        """Take one; a bell that waits already rings once."""
        if sequence == "\a" and sequence in self._waiting:
            return
        self._waiting.append(sequence)
        self._size += len(sequence)
        while self._size > CONTROLS:
            self._size -= len(self._waiting.popleft())
            self.dropped += 1

    def take(self) -> str:
        """Give all that waits."""
        text = "".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        return text


class Pictures:
    """Pieces of pictures.

    Attributes:
        dropped: How many pieces went without being sent, for something newer came.
    """

    def __init__(self) -> None:
        self._chunks: deque[tuple[str, str]] = deque()
        self._size = 0
        self._open = ""
        self.dropped = 0

    def __bool__(self) -> bool:
        return bool(self._chunks)

    def chunk(self, sequence: str) -> None:
        """Take a piece in kitty's words: a picture that is deleted drops what of it is still here."""
        found = _NAME.match(sequence)
        name = f"kitty {found[1]}" if found else (self._chunks[-1][0] if self._chunks else "")
        if _DELETE.match(sequence) and self._drop(name):
            self._end(name)
        self._add(name, sequence)

    def drawing(self, place: tuple[int, int], sequence: str) -> None:
        """Take a picture that is drawn in one piece: an older one for the same place goes."""
        self._drop(f"at {place}")
        self._add(f"at {place}", sequence)

    def take(self) -> str:
        """Give the next piece."""
        if not self._chunks:
            return ""
        self._open, sequence = self._chunks.popleft()
        self._size -= len(sequence)
        return sequence

    def clear(self) -> None:
        """Drop everything."""
        self.dropped += len(self._chunks)
        self._chunks.clear()
        self._size = 0

    def _add(self, name: str, sequence: str) -> None:
        self._chunks.append((name, sequence))
        self._size += len(sequence)
        while self._size > PICTURES:
            self._size -= len(self._chunks.popleft()[1])
            self.dropped += 1

    def _drop(self, name: str) -> int:
        kept = [chunk for chunk in self._chunks if chunk[0] != name]
        gone = len(self._chunks) - len(kept)
        if gone:
            self._chunks = deque(kept)
            self._size = sum(len(sequence) for _, sequence in kept)
            self.dropped += gone
        return gone

    def _end(self, name: str) -> None:
        """End a transfer of which a part is at the terminal already."""
        if self._open == name:
            self._add(name, f"\x1b_Gi={name.removeprefix('kitty ')},m=0,q=2;\x1b\\")

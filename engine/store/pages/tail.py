"""What a write-ahead log has gained since it was looked at last, each frame checked by its sum. Blocking.

SQLite moves frames into the database without looking at their sums again. Whoever vouches for the pages that come of
them has to: a bit that was flipped in the log would be vouched for.
Format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from engine.store.rescue.wal import BIG, HEADER, LITTLE, summed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FRAME = 24
_WORD = 0xFFFFFFFF
#: Frames read at once: what the processor's cache holds.
_PIECE = 256


class Salts(NamedTuple):
    """What tells one filling of a log from the next."""

    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Gain:
    """What a log has gained, up to its last whole transaction.

    Attributes:
        sums: The CRC-32 of the newest content of each page.
        size: Pages of the database after the last transaction; 0: none was gained.
        frames: Frames up to there, since the log was filled anew.
        salts: Of this filling; None: the log is empty.
    """

    sums: Mapping[int, int] = field(default_factory=dict)
    size: int = 0
    frames: int = 0
    salts: Salts | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """How far a filling of a log was read."""

    salts: Salts | None = None
    frames: int = 0
    sums: tuple[int, int] = (0, 0)


class Tail:
    """The end of a write-ahead log, followed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = _Seen()

    def gain(self) -> Gain:
        """Return what was committed since the last call; the log must not be written to meanwhile."""
        with _opened(self._path) as handle:
            begun = None if handle is None else _begun(handle)
            if handle is None or begun is None:
                self._seen = _Seen()
                return Gain()
            last = self._seen if self._seen.salts == begun.seen.salts else begun.seen
            found, waiting, size = dict[int, int](), dict[int, int](), 0
            for piece in _pieces(handle, begun, last):
                if piece.size:
                    found |= waiting | piece.committed()
                    waiting.clear()
                    size, last = piece.size, piece.end
                waiting |= piece.begun()
            self._seen = last
            return Gain(found, size, last.frames, last.salts)

    def pages(self, moved: Sequence[int]) -> set[int]:
        """Return the pages that the log holds behind a place (salts and frames); of another filling: all of them."""
        with _opened(self._path) as handle:
            begun = None if handle is None else _begun(handle)
            if handle is None or begun is None:
                return set()
            skip = moved[2] if tuple(moved[:2]) == begun.seen.salts else 0
            found = set[int]()
            for piece in _pieces(handle, begun, begun.seen):
                found.update(piece.pages[max(0, skip - piece.first) :])
            return found


class _Begun(NamedTuple):
    """How a log begins."""

    page_size: int
    order: str
    seen: _Seen


@contextmanager
def _opened(path: Path) -> Iterator[int | None]:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    try:
        yield handle
    finally:
        os.close(handle)


def _begun(handle: int) -> _Begun | None:
    """Return how a log begins, None where it is empty or SQLite takes nothing of it."""
    head = os.pread(handle, HEADER.size, 0)
    if len(head) < HEADER.size:
        return None
    magic, _, page_size, _, *salts, one, two = HEADER.unpack(head)
    order = "<" if magic == LITTLE else ">"
    if magic not in (BIG, LITTLE) or summed(head[:24], order) != (one, two):
        return None
    return _Begun(page_size, order, _Seen(Salts(*salts), 0, (one, two)))


@dataclass(frozen=True, slots=True)
class _Piece:
    """Whole frames that follow each other in a log.

    Attributes:
        first: Frames before them.
        pages: Of which page each is.
        ended: How many of them there are up to the last end of a transaction.
        size: Pages of the database after it; 0: no transaction ends here.
        end: The place there.
        data: All of them, as they lie in the log.
    """

    first: int
    pages: list[int]
    ended: int
    size: int
    end: _Seen
    data: memoryview
    stride: int

    def committed(self) -> dict[int, int]:
        """Return the sums of what ended transactions have written."""
        return self._summed(0, self.ended)

    def begun(self) -> dict[int, int]:
        """Return the sums of what a transaction has written that does not end here."""
        return self._summed(self.ended, len(self.pages))

    def _summed(self, first: int, last: int) -> dict[int, int]:
        newest = {page: row for row, page in enumerate(self.pages[first:last], first)}
        data, stride = self.data, self.stride
        return {page: crc32(data[row * stride + _FRAME : (row + 1) * stride]) for page, row in newest.items()}


def _pieces(handle: int, begun: _Begun, seen: _Seen) -> Iterator[_Piece]:
    """Yield the whole frames behind a place, up to the first that is not as it was written."""
    stride = _FRAME + begun.page_size
    room = memoryview(
        bytearray(_PIECE * stride)
    )  # one for all: fresh memory takes longer than what is done with it
    while rows := os.preadv(handle, [room], HEADER.size + seen.frames * stride) // stride:
        data = room[: rows * stride]
        heads, whole = _checked(data, begun, seen)
        if not whole:
            return
        commits = [row for row, size in enumerate(heads[:whole, 1].tolist()) if size]
        ended = commits[-1] + 1 if commits else 0
        size, *_, one, two = heads[ended - 1, 1:].tolist() if ended else [0] * 5
        pages = heads[:whole, 0].tolist()
        end = _Seen(seen.salts, seen.frames + ended, (one, two))
        yield _Piece(seen.frames, pages, ended, size, end, data, stride)
        last = heads[whole - 1, 4:].tolist()
        seen = _Seen(seen.salts, seen.frames + whole, (last[0], last[1]))
        if whole < _PIECE:
            return


def _checked(data: memoryview, begun: _Begun, seen: _Seen) -> tuple[NDArray[np.uint32], int]:
    """Return the heads of frames, and how many of them are as they were written.

    SQLite's sum is linear: what a frame makes of the sum before is a product with weights, modulo 2^32. That sum is
    what the frame before says of itself, if that one is as it was written.
    """
    import numpy as np

    width = (_FRAME + begun.page_size) // 4
    words = (
        np.frombuffer(data, dtype=np.dtype(f"{begun.order}u4"))
        .reshape(-1, width)
        .astype(np.uint32, copy=False)
    )
    heads = np.frombuffer(data, dtype=np.dtype(">u4")).reshape(-1, width)[:, : _FRAME // 4].astype(np.uint32)
    (first, second), (one, two, three) = _weights(begun.page_size)
    before = np.vstack((np.array([seen.sums], dtype=np.uint32), heads[:-1, 4:]))
    sums = [
        np.einsum("ij,j->i", words[:, :2], weight[:2]) + np.einsum("ij,j->i", words[:, 6:], weight[2:])
        for weight in (first, second)
    ]
    sums[0] += before[:, 0] * np.uint32(one) + before[:, 1] * np.uint32(two)
    sums[1] += before[:, 0] * np.uint32(two) + before[:, 1] * np.uint32(three)
    right = (sums[0] == heads[:, 4]) & (sums[1] == heads[:, 5]) & (heads[:, 0] > 0)
    right &= (heads[:, 2:4] == np.array(seen.salts, dtype=np.uint32)).all(axis=1)
    return heads, len(right) if right.all() else int(right.argmin())


@cache
def _weights(page_size: int) -> tuple[tuple[NDArray[np.uint32], ...], tuple[int, int, int]]:
    """Return what each word of a frame adds to both sums, and the matrix by which it moves the sums before it.

    A step is ``s1 += x + s2; s2 += y + s1``: the matrix (1 1; 1 2), whose powers are Fibonacci's numbers.
    """
    import numpy as np

    pairs = (page_size + 8) // 8
    fibonacci = [0, 1]
    while len(fibonacci) < 2 * pairs + 3:
        fibonacci.append(fibonacci[-1] + fibonacci[-2] & _WORD)
    # After n more steps (s1, s2) is (F(2n-1) s1 + F(2n) s2, F(2n) s1 + F(2n+1) s2); x comes as (1, 1), y as (0, 1).
    left = range(pairs - 1, -1, -1)
    first = [weight for n in left for weight in (fibonacci[2 * n + 1], fibonacci[2 * n])]
    second = [weight for n in left for weight in (fibonacci[2 * n + 2], fibonacci[2 * n + 1])]
    power = (fibonacci[2 * pairs - 1], fibonacci[2 * pairs], fibonacci[2 * pairs + 1])
    return (np.array(first, dtype=np.uint32), np.array(second, dtype=np.uint32)), power

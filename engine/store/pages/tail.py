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
from itertools import pairwise
from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_HEADER = Struct(">8I")
_BIG, _LITTLE = 0x377F0683, 0x377F0682
_FRAME = 24
_WORD = 0xFFFFFFFF
#: Frames read at once.
_PIECE = 512


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


@dataclass(slots=True)
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
            for page, commit, crc, at in _frames(handle, begun, last):
                waiting[page] = crc
                if commit:
                    found |= waiting
                    waiting.clear()
                    size, last = commit, at
            self._seen = last
            return Gain(found, size, last.frames, last.salts)

    def pages(self, moved: Sequence[int]) -> set[int]:
        """Return the pages that the log holds behind a place (salts and frames); of another filling: all of them."""
        with _opened(self._path) as handle:
            begun = None if handle is None else _begun(handle)
            if handle is None or begun is None:
                return set()
            skip = moved[2] if tuple(moved[:2]) == begun.seen.salts else 0
            return {page for page, _, _, at in _frames(handle, begun, begun.seen) if at.frames > skip}


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
    head = os.pread(handle, _HEADER.size, 0)
    if len(head) < _HEADER.size:
        return None
    magic, _, page_size, _, *salts, one, two = _HEADER.unpack(head)
    order = "<" if magic == _LITTLE else ">"
    if magic not in (_BIG, _LITTLE) or _summed(head[:24], order) != (one, two):
        return None
    return _Begun(page_size, order, _Seen(Salts(*salts), 0, (one, two)))


def _frames(handle: int, begun: _Begun, seen: _Seen) -> Iterator[tuple[int, int, int, _Seen]]:
    """Yield page, size after a commit (else 0), sum of the content and place of the whole frames behind a place."""
    page_size, order, _ = begun
    stride, number, sums = _FRAME + page_size, seen.frames, seen.sums
    while data := os.pread(handle, _PIECE * stride, _HEADER.size + number * stride):
        rows = len(data) // stride
        heads, parts, power = _weighed(data[: rows * stride], page_size, order)
        view = memoryview(data)
        for row, ((page, commit, *salts, one, two), (first, second)) in enumerate(
            zip(heads, parts, strict=True)
        ):
            a, b = sums
            sums = (power[0] * a + power[1] * b + first & _WORD, power[1] * a + power[2] * b + second & _WORD)
            if salts != [*(seen.salts or ())] or sums != (one, two) or not page:
                return
            number += 1
            content = view[row * stride + _FRAME : (row + 1) * stride]
            yield page, commit, crc32(content), _Seen(seen.salts, number, sums)
        if rows < _PIECE:
            return


def _weighed(
    data: bytes, page_size: int, order: str
) -> tuple[list[list[int]], list[list[int]], tuple[int, int, int]]:
    """Return the heads of frames, what each adds to the running sum, and what it does to the sum before.

    SQLite's sum is linear: of a frame it is one product with weights, modulo 2^32.
    """
    import numpy as np

    words = np.frombuffer(data, dtype=np.dtype(f"{order}u4")).reshape(-1, (_FRAME + page_size) // 4)
    heads = np.frombuffer(data, dtype=np.dtype(">u4")).reshape(words.shape)[:, : _FRAME // 4].tolist()
    weights, power = _weights(page_size)
    words = words.astype(np.uint32, copy=False)
    parts = [
        np.einsum("ij,j->i", words[:, :2], weight[:2]) + np.einsum("ij,j->i", words[:, 6:], weight[2:])
        for weight in weights
    ]
    return heads, np.stack(parts, axis=1).tolist(), power


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


def _summed(data: bytes, order: str) -> tuple[int, int]:
    one = two = 0
    words = Struct(f"{order}{len(data) // 4}I").unpack(data)
    for first, second in [*pairwise(words)][::2]:
        one = one + first + two & _WORD
        two = two + second + one & _WORD
    return one, two

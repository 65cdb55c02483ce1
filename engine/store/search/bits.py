"""Sets of places within a block of the log, as the bits of a number: an AND of 16,384 places takes a microsecond."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterable, Iterator

#: Bits of a number of the log that say the place within its block.
SHIFT = 14
#: Places in a block.
SIZE = 1 << SHIFT
ALL = (1 << SIZE) - 1
_NOWHERE = -(1 << 62)  #: time of a place without an entry


def block_of(seq: int) -> int:
    """Return the block that a number of the log lies in."""
    return seq >> SHIFT


def bits_of(places: Iterable[int]) -> int:
    """Return the set of some places."""
    held = bytearray(SIZE >> 3)
    for place in places:
        held[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(held, "little")


def places(bits: int) -> Iterator[int]:
    """Yield the places of a set, greatest first."""
    while bits:
        place = bits.bit_length() - 1
        yield place
        bits ^= 1 << place


def below(place: int) -> int:
    """Return the set of all places below one."""
    return (1 << place) - 1


def pack(bits: int) -> bytes:
    """Return a set as it is kept, with its checksum."""
    return zlib.compress(bits.to_bytes(SIZE >> 3, "little"), 1)


def unpack(held: bytes) -> int:
    """Return a set that was kept.

    Raises:
        zlib.error: It is damaged.
    """
    return int.from_bytes(zlib.decompress(held), "little")


def pack_times(times: Iterable[tuple[int, int]]) -> bytes:
    """Return the times of places (microseconds) as they are kept."""
    all_ = array("q", [_NOWHERE]) * SIZE
    for place, at in times:
        all_[place] = at
    return zlib.compress(all_.tobytes(), 1)


def within(held: bytes, since: int | None, until: int | None) -> int:
    """Return the set of places with a time from `since` to before `until`."""
    all_ = array("q")
    all_.frombytes(zlib.decompress(held))
    first = _NOWHERE + 1 if since is None else since
    last = 1 << 62 if until is None else until
    return bits_of(place for place, at in enumerate(all_) if first <= at < last)

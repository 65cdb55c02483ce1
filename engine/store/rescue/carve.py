"""Rows out of a damaged database's pages, without its header, its schema or its trees.

SQLite reaches a row from page 1 down through a table's tree; where a page on that way is gone, all below it seem lost.
But a leaf page says by itself what it is, and a row how it is to be read: every leaf is looked at, and its rows are
told from each other by their shape. File format: https://www.sqlite.org/fileformat2.html. Blocking.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from struct import Struct

from engine.store.rescue.wal import PAGE_SIZE, read_log

#: What a column may hold.
Value = int | float | str | bytes | None
_MAGIC = b"SQLite format 3\0"
_LEAF = 0x0D
_INTS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_DOUBLE = Struct(">d")
_TYPES: Mapping[str, tuple[type, ...]] = {
    "TEXT": (str,), "INTEGER": (int,), "REAL": (int, float), "BLOB": (bytes,),
}  # fmt: skip


class _Odd(ValueError):
    """Bytes that are no row."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the rows of a table look like on disk.

    Attributes:
        types: Per column, what it may hold; the column that stands for the row number holds nothing.
        needed: Per column, whether it must hold something.
        least: Columns of the oldest rows: later ones were added behind.
        alias: Place of the column that stands for the row number, None where there is none.
        bodies: Places of JSON objects.
    """

    table: str
    types: tuple[tuple[type, ...], ...]
    needed: tuple[bool, ...]
    least: int
    alias: int | None
    bodies: tuple[int, ...]

    @classmethod
    def of(cls, db: sqlite3.Connection, table: str) -> Shape:
        """Return the shape of a table of a sound database of the same schema."""
        columns = db.execute(f"PRAGMA table_info({table})").fetchall()
        keys = [place for place, column in enumerate(columns) if column[5]]
        alias = keys[0] if len(keys) == 1 and columns[keys[0]][2] == "INTEGER" else None
        must = [bool(column[3] or column[5]) for column in columns]
        return cls(
            table,
            tuple(_TYPES[column[2]] for column in columns),
            tuple(must),
            max(place for place, needed in enumerate(must) if needed) + 1,
            alias,
            tuple(
                place for place, column in enumerate(columns) if column[1] == "body" and column[2] == "TEXT"
            ),
        )

    def fits(self, row: Sequence[Value]) -> bool:
        """Return whether a row can be of this table."""
        if not self.least <= len(row) <= len(self.types):
            return False
        for place, value in enumerate(row):
            if value is None:
                if self.needed[place] and place != self.alias:
                    return False
            elif place == self.alias or not isinstance(value, self.types[place]):
                return False
        bodies = (row[place] for place in self.bodies if place < len(row))
        return all(body is None or str(body).startswith("{") for body in bodies)

    def filled(self, rowid: int, row: Sequence[Value]) -> tuple[Value, ...]:
        """Return a row with its number, and nothing where it has no column yet."""
        whole = [*row, *[None] * (len(self.types) - len(row))]
        if self.alias is not None:
            whole[self.alias] = rowid
        return tuple(whole)


class Image:
    """The pages of a database file, with those of its write-ahead log over them. Nothing is changed.

    Attributes:
        sound: Whether the file begins as a database does.
        version: Number of the last upgrade (`user_version`), None where page 1 does not tell.
    """

    def __init__(self, path: Path) -> None:
        self._file = _mapped(path)
        self._log = read_log(path.with_name(path.name + "-wal")).pages
        first = self._log.get(1) or self._file[:PAGE_SIZE]
        self.sound = first.startswith(_MAGIC) and len(first) >= 100
        told = int.from_bytes(first[16:18], "big") if self.sound else PAGE_SIZE
        size = 65536 if told == 1 else told
        self._size = size if size >= 512 and size & (size - 1) == 0 else PAGE_SIZE
        usable = self._size - (first[20] if self.sound else 0)
        self._usable = usable if usable >= 480 else self._size
        self.version = int.from_bytes(first[60:64], "big") if self.sound else None

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max([-(-len(self._file) // self._size), *self._log])

    def page(self, number: int) -> bytes:
        """Return a page, counted from 1; what is not there is empty."""
        found = self._log.get(number)
        return found or self._file[(number - 1) * self._size : number * self._size]

    def unused(self) -> set[int]:
        """Return the pages that hold nothing any more, as page 1 and its chain tell; old rows lie on them."""
        found, first = set[int](), self.page(1)
        trunk = int.from_bytes(first[32:36], "big") if self.sound else 0
        while 1 < trunk <= self.pages and trunk not in found:
            found.add(trunk)
            page = self.page(trunk)
            count = min(int.from_bytes(page[4:8], "big"), len(page) // 4 - 2)
            found.update(int.from_bytes(page[8 + 4 * n : 12 + 4 * n], "big") for n in range(max(0, count)))
            trunk = int.from_bytes(page[:4], "big")
        return found

    def rows(self, number: int) -> Iterator[tuple[int, list[Value]]]:
        """Yield (row number, columns) of a page that is a table's leaf; what cannot be read is left out."""
        page, start = self.page(number), 100 if number == 1 else 0
        if len(page) < start + 8 or page[start] != _LEAF:
            return
        for nth in range(int.from_bytes(page[start + 3 : start + 5], "big")):
            place = start + 8 + 2 * nth
            at = int.from_bytes(page[place : place + 2], "big")
            if place + 2 > len(page) or at < start + 8:
                continue
            try:
                size, at = _varint(page, at)
                rowid, at = _varint(page, at)
                yield _signed(rowid), _columns(self._payload(page, at, size))
            except (_Odd, IndexError, UnicodeDecodeError):
                continue

    def _payload(self, page: bytes, at: int, size: int) -> bytes:
        """Return a row's bytes, which may go on on other pages."""
        usable = self._usable
        if size <= usable - 35:
            return _exact(page[at : at + size], size)
        least = (usable - 12) * 32 // 255 - 23
        local = least + (size - least) % (usable - 4)
        local = local if local <= usable - 35 else least
        parts, left = [_exact(page[at : at + local], local)], size - local
        following = int.from_bytes(page[at + local : at + local + 4], "big")
        if left > self.pages * usable:
            raise _Odd
        while left > 0:
            if not 1 < following <= self.pages:
                raise _Odd
            page = self.page(following)
            parts.append(_exact(page[4 : 4 + min(left, usable - 4)], min(left, usable - 4)))
            left -= usable - 4
            following = int.from_bytes(page[:4], "big")
        return b"".join(parts)

    def tables(self) -> set[str]:
        """Return the names of the tables that the schema names, as far as it can still be read."""
        return {
            str(row[1])
            for number in range(1, self.pages + 1)
            for _, row in self.rows(number)
            if len(row) == 5 and row[0] == "table" and str(row[4]).startswith("CREATE TABLE")
        }


def carve(
    image: Image, shapes: Sequence[Shape], late: Callable[[], bool]
) -> Iterator[tuple[Shape, tuple[Value, ...]]]:
    """Yield every row of some shape, from the end of the file: that is where the newest are."""
    unused = image.unused()
    for number in range(image.pages, 0, -1):
        if number in unused:
            continue
        if late():
            return
        for rowid, row in image.rows(number):
            for shape in shapes:
                if shape.fits(row):
                    yield shape, shape.filled(rowid, row)
                    break


def _mapped(path: Path) -> mmap | bytes:
    """Return a file's bytes, read as they are asked for: a database may be larger than the memory."""
    with path.open("rb") as file:
        empty = not file.seek(0, 2)
        return b"" if empty else mmap(file.fileno(), 0, access=ACCESS_READ)


def _exact(data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise _Odd
    return data


def _signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of 1 to 9 bytes and where it ends."""
    first = data[at]
    if first < 0x80:
        return first, at + 1
    found = 0
    for length in range(8):
        byte = data[at + length]
        found = found << 7 | byte & 0x7F
        if byte < 0x80:
            return found, at + length + 1
    return found << 8 | data[at + 8], at + 9


def _columns(payload: bytes) -> list[Value]:
    """Return the columns of a row; every byte of it must be spoken for."""
    end, at = _varint(payload, 0)
    place, kinds = end, list[int]()
    while at < end:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    if at != end:
        raise _Odd
    found = list[Value]()
    for kind in kinds:
        value, place = _value(payload, place, kind)
        found.append(value)
    if place != len(payload):
        raise _Odd
    return found


def _value(payload: bytes, at: int, kind: int) -> tuple[Value, int]:
    if kind >= 12:
        end = at + (kind - 12) // 2
        raw = _exact(payload[at:end], end - at)
        return (raw.decode("utf-8") if kind % 2 else raw), end
    if kind in _INTS:
        end = at + _INTS[kind]
        return int.from_bytes(_exact(payload[at:end], _INTS[kind]), "big", signed=True), end
    if kind == 7:
        return float(_DOUBLE.unpack(_exact(payload[at : at + 8], 8))[0]), at + 8
    if kind in (8, 9):
        return kind - 8, at
    if kind == 0:
        return None, at
    raise _Odd

"""The file of page sums beside a database: notes, one behind the other, each with a checksum. Blocking.

A note is on the disk before what it tells of happens. The head says how much of the file was written: a file that was
cut is told from one whose last note was never finished. Behind it lies room for more, so that a note changes nothing
but bytes that the file has: the disk then takes it several times as fast.
"""

from __future__ import annotations

import errno
import os
import sys
from array import array
from collections.abc import Iterable
from pathlib import Path
from struct import Struct
from zlib import crc32

from engine.runtime.whole_file import put, sync
from engine.store.pages.sums import WORDS, Kind, Note, Sums

_MAGIC = b"mtsums01"
_HEAD = Struct("<8sIQI")  # magic, page size, length, CRC-32 of these
_NOTE = Struct("<IIII")  # kind, size, value, how many words; behind the words the CRC-32 of all
_CRC = Struct("<I")
#: Bytes of room for notes, at least.
ROOM = 256 << 10


class SumsDamaged(Exception):
    """The file of page sums is not as it was written."""


def sums_file(path: Path) -> Path:
    """Return where the page sums of a database lie."""
    return path.with_name(path.name + ".sums")


def read(path: Path) -> Sums | None:
    """Return the page sums of the database at a path, None where there are none.

    Raises:
        SumsDamaged: They are not as they were written.
        OSError: They cannot be read.
    """
    try:
        data = sums_file(path).read_bytes()
    except FileNotFoundError:
        return None
    page_size, length = _head(data)
    if not length <= len(data):
        raise SumsDamaged(f"{sums_file(path)} was cut")
    sums, at = Sums(page_size), _HEAD.size
    try:
        while (note := _note(data, at)) is not None:
            sums.apply(note[0])
            at = note[1]
    except (ValueError, IndexError) as error:  # written by a newer program
        raise SumsDamaged(f"{sums_file(path)} says at byte {at} what is not understood") from error
    if at < length or at == _HEAD.size:
        raise SumsDamaged(f"{sums_file(path)} is damaged at byte {at}")
    return sums


def _head(data: bytes) -> tuple[int, int]:
    if len(data) >= _HEAD.size:
        magic, page_size, length, crc = _HEAD.unpack_from(data)
        if magic == _MAGIC and crc == crc32(data[: _HEAD.size - _CRC.size]):
            return page_size, length
    raise SumsDamaged("the head of the page sums is damaged")


def _note(data: bytes, at: int) -> tuple[Note, int] | None:
    """Return the note at a place and where it ends, None where no whole note is."""
    if at + _NOTE.size > len(data):
        return None
    kind, size, value, count = _NOTE.unpack_from(data, at)
    end = at + _NOTE.size + 4 * count
    if end + _CRC.size > len(data) or _CRC.unpack_from(data, end)[0] != crc32(memoryview(data)[at:end]):
        return None
    return Note(Kind(kind), size, value, _words(data[at + _NOTE.size : end])), end + _CRC.size


def _words(data: bytes) -> array[int]:
    words = array(WORDS, data)
    if sys.byteorder == "big":
        words.byteswap()
    return words


def _packed(note: Note) -> bytes:
    words = array(WORDS, note.words)
    if sys.byteorder == "big":
        words.byteswap()
    body = _NOTE.pack(note.kind, note.size, note.value, len(words)) + words.tobytes()
    return body + _CRC.pack(crc32(body))


def _packed_head(page_size: int, length: int) -> bytes:
    head = _HEAD.pack(_MAGIC, page_size, length, 0)[: -_CRC.size]
    return head + _CRC.pack(crc32(head))


def write(path: Path, sums: Sums) -> None:
    """Write all page sums of a database anew; on return the disk has them.

    Raises:
        OSError: The disk says no; what was there is as it was.
    """
    body = b"".join(map(_packed, sums.base()))
    room = bytes(max(ROOM, len(body)))
    put(sums_file(path), _packed_head(sums.page_size, _HEAD.size + len(body)) + body + room)
    sync(path.parent)


def append(path: Path, notes: Iterable[Note], *, durable: bool = True) -> bool:
    """Write notes behind those that are there; return whether there is room for more.

    Args:
        durable: On return the disk has them.

    Raises:
        OSError: The disk says no, or they are damaged; they are not to be used any more.
    """
    data = b"".join(map(_packed, notes))
    handle = os.open(sums_file(path), os.O_RDWR | os.O_CLOEXEC)
    try:
        try:
            page_size, end = _head(os.pread(handle, _HEAD.size, 0))
        except SumsDamaged as error:
            raise OSError(errno.EIO, str(error)) from error
        if os.pwrite(handle, data, end) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if durable:
            os.fdatasync(handle)
        end += len(data)
        os.pwrite(handle, _packed_head(page_size, end), 0)
        return end < os.fstat(handle).st_size - ROOM // 4
    finally:
        os.close(handle)

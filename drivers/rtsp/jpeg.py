"""JPEG from RTP payloads: the headers that RFC 2435 leaves out, put back. Pure.

The tables are those of ITU-T T.81, annex K, as RFC 2435 prescribes them.
"""

from __future__ import annotations

from struct import Struct

from drivers.rtsp.nals import UNIT_LIMIT

_MAIN = Struct(">xBHBBBB")  # type-specific, offset of three bytes, type, Q, width, height
_RESTART, _TABLES = Struct(">HH"), Struct(">BBH")
# fmt: off
_LUMA = (
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51,
    61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103, 62, 77,
    113, 121, 112, 100, 120, 92, 101, 103, 99,
)
_CHROMA = (
    17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, 99, 99, *(99,) * 48,
)
_DC_LUMA = bytes((0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, *range(12)))
_DC_CHROMA = bytes((0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, *range(12)))
_AC_LUMA = bytes.fromhex(
    "0002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c11552d1f0243362728209"
    "0a161718191a25262728292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485"
    "868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4"
    "e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa"
)
_AC_CHROMA = bytes.fromhex(
    "00020102040403040705040400010277000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a16"
    "2434e125f11718191a262728292a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a8283"
    "8485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3"
    "e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa"
)
# fmt: on


class JpegDepacketizer:
    """Joins the fragments of JPEG pictures; has the face of `drivers.rtsp.nals.NalDepacketizer`.

    Attributes:
        width: Pixels of the last picture; likewise `height`.
    """

    def __init__(self) -> None:
        self.done: list[tuple[bytes, bool]] = []
        self.torn = self.dropped = 0
        self.width = self.height = 0
        self._data = bytearray()
        self._scan = -1  # bytes of the picture's scan so far; below zero: its beginning is missing
        self._tables: dict[int, bytes] = {}

    def push(self, payload: memoryview) -> None:
        """Take one payload."""
        if len(payload) < 8:
            self.dropped += 1
            return
        high, low, kind, quality, width, height = _MAIN.unpack_from(payload)
        offset, at, interval = high << 16 | low, 8, 0
        if kind & 0x40 and len(payload) >= 12:
            interval, at = _RESTART.unpack_from(payload, 8)[0], 12
        if offset == 0:
            at = self._begin(payload, at, kind, quality, width * 8, height * 8, interval)
        if self._scan != offset or at < 0 or len(self._data) > UNIT_LIMIT:
            self._scan = -1
            self.dropped += 1
            return
        self._data += payload[at:]
        self._scan += len(payload) - at

    def lost(self) -> None:
        """Take note that payloads are missing: the picture cannot be used."""
        self._scan = -1

    def cut(self) -> None:
        """End the picture; only a whole one is worth something."""
        if self._scan > 0:
            if self._data[-2:] != b"\xff\xd9":
                self._data += b"\xff\xd9"
            self.done.append((bytes(self._data), True))
        self._data, self._scan = bytearray(), -1

    def _begin(
        self, payload: memoryview, at: int, kind: int, quality: int, width: int, height: int, interval: int
    ) -> int:
        """Write a picture's headers; return where its scan begins in the payload, below zero for nowhere."""
        self.cut()
        tables = b""
        if quality >= 128 and len(payload) >= at + 4:
            _, precision, size = _TABLES.unpack_from(payload, at)
            tables = bytes(payload[at + 4 : at + 4 + min(size, 128)])
            at += 4 + size
            if tables and quality != 255:
                self._tables[quality] = tables
            tables = tables or self._tables.get(quality, b"")
            wide = precision and size > 128  # 16 bits; some say so of tables that have 8
            if wide or len(tables) not in (64, 128) or at > len(payload):
                return -1
        elif 1 <= quality <= 99:
            tables = _scaled(quality)
        if not tables or kind & 0x3F > 1 or not width or not height:
            return -1
        self.width, self.height = width, height
        self._data += _headers(kind & 0x3F, width, height, tables, interval)
        self._scan = 0
        return at


def _scaled(quality: int) -> bytes:
    factor = 5000 // quality if quality < 50 else 200 - quality * 2
    return bytes(min(255, max(1, (each * factor + 50) // 100)) for each in (*_LUMA, *_CHROMA))


def _headers(kind: int, width: int, height: int, tables: bytes, interval: int) -> bytes:
    luma, chroma = tables[:64], tables[64:128] or tables[:64]
    sampling = 0x22 if kind else 0x21
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    parts = [b"\xff\xd8", _segment(0xDB, b"\0" + luma), _segment(0xDB, b"\1" + chroma)]
    parts += [_segment(0xDD, interval.to_bytes(2, "big"))] if interval else []
    parts.append(_segment(0xC0, b"\x08" + size + bytes((3, 0, sampling, 0, 1, 0x11, 1, 2, 0x11, 1))))
    for number, table in ((0x00, _DC_LUMA), (0x10, _AC_LUMA), (0x01, _DC_CHROMA), (0x11, _AC_CHROMA)):
        parts.append(_segment(0xC4, bytes((number,)) + table))
    parts.append(_segment(0xDA, bytes((3, 0, 0x00, 1, 0x11, 2, 0x11, 0, 63, 0))))
    return b"".join(parts)


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body

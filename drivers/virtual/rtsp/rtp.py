"""RTP for H.264 (RFC 6184) and H.265 (RFC 7798): whole NAL units and pieces; RTCP reports (RFC 3550). Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from drivers.contract import Codec
from drivers.virtual.street.h264 import nal_units

PAYLOAD_TYPE = 96
#: Bytes of payload in one packet: fits an Ethernet frame with IPv6 and a tunnel.
MTU = 1_380
_FU_A, _FU = 28, 49
_SENDER_REPORT, _SOURCE_DESCRIPTION, _BYE = 200, 202, 203
#: Seconds between 1900, where NTP counts from, and 1970.
_NTP_EPOCH = 2_208_988_800


def _payloads(data: bytes, codec: Codec) -> Iterator[bytes]:
    """Yield the RTP payloads of an Annex B access unit."""
    for unit in nal_units(data):
        if len(unit) <= MTU:
            yield unit
            continue
        head, kind, body = _fragment(unit, codec)
        step = MTU - len(head) - 1
        for at in range(0, len(body), step):
            edges = (0x80 if at == 0 else 0) | (0x40 if at + step >= len(body) else 0)
            yield head + bytes((edges | kind,)) + body[at : at + step]


def _fragment(unit: bytes, codec: Codec) -> tuple[bytes, int, bytes]:
    """Return what each piece of a unit begins with, the unit's kind, and what is cut to pieces."""
    if codec is Codec.H265:
        return bytes((unit[0] & 0x81 | _FU << 1, unit[1])), unit[0] >> 1 & 0x3F, unit[2:]
    return bytes((unit[0] & 0xE0 | _FU_A,)), unit[0] & 0x1F, unit[1:]


class RtpSender:
    """One outgoing RTP stream.

    Args:
        source: SSRC, 32 bits, random.
        sequence: First sequence number, 16 bits, random.
        offset: Added to every time stamp, 32 bits, random.
    """

    def __init__(self, source: int, sequence: int, offset: int) -> None:
        self.source, self.sequence, self._offset = source, sequence, offset
        self._packets = self._octets = 0

    def stamp(self, timestamp: int) -> int:
        """Return the RTP time stamp of a 90 kHz time."""
        return (timestamp + self._offset) & 0xFFFF_FFFF

    def packets(self, data: bytes, timestamp: int, codec: Codec = Codec.H264) -> list[bytes]:
        """Return the RTP packets of an access unit; the last carries the marker."""
        *most, last = _payloads(data, codec)
        return [self._packet(part, timestamp, False) for part in most] + [self._packet(last, timestamp, True)]

    def _packet(self, payload: bytes, timestamp: int, marker: bool) -> bytes:
        kind = PAYLOAD_TYPE | (0x80 if marker else 0)
        head = struct.pack("!BBHII", 0x80, kind, self.sequence, self.stamp(timestamp), self.source)
        self.sequence = (self.sequence + 1) & 0xFFFF
        self._packets += 1
        self._octets += len(payload)
        return head + payload

    def report(self, wall: float, timestamp: int) -> bytes:
        """Return a sender report with the source's name: `timestamp` (90 kHz) was shown at `wall`.

        Args:
            wall: Seconds since 1970.
            timestamp: The same moment on the stream's own timeline.
        """
        ntp = round((wall + _NTP_EPOCH) * (1 << 32)) & 0xFFFF_FFFF_FFFF_FFFF
        counts = self._packets & 0xFFFF_FFFF, self._octets & 0xFFFF_FFFF
        told = struct.pack("!IQIII", self.source, ntp, self.stamp(timestamp), *counts)
        name = struct.pack("!IBB", self.source, 1, 7) + b"matthan" + bytes(3)  # item, end, padding
        return _rtcp(_SENDER_REPORT, 0, told) + _rtcp(_SOURCE_DESCRIPTION, 1, name)

    def bye(self) -> bytes:
        """Return the RTCP packet that ends the stream."""
        return _rtcp(_BYE, 1, struct.pack("!I", self.source))


def _rtcp(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body

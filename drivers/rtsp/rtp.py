"""RTP (RFC 3550): packets in, coded pictures with unwrapped time stamps out. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappush, heappushpop
from struct import Struct
from typing import Protocol

from drivers.contract import Codec
from drivers.rtsp.jpeg import JpegDepacketizer
from drivers.rtsp.nals import H264Depacketizer, H265Depacketizer
from drivers.rtsp.sdp import Video

#: Of an RTP packet: version and counts, marker and payload type, sequence number, stamp.
HEADER = Struct(">BBHI")
#: Packets in a row with another payload type than the announced one after which theirs is taken for the right one.
_INSIST = 8
#: What a packet out of order is waited for at most (UDP): packets, and seconds.
_LATE, _PATIENCE = 32, 0.3
_RTCP_BYE = 203
#: First byte of a packet without padding, extension and further sources.
_PLAIN = 0x80
#: Reports of one compound packet that are looked at.
_REPORTS = 32


class Depacketizer(Protocol):
    """Joins payloads to pictures."""

    done: list[tuple[bytes, bool]]
    torn: int
    dropped: int

    def push(self, payload: memoryview) -> None:
        """Take one payload."""
        ...

    def lost(self) -> None:
        """Take note that payloads are missing."""
        ...

    def cut(self) -> None:
        """End the picture."""
        ...


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One coded picture.

    Attributes:
        at: When to show it, in the clock's ticks, unwrapped; None where the camera repeats the last one's.
        decode: When to decode it: at the latest when it is shown, in order; likewise None.
    """

    data: bytes
    keyframe: bool
    at: int | None
    decode: int | None


def depacketizer(video: Video) -> Depacketizer:
    """Return what joins a video's payloads."""
    match video.codec:
        case Codec.H264:
            return H264Depacketizer()
        case Codec.H265:
            return H265Depacketizer(video.numbered)
        case Codec.MJPEG:
            return JpegDepacketizer()


class Receiver:
    """One video's packets in order; `units` are the finished pictures.

    Attributes:
        packets: How many came.
        gaps: How often some were missing.
        strange: Packets that are not this video's.
    """

    def __init__(self, video: Video) -> None:
        self.units: deque[AccessUnit] = deque()
        self.packets = self.gaps = self.strange = 0
        self.source = b""
        self._payload = video.payload
        self._odd: list[bytes] = []  # packets of another type, while none of ours came
        self.depacketizer = depacketizer(video)
        self.reorder = ReorderBuffer()
        self.watch: Callable[[bytes], None] | None = None  # shown every payload; only while opening
        self._order = DecodeTimes()
        self._sequence: int | None = None
        self._stamp: int | None = None
        self._ticks = 0
        self._marked: int | None = None  # ticks of the last picture that a marker ended
        self._trusted = True

    def feed(self, packet: memoryview) -> None:
        """Take one packet; it is not kept."""
        payload = self._read(packet)
        if payload is None:
            self.strange += 1
            return
        _, second, sequence, stamp = HEADER.unpack_from(packet)
        if not self._in_order(sequence):
            return
        self.packets += 1
        if stamp != self._stamp:
            self._advance(stamp)
            self.source = bytes(packet[8:12])
        if payload:
            self._push(payload)
        if second & 0x80 and self._trusted:
            self.depacketizer.cut()
            self._collect()
            self._marked = self._ticks

    def _read(self, packet: memoryview) -> memoryview | None:
        """Return the payload of a packet of ours."""
        if len(packet) > 12 and packet[0] == _PLAIN and packet[1] & 0x7F == self._payload:
            return packet[12:]  # as nearly all are
        payload = payload_of(packet)
        return payload if payload is not None and self._ours(packet) else None

    def instead(self, video: Video, payloads: Iterable[bytes]) -> Receiver:
        """Return what goes on with the same packets as another codec, from these payloads on."""
        other = Receiver(video)
        other._payload, other._sequence, other._stamp = self._payload, self._sequence, self._stamp
        other.source, other.packets, other.reorder = self.source, self.packets, self.reorder
        for payload in payloads:
            other._push(memoryview(payload))
        return other

    def _push(self, payload: memoryview) -> None:
        if self.watch is not None:
            self.watch(bytes(payload))
        torn = self.depacketizer.torn
        self.depacketizer.push(payload)
        if self.depacketizer.torn > torn and self._marked == self._ticks:
            self._trusted = False  # the marker ends slices, not pictures
        if self.depacketizer.done:
            self._collect()

    def announced(self, packet: memoryview) -> bool:
        """Return whether a packet has the type that was announced for the video."""
        return len(packet) > 1 and packet[1] & 0x7F == self._payload

    def _ours(self, packet: memoryview) -> bool:
        """Return whether a packet has our type; a camera that sends nothing but another one means that one."""
        kind = packet[1] & 0x7F
        if self.announced(packet):
            return True
        if self.packets or is_rtcp(packet):
            return False
        self._odd = [each for each in self._odd if each[1] & 0x7F == kind][:_INSIST]
        self._odd.append(bytes(packet))
        if len(self._odd) >= _INSIST:
            self._payload, odd, self._odd = kind, self._odd, []
            for each in odd:
                self.feed(memoryview(each))
        return False

    def _in_order(self, sequence: int) -> bool:
        """Note gaps; return whether the packet is neither repeated nor too late."""
        if self._sequence is not None:
            step = (sequence - self._sequence) & 0xFFFF
            if step == 0 or step > 0xFFFF - _LATE:
                return False
            if step != 1:
                self.gaps += 1
                self.depacketizer.lost()
        self._sequence = sequence
        return True

    def _advance(self, stamp: int) -> None:
        self.depacketizer.cut()
        self._collect()
        if self._stamp is not None:
            self._ticks += ticks_between(self._stamp, stamp)
        self._stamp = stamp

    def _collect(self) -> None:
        for data, key in self.depacketizer.done:
            self.units.append(AccessUnit(data, key, *self._order.place(self._ticks)))
        self.depacketizer.done.clear()


def ticks_between(before: int, stamp: int) -> int:
    """Return the ticks from one stamp to another: of 32 bits, they begin anew, and may run back."""
    return ((stamp - before + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)


def payload_of(packet: memoryview) -> memoryview | None:
    """Return what an RTP packet carries, without padding; None for what is none."""
    if len(packet) < 12 or packet[0] >> 6 != 2:
        return None
    begin, end = 12 + 4 * (packet[0] & 0x0F), len(packet)
    if packet[0] & 0x10 and begin + 4 <= end:
        begin += 4 + 4 * (packet[begin + 2] << 8 | packet[begin + 3])
    if packet[0] & 0x20:
        end -= packet[end - 1]
    return packet[begin:end] if begin <= end else None


class DecodeTimes:
    """Decoding times for pictures that are told only when to be shown (as FFmpeg's compute_pkt_fields).

    A picture that is shown before one that came earlier was reordered by the encoder (B-frames): from then on
    the decoding time is the smallest of the last few, which never runs back and never exceeds the picture's.
    """

    #: Pictures by which cameras reorder at most.
    DEPTH = 2

    def __init__(self) -> None:
        self._heap: list[int] = []
        self._last: int | None = None
        self._reorders = False

    def place(self, at: int) -> tuple[int | None, int | None]:
        """Return when a picture is shown and decoded; None for a time that is the last one's."""
        before, self._last = self._last, at
        if at == before:
            return None, None
        self._reorders |= before is not None and -10_000_000 < at - before < 0
        if not self._reorders:
            self._heap = [*self._heap[-self.DEPTH + 1 :], at]
            return at, at
        if len(self._heap) < self.DEPTH:
            heappush(self._heap, at)
            return at, self._heap[0]
        return at, heappushpop(self._heap, at)


class ReorderBuffer:
    """Puts datagrams into order: one that is missing is waited for, though neither for many others nor for long."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._held: dict[int, bytes] = {}
        self._since = 0.0  # something is held
        self._stale = 0  # so many in a row came too late

    def feed(self, packet: bytes, now: float) -> Iterator[bytes]:
        """Take one; yield those whose turn it is.

        Args:
            now: Monotonic seconds.
        """
        if len(packet) < 12:
            return
        sequence = packet[2] << 8 | packet[3]
        if self._next is None or self._restarted(sequence):
            self._next, self._held = sequence, {}
        if self._distance(sequence) >= 0x8000:
            return  # too late, or repeated
        if not self._held:
            self._since = now
        self._held[sequence] = packet
        yield from self._turns()
        if len(self._held) > _LATE:
            yield from self._go_on(now)

    def late(self, now: float) -> Iterator[bytes]:
        """Yield what has been held for long enough."""
        if self._held and now - self._since >= _PATIENCE:
            yield from self._go_on(now)

    def _restarted(self, sequence: int) -> bool:
        """Return whether the camera counts anew: nothing but what seems too late comes any more."""
        self._stale = self._stale + 1 if self._distance(sequence) >= 0x8000 else 0
        return self._stale > _LATE

    def _go_on(self, now: float) -> Iterator[bytes]:
        """Give up what is missing before the first that is held."""
        self._next, self._since = min(self._held, key=self._distance), now
        yield from self._turns()

    def _turns(self) -> Iterator[bytes]:
        while self._next is not None and (packet := self._held.pop(self._next, None)) is not None:
            yield packet
            self._next = (self._next + 1) & 0xFFFF

    def _distance(self, sequence: int) -> int:
        return (sequence - (self._next or 0)) & 0xFFFF


def is_rtcp(packet: memoryview) -> bool:
    """Return whether a packet is RTCP and no RTP, wherever it comes (RFC 5761, 4)."""
    return len(packet) > 1 and 192 <= packet[1] <= 223


def says_bye(packet: memoryview) -> bool:
    """Return whether a compound RTCP packet tells that the source has ended."""
    at = 0
    for _ in range(_REPORTS):
        if at + 4 > len(packet) or packet[at] >> 6 != 2:
            return False
        if packet[at + 1] == _RTCP_BYE:
            return True
        at += 4 + 4 * (packet[at + 2] << 8 | packet[at + 3])
    return False


def report(source: bytes, name: bytes = b"matthan") -> bytes:
    """Return the smallest receiver report: some servers end sessions over UDP that send none.

    Args:
        source: The four bytes that name the sender reported on; ours are made of them.
    """
    ours = bytes(each ^ 0x55 for each in source)
    item = b"\x01" + bytes((len(name),)) + name
    item += b"\0" * (4 - len(item) % 4)
    size = (len(item) // 4 + 1).to_bytes(2, "big")
    return b"\x80\xc9\0\x01" + ours + b"\x81\xca" + size + ours + item


_H264_KINDS = frozenset({1, 5, 6, 7, 8, 9, 24, 28})
_H265_KINDS = frozenset({*range(10), *range(16, 22), *range(32, 41), 48, 49})


def fits(payload: bytes, codec: Codec) -> bool:
    """Return whether a payload can be one of this codec's that a camera sends."""
    match codec:
        case Codec.H264:
            return len(payload) > 1 and payload[0] < 0x80 and payload[0] & 0x1F in _H264_KINDS
        case Codec.H265:
            base_layer = (
                len(payload) > 2 and not payload[0] & 0x81 and not payload[1] & 0xF8 and payload[1] & 7
            )
            return bool(base_layer) and payload[0] >> 1 in _H265_KINDS
        case Codec.MJPEG:
            return True


def agree(payloads: Sequence[bytes], codec: Codec) -> bool:
    """Return whether most payloads fit a codec: single ones of another one may."""
    return 2 * sum(fits(each, codec) for each in payloads) >= len(payloads)


def codec_of(payloads: Sequence[bytes], described: Codec) -> Codec:
    """Return which codec payloads are: some firmware announces H.265 and sends H.264, or the reverse.

    What was described holds unless most payloads contradict it and all fit the other one.
    """
    other = {Codec.H264: Codec.H265, Codec.H265: Codec.H264}.get(described)
    if other is None or agree(payloads, described) or not all(fits(each, other) for each in payloads):
        return described
    return other

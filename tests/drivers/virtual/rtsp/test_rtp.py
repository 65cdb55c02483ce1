"""RTP of the RTSP server: what is packed comes out again; sender reports."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from drivers.contract import Codec
from drivers.virtual.rtsp.rtp import MTU, RtpSender


def _joined(packets: list[bytes]) -> list[bytes]:
    """Put NAL units together again, as a receiver does (RFC 6184)."""
    units: list[bytes] = []
    for packet in packets:
        payload = packet[12:]
        if payload[0] & 31 != 28:
            units.append(payload)
        elif payload[1] & 0x80:
            units.append(bytes((payload[0] & 0xE0 | payload[1] & 31,)) + payload[2:])
        else:
            units[-1] += payload[2:]
    return units


_SIZES = st.sampled_from([1, 2, 100, MTU - 1, MTU, MTU + 1, 2 * MTU - 3, 2 * MTU, 9 * MTU])


@given(st.lists(_SIZES, min_size=1, max_size=5), st.integers(0, 65535), st.integers(0, 2**32 - 1))
def test_a_receiver_gets_back_what_was_packed(sizes: list[int], sequence: int, offset: int) -> None:
    units = [bytes((0x65,)) + bytes((7,)) * (size - 1) for size in sizes]
    sender = RtpSender(0xABCDEF01, sequence, offset)
    packets = sender.packets(b"".join(b"\x00\x00\x00\x01" + unit for unit in units), 90_000)
    assert _joined(packets) == units
    assert max(map(len, packets)) <= 12 + MTU
    heads = [struct.unpack("!BBHII", packet[:12]) for packet in packets]
    assert [head[2] for head in heads] == [(sequence + count) % 65536 for count in range(len(packets))]
    assert {head[3] for head in heads} == {(offset + 90_000) % 2**32}
    assert {head[4] for head in heads} == {0xABCDEF01}
    assert [bool(head[1] & 0x80) for head in heads] == [False] * (len(packets) - 1) + [True]


@given(st.lists(_SIZES.filter(lambda size: size > 1), min_size=1, max_size=5))
def test_a_receiver_gets_back_what_was_packed_of_h265(sizes: list[int]) -> None:
    """Put together as RFC 7798 says: two bytes of header, kind 49, the third byte tells where a unit begins."""
    units = [bytes((0x26, 0x01)) + bytes((7,)) * (size - 2) for size in sizes]
    data = b"".join(b"\x00\x00\x00\x01" + unit for unit in units)
    packets = RtpSender(1, 1, 0).packets(data, 0, Codec.H265)
    found: list[bytes] = []
    for payload in (packet[12:] for packet in packets):
        assert len(payload) <= MTU
        if payload[0] >> 1 & 63 != 49:
            found.append(payload)
        elif payload[2] & 0x80:
            found.append(bytes((payload[0] & 0x81 | (payload[2] & 63) << 1, payload[1])) + payload[3:])
        else:
            found[-1] += payload[3:]
    assert found == units


def test_equal_units_get_one_marker() -> None:
    packets = RtpSender(1, 1, 0).packets(b"\x00\x00\x01\x41" * 3, 0)
    assert [bool(packet[1] & 0x80) for packet in packets] == [False, False, True]


def test_a_sender_report_ties_the_wall_clock_to_the_stream() -> None:
    sender = RtpSender(0x01020304, 1, 1000)
    sender.packets(b"\x00\x00\x01" + b"\x41" * 50, 0)
    report = sender.report(1_700_000_000.5, 90_000)
    kind, length, source, seconds, fraction, stamp, packets, octets = struct.unpack("!xBHIIIIII", report[:28])
    assert (kind, length, source) == (200, 6, 0x01020304)
    assert (seconds - 2_208_988_800, fraction) == (1_700_000_000, 1 << 31)
    assert (stamp, packets, octets) == (91_000, 1, 50)
    assert report[28:30] == bytes((0x81, 202))
    assert len(report) == 28 + 4 * (1 + struct.unpack("!H", report[30:32])[0])

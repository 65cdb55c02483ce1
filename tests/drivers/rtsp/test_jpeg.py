"""JPEG from payloads: quantisation tables of any size."""

from __future__ import annotations


def test_jpeg_tables_of_any_size_are_cut_or_refused() -> None:
    from drivers.rtsp.jpeg import JpegDepacketizer

    for size, good in ((0, False), (63, False), (64, True), (100, False), (128, True), (60_000, False)):
        joined = JpegDepacketizer()
        head = b"\0\0\0\0\1\xff\x08\x08" + b"\0\0" + size.to_bytes(2, "big")
        joined.push(memoryview(head + b"\1" * min(size, 1000) + b"scan"))
        joined.cut()
        assert bool(joined.done) is good
    for quality in range(128, 255):
        joined.push(memoryview(bytes((0, 0, 0, 0, 1, quality, 8, 8, 0, 0, 0xEA, 0x60)) + b"\1" * 60_000))
    assert sum(map(len, joined._tables.values())) <= 127 * 128

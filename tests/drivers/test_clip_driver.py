"""The clip driver: conformance, pace, loop, what is in the file."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import av
import pytest

from drivers import clip
from drivers.conformance import DriverConformance
from drivers.contract import Codec, Driver, Packet, Target
from drivers.errors import DriverError, Malformed, Unreachable, Unsupported


class TestClipConforms(DriverConformance):
    @pytest.fixture
    def driver(self) -> Driver:
        return clip.driver

    @pytest.fixture
    def target(self, clip_file: Path) -> Target:
        return Target(f"file:{clip_file}")

    @pytest.fixture
    def dead_target(self, tmp_path: Path) -> Target:
        return Target(f"clip:{tmp_path / 'gone.mp4'}")


async def read_all(
    url: str, options: Mapping[str, object], most: int = 1000
) -> tuple[list[Packet], DriverError | None]:
    async with clip.driver.open(Target(url, options), None) as device:
        stream = await device.cameras[0].open_stream(clip.PROFILE)
        packets: list[Packet] = []
        try:
            await asyncio.to_thread(stream.start)
            while len(packets) < most:
                packets.append(await asyncio.to_thread(stream.read))
        except DriverError as error:
            return packets, error
        finally:
            stream.close()
        return packets, None


async def test_plays_once_when_told_and_says_that_it_ended(clip_file: Path) -> None:
    packets, error = await read_all(f"clip:{clip_file}", {"pace": False, "loop": False})
    assert len(packets) == 12
    assert isinstance(error, Unreachable)
    assert error.code == "driver.ended"


async def test_loops_with_continuous_stamps(clip_file: Path) -> None:
    packets, error = await read_all(f"file:{clip_file}", {"pace": False}, most=36)
    assert error is None
    steps = [two.dts - one.dts for one, two in pairwise(packets)]
    assert max(steps) == min(steps)
    assert [packet.keyframe for packet in packets[:12]] == [packet.keyframe for packet in packets[12:24]]
    assert packets[0].data == packets[12].data == packets[24].data
    assert [p.pts - p.dts for p in packets[:12]] == [p.pts - p.dts for p in packets[12:24]]


async def test_extradata_tells_the_packets_shape(clip_file: Path) -> None:
    async with clip.driver.open(Target(f"file:{clip_file}"), None) as device:
        stream = await device.cameras[0].open_stream(clip.PROFILE)
        parameters = await asyncio.to_thread(stream.start)
        first = await asyncio.to_thread(stream.read)
        stream.close()
    assert parameters.codec is Codec.H264
    assert (parameters.width, parameters.height) == (64, 48)
    assert parameters.extradata[0] == 1  # avcC
    assert int.from_bytes(first.data[:4], "big") < len(first.data)  # a length, not a start code


async def test_what_it_plays_decodes(clip_file: Path) -> None:
    async with clip.driver.open(Target(f"file:{clip_file}", {"pace": False}), None) as device:
        stream = await device.cameras[0].open_stream(clip.PROFILE)
        parameters = await asyncio.to_thread(stream.start)
        decoder = av.CodecContext.create("h264", "r")
        decoder.extradata = parameters.extradata
        shown = 0
        for _ in range(30):
            packet = await asyncio.to_thread(stream.read)
            shown += len(decoder.decode(av.Packet(packet.data)))
        stream.close()
    assert shown >= 24


def test_paced_by_its_own_stamps(clip_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, waits = [100.0], list[float]()

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0.0)
            now[0] += timeout or 0.0
            return False

    monkeypatch.setattr("drivers.clip.time", SimpleNamespace(monotonic=lambda: now[0]))
    stream = clip.ClipStream(clip_file, clip.ClipOptions())
    stream._stop = Stop()
    stream.start()
    packets = [stream.read() for _ in range(12)]
    stream.close()
    assert waits[0] == 0.0
    assert waits[1:] == pytest.approx([0.02] * 11)
    assert packets[-1].received == pytest.approx(100.0 + 11 * 0.02)


@pytest.mark.parametrize("url", ["file:", "http://x/y", "clip:", "nothing"])
async def test_other_addresses_are_malformed(url: str) -> None:
    with pytest.raises(Malformed):
        clip.path_of(url)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///tmp/a%20b.mp4", "/tmp/a b.mp4"),
        ("file://localhost/tmp/a.mp4", "/tmp/a.mp4"),
        ("clip:a%20b.mp4", "a%20b.mp4"),
        ("FILE:x.mp4", "x.mp4"),
    ],
)
def test_paths(url: str, path: str) -> None:
    assert clip.path_of(url) == Path(path)


async def test_a_file_that_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("no picture in here\n" * 100)
    _, error = await read_all(f"file:{path}", {})
    assert isinstance(error, Malformed)


async def test_a_codec_that_nobody_takes(tmp_path: Path) -> None:
    path = tmp_path / "old.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode())
    _, error = await read_all(f"file:{path}", {})
    assert isinstance(error, Unsupported)
    assert error.values["codec"] == "mpeg4"


async def test_damaged_packets_pass(clip_file: Path, tmp_path: Path) -> None:
    """A driver does not decode: what is broken inside a packet is the decoder's to judge."""
    data = bytearray(clip_file.read_bytes())
    start = data.index(b"mdat") + 600
    for position in range(start, start + 64, 8):
        data[position] ^= 0x55
    path = tmp_path / "damaged.mp4"
    path.write_bytes(data)
    packets, error = await read_all(f"file:{path}", {"pace": False, "loop": False})
    assert len(packets) == 12
    assert error is not None
    assert error.code == "driver.ended"

"""The clip driver: conformance, pace, loop, what is in the file."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import pytest

from drivers import clip
from drivers.conformance import DriverConformance
from drivers.contract import Codec, CodecParameters, Driver, Packet, Target
from drivers.display import Turn
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


# -- what people's files are like ------------------------------------------------------------------


def tell(path: Path) -> CodecParameters:
    """Return what a clip says it is."""
    stream = clip.ClipStream(path, clip.ClipOptions(pace=False))
    try:
        return stream.start()
    finally:
        stream.close()


def made(path: Path, *streams: tuple[str, int, int], pictures: int = 6, **how: Any) -> Path:
    """Make a file of video streams (codec, side of the square picture, how many pictures) with plain content.

    Args:
        how: `setup` is called with the streams before anything is encoded.
    """
    with av.open(str(path), "w") as container:
        tracks: list[tuple[Any, int]] = []
        for name, side, count in streams:
            track: Any = container.add_stream(name, rate=25)
            track.width = track.height = side
            track.pix_fmt = "yuvj420p" if name == "mjpeg" else "yuv420p"
            if name == "libx264":
                track.options = {"preset": "ultrafast", "bf": str(how.get("bf", 0))}
            tracks.append((track, count or pictures))
        if callable(setup := how.get("setup")):
            setup([track for track, _ in tracks])
        for track, count in tracks:
            for number in range(count):
                frame = av.VideoFrame(track.width, track.height, track.pix_fmt)
                for plane in frame.planes:
                    plane.update(bytes([16 + 20 * number % 200]) * plane.buffer_size)
                frame.pts, frame.time_base = number, Fraction(1, 25)
                container.mux(track.encode(frame))
            container.mux(track.encode(None))
    return path


@pytest.mark.parametrize("name", ["raw.h264", "a.ts", "a.mkv", "a.avi", "a.mp4", "a.flv"])
async def test_every_container_begins_again(tmp_path: Path, name: str) -> None:
    """Raw streams know no way back, and MPEG-TS one that skips its first picture."""
    path = made(tmp_path / name, ("libx264", 64, 6))
    packets, error = await read_all(f"file:{path}", {"pace": False}, most=20)
    assert error is None
    slices = [packet.data for packet in packets]
    assert slices[:6] == slices[6:12] == slices[12:18]
    assert all(two.dts > one.dts for one, two in pairwise(packets))
    _, error = await read_all(f"file:{path}", {"pace": False, "loop": False})
    assert error is not None
    assert error.code == "driver.ended"


async def test_a_file_that_has_gone_is_told_when_it_should_begin_again(
    clip_file: Path, tmp_path: Path
) -> None:
    path = tmp_path / "gone.mp4"
    path.write_bytes(clip_file.read_bytes())
    stream = clip.ClipStream(path, clip.ClipOptions(pace=False))
    stream.start()
    path.unlink()
    assert len(list(islice(iter(stream.read, None), 12))) == 12
    with pytest.raises(Unreachable):
        stream.read()
    stream.close()


async def test_another_file_in_its_place_ends_the_stream(tmp_path: Path) -> None:
    """Its decoder would be fed with what another one needs."""
    path = made(tmp_path / "a.mp4", ("libx264", 64, 3))
    stream = clip.ClipStream(path, clip.ClipOptions(pace=False))
    stream.start()
    made(tmp_path / "b.mp4", ("libx264", 128, 3)).replace(path)
    for _ in range(3):
        stream.read()
    with pytest.raises(Unreachable) as caught:
        stream.read()
    assert caught.value.code == "driver.ended"
    stream.close()


def cover(tracks: list[Any]) -> None:
    tracks[0].disposition = av.stream.Disposition.attached_pic


@pytest.mark.parametrize(
    ("name", "streams", "setup", "size"),
    [
        ("cover.mp4", (("mjpeg", 256, 1), ("libx264", 64, 6)), cover, 64),
        ("still first.mov", (("mjpeg", 256, 1), ("libx264", 64, 6)), None, 64),
        ("small first.mkv", (("mjpeg", 32, 6), ("libx264", 64, 6)), None, 64),
        ("two tracks.mp4", (("libx264", 64, 6), ("libx264", 96, 6)), None, 96),
        ("other codec first.mkv", (("mpeg4", 256, 6), ("libx264", 64, 6)), None, 64),
    ],
)
def test_the_video_is_played_not_what_lies_beside_it(
    tmp_path: Path,
    name: str,
    streams: tuple[tuple[str, int, int], ...],
    setup: Callable[[list[Any]], None] | None,
    size: int,
) -> None:
    found = tell(made(tmp_path / name, *streams, setup=setup))
    assert (found.codec, found.width) == (Codec.H264, size)


def test_a_cover_alone_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(Unsupported) as caught:
        tell(made(tmp_path / "song.mp4", ("mjpeg", 64, 1), setup=cover))
    assert caught.value.code == "driver.no_video"


@pytest.mark.parametrize("size", [0, 700])
def test_an_empty_or_cut_file_is_malformed(clip_file: Path, tmp_path: Path, size: int) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(clip_file.read_bytes()[:size])
    with pytest.raises(Malformed):
        tell(path)


@pytest.mark.parametrize(
    ("degrees", "hflip", "turn"),
    [
        (0, False, Turn()),
        (-90, False, Turn(90)),
        (180, False, Turn(180)),
        (90, False, Turn(270)),
        (0, True, Turn(0, mirrored=True)),
    ],
)
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_how_the_file_lies_is_told(tmp_path: Path, name: str, degrees: int, hflip: bool, turn: Turn) -> None:
    def lay(tracks: list[Any]) -> None:
        tracks[0].set_display_rotation(degrees, hflip=hflip)

    assert tell(made(tmp_path / name, ("libx264", 64, 3), setup=lay)).turn == turn


def test_pixels_that_only_the_container_tells(tmp_path: Path) -> None:
    plain = made(tmp_path / "plain.mp4", ("libx264", 64, 3))
    assert tell(plain).pixel is None
    path = tmp_path / "wide.mp4"
    with av.open(str(plain)) as source, av.open(str(path), "w") as target:
        track = target.add_stream_from_template(source.streams.video[0])
        track.sample_aspect_ratio = Fraction(4, 3)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = track
                target.mux(packet)
    assert tell(path).pixel == Fraction(4, 3)

"""Streams of programs that others wrote: FFmpeg packs RTP, GStreamer serves RTSP."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from drivers.contract import Login, Packet, TrackKind
from drivers.errors import DriverError
from drivers.rtsp import RtspSource, rtp, sdp
from drivers.rtsp.stream import RtspStream
from drivers.rtsp.tracks import CompanionTrack

GSTREAMER = Path(__file__).parent / "gstreamer_server.py"
PYTHON = "/usr/bin/python3"  # Debian's: it has the bindings
LOGIN = Login("operator", "pw-1")


def _has_gstreamer() -> bool:
    probe = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    if not Path(PYTHON).exists():
        return False
    return subprocess.run([PYTHON, "-c", probe], capture_output=True, check=False).returncode == 0


needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
needs_gstreamer = pytest.mark.skipif(not _has_gstreamer(), reason="GStreamer's RTSP server is not installed")


@pytest.mark.peer
@needs_ffmpeg
@pytest.mark.parametrize("encoder", ["libx264", "libx265", "mjpeg"])
async def test_what_ffmpeg_packs_decodes(tmp_path: Path, encoder: str) -> None:
    import av

    described = tmp_path / "x.sdp"
    more = ["-x265-params", "log-level=none"] if encoder == "libx265" else []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        sock.bind(("127.0.0.1", 0))
        done = await asyncio.create_subprocess_exec(
            "ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=1", "-pix_fmt", "yuvj420p",
            "-c:v", encoder, *more, "-g", "10", "-bf", "0", "-huffman", "0", "-sdp_file", str(described),
            "-f", "rtp", f"rtp://127.0.0.1:{sock.getsockname()[1]}?pkt_size=1200",
        )  # fmt: skip
        assert await done.wait() == 0
        sock.setblocking(False)
        packets = []
        while True:
            try:
                packets.append(sock.recv(65536))
            except BlockingIOError:
                break
    (video,) = sdp.read(described.read_text()).videos
    receiver = rtp.Receiver(video)
    for packet in packets:
        receiver.feed(memoryview(packet))
    receiver.depacketizer.cut()
    receiver._collect()
    decoder: Any = av.CodecContext.create(video.codec.value, "r")
    frames = [frame for unit in receiver.units for frame in decoder.decode(av.Packet(unit.data))]
    frames += decoder.decode(None)
    assert receiver.gaps == receiver.strange == receiver.depacketizer.dropped == 0
    assert len(receiver.units) == len(frames) == 25
    assert {(frame.width, frame.height, frame.is_corrupt) for frame in frames} == {(320, 240, False)}
    assert receiver.units[0].keyframe


@pytest.mark.peer
@needs_ffmpeg
@pytest.mark.parametrize("encoder", ["pcm_alaw", "pcm_mulaw", "aac"])
async def test_sound_that_ffmpeg_packs_decodes(tmp_path: Path, encoder: str) -> None:
    import av

    described, rate = tmp_path / "x.sdp", 16_000 if encoder == "aac" else 8000
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        sock.bind(("127.0.0.1", 0))
        done = await asyncio.create_subprocess_exec(
            "ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i", f"sine=f=440:r={rate}:d=1", "-ac", "1",
            "-c:a", encoder, "-sdp_file", str(described), "-f", "rtp", f"rtp://127.0.0.1:{sock.getsockname()[1]}",
        )  # fmt: skip
        assert await done.wait() == 0
        sock.setblocking(False)
        (told,) = sdp.read(described.read_text()).companions
        track = CompanionTrack(told)
        with suppress(BlockingIOError):
            while True:
                track.feed(memoryview(sock.recv(65536)))
    decoder: Any = av.CodecContext.create(told.codec, "r")
    decoder.extradata = told.config or None
    decoder.sample_rate, decoder.layout = told.rate, "mono"
    heard = [frame for _, data in track.done for frame in decoder.decode(av.Packet(data))]
    assert (told.rate, told.channels, track.dropped) == (rate, 1, 0)
    assert sum(frame.samples for frame in heard) >= rate * 0.9
    first, *_, last = (at for at, _ in track.done)
    assert 0.8 * rate < last - first < 1.1 * rate


@pytest.fixture(scope="module", params=["", "digest"])
def gstreamer(request: pytest.FixtureRequest) -> Iterator[tuple[int, Login | None]]:
    """A GStreamer RTSP server, without and with a login."""
    login = LOGIN if request.param else None
    words = [LOGIN.username, LOGIN.password] if login else []
    with subprocess.Popen([PYTHON, GSTREAMER, *words], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline()), login
        finally:
            server.kill()


def _counters(stream: RtspStream) -> str:
    """What has come so far, and what became of it."""
    receiver, session = stream.receiver, stream._session
    if receiver is None:
        return "not playing"
    told = {name: getattr(receiver, name) for name in ("packets", "gaps", "strange")}
    told |= {
        "torn": receiver.depacketizer.torn,
        "dropped": receiver.depacketizer.dropped,
        "waiting": len(receiver.units),
    }
    if session is not None and session.datagrams is not None:
        told["strays"] = session.datagrams._strays
    return ", ".join(f"{name}: {count}" for name, count in told.items())


@pytest.mark.peer
@needs_gstreamer
@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("path", ["h264", "slices", "h265", "mjpeg", "audio"])
async def test_what_gstreamer_serves_plays(
    gstreamer: tuple[int, Login | None], path: str, transport: Any
) -> None:
    import av

    port, login = gstreamer
    stream = RtspStream(RtspSource(f"rtsp://127.0.0.1:{port}/{path}", login, transport))
    packets: list[Packet] = []
    try:
        codec = await asyncio.to_thread(stream.start)
        while len(packets) < 15:
            packets.append(await asyncio.to_thread(stream.read))
    except DriverError as error:
        error.add_note(f"pictures read: {len(packets)}; {_counters(stream)}")
        raise
    finally:
        stream.close()
    decoder: Any = av.CodecContext.create(codec.codec.value, "r")
    decoder.extradata = codec.extradata or None
    assert (codec.width, codec.height) == (320, 240)
    assert packets[0].keyframe
    assert sum(len(decoder.decode(av.Packet(packet.data))) for packet in packets) >= 12
    assert [packet.dts for packet in packets] == sorted({packet.dts for packet in packets})


@pytest.mark.peer
@needs_gstreamer
async def test_sound_that_gstreamer_serves_comes_beside_the_pictures(
    gstreamer: tuple[int, Login | None],
) -> None:
    port, login = gstreamer
    stream = RtspStream(RtspSource(f"rtsp://127.0.0.1:{port}/audio", login, "tcp"))
    stream.wanted = frozenset(TrackKind)
    try:
        await asyncio.to_thread(stream.start)
        packets = [await asyncio.to_thread(stream.read) for _ in range(60)]
    finally:
        stream.close()
    assert [(track.kind, track.codec) for track in stream.tracks] == [
        (TrackKind.VIDEO, "h264"), (TrackKind.AUDIO, "pcm_alaw"),
    ]  # fmt: skip
    for number in (0, 1):
        stamps = [packet.dts for packet in packets if packet.track == number]
        assert len(stamps) > 5
        assert stamps == sorted(set(stamps))

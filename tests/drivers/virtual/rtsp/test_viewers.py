"""The RTSP server before FFmpeg, the program and PyAV: what they see has no seam."""

import asyncio
import os
import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import av
import pytest

from drivers.contract import Login
from drivers.virtual.accounts import Accounts
from drivers.virtual.rtsp.server import RtspServer
from drivers.virtual.street.footage import FixedFootage

HOST = "127.0.0.1"
LOGIN = Login("admin", "p@ss:w/rd#1")


def _url(server: RtspServer, login: Login | None = LOGIN) -> str:
    who = f"{login.username}:{quote(login.password, safe='')}@" if login else ""
    return f"rtsp://{who}{HOST}:{server.port}/main"


def _watch(url: str, transport: str, count: int) -> tuple[list[int], int]:
    """Read packets with PyAV; return their times and how many pictures could be decoded."""
    options = {"rtsp_transport": transport, "probesize": "100000", "analyzeduration": "500000"}
    with av.open(url, options=options, timeout=60) as container:
        times: list[int] = []
        pictures = 0
        for packet in container.demux(video=0):
            pictures += len(packet.decode())
            if packet.pts is not None:
                times.append(packet.pts)
            if len(times) >= count:
                break
        return times, pictures


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_pyav_sees_no_seam(footage: FixedFootage, transport: str) -> None:
    async with RtspServer(footage, HOST, accounts=Accounts(LOGIN)) as server:
        times, pictures = await asyncio.to_thread(_watch, _url(server), transport, 48)  # over two seams
    assert {later - time for time, later in pairwise(times)} == {9000}
    assert pictures >= 45


async def test_several_watch_at_once(footage: FixedFootage) -> None:
    async with RtspServer(footage, HOST, accounts=Accounts(LOGIN)) as server:
        transports = ("tcp", "udp", "tcp")
        found = await asyncio.gather(
            *(asyncio.to_thread(_watch, _url(server), transport, 20) for transport in transports)
        )
    assert all(pictures >= 17 for _, pictures in found)
    assert footage.encoded == 2


async def test_pyav_is_refused_with_the_wrong_password(footage: FixedFootage) -> None:
    async with RtspServer(footage, HOST, accounts=Accounts(LOGIN)) as server:
        with pytest.raises(av.error.HTTPUnauthorizedError):
            await asyncio.to_thread(_watch, _url(server, Login("admin", "guess")), "tcp", 1)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{name} is not installed")
    return str(found)


async def _run(arguments: Sequence[str]) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(120):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode or 0, output.decode()


@pytest.mark.peer
@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_ffprobe_reads_what_was_promised(footage: FixedFootage, transport: str) -> None:
    async with RtspServer(footage, HOST, accounts=Accounts(LOGIN), algorithms=("SHA-256", "MD5")) as server:
        show = "stream=codec_name,profile,width,height,r_frame_rate,has_b_frames"
        code, told = await _run(
            [_program("ffprobe"), "-v", "error", "-rtsp_transport", transport, "-show_entries", show,
             "-of", "default=noprint_wrappers=1", _url(server)]
        )  # fmt: skip
    assert code == 0, told
    assert set(told.split("\n")) >= {
        "codec_name=h264", "profile=Constrained Baseline", "width=320", "height=180", "r_frame_rate=10/1",
        "has_b_frames=0",
    }  # fmt: skip


@pytest.mark.peer
@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_ffmpeg_records_without_a_complaint(
    footage: FixedFootage, transport: str, tmp_path: Path
) -> None:
    file = tmp_path / "seen.mkv"
    async with RtspServer(footage, HOST, accounts=Accounts(LOGIN)) as server:
        code, told = await _run(
            [_program("ffmpeg"), "-v", "warning", "-xerror", "-rtsp_transport", transport, "-i", _url(server),
             "-t", "4.5", "-c", "copy", "-y", str(file)]
        )  # fmt: skip
    assert code == 0
    assert "error" not in told.lower()
    with av.open(str(file)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert len(times) >= 40
    # FFmpeg gives the first RTP picture no time, and the file then that of its neighbour
    assert {round((later or 0) - (time or 0), 2) for time, later in pairwise(times[1:])} == {0.1}


@pytest.mark.peer
async def test_ffprobe_is_refused_with_the_wrong_password(footage: FixedFootage) -> None:
    async with RtspServer(footage, HOST, accounts=Accounts(LOGIN)) as server:
        code, told = await _run([_program("ffprobe"), "-v", "error", _url(server, Login("admin", "guess"))])
    assert code != 0
    assert "401 Unauthorized" in told

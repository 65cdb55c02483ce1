"""Many ONVIF cameras in one process, for bench_cameras.py: SOAP by hand, H.264 over RTSP, and ways to fail.

    python benchmarks/fake_cameras.py --devices 50 --fps 10 --kbit 200

It prints its ports as one JSON line, obeys a JSON object per line of its input, and tells what became of it, a JSON
object per line too. Every device has a port of its own, because an engine takes host and port for a device. Times
are of the monotonic clock, which all processes of a machine share.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import struct
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from time import monotonic, process_time
from typing import Any

import av
import numpy as np

NAMESPACES = (
    'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" '
    'xmlns:trt="http://www.onvif.org/ver10/media/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema" '
    'xmlns:tev="http://www.onvif.org/ver10/events/wsdl" xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" '
    'xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:tns1="http://www.onvif.org/ver10/topics" '
    'xmlns:ter="http://www.onvif.org/ver10/error" xmlns:rw="http://docs.oasis-open.org/wsrf/rw-2"'
)
PROFILE = (
    '<trt:Profiles token="main" fixed="true"><tt:Name>main</tt:Name><tt:VideoSourceConfiguration token="c">'
    "<tt:Name>v</tt:Name><tt:UseCount>1</tt:UseCount><tt:SourceToken>s</tt:SourceToken></tt:VideoSourceConfiguration>"
    '<tt:VideoEncoderConfiguration token="e"><tt:Name>e</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>H264'
    "</tt:Encoding><tt:Resolution><tt:Width>{0}</tt:Width><tt:Height>{1}</tt:Height></tt:Resolution></tt:VideoEncoder"
    "Configuration></trt:Profiles>"
)
#: Bytes of one RTP payload, as on Ethernet.
PAYLOAD = 1400
#: Seconds of a clip, which has one keyframe.
CLIP = 2
#: Seconds between two states of a device that tells them while it is being tried.
TELLING = 2.0
#: Notifications a second of a device that repeats itself, and seconds between two answers with them.
FLOOD, HASTE = 100, 0.5
Moving = asyncio.StreamReader


# -- pictures --------------------------------------------------------------------------------------------


def encoded(width: int, height: int, fps: int, kbit: int, moves: bool) -> tuple[list[list[bytes]], bytes]:
    """Return a clip as the RTP payloads of each picture, and its description's parameter sets.

    A square, which moves or not, over noise; the noise takes what bits there are.
    """
    random, still = np.random.default_rng(1), np.random.default_rng(2).integers(0, 40, (height, width))
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, fps), Fraction(fps)
    context.bit_rate, context.gop_size = kbit * 1000, CLIP * fps
    context.options = {
        "tune": "zerolatency",
        "preset": "veryfast",
        "x264-params": f"nal-hrd=cbr:vbv-maxrate={kbit}:vbv-bufsize={kbit}:scenecut=0:sliced-threads=0",
    }
    pictures: list[list[bytes]] = []
    sets: list[bytes] = []
    for number in range(2 * CLIP * fps):  # the first clip lets the rate settle
        grain = random.integers(0, 60, (height, width)) if kbit > 1000 else 0
        luma = (60 + still + grain).astype(np.uint8)
        at = number * 3 % (width - 60) if moves else 0
        luma[height // 3 : height // 3 + 60, at : at + 60] = 220
        picture = np.concatenate([luma, np.full((height // 2, width), 128, np.uint8)])
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = number
        for packet in context.encode(frame):
            nals = list(split(bytes(packet)))
            sets = sets or [nal for nal in nals if nal[0] & 0x1F in (7, 8)]
            pictures.append([payload for nal in nals for payload in payloads(nal)])
    return pictures[-CLIP * fps :], b",".join(b64encode(nal) for nal in sets)


def split(picture: bytes) -> Iterator[bytes]:
    """Yield the NAL units of Annex B that a decoder needs; neither delimiters nor filling."""
    for nal in re.split(rb"\x00\x00\x00?\x01", picture)[1:]:
        if nal[0] & 0x1F in (1, 5, 7, 8):
            yield nal


def payloads(nal: bytes) -> list[bytes]:
    """Return a NAL unit as RTP payloads (RFC 6184)."""
    if len(nal) <= PAYLOAD:
        return [nal]
    head, kind, body = nal[0] & 0xE0 | 28, nal[0] & 0x1F, nal[1:]
    parts = [body[at : at + PAYLOAD - 2] for at in range(0, len(body), PAYLOAD - 2)]
    marks = [0x80, *[0] * (len(parts) - 2), 0x40]
    return [bytes((head, mark | kind)) + part for mark, part in zip(marks, parts, strict=True)]


class Video:
    """An RTSP server; every path of it is the same camera.

    Attributes:
        port: Where it listens.
        playing: By path: the connections that are to be cut where the camera reboots.
    """

    def __init__(self, width: int, height: int, fps: int, kbit: int, moves: bool) -> None:
        self.pictures, self.sets = encoded(width, height, fps, kbit, moves)
        self.fps, self.port = fps, 0
        self.playing: dict[str, set[asyncio.StreamWriter]] = {}
        self.tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen."""
        server = await asyncio.start_server(self.talk, "127.0.0.1", 0, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]

    @property
    def kbit(self) -> float:
        """What it really sends."""
        return sum(len(each) + 16 for picture in self.pictures for each in picture) * 8 / CLIP / 1000

    def cut(self) -> int:
        """Cut every connection on which video is played; return how many there were."""
        playing = [writer for writers in self.playing.values() for writer in writers]
        for writer in playing:
            writer.transport.abort()
        return len(playing)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        play: asyncio.Task[None] | None = None
        path = ""
        with suppress(OSError, asyncio.IncompleteReadError, ValueError):
            while True:
                if (first := await reader.readexactly(1)) == b"$":
                    _, size = struct.unpack(">BH", await reader.readexactly(3))
                    await reader.readexactly(size)
                    continue
                head = (first + await reader.readuntil(b"\r\n\r\n")).decode()
                method, url = head.split(" ", 2)[:2]
                path = re.sub(r"rtsp://[^/]+/|/track1.*", "", url)
                number = re.findall(r"(?i)cseq: *(\d+)", head)[0]
                writer.write(self.answer(method, url, number))
                if method == "PLAY":
                    self.playing.setdefault(path, set()).add(writer)
                    play = asyncio.get_running_loop().create_task(self.play(writer, path))
                    self.tasks.add(play)
        if play is not None:
            play.cancel()
            self.tasks.discard(play)
        self.playing.get(path, set()).discard(writer)
        writer.close()

    def answer(self, method: str, url: str, number: str) -> bytes:
        """Return the answer to a request."""
        more, body = "Session: 7;timeout=60\r\n", ""
        if method == "OPTIONS":
            more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n"
        elif method == "DESCRIBE":
            body = (
                "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n"
                "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;"
                f"sprop-parameter-sets={self.sets.decode()}\r\na=control:track1\r\n"
            )
            more = f"Content-Base: {url}/\r\nContent-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
        elif method == "SETUP":
            more += "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
        return f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{more}\r\n{body}".encode()

    async def play(self, writer: asyncio.StreamWriter, path: str) -> None:
        """Send the clip again and again; each path at moments of its own, whenever it was asked for.

        Pictures that come all at once are cheaper, because the caches are warm: two engines must have the same.
        """
        sequence = number = 0
        phase = sum(path.encode()) * 0.618
        await asyncio.sleep((phase - monotonic() * self.fps) % 1 / self.fps)
        began = monotonic()
        with suppress(OSError):
            while True:
                for picture in self.pictures:
                    stamp = number * 90_000 // self.fps & 0xFFFFFFFF
                    for left, payload in enumerate(picture, 1 - len(picture)):
                        size, mark = len(payload) + 12, 96 if left else 224
                        head = struct.pack(
                            ">BBHBBHII", 36, 0, size, 128, mark, sequence & 0xFFFF, stamp, 0x1234
                        )
                        writer.write(head + payload)  # each by itself, as they come over a network
                        sequence += 1
                    await writer.drain()
                    number += 1
                    await asyncio.sleep(max(0.0, began + number / self.fps - monotonic()))


# -- devices ---------------------------------------------------------------------------------------------


def enveloped(body: str) -> bytes:
    return f"<s:Envelope {NAMESPACES}><s:Body>{body}</s:Body></s:Envelope>".encode()


def fault(subcode: str, reason: str) -> bytes:
    return enveloped(
        f"<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en">{reason}</s:Text></s:Reason></s:Fault>'
    )


def moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def note(topic: str, operation: str, **data: object) -> str:
    items = "".join(f'<tt:SimpleItem Name="{name}" Value="{value}"/>' for name, value in data.items())
    return (
        '<wsnt:NotificationMessage><wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">'
        f'{topic}</wsnt:Topic><wsnt:Message><tt:Message UtcTime="{moment(datetime.now(UTC))}" PropertyOperation='
        f'"{operation}"><tt:Source><tt:SimpleItem Name="VideoSourceConfigurationToken" Value="c"/></tt:Source>'
        f"<tt:Data>{items}</tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage>"
    )


def tell(**what: object) -> None:
    """Say something to whoever started us."""
    print(json.dumps(what), flush=True)


class Device:
    """One camera's SOAP.

    Attributes:
        sort: What it floods with; empty: it says nothing, or tells states where it is `tried`.
        broken: The loss that it suffers, empty where it is sound.
    """

    def __init__(self, number: int, video: Video, size: tuple[int, int], sort: str) -> None:
        self.number, self.video, self.size, self.sort = number, video, size, sort
        self.port = self.subscription = self.refusals = self.told = 0
        self.broken, self.faulty, self.tried, self.down = "", False, False, False
        self.changed = asyncio.Event()
        self.server: asyncio.Server | None = None
        self.talks: set[asyncio.StreamWriter] = set()

    async def listen(self) -> None:
        """Listen, after a reboot at the same port."""
        self.server = await asyncio.start_server(self.talk, "127.0.0.1", self.port, backlog=64)
        self.port = self.server.sockets[0].getsockname()[1]

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.talks.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                size = int(re.findall(r"(?i)content-length: (\d+)", head)[0])
                body = (await reader.readexactly(size)).decode()
                operation = re.findall(r"Body[^>]*>\s*<(?:\w+:)?(\w+)", body)[0]
                status, told = await self.answer(operation, head, body)
                if not status:
                    await reader.read()  # hangs until the other side gives up
                    break
                self.judge(status)
                writer.write(b"HTTP/1.1 %d X\r\nContent-Type: application/soap+xml\r\n" % status)
                writer.write(b"Content-Length: %d\r\n\r\n" % len(told) + told)
        self.talks.discard(writer)
        writer.close()

    def judge(self, status: int) -> None:
        """Tell when the first sound answer after a loss is given, and when the client had learned of the loss."""
        if status != 200:
            self.faulty = True
        elif self.faulty and not self.down and not self.broken:
            self.faulty = False
            tell(device=self.number, clean=monotonic())

    async def answer(self, operation: str, head: str, body: str) -> tuple[int, bytes]:
        """Return status and content of the answer to a request; status 0: none is given."""
        if self.down:
            return 500, b""
        if operation == "PullMessages":
            return await self.pulled(int(re.findall(r"/sub/(\d+)", head)[0]), body)
        if operation == "CreatePullPointSubscription":
            return self.subscribed()
        return 200, enveloped(self.said(operation))

    def said(self, operation: str) -> str:
        """Return what is always said the same."""
        root, now = f"http://127.0.0.1:{self.port}", datetime.now(UTC)
        match operation:
            case "GetSystemDateAndTime":
                date = (
                    f"<tt:Year>{now.year}</tt:Year><tt:Month>{now.month}</tt:Month><tt:Day>{now.day}</tt:Day>"
                )
                hour = f"<tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute>"
                second = f"<tt:Second>{now.second}</tt:Second>"
                return f"<tt:UTCDateTime><tt:Time>{hour}{second}</tt:Time><tt:Date>{date}</tt:Date></tt:UTCDateTime>"
            case "GetDeviceInformation":
                return "<tds:Manufacturer>Acme</tds:Manufacturer><tds:Model>M1</tds:Model>"
            case "GetCapabilities":
                return (
                    f"<tds:Capabilities><tt:Media><tt:XAddr>{root}/m</tt:XAddr></tt:Media></tds:Capabilities>"
                )
            case "GetServices":
                spaces = {"m": "media", "e": "events"}
                return "".join(
                    f"<tds:Service><tds:Namespace>http://www.onvif.org/ver10/{space}/wsdl</tds:Namespace>"
                    f"<tds:XAddr>{root}/{path}</tds:XAddr></tds:Service>"
                    for path, space in spaces.items()
                )
            case "GetProfiles":
                return PROFILE.format(*self.size)
            case "GetStreamUri":
                return f"<trt:MediaUri><tt:Uri>rtsp://127.0.0.1:{self.video.port}/{self.number}</tt:Uri></trt:MediaUri>"
            case "GetSnapshotUri":
                return f"<trt:MediaUri><tt:Uri>{root}/still.jpg</tt:Uri></trt:MediaUri>"
            case "Renew":
                return f"<wsnt:TerminationTime>{moment(now + timedelta(seconds=600))}</wsnt:TerminationTime>"
        return ""

    # -- events --

    def subscribed(self) -> tuple[int, bytes]:
        """Give a subscription, unless there is no place for it."""
        if self.broken == "full" and self.refusals:
            self.refusals -= 1
            return 400, fault(
                "rw:ResourceUnknownFault", "Maximum number of Subscribe reached: CreationFailed"
            )
        self.heal()
        self.subscription += 1
        now = datetime.now(UTC)
        where = f"http://127.0.0.1:{self.port}/sub/{self.subscription}"
        return 200, enveloped(
            f"<tev:SubscriptionReference><wsa:Address>{where}</wsa:Address></tev:SubscriptionReference><wsnt:CurrentTime>"
            f"{moment(now)}</wsnt:CurrentTime><wsnt:TerminationTime>{moment(now + timedelta(seconds=600))}</wsnt:"
            "TerminationTime>"
        )

    async def pulled(self, subscription: int, body: str) -> tuple[int, bytes]:
        """Answer a pull: with what there is, or when the time is over, or as the loss will have it."""
        wait = HASTE if self.sort else float(re.findall(r"PT(\d+)S<", body)[0])
        wait = TELLING if self.tried and self.told else wait
        if not (self.tried and not self.told):  # a subscription begins with what is so now
            with suppress(TimeoutError):
                await asyncio.wait_for(self.changed.wait(), wait)
        match self.broken:
            case "hang":
                self.heal()
                self.faulty = True
                return 0, b""
            case "404" | "500" if subscription == self.subscription:
                return int(self.broken), b"<html>no</html>"
        if subscription != self.subscription or self.broken:
            return 400, fault("rw:ResourceUnknownFault", "no such pull point")
        now = moment(datetime.now(UTC))
        times = f"<tev:CurrentTime>{now}</tev:CurrentTime><tev:TerminationTime>{now}</tev:TerminationTime>"
        notes = "".join(self.notes())
        return 200, enveloped(f"<tev:PullMessagesResponse>{times}{notes}</tev:PullMessagesResponse>")

    def notes(self) -> Iterator[str]:
        """Yield what there is to tell."""
        if self.tried:
            self.told += 1
            yield note("tns1:Bench/Count", "Changed", Count=f"{monotonic():.3f}")
        for number in range(int(FLOOD * HASTE)):
            match self.sort:
                case "unchanged":
                    yield note("tns1:VideoSource/MotionAlarm", "Changed", State="true")
                case "note":
                    yield note("tns1:Device/Trigger", "Changed", Name="bell")
                case "toggling":
                    yield note("tns1:VideoSource/MotionAlarm", "Changed", State=("true", "false")[number % 2])

    # -- losses --

    def heal(self) -> None:
        """Be sound again."""
        self.broken = ""
        self.changed.clear()

    async def lose(self, kind: str) -> None:
        """Lose the subscription in one of five ways; `gone`, `404`, `500`, `full`, `hang`, or `reboot`."""
        self.tried, self.told, self.faulty = True, 0, False
        tell(device=self.number, lost=monotonic(), kind=kind)
        if kind == "reboot":
            await self.reboot()
            return
        self.broken, self.refusals = kind, 2
        if kind in ("gone", "full"):
            self.subscription += 1
        self.changed.set()

    async def reboot(self) -> None:
        """Be away for three seconds, fail for two, and know nothing of what was."""
        assert self.server is not None
        self.server.close()
        for writer in [*self.talks, *self.video.playing.get(str(self.number), ())]:
            writer.transport.abort()
        self.faulty = self.down = True
        self.subscription += 1
        await asyncio.sleep(3.0)
        await self.listen()
        await asyncio.sleep(2.0)
        self.down = False
        tell(device=self.number, sound=monotonic())


async def lines() -> AsyncIterator[dict[str, Any]]:
    """Yield what we are told to do."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield json.loads(line)


async def serve(options: argparse.Namespace) -> None:
    size = (options.width, options.height)
    video = Video(*size, options.fps, options.kbit, bool(options.moves))
    await video.start()
    devices = [Device(number, video, size, options.flood) for number in range(options.devices)]
    for device in devices:
        await device.listen()
    hanging = [await asyncio.start_server(hang, "127.0.0.1", 0, backlog=64) for _ in range(options.hanging)]
    ports = [server.sockets[0].getsockname()[1] for server in hanging]
    tell(onvif=[device.port for device in devices], rtsp=video.port, hanging=ports, kbit=round(video.kbit))
    async with asyncio.TaskGroup() as group:
        async for order in lines():
            if "lose" in order:
                group.create_task(devices[order["device"]].lose(order["lose"]))
            elif "cut" in order:
                tell(cut=video.cut())
            elif "playing" in order:
                tell(playing=sum(map(len, video.playing.values())))
            else:
                tell(cpu=process_time())
        for task in video.tasks:
            task.cancel()


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take a connection and never answer."""
    with suppress(OSError):
        await reader.read()
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--devices", type=int, default=0)
    parser.add_argument("--hanging", type=int, default=0, help="ports that accept and never answer")
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--height", type=int, default=240)
    parser.add_argument("--fps", type=int, default=10)
    parser.add_argument("--kbit", type=int, default=200)
    parser.add_argument("--moves", type=int, default=1, help="0: the picture stands still, and tells nothing")
    parser.add_argument("--flood", default="", choices=("", "unchanged", "note", "toggling"))
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()

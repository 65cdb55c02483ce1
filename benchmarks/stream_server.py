"""A GStreamer RTSP server that plays coded pictures for ever, for bench_streams.py; run by Debian's Python.

Arguments: pictures a second, then files of pictures (H.264, Annex B), each with its length before it in four bytes, the
highest first. Prints its port; each file is a path of it: /0, /1, ... Python hands over a picture and its time; all
else is done by GStreamer's own threads, in C.
"""

import os
import struct
import sys
from itertools import count
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402  # after the versions

FPS = int(sys.argv[1])
SOURCE = "appsrc name=source format=time block=true max-bytes=300000"
CAPS = f"video/x-h264,stream-format=byte-stream,alignment=au,framerate={FPS}/1"


def pictures(path: str) -> list[bytes]:
    """Return the pictures of a file."""
    with open(path, "rb") as file:
        data = file.read()
    made: list[bytes] = []
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        made.append(data[at + 4 : at + 4 + length])
        at += 4 + length
    return made


def configured(factory: Any, media: Any, kept: list[bytes]) -> None:
    """Let a stream that begins take its pictures from a file, round and round."""
    numbers = count()

    def feed(source: Any, length: int) -> None:
        number = next(numbers)
        buffer = Gst.Buffer.new_wrapped(kept[number % len(kept)])
        buffer.pts = buffer.dts = number * Gst.SECOND // FPS
        buffer.duration = Gst.SECOND // FPS
        source.emit("push-buffer", buffer)

    media.get_element().get_by_name("source").connect("need-data", feed)


os.environ.setdefault("GST_DEBUG", "0")
Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service("0")
for number, path in enumerate(sys.argv[2:]):
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        f"( {SOURCE} caps={CAPS} ! h264parse config-interval=-1 ! rtph264pay name=pay0 pt=96 )"
    )
    factory.connect("media-configure", configured, pictures(path))
    server.get_mount_points().add_factory(f"/{number}", factory)
server.attach(None)
sys.stdout.write(f"{server.get_bound_port()}\n")
sys.stdout.flush()
GLib.MainLoop().run()

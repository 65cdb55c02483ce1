"""A GStreamer RTSP server that plays coded files for ever, for bench_streams.py; run by Debian's Python.

Arguments: pictures a second, then Annex B files (H.264). Prints its port; each file is a path of it: /0, /1, ... All
the sending is done by GStreamer's own threads, in C.
"""

import os
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402  # after the versions

os.environ.setdefault("GST_DEBUG", "0")
Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service("0")
for number, path in enumerate(sys.argv[2:]):
    factory = GstRtspServer.RTSPMediaFactory()
    caps = f"video/x-h264,stream-format=byte-stream,framerate={sys.argv[1]}/1"
    source = f"multifilesrc location={path} loop=true caps={caps}"
    parser = f"h264parse config-interval=-1 ! {caps},alignment=au"
    factory.set_launch(f"( {source} ! {parser} ! rtph264pay name=pay0 pt=96 )")
    server.get_mount_points().add_factory(f"/{number}", factory)
server.attach(None)
sys.stdout.write(f"{server.get_bound_port()}\n")
sys.stdout.flush()
GLib.MainLoop().run()

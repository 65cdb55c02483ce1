"""A GStreamer RTSP server for the tests; run by Debian's Python. Prints its port; arguments: user and password."""

import os
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402  # after the versions

PICTURES = "videotestsrc is-live=1 pattern=ball ! video/x-raw,width=320,height=240,framerate=25/1,format=I420"
H264 = "x264enc tune=zerolatency key-int-max=10"
# PLAY lets every stream flow, also one that nobody has set up and that leads nowhere. A source of its own calls that
# an error, and one that comes while the pipeline goes to PLAYING sends all of it back to PAUSED: no more pictures for
# any client (GStreamer 1.22.0: 1 of 200 of our sessions on a busy machine, FFmpeg's likewise, though fewer).
SOUND = "audiotestsrc is-live=1 ! errorignore ignore-notlinked=1 convert-to=ok"
PATHS = {
    "h264": f"{H264} ! rtph264pay name=pay0 pt=96 config-interval=1",
    "slices": "x264enc tune=zerolatency sliced-threads=true threads=2 key-int-max=10 ! rtph264pay name=pay0 pt=96",
    "h265": "x265enc key-int-max=10 tune=zerolatency ! rtph265pay name=pay0 pt=96 config-interval=1",
    "mjpeg": "jpegenc ! rtpjpegpay name=pay0 pt=26",
    "audio": f"{H264} ! rtph264pay name=pay1 pt=96 {SOUND} ! alawenc ! rtppcmapay name=pay0 pt=8",
}

# What goes wrong is told on stderr, which stands beside a test that fails; less what these say of every session.
os.environ.setdefault("GST_DEBUG", "*:2,rtpsession:1,rtspmedia:1,rtspclient:0")
os.environ.setdefault("GST_DEBUG_NO_COLOR", "1")
Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service("0")
may = GstRtspServer.RTSPPermissions()
for right in ("access", "construct"):
    may.add_permission_for_role("user", f"media.factory.{right}", True)
for path, way in PATHS.items():
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {PICTURES} ! {way} )")
    if len(sys.argv) > 2:
        factory.set_permissions(may)
    server.get_mount_points().add_factory(f"/{path}", factory)
if len(sys.argv) > 2:
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    guard = GstRtspServer.RTSPAuth()
    guard.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    guard.add_digest(sys.argv[1], sys.argv[2], token)
    server.set_auth(guard)
server.attach(None)
sys.stdout.write(f"{server.get_bound_port()}\n")
sys.stdout.flush()
GLib.MainLoop().run()

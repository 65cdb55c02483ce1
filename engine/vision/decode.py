"""From coded packets to pictures: one decoder per stream, which damage does not end."""

from __future__ import annotations

import av
from av.error import FFmpegError

from drivers.contract import Codec, CodecParameters, Packet
from drivers.kit.upright import Righting, Upright
from engine.vision.hardware import Hardware, opened

#: Packets from which no picture came after which a device is given up for software.
FRUITLESS = 50


class Decoder:
    """Decodes one stream in the thread that owns it.

    Args:
        codec: What the stream is coded with.
        skip_loop_filter: Do without the deblocking filter: 20 to 40 % less work, pictures good enough
            for motion, not for evidence or detection.
        hardware: What is to decode; software takes over where that cannot, or gives nothing.

    Attributes:
        by: What decodes.
        independent: No picture is built on another: who does not want one need not decode it.
        pictures: Pictures that came out.
        errors: Packets that the codec refused.
        corrupt: Pictures withheld because the codec had to invent parts of them.
    """

    def __init__(
        self,
        codec: CodecParameters,
        *,
        skip_loop_filter: bool = False,
        hardware: Hardware = Hardware.SOFTWARE,
    ) -> None:
        self.pictures = self.errors = self.corrupt = 0
        self.independent = codec.codec is Codec.MJPEG
        self._codec, self._righting = codec, Righting(codec)
        self._skips, self._fruitless = skip_loop_filter, 0
        self._open(hardware)

    def _open(self, hardware: Hardware) -> None:
        context, self.by = opened(self._codec.codec, hardware)
        if self._codec.extradata:
            context.extradata = self._codec.extradata
        context.thread_count = 1  # frame threads cost CPU and delay; one camera is one thread
        if self._skips and self.by is Hardware.SOFTWARE:
            context.options = {"skip_loop_filter": "all"}
        self._context = context

    def feed(self, packet: Packet, *, wanted: bool = True) -> list[av.VideoFrame]:
        """Decode one packet; return the whole pictures that it completed, in order of `pts`.

        Args:
            packet: As the driver read it.
            wanted: False lets the codec leave out a picture that no other one is built on.
        """
        if not packet.data:  # to FFmpeg an empty packet is the end of the stream: nothing after it counts
            self.errors += 1
            return []
        self._context.skip_frame = "DEFAULT" if wanted else "NONREF"
        coded = av.Packet(packet.data)
        coded.pts, coded.dts, coded.time_base = packet.pts, packet.dts, self._codec.time_base
        coded.is_keyframe = packet.keyframe
        try:
            frames = self._context.decode(coded)
        except FFmpegError:  # damaged on the way: the next keyframe heals it
            self.errors += 1
            if self.by is not Hardware.SOFTWARE:
                self._doubt(False)
            return []
        if self.by is not Hardware.SOFTWARE:
            self._doubt(bool(frames))
        whole = [frame for frame in frames if not frame.is_corrupt]
        for frame in whole:
            self._righting.note(frame)
        self.pictures += len(whole)
        self.corrupt += len(frames) - len(whole)
        return whole

    def _doubt(self, fruitful: bool) -> None:
        """Give a device up that gives no pictures; the next keyframe begins anew, in software."""
        self._fruitless = 0 if fruitful else self._fruitless + 1
        if self._fruitless >= FRUITLESS:
            self._open(Hardware.SOFTWARE)

    def upright(self, frame: av.VideoFrame) -> Upright:
        """Return a picture that just came out of `feed` as it is meant to be seen."""
        return self._righting.upright(frame, self._context.sample_aspect_ratio)

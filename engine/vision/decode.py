"""From coded packets to pictures: one decoder per stream, which damage does not end."""

from __future__ import annotations

import av
from av.error import FFmpegError

from drivers.contract import Codec, CodecParameters, Packet
from drivers.kit.upright import Righting, Upright


class Decoder:
    """Decodes one stream in the thread that owns it.

    Args:
        codec: What the stream is coded with.
        skip_loop_filter: Do without the deblocking filter: 20 to 40 % less work, pictures good enough
            for motion, not for evidence or detection.

    Attributes:
        independent: No picture is built on another: who does not want one need not decode it.
        pictures: Pictures that came out.
        errors: Packets that the codec refused.
        corrupt: Pictures withheld because the codec had to invent parts of them.
    """

    def __init__(self, codec: CodecParameters, *, skip_loop_filter: bool = False) -> None:
        self.pictures = self.errors = self.corrupt = 0
        self.independent = codec.codec is Codec.MJPEG
        self._codec, self._righting = codec, Righting(codec)
        context = av.CodecContext.create(codec.codec.value, "r")
        if codec.extradata:
            context.extradata = codec.extradata
        context.thread_count = 1  # frame threads cost CPU and delay; one camera is one thread
        if skip_loop_filter:
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
            return []
        whole = [frame for frame in frames if not frame.is_corrupt]
        for frame in whole:
            self._righting.note(frame)
        self.pictures += len(whole)
        self.corrupt += len(frames) - len(whole)
        return whole

    def upright(self, frame: av.VideoFrame) -> Upright:
        """Return a picture that just came out of `feed` as it is meant to be seen."""
        return self._righting.upright(frame, self._context.sample_aspect_ratio)

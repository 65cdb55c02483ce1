"""One viewer over fragmented MP4: the same coded pictures, each in a fragment of its own."""

from __future__ import annotations

import io
from fractions import Fraction

import av
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

from engine.preview.feed import RATE, CodedPicture

_TIME_BASE = Fraction(1, RATE)
_FLAGS = "frag_every_frame+empty_moov+default_base_moof"


class _Sink(io.RawIOBase):
    """Where the muxer writes; handed over piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(memoryview(data))  # type: ignore[arg-type]  # RawIOBase calls it Buffer from 3.12 on
        self._pieces.append(piece)
        return len(piece)

    def take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def mime(profile: str) -> str:
    """Return the media type that a browser's MediaSource must be opened with."""
    return f'video/mp4; codecs="avc1.{profile}"'


class Muxer:
    """Pictures in, MP4 out. A picture leaves when the next one comes: only then is its duration known.

    Args:
        first: A keyframe; the MP4 header is made from its SPS and PPS.
    """

    def __init__(self, first: CodedPicture) -> None:
        self._sink = _Sink()
        # FFmpeg reads the picture's size from the SPS: the shortest way to a stream to copy from.
        with av.open(io.BytesIO(first.data), format="h264") as source:
            assert isinstance(source, InputContainer)  # noqa: S101 - opened for reading, told to the type checker
            output = av.open(self._sink, "w", format="mp4", options={"movflags": _FLAGS})
            assert isinstance(output, OutputContainer)  # noqa: S101 - opened for writing
            self._output = output
            self._stream: VideoStream = output.add_stream_from_template(source.streams.video[0])
        self._stream.time_base = _TIME_BASE
        output.start_encoding()
        self.header = self._sink.take()

    def feed(self, picture: CodedPicture) -> bytes:
        """Return the fragment of the picture before this one; empty for the first."""
        packet = av.Packet(picture.data)
        packet.pts = packet.dts = picture.ticks
        packet.time_base = _TIME_BASE
        packet.is_keyframe = picture.keyframe
        packet.stream = self._stream
        self._output.mux(packet)
        return self._sink.take()

    def close(self) -> None:
        """Release the muxer."""
        self._output.close()

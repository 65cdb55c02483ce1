"""A camera that is its streams: pictures, and sound and metadata where they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import partial

from drivers.contract import VIDEO_ONLY, Stream, TrackKind
from drivers.kit.stream_only import StreamOnlyCamera
from drivers.rtsp.source import RtspSource
from drivers.rtsp.stream import RtspStream


class RtspCamera(StreamOnlyCamera):
    """A camera whose streams bring sound and metadata, too, when they are asked to.

    Args:
        sources: By the name of the profile; the first one's host is what it is called.
    """

    def __init__(self, sources: Mapping[str, RtspSource]) -> None:
        first = next(iter(sources.values()))
        super().__init__(first.host, {name: partial(RtspStream, each) for name, each in sources.items()})

    async def open_stream(self, profile: str, kinds: AbstractSet[TrackKind] = VIDEO_ONLY) -> Stream:
        """Return a stream that has not been started."""
        stream = await StreamOnlyCamera.open_stream(self, profile)
        if isinstance(stream, RtspStream):
            stream.wanted = kinds
        return stream

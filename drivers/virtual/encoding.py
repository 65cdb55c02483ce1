"""What a virtual camera's encoders are set to, and what they could be set to. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from drivers.contract import Codec

#: A span of whole numbers, both ends in it.
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Encoding:
    """How one stream is coded.

    Attributes:
        fps: Pictures per second; of a clip not always whole.
        bitrate: kbit/s at most.
        gop: Pictures from one keyframe to the next.
    """

    size: tuple[int, int] = (640, 360)
    fps: float = 10.0
    bitrate: int = 700
    gop: int = 10
    codec: Codec = Codec.H264


#: What a stream is where nothing else is said.
PLAIN_ENCODING = Encoding()


@dataclass(frozen=True, slots=True)
class ProfileSpec:
    """A kind of stream that every source has.

    Attributes:
        token: Of the first channel's profile, and the path of its stream.
        name: What a person sees.
        configuration: Token of the first channel's encoder configuration; ends in 0.
    """

    token: str = "main"  # noqa: S105 (no secret)
    name: str = "Main stream"
    configuration: str = "encoder0"
    encoding: Encoding = PLAIN_ENCODING


_SUB = ProfileSpec("sub", "Sub stream", "encoder_sub0", Encoding((640, 360), 10.0, 512, 20))
#: One stream, as the demonstration has it; a large one for recording and a small one for analysis.
SINGLE: tuple[ProfileSpec, ...] = (ProfileSpec(),)
PAIR: tuple[ProfileSpec, ...] = (ProfileSpec(encoding=Encoding((1280, 720), 10.0, 2048, 20)), _SUB)


def numbered(token: str, channel: int) -> str:
    """Return the token of a channel, counted from 0."""
    return f"{token.removesuffix('0')}{channel}" if channel else token


@dataclass(frozen=True, slots=True)
class Stream:
    """A profile of a channel.

    Attributes:
        channel: Counted from 0.
    """

    profile: ProfileSpec
    channel: int = 0

    @property
    def token(self) -> str:
        """Profile token."""
        return numbered(self.profile.token, self.channel)

    @property
    def configuration(self) -> str:
        """Token of its encoder configuration."""
        return numbered(self.profile.configuration, self.channel)

    @property
    def name(self) -> str:
        """What a person sees."""
        return f"{self.profile.name} {self.channel + 1}" if self.channel else self.profile.name

    @property
    def path(self) -> str:
        """Where it is played."""
        return f"/{self.token}"


@dataclass(frozen=True, slots=True)
class Limits:
    """What an encoder takes."""

    sizes: tuple[tuple[int, int], ...] = ((1920, 1080), (1280, 720), (960, 540), (640, 360), (320, 180))
    fps: Span = (1, 25)
    bitrate: Span = (64, 8192)
    gop: Span = (1, 100)
    codecs: tuple[Codec, ...] = (Codec.H264, Codec.H265)

    def problem(self, wanted: Encoding) -> str:
        """Return what is not offered of a wanted encoding, in words; empty: all of it is."""
        if wanted.codec not in self.codecs:
            return f"codec {wanted.codec}"
        if wanted.size not in self.sizes:
            return "a size of {}x{}".format(*wanted.size)
        spans = (("fps", wanted.fps, self.fps), ("kbit/s", wanted.bitrate, self.bitrate))
        for name, value, (least, most) in (*spans, ("GovLength", wanted.gop, self.gop)):
            if not least <= value <= most:
                return f"{name} {value:g}, only {least}..{most}"
        return ""


class Encoders:
    """The encoders of all streams, by their profile's token.

    Args:
        streams: Every stream.
        limits: What they take.
        changed: Called after a stream's encoding has become another one.
    """

    def __init__(
        self, streams: tuple[Stream, ...], limits: Limits, changed: Callable[[Stream], None] | None = None
    ) -> None:
        self.streams, self.limits = streams, limits
        self._changed = changed
        self._encodings = {stream.token: stream.profile.encoding for stream in streams}

    @property
    def encodings(self) -> Mapping[str, Encoding]:
        """What each profile's encoder is set to."""
        return self._encodings

    def stream(self, token: str) -> Stream | None:
        """Return the stream of a profile token."""
        return next((each for each in self.streams if each.token == token), None)

    def configured(self, token: str) -> Stream | None:
        """Return the stream of an encoder configuration's token."""
        return next((each for each in self.streams if each.configuration == token), None)

    def set(self, stream: Stream, wanted: Encoding) -> None:
        """Set an encoder; the rate that a clip has is not rounded away.

        Raises:
            ValueError: It does not take that, with what it does not take in words.
        """
        present = self._encodings[stream.token]
        if round(present.fps) == wanted.fps:
            wanted = replace(wanted, fps=present.fps)
        if problem := self.limits.problem(wanted):
            raise ValueError(problem)
        self._encodings[stream.token] = wanted
        if wanted != present and self._changed is not None:
            self._changed(stream)

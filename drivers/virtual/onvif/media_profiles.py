"""What both media services of the virtual camera tell: its streams, their encoders, their addresses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from drivers.contract import Codec
from drivers.virtual.encoding import Encoders, Encoding, Stream, numbered
from drivers.virtual.onvif.service import SOURCE, SOURCE_CONFIGURATION
from drivers.virtual.onvif.soap import NS, Element, el, invalid, text

#: Where stills are; those of other profiles than the first have its token behind it.
SNAPSHOT_PATH = "/onvif/snapshot"
#: What a lying encoder says of every profile.
LIE = Encoding((1920, 1080), 25.0, 4096, 50)


@dataclass(frozen=True, slots=True)
class MediaProfiles:
    """The camera's streams.

    Attributes:
        encoders: What they are set to.
        stream_url: Makes a stream's address from the host that the client reached and its path.
        ptz: Whether the profiles have a PTZ configuration.
        lies: The encoders are told as `LIE`, and a change changes nothing.
        stills: Whether there are stills.
        encoder_set: Called when an encoder has been set, whatever came of it.
    """

    encoders: Encoders
    stream_url: Callable[[str, str], str]
    ptz: bool = False
    lies: bool = False
    stills: bool = True
    encoder_set: Callable[[], None] | None = None

    @property
    def channels(self) -> range:
        """The sources, counted from 0."""
        return range(1 + max(stream.channel for stream in self.encoders.streams))

    def encoding(self, stream: Stream) -> Encoding:
        """Return what is told of an encoder."""
        return LIE if self.lies else self.encoders.encodings[stream.token]

    def largest(self, channel: int) -> tuple[tuple[int, int], float]:
        """Return size and rate of a sensor: as large as what it can be asked for."""
        limits = self.encoders.limits
        return max((*limits.sizes, LIE.size) if self.lies else limits.sizes), float(limits.fps[1])

    def stream(self, token: str) -> Stream:
        """Return the stream of a profile.

        Raises:
            SoapFault: There is none.
        """
        found = self.encoders.stream(token)
        if found is None:
            raise invalid("ter:NoProfile", f"no profile {token!r}")
        return found

    def configured(self, token: str) -> Stream:
        """Return the stream of an encoder configuration.

        Raises:
            SoapFault: There is none.
        """
        found = self.encoders.configured(token)
        if found is None:
            raise invalid("ter:NoConfig", f"no configuration {token!r}")
        return found

    def still_path(self, stream: Stream) -> str:
        """Return where a profile's still is."""
        first = stream == self.encoders.streams[0]
        return SNAPSHOT_PATH if first else f"{SNAPSHOT_PATH}/{stream.token}"

    def set(self, stream: Stream, wanted: Encoding) -> None:
        """Set an encoder.

        Raises:
            SoapFault: It does not take that.
        """
        if not self.lies:
            try:
                self.encoders.set(stream, wanted)
            except ValueError as error:
                raise invalid("ter:ConfigModify", f"not offered: {error}") from None
        if self.encoder_set is not None:
            self.encoder_set()

    def wanted(self, given: Element, stream: Stream, gop: str, codec: Codec) -> Encoding:
        """Return what a configuration in a request asks for; what is not told in it stays.

        Args:
            gop: The group's length as it is told in that service; empty: not told.

        Raises:
            SoapFault: Something of it is no number.
        """
        present = self.encoding(stream)
        width, height = present.size
        size = (
            whole(text(given, "tt:Resolution/tt:Width", str(width))),
            whole(text(given, "tt:Resolution/tt:Height", str(height))),
        )
        fps = text(given, "tt:RateControl/tt:FrameRateLimit", f"{present.fps:g}")
        bitrate = text(given, "tt:RateControl/tt:BitrateLimit", str(present.bitrate))
        told = replace(present, size=size, fps=rate(fps), bitrate=whole(bitrate), codec=codec)
        return replace(told, gop=whole(gop) if gop else present.gop)


def source_configuration(name: str, profiles: MediaProfiles, channel: int) -> Element:
    """Return how a sensor is used; the same in both services."""
    (width, height), _ = profiles.largest(channel)
    return el(
        name,
        el("tt:Name", f"Channel {channel + 1}"),
        el("tt:UseCount", "1"),
        el("tt:SourceToken", numbered(SOURCE, channel)),
        el("tt:Bounds", x="0", y="0", width=str(width), height=str(height)),
        token=numbered(SOURCE_CONFIGURATION, channel),
    )


def multicast() -> Element:
    """Return that there is no multicast."""
    return el(
        "tt:Multicast",
        el("tt:Address", el("tt:Type", "IPv4"), el("tt:IPv4Address", "0.0.0.0")),  # noqa: S104 (a value)
        el("tt:Port", "0"),
        el("tt:TTL", "1"),
        el("tt:AutoStart", "false"),
    )


def resolution(name: str, size: tuple[int, int]) -> Element:
    """Return a size."""
    return el(name, el("tt:Width", str(size[0])), el("tt:Height", str(size[1])))


def span(name: str, least: float, most: float) -> Element:
    """Return a range."""
    return el(name, el("tt:Min", f"{least:g}"), el("tt:Max", f"{most:g}"))


def whole(written: str) -> int:
    """Read a whole number.

    Raises:
        SoapFault: It is none.
    """
    try:
        return int(written)
    except ValueError:
        raise invalid("ter:ConfigModify", f"{written[:40]!r} is no whole number") from None


def rate(written: str) -> float:
    """Read a number of pictures per second.

    Raises:
        SoapFault: It is none.
    """
    try:
        return float(written)
    except ValueError:
        raise invalid("ter:ConfigModify", f"{written[:40]!r} is no number") from None


def asked_stream(profiles: MediaProfiles, body: Element, prefix: str) -> Stream | None:
    """Return whose options or configuration a request asks for, None: everybody's.

    Raises:
        SoapFault: A token in it is none of ours.
    """
    configuration = text(body, f"{prefix}:ConfigurationToken", "")
    profile = text(body, f"{prefix}:ProfileToken", "")
    if configuration:
        return profiles.configured(configuration)
    return profiles.stream(profile) if profile else None


def required(body: Element, name: str) -> Element:
    """Return a part of a request.

    Raises:
        SoapFault: It is missing.
    """
    found = body.find(name, NS)
    if found is None:
        raise invalid("ter:NoConfig", f"{name} is missing")
    return found

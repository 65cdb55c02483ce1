"""Profiles, stream and still addresses: by Media2 where a device has it, by Media1 where that fails.

Media1 cannot tell H.265, so Media2 comes first; some devices announce it and then do not answer it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from lxml import etree

from drivers.contract import Codec, Profile
from drivers.errors import DriverError, Malformed, Unsupported
from drivers.onvif import xml
from drivers.onvif.soap import Service, Soap, request

MEDIA1 = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
_CODECS = {"H264": Codec.H264, "H265": Codec.H265, "HEVC": Codec.H265, "JPEG": Codec.MJPEG}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Offer:
    """A profile and what belongs to it on the device.

    Attributes:
        source: Video-source token.
        source_config: Token of the video-source *configuration*; events name this one.
        node: Token of the PTZ node, empty without PTZ.
    """

    profile: Profile
    source: str
    source_config: str = ""
    node: str = ""


class Media(Protocol):
    """One media service."""

    async def offers(self) -> tuple[Offer, ...]:
        """Return the profiles, in the device's order."""
        ...

    async def stream_url(self, token: str) -> str:
        """Return a profile's RTSP address as the device tells it."""
        ...

    async def still_url(self, token: str) -> str:
        """Return a profile's still picture address as the device tells it."""
        ...


class Media1:
    """The first media service, through the library."""

    def __init__(self, service: Service, host: str) -> None:
        self._service, self._host = service, host

    async def offers(self) -> tuple[Offer, ...]:
        """Return the profiles; one without a video source is none of ours."""
        profiles = await self._service.call("GetProfiles")
        return tuple(_offer(profile) for profile in profiles or () if _source(profile))

    async def stream_url(self, token: str) -> str:
        """Return a profile's RTSP address as the device tells it."""
        setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
        answer = await self._service.call("GetStreamUri", StreamSetup=setup, ProfileToken=token)
        return self._uri(answer)

    async def still_url(self, token: str) -> str:
        """Return a profile's still picture address as the device tells it."""
        return self._uri(await self._service.call("GetSnapshotUri", ProfileToken=token))

    def _uri(self, answer: Any) -> str:
        uri = getattr(answer, "Uri", None)
        if not isinstance(uri, str) or not uri.strip():
            raise Malformed(host=self._host, detail="no URI")
        return uri.strip()


class Media2:
    """The second media service, by hand: the library does not have it."""

    def __init__(self, soap: Soap, url: str) -> None:
        self._soap, self._url = soap, url

    async def offers(self) -> tuple[Offer, ...]:
        """Return the profiles; asked again without ``Type`` where a device fails on it."""
        try:
            answer = await self._ask("GetProfiles", Type="All")
        except (Unsupported, Malformed):
            answer = await self._ask("GetProfiles")
        return tuple(offer for node in xml.every(answer, "Profiles") if (offer := _offer2(node)).source)

    async def stream_url(self, token: str) -> str:
        """Return a profile's RTSP address as the device tells it."""
        return self._uri(await self._ask("GetStreamUri", Protocol="RTSP", ProfileToken=token))

    async def still_url(self, token: str) -> str:
        """Return a profile's still picture address as the device tells it."""
        return self._uri(await self._ask("GetSnapshotUri", ProfileToken=token))

    async def _ask(self, operation: str, **texts: str) -> etree._Element:
        return await self._soap.ask(self._url, request(MEDIA2, operation, **texts))

    def _uri(self, answer: etree._Element) -> str:
        uri = xml.text(answer, "Uri")
        if not uri:
            raise Malformed(host=self._soap.host, detail="no URI")
        return uri


async def first(medias: Sequence[Media], host: str, ask: Callable[[Media], Awaitable[T]]) -> T:
    """Return the first answer that says something; a refusal or a dead device ends the search.

    Raises:
        DriverError: The last service's; Unsupported where each answered with nothing.
    """
    failure: DriverError = Unsupported(host=host, detail="no media profile")
    for media in medias:
        try:
            answer = await ask(media)
        except (Unsupported, Malformed) as error:
            failure = error
        else:
            if answer:
                return answer
    raise failure


def _source(profile: Any) -> str:
    config = getattr(profile, "VideoSourceConfiguration", None)
    return str(getattr(config, "SourceToken", None) or "")


def _offer(profile: Any) -> Offer:
    encoder = getattr(profile, "VideoEncoderConfiguration", None)
    size = getattr(encoder, "Resolution", None)
    rate = getattr(encoder, "RateControl", None)
    ptz = getattr(profile, "PTZConfiguration", None)
    told = Profile(
        token=str(profile.token),
        name=str(profile.Name or ""),
        codec=_codec(str(getattr(encoder, "Encoding", None) or "")),
        width=_whole(getattr(size, "Width", None)),
        height=_whole(getattr(size, "Height", None)),
        fps=float(_whole(getattr(rate, "FrameRateLimit", None))),
        bitrate=_whole(getattr(rate, "BitrateLimit", None)),
    )
    config = str(profile.VideoSourceConfiguration.token or "")
    return Offer(told, _source(profile), config, str(getattr(ptz, "NodeToken", None) or ""))


def _offer2(node: etree._Element) -> Offer:
    source, encoder = xml.find(node, "VideoSource"), xml.find(node, "VideoEncoder")
    told = Profile(
        token=node.get("token", ""),
        name=xml.text(node, "Name"),
        codec=_codec(xml.text(encoder, "Encoding")) if encoder is not None else None,
        width=_number(encoder, "Resolution", "Width"),
        height=_number(encoder, "Resolution", "Height"),
        fps=float(_number(encoder, "RateControl", "FrameRateLimit")),
        bitrate=_number(encoder, "RateControl", "BitrateLimit"),
    )
    ptz = xml.find(node, "PTZ")
    return Offer(
        told,
        xml.text(source, "SourceToken") if source is not None else "",
        source.get("token", "") if source is not None else "",
        xml.text(ptz, "NodeToken") if ptz is not None else "",
    )


def _codec(encoding: str) -> Codec | None:
    return _CODECS.get(encoding.upper().replace(".", ""))


def _number(node: etree._Element | None, *path: str) -> int:
    return _whole(xml.text(node, *path)) if node is not None else 0


def _whole(value: object) -> int:
    """Return a told number, 0 where it is none or nonsense (BitrateLimit 2147483647 means: not told)."""
    try:
        number = int(float(str(value)))
    except (ValueError, OverflowError):
        return 0
    return number if 0 <= number < (1 << 31) - 1 else 0

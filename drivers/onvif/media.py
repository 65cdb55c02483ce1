"""Profiles, stream and still addresses: by Media2 where a device has it, by Media1 where that fails.

Media1 cannot tell H.265, so Media2 comes first; some devices announce it and then do not answer it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from lxml import etree

from drivers.contract import Codec, Profile
from drivers.errors import DriverError, Malformed, Unsupported
from drivers.onvif import xml
from drivers.onvif.soap.client import CutOff, SoapClient, request

MEDIA1 = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
_SCHEMA = "http://www.onvif.org/ver10/schema"
_CODECS = {"H264": Codec.H264, "H265": Codec.H265, "HEVC": Codec.H265, "JPEG": Codec.MJPEG}
#: Profiles of a device that are looked at (64 channels with a few streams each), and signs of a token or name.
MOST, LONGEST = 512, 256
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


class Media:
    """One media service, by hand: read by local names, in whatever order they come."""

    #: Namespace of its operations.
    space = MEDIA1

    def __init__(self, soap: SoapClient, url: str) -> None:
        self._soap, self._url = soap, url

    async def offers(self) -> tuple[Offer, ...]:
        """Return the profiles, in the device's order; one without a video source is none of ours."""
        try:
            answer = await self._profiles()
        except CutOff as error:  # profiles before the cut are good, and some devices always cut
            offers = offers_of(error.root)
            if not offers:
                raise
            return offers
        return offers_of(answer)

    async def stream_url(self, token: str) -> str:
        """Return a profile's RTSP address as the device tells it."""
        setup = (
            f'<t:Stream xmlns:t="{_SCHEMA}">RTP-Unicast</t:Stream>'
            f'<t:Transport xmlns:t="{_SCHEMA}"><t:Protocol>RTSP</t:Protocol></t:Transport>'
        )
        asked = request(self.space, "GetStreamUri", StreamSetup="", ProfileToken=token)
        asked = asked.replace("<q:StreamSetup></q:StreamSetup>", f"<q:StreamSetup>{setup}</q:StreamSetup>", 1)
        return self._uri(await self._send("GetStreamUri", asked))

    async def still_url(self, token: str) -> str:
        """Return a profile's still picture address as the device tells it."""
        return self._uri(await self._ask("GetSnapshotUri", ProfileToken=token))

    async def _profiles(self) -> etree._Element:
        return await self._ask("GetProfiles")

    async def _ask(self, operation: str, **texts: str) -> etree._Element:
        return await self._send(operation, request(self.space, operation, **texts))

    async def _send(self, operation: str, asked: str) -> etree._Element:
        return await self._soap.ask(self._url, asked, action=f"{self.space}/{operation}")

    def _uri(self, answer: etree._Element) -> str:
        uri = xml.text(answer, "Uri")
        if not uri:
            raise Malformed(host=self._soap.host, detail="no URI")
        return uri


class Media1(Media):
    """The first media service."""


class Media2(Media):
    """The second one."""

    space = MEDIA2

    async def stream_url(self, token: str) -> str:
        """Return a profile's RTSP address as the device tells it."""
        return self._uri(await self._ask("GetStreamUri", Protocol="RTSP", ProfileToken=token))

    async def _profiles(self) -> etree._Element:
        """Ask for them; again without ``Type`` where a device fails on it."""
        try:
            return await self._ask("GetProfiles", Type="All")
        except CutOff:
            raise
        except (Unsupported, Malformed):
            return await self._ask("GetProfiles")


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


def offers_of(answer: etree._Element) -> tuple[Offer, ...]:
    """Return the profiles with a video source in an answer of either service: each token once, and none without end."""
    offers = (_offer(node) for node in islice(xml.every(answer, "Profiles"), MOST))
    fit = (
        offer
        for offer in offers
        if 0 < len(offer.source) <= LONGEST and 0 < len(offer.profile.token) <= LONGEST
    )
    found: dict[str, Offer] = {}
    for offer in fit:
        found.setdefault(offer.profile.token, offer)
    return tuple(found.values())


def _offer(node: etree._Element) -> Offer:
    source = _either(node, "VideoSourceConfiguration", "VideoSource")
    encoder = _either(node, "VideoEncoderConfiguration", "VideoEncoder")
    named = next(xml.children(node, "Name"), None)
    told = Profile(
        token=xml.attribute(node, "token"),
        name=((named.text if named is not None else "") or "").strip()[:LONGEST],
        codec=codec_of(xml.text(encoder, "Encoding")),
        width=_whole(encoder, "Resolution", "Width"),
        height=_whole(encoder, "Resolution", "Height"),
        fps=_number(encoder, "RateControl", "FrameRateLimit"),
        bitrate=_whole(encoder, "RateControl", "BitrateLimit"),
    )
    ptz = _either(node, "PTZConfiguration", "PTZ")
    return Offer(
        told, xml.text(source, "SourceToken"), xml.attribute(source, "token"), xml.text(ptz, "NodeToken")
    )


def _either(node: etree._Element, *names: str) -> etree._Element | None:
    """Return the part of a profile by its name in one service or the other."""
    return next((found for name in names if (found := xml.find(node, name)) is not None), None)


def codec_of(encoding: str) -> Codec | None:
    """Return the codec by what either service calls it, None for one that is not watched."""
    return _CODECS.get(encoding.upper().replace(".", ""))


def _whole(node: etree._Element | None, *path: str) -> int:
    return int(_number(node, *path))


def _number(node: etree._Element | None, *path: str) -> float:
    """Return a told number, 0 where it is none or nonsense (BitrateLimit 2147483647 means: not told)."""
    number = xml.number(xml.text(node, *path))
    return number if number is not None and 0 <= number < (1 << 31) - 1 else 0.0

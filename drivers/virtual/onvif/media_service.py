"""ONVIF media (version 1) of the virtual camera: one source and one H.264 profile for each channel."""

from __future__ import annotations

from collections.abc import Callable

from drivers.virtual.onvif.ptz_service import configuration
from drivers.virtual.onvif.service import (
    ENCODER_CONFIGURATION,
    PROFILE,
    SOURCE,
    SOURCE_CONFIGURATION,
    OnvifService,
    ServiceRequest,
    answers,
    numbered,
)
from drivers.virtual.onvif.soap import NS, Element, el, invalid, text
from drivers.virtual.street.footage import Format

SNAPSHOT_PATH = "/onvif/snapshot"
#: Names of profile_idc, the byte after a sequence parameter set's header.
_H264_PROFILES = {66: "Baseline", 77: "Main", 88: "Extended", 100: "High"}
_TRANSPORTS = ("UDP", "TCP", "RTSP")
#: kbit/s and pictures that an encoder takes, the least and the most. They are kept and told; the footage stays.
BITRATES, GROUPS = (64, 8192), (1, 250)


class MediaService(OnvifService):
    """Profiles and addresses.

    Args:
        picture: Size and rate of every stream.
        ptz: Whether the profile has a PTZ configuration.
        stream_url: Makes a stream's address from the host name that the client reached and the channel.
        channels: How many sources there are.
    """

    path = "/onvif/media_service"
    prefix = "trt"

    def __init__(
        self, picture: Format, ptz: bool, stream_url: Callable[[str, int], str], channels: int = 1
    ) -> None:
        self._channels = range(channels)
        self._picture = picture
        self._ptz = ptz
        self._stream_url = stream_url
        self._bitrate, self._group = 2048, 2 * self._fps

    @property
    def _fps(self) -> int:
        return max(1, round(self._picture.fps))

    @answers("trt:GetServiceCapabilities", before_login=True)
    def service_capabilities(self, request: ServiceRequest) -> Element:
        """Tell what this service can do."""
        return el("trt:GetServiceCapabilitiesResponse", self.capabilities())

    def capabilities(self) -> Element:
        """Return what GetServiceCapabilities tells."""
        return el(
            "trt:Capabilities",
            el("trt:ProfileCapabilities", MaximumNumberOfProfiles=str(len(self._channels))),
            el("trt:StreamingCapabilities", RTPMulticast="false", RTP_TCP="true", RTP_RTSP_TCP="true"),
            SnapshotUri="true",
        )

    def advertised(self, url: str) -> Element:
        """Return the service's part of GetCapabilities."""
        streaming = (
            el("tt:RTPMulticast", "false"),
            el("tt:RTP_TCP", "true"),
            el("tt:RTP_RTSP_TCP", "true"),
        )
        return el("tt:Media", el("tt:XAddr", url), el("tt:StreamingCapabilities", *streaming))

    @answers("trt:GetProfiles")
    def profiles(self, request: ServiceRequest) -> Element:
        """Tell every profile."""
        return el(
            "trt:GetProfilesResponse", *(self._profile("trt:Profiles", each) for each in self._channels)
        )

    @answers("trt:GetProfile")
    def profile(self, request: ServiceRequest) -> Element:
        """Tell one profile."""
        return el("trt:GetProfileResponse", self._profile("trt:Profile", self._channel(request)))

    def _channel(self, request: ServiceRequest) -> int:
        """Return the channel of the profile that is asked for."""
        token = text(request.body, "trt:ProfileToken")
        for channel in self._channels:
            if token == numbered(PROFILE, channel):
                return channel
        raise invalid("ter:NoProfile", f"no profile {token!r}")

    def _profile(self, name: str, channel: int) -> Element:
        return el(
            name,
            el("tt:Name", f"Main stream {channel + 1}" if channel else "Main stream"),
            self._source_configuration("tt:VideoSourceConfiguration", channel),
            self._encoder_configuration("tt:VideoEncoderConfiguration", channel),
            *([configuration("tt:PTZConfiguration")] if self._ptz else []),
            token=numbered(PROFILE, channel),
            fixed="true",
        )

    @answers("trt:GetVideoSources")
    def video_sources(self, request: ServiceRequest) -> Element:
        """Tell every sensor."""
        told = [
            el(
                "trt:VideoSources",
                el("tt:Framerate", f"{self._picture.fps:g}"),
                self._resolution(),
                token=numbered(SOURCE, channel),
            )
            for channel in self._channels
        ]
        return el("trt:GetVideoSourcesResponse", *told)

    @answers("trt:GetVideoSourceConfigurations")
    def source_configurations(self, request: ServiceRequest) -> Element:
        """Tell how the sensors are used."""
        told = [self._source_configuration("trt:Configurations", each) for each in self._channels]
        return el("trt:GetVideoSourceConfigurationsResponse", *told)

    @answers("trt:GetVideoEncoderConfigurations")
    def encoder_configurations(self, request: ServiceRequest) -> Element:
        """Tell every encoder."""
        told = [self._encoder_configuration("trt:Configurations", each) for each in self._channels]
        return el("trt:GetVideoEncoderConfigurationsResponse", *told)

    @answers("trt:GetVideoEncoderConfiguration")
    def encoder_configuration(self, request: ServiceRequest) -> Element:
        """Tell one encoder."""
        token = text(request.body, "trt:ConfigurationToken")
        channels = [each for each in self._channels if token == numbered(ENCODER_CONFIGURATION, each)]
        if not channels:
            raise invalid("ter:NoConfig", f"no configuration {token!r}")
        told = self._encoder_configuration("trt:Configuration", channels[0])
        return el("trt:GetVideoEncoderConfigurationResponse", told)

    @answers("trt:GetVideoEncoderConfigurationOptions")
    def encoder_options(self, request: ServiceRequest) -> Element:
        """Tell what an encoder takes: another bitrate and group, but no other size or rate."""
        if text(request.body, "trt:ProfileToken", ""):
            self._channel(request)
        told = el(
            "trt:Options",
            _range("tt:QualityRange", 5, 5),
            el("tt:H264", *self._h264_options()),
            el("tt:Extension", el("tt:H264", *self._h264_options(), _range("tt:BitrateRange", *BITRATES))),
        )
        return el("trt:GetVideoEncoderConfigurationOptionsResponse", told)

    def _h264_options(self) -> tuple[Element, ...]:
        return (
            el("tt:ResolutionsAvailable", *self._resolution()),
            _range("tt:GovLengthRange", *GROUPS),
            _range("tt:FrameRateRange", self._fps, self._fps),
            _range("tt:EncodingIntervalRange", 1, 1),
            el("tt:H264ProfilesSupported", self._h264_profile()),
        )

    @answers("trt:SetVideoEncoderConfiguration")
    def set_encoder_configuration(self, request: ServiceRequest) -> Element:
        """Take another bitrate and group; all channels have one encoder."""
        given = request.body.find("trt:Configuration", NS)
        tokens = {numbered(ENCODER_CONFIGURATION, each) for each in self._channels}
        if given is None or given.get("token") not in tokens:
            raise invalid("ter:NoConfig", "no such configuration")
        wanted = [_whole(given, path) for path in _FIXED]
        if wanted != [self._picture.width, self._picture.height, self._fps]:
            raise invalid("ter:ConfigModify", "another size or rate is not offered")
        bitrate = _within(given, "tt:RateControl/tt:BitrateLimit", BITRATES)
        self._bitrate, self._group = bitrate, _within(given, "tt:H264/tt:GovLength", GROUPS)
        return el("trt:SetVideoEncoderConfigurationResponse")

    def _resolution(self) -> Element:
        width, height = el("tt:Width", str(self._picture.width)), el("tt:Height", str(self._picture.height))
        return el("tt:Resolution", width, height)

    def _source_configuration(self, name: str, channel: int) -> Element:
        size = {"width": str(self._picture.width), "height": str(self._picture.height)}
        return el(
            name,
            el("tt:Name", "Sensor"),
            el("tt:UseCount", "1"),
            el("tt:SourceToken", numbered(SOURCE, channel)),
            el("tt:Bounds", x="0", y="0", **size),
            token=numbered(SOURCE_CONFIGURATION, channel),
        )

    def _encoder_configuration(self, name: str, channel: int) -> Element:
        return el(
            name,
            el("tt:Name", "H.264"),
            el("tt:UseCount", "1"),
            el("tt:Encoding", "H264"),
            self._resolution(),
            el("tt:Quality", "5"),
            el(
                "tt:RateControl",
                el("tt:FrameRateLimit", str(self._fps)),
                el("tt:EncodingInterval", "1"),
                el("tt:BitrateLimit", str(self._bitrate)),
            ),
            el("tt:H264", el("tt:GovLength", str(self._group)), el("tt:H264Profile", self._h264_profile())),
            el(
                "tt:Multicast",
                el("tt:Address", el("tt:Type", "IPv4"), el("tt:IPv4Address", "0.0.0.0")),  # noqa: S104 (a value)
                el("tt:Port", "0"),
                el("tt:TTL", "1"),
                el("tt:AutoStart", "false"),
            ),
            el("tt:SessionTimeout", "PT60S"),
            token=numbered(ENCODER_CONFIGURATION, channel),
        )

    def _h264_profile(self) -> str:
        return _H264_PROFILES.get(self._picture.sps[1] if len(self._picture.sps) > 1 else 0, "Main")

    @answers("trt:GetStreamUri")
    def stream_uri(self, request: ServiceRequest) -> Element:
        """Tell the RTSP address; one serves UDP and TCP alike."""
        channel = self._channel(request)
        kind = text(request.body, "trt:StreamSetup/tt:Stream", "RTP-Unicast")
        transport = text(request.body, "trt:StreamSetup/tt:Transport/tt:Protocol", "RTSP")
        if kind != "RTP-Unicast" or transport not in _TRANSPORTS:
            raise invalid("ter:InvalidStreamSetup", f"{kind} over {transport} is not offered")
        return el("trt:GetStreamUriResponse", _media_uri(self._stream_url(request.host, channel)))

    @answers("trt:GetSnapshotUri")
    def snapshot_uri(self, request: ServiceRequest) -> Element:
        """Tell where a JPEG is: every channel shows the same."""
        self._channel(request)
        return el("trt:GetSnapshotUriResponse", _media_uri(request.url(SNAPSHOT_PATH)))


_FIXED = ("tt:Resolution/tt:Width", "tt:Resolution/tt:Height", "tt:RateControl/tt:FrameRateLimit")


def _range(name: str, least: int, most: int) -> Element:
    return el(name, el("tt:Min", str(least)), el("tt:Max", str(most)))


def _whole(given: Element, path: str) -> int:
    try:
        return int(text(given, path))
    except ValueError:
        raise invalid("ter:ConfigModify", f"{path} is no whole number") from None


def _within(given: Element, path: str, limits: tuple[int, int]) -> int:
    value = _whole(given, path)
    if not limits[0] <= value <= limits[1]:
        raise invalid("ter:ConfigModify", f"{path}={value} is not within {limits[0]}..{limits[1]}")
    return value


def _media_uri(url: str) -> Element:
    return el(
        "trt:MediaUri",
        el("tt:Uri", url),
        el("tt:InvalidAfterConnect", "false"),
        el("tt:InvalidAfterReboot", "false"),
        el("tt:Timeout", "PT0S"),
    )

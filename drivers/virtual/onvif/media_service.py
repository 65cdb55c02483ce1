"""ONVIF media (version 1) of the virtual camera. It knows no H.265: such a stream is told as H.264, as cameras do."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.contract import Codec
from drivers.virtual.encoding import Stream, numbered
from drivers.virtual.onvif.media_profiles import (
    MediaProfiles,
    asked_stream,
    multicast,
    required,
    resolution,
    source_configuration,
    span,
)
from drivers.virtual.onvif.osd_operations import OsdOperations
from drivers.virtual.onvif.ptz_service import configuration
from drivers.virtual.onvif.service import SOURCE, OnvifService, Operation, ServiceRequest, answers
from drivers.virtual.onvif.soap import Element, el, invalid, text, unknown_operation

_PROFILE = "Baseline"
_TRANSPORTS = ("UDP", "TCP", "RTSP")


class MediaService(OnvifService):
    """Profiles, encoders, addresses.

    Args:
        profiles: What there is to tell.
        osd: What is written into the pictures; None: nothing can be.
    """

    path = "/onvif/media_service"
    prefix = "trt"

    def __init__(self, profiles: MediaProfiles, osd: OsdOperations | None = None) -> None:
        self._profiles, self._osd = profiles, osd

    def operations(self) -> Mapping[str, Operation]:
        """Return the operations by qualified name."""
        return {**super().operations(), **(self._osd.operations() if self._osd else {})}

    @answers("trt:GetServiceCapabilities", before_login=True)
    def service_capabilities(self, request: ServiceRequest) -> Element:
        """Tell what this service can do."""
        return el("trt:GetServiceCapabilitiesResponse", self.capabilities())

    def capabilities(self) -> Element:
        """Return what GetServiceCapabilities tells."""
        most = str(len(self._profiles.encoders.streams))
        return el(
            "trt:Capabilities",
            el("trt:ProfileCapabilities", MaximumNumberOfProfiles=most),
            el("trt:StreamingCapabilities", RTPMulticast="false", RTP_TCP="true", RTP_RTSP_TCP="true"),
            SnapshotUri=str(self._profiles.stills).lower(),
            OSD=str(self._osd is not None).lower(),
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
        told = (self._profile("trt:Profiles", each) for each in self._profiles.encoders.streams)
        return el("trt:GetProfilesResponse", *told)

    @answers("trt:GetProfile")
    def profile(self, request: ServiceRequest) -> Element:
        """Tell one profile."""
        return el("trt:GetProfileResponse", self._profile("trt:Profile", self._stream(request)))

    def _stream(self, request: ServiceRequest) -> Stream:
        return self._profiles.stream(text(request.body, "trt:ProfileToken"))

    def _profile(self, name: str, stream: Stream) -> Element:
        return el(
            name,
            el("tt:Name", stream.name),
            source_configuration("tt:VideoSourceConfiguration", self._profiles, stream.channel),
            self._encoder("tt:VideoEncoderConfiguration", stream),
            *([configuration("tt:PTZConfiguration")] if self._profiles.ptz else []),
            token=stream.token,
            fixed="true",
        )

    @answers("trt:GetVideoSources")
    def video_sources(self, request: ServiceRequest) -> Element:
        """Tell every sensor."""
        return el("trt:GetVideoSourcesResponse", *map(self._source, self._profiles.channels))

    def _source(self, channel: int) -> Element:
        size, fps = self._profiles.largest(channel)
        parts = el("tt:Framerate", f"{fps:g}"), resolution("tt:Resolution", size)
        return el("trt:VideoSources", *parts, token=numbered(SOURCE, channel))

    @answers("trt:GetVideoSourceConfigurations")
    def source_configurations(self, request: ServiceRequest) -> Element:
        """Tell how the sensors are used."""
        told = [
            source_configuration("trt:Configurations", self._profiles, each)
            for each in self._profiles.channels
        ]
        return el("trt:GetVideoSourceConfigurationsResponse", *told)

    @answers("trt:GetVideoEncoderConfigurations")
    def encoder_configurations(self, request: ServiceRequest) -> Element:
        """Tell every encoder."""
        told = [self._encoder("trt:Configurations", each) for each in self._profiles.encoders.streams]
        return el("trt:GetVideoEncoderConfigurationsResponse", *told)

    @answers("trt:GetVideoEncoderConfiguration")
    def encoder_configuration(self, request: ServiceRequest) -> Element:
        """Tell one encoder."""
        stream = self._profiles.configured(text(request.body, "trt:ConfigurationToken"))
        told = self._encoder("trt:Configuration", stream)
        return el("trt:GetVideoEncoderConfigurationResponse", told)

    @answers("trt:GetVideoEncoderConfigurationOptions")
    def encoder_options(self, request: ServiceRequest) -> Element:
        """Tell what an encoder takes; all take the same."""
        asked_stream(self._profiles, request.body, "trt")
        bitrate = span("tt:BitrateRange", *self._profiles.encoders.limits.bitrate)
        told = el(
            "trt:Options",
            span("tt:QualityRange", 5, 5),
            el("tt:H264", *self._h264_options()),
            el("tt:Extension", el("tt:H264", *self._h264_options(), bitrate)),
        )
        return el("trt:GetVideoEncoderConfigurationOptionsResponse", told)

    def _h264_options(self) -> tuple[Element, ...]:
        limits = self._profiles.encoders.limits
        return (
            *(resolution("tt:ResolutionsAvailable", size) for size in limits.sizes),
            span("tt:GovLengthRange", *limits.gop),
            span("tt:FrameRateRange", *limits.fps),
            span("tt:EncodingIntervalRange", 1, 1),
            el("tt:H264ProfilesSupported", _PROFILE),
        )

    @answers("trt:SetVideoEncoderConfiguration")
    def set_encoder_configuration(self, request: ServiceRequest) -> Element:
        """Set an encoder: its stream is coded so from now on, and those who watch are let go."""
        given = required(request.body, "trt:Configuration")
        stream = self._profiles.configured(given.get("token", ""))
        encoding = text(given, "tt:Encoding", "H264")
        if encoding != "H264":
            raise invalid("ter:ConfigModify", f"{encoding} is not offered")
        gop = text(given, "tt:H264/tt:GovLength", "")
        self._profiles.set(stream, self._profiles.wanted(given, stream, gop, Codec.H264))
        return el("trt:SetVideoEncoderConfigurationResponse")

    def _encoder(self, name: str, stream: Stream) -> Element:
        encoding = self._profiles.encoding(stream)
        return el(
            name,
            el("tt:Name", f"{stream.name}, H.264"),
            el("tt:UseCount", "1"),
            el("tt:Encoding", "H264"),
            resolution("tt:Resolution", encoding.size),
            el("tt:Quality", "5"),
            el(
                "tt:RateControl",
                el("tt:FrameRateLimit", str(max(1, round(encoding.fps)))),
                el("tt:EncodingInterval", "1"),
                el("tt:BitrateLimit", str(encoding.bitrate)),
            ),
            el("tt:H264", el("tt:GovLength", str(encoding.gop)), el("tt:H264Profile", _PROFILE)),
            multicast(),
            el("tt:SessionTimeout", "PT60S"),
            token=stream.configuration,
        )

    @answers("trt:GetStreamUri")
    def stream_uri(self, request: ServiceRequest) -> Element:
        """Tell the RTSP address; one serves UDP and TCP alike."""
        stream = self._stream(request)
        kind = text(request.body, "trt:StreamSetup/tt:Stream", "RTP-Unicast")
        transport = text(request.body, "trt:StreamSetup/tt:Transport/tt:Protocol", "RTSP")
        if kind != "RTP-Unicast" or transport not in _TRANSPORTS:
            raise invalid("ter:InvalidStreamSetup", f"{kind} over {transport} is not offered")
        url = self._profiles.stream_url(request.host, stream.path)
        return el("trt:GetStreamUriResponse", _media_uri(url))

    @answers("trt:GetSnapshotUri")
    def snapshot_uri(self, request: ServiceRequest) -> Element:
        """Tell where a JPEG is."""
        stream = self._stream(request)
        if not self._profiles.stills:
            raise unknown_operation("GetSnapshotUri")
        return el("trt:GetSnapshotUriResponse", _media_uri(request.url(self._profiles.still_path(stream))))


def _media_uri(url: str) -> Element:
    return el(
        "trt:MediaUri",
        el("tt:Uri", url),
        el("tt:InvalidAfterConnect", "false"),
        el("tt:InvalidAfterReboot", "false"),
        el("tt:Timeout", "PT0S"),
    )

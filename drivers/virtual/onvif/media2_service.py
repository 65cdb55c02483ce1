"""ONVIF media (version 2) of the virtual camera: what the first one tells, and H.265."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from drivers.contract import Codec
from drivers.virtual.encoding import Stream
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
from drivers.virtual.onvif.service import OnvifService, Operation, ServiceRequest, answers
from drivers.virtual.onvif.soap import NS, Element, el, invalid, text, unknown_operation

_NAMES = {Codec.H264: "H264", Codec.H265: "H265"}
_PROFILES = {Codec.H264: "Baseline", Codec.H265: "Main"}
_CODECS = {name: codec for codec, name in _NAMES.items()}
_TRANSPORTS = ("RtspUnicast", "RTSP")


class Media2Service(OnvifService):
    """Profiles, encoders, addresses.

    Args:
        profiles: What there is to tell.
        osd: What is written into the pictures; None: nothing can be.
    """

    path = "/onvif/media2_service"
    prefix = "tr2"
    version = (20, 12)

    def __init__(self, profiles: MediaProfiles, osd: OsdOperations | None = None) -> None:
        self._profiles, self._osd = profiles, osd

    def operations(self) -> Mapping[str, Operation]:
        """Return the operations by qualified name."""
        return {**super().operations(), **(self._osd.operations() if self._osd else {})}

    @answers("tr2:GetServiceCapabilities", before_login=True)
    def service_capabilities(self, request: ServiceRequest) -> Element:
        """Tell what this service can do."""
        return el("tr2:GetServiceCapabilitiesResponse", self.capabilities())

    def capabilities(self) -> Element:
        """Return what GetServiceCapabilities tells."""
        kinds = "VideoSource VideoEncoder PTZ" if self._profiles.ptz else "VideoSource VideoEncoder"
        most = str(len(self._profiles.encoders.streams))
        return el(
            "tr2:Capabilities",
            el("tr2:ProfileCapabilities", MaximumNumberOfProfiles=most, ConfigurationsSupported=kinds),
            el("tr2:StreamingCapabilities", RTSPStreaming="true", RTPMulticast="false", RTP_RTSP_TCP="true"),
            SnapshotUri=str(self._profiles.stills).lower(),
            OSD=str(self._osd is not None).lower(),
            Mask="true",
        )

    def advertised(self, url: str) -> None:
        """GetCapabilities is older than this service."""

    @answers("tr2:GetProfiles")
    def profiles(self, request: ServiceRequest) -> Element:
        """Tell every profile, or one, with the kinds of configuration that are asked for."""
        asked = {(node.text or "").strip() for node in request.body.findall("tr2:Type", NS)}
        token = text(request.body, "tr2:Token", "")
        streams = [self._profiles.stream(token)] if token else self._profiles.encoders.streams
        return el("tr2:GetProfilesResponse", *(self._profile(each, asked) for each in streams))

    def _profile(self, stream: Stream, asked: set[str]) -> Element:
        made: list[tuple[str, Callable[[], Element]]] = [
            (
                "VideoSource",
                partial(source_configuration, "tr2:VideoSource", self._profiles, stream.channel),
            ),
            ("VideoEncoder", partial(self._encoder, "tr2:VideoEncoder", stream)),
        ]
        if self._profiles.ptz:
            made.append(("PTZ", partial(configuration, "tr2:PTZ")))
        told = [make() for kind, make in made if asked & {kind, "All"}]
        held = [el("tr2:Configurations", *told)] if told else []
        return el("tr2:Profiles", el("tr2:Name", stream.name), *held, token=stream.token, fixed="true")

    @answers("tr2:GetVideoSourceConfigurations")
    def source_configurations(self, request: ServiceRequest) -> Element:
        """Tell how the sensors are used."""
        told = [
            source_configuration("tr2:Configurations", self._profiles, each)
            for each in self._profiles.channels
        ]
        return el("tr2:GetVideoSourceConfigurationsResponse", *told)

    @answers("tr2:GetVideoEncoderConfigurations")
    def encoder_configurations(self, request: ServiceRequest) -> Element:
        """Tell every encoder, or one."""
        asked = asked_stream(self._profiles, request.body, "tr2")
        streams = self._profiles.encoders.streams if asked is None else (asked,)
        told = [self._encoder("tr2:Configurations", each) for each in streams]
        return el("tr2:GetVideoEncoderConfigurationsResponse", *told)

    @answers("tr2:GetVideoEncoderConfigurationOptions")
    def encoder_options(self, request: ServiceRequest) -> Element:
        """Tell what an encoder takes, codec by codec."""
        asked_stream(self._profiles, request.body, "tr2")
        told = map(self._options, self._profiles.encoders.limits.codecs)
        return el("tr2:GetVideoEncoderConfigurationOptionsResponse", *told)

    def _options(self, codec: Codec) -> Element:
        limits = self._profiles.encoders.limits
        return el(
            "tr2:Options",
            el("tt:Encoding", _NAMES[codec]),
            span("tt:QualityRange", 5, 5),
            *(resolution("tt:ResolutionsAvailable", size) for size in limits.sizes),
            span("tt:BitrateRange", *limits.bitrate),
            GovLengthRange=" ".join(map(str, limits.gop)),
            FrameRatesSupported=" ".join(map(str, range(limits.fps[1], limits.fps[0] - 1, -1))),
            ProfilesSupported=_PROFILES[codec],
            ConstantBitRateSupported="false",
        )

    @answers("tr2:SetVideoEncoderConfiguration")
    def set_encoder_configuration(self, request: ServiceRequest) -> Element:
        """Set an encoder: its stream is coded so from now on, and those who watch are let go."""
        given = required(request.body, "tr2:Configuration")
        stream = self._profiles.configured(given.get("token", ""))
        encoding = text(given, "tt:Encoding")
        if encoding not in _CODECS:
            raise invalid("ter:ConfigModify", f"{encoding} is not offered")
        gop = given.get("GovLength", "")
        self._profiles.set(stream, self._profiles.wanted(given, stream, gop, _CODECS[encoding]))
        return el("tr2:SetVideoEncoderConfigurationResponse")

    def _encoder(self, name: str, stream: Stream) -> Element:
        encoding = self._profiles.encoding(stream)
        return el(
            name,
            el("tt:Name", f"{stream.name}, {_NAMES[encoding.codec]}"),
            el("tt:UseCount", "1"),
            el("tt:Encoding", _NAMES[encoding.codec]),
            resolution("tt:Resolution", encoding.size),
            el(
                "tt:RateControl",
                el("tt:FrameRateLimit", f"{encoding.fps:g}"),
                el("tt:BitrateLimit", str(encoding.bitrate)),
                ConstantBitRate="false",
            ),
            multicast(),
            el("tt:Quality", "5"),
            token=stream.configuration,
            GovLength=str(encoding.gop),
            Profile=_PROFILES[encoding.codec],
        )

    @answers("tr2:GetStreamUri")
    def stream_uri(self, request: ServiceRequest) -> Element:
        """Tell the RTSP address; one serves UDP and TCP alike."""
        stream = self._profiles.stream(text(request.body, "tr2:ProfileToken"))
        protocol = text(request.body, "tr2:Protocol", "RTSP")
        if protocol not in _TRANSPORTS:
            raise invalid("ter:InvalidStreamSetup", f"{protocol} is not offered")
        url = self._profiles.stream_url(request.host, stream.path)
        return el("tr2:GetStreamUriResponse", el("tr2:Uri", url))

    @answers("tr2:GetSnapshotUri")
    def snapshot_uri(self, request: ServiceRequest) -> Element:
        """Tell where a JPEG is."""
        stream = self._profiles.stream(text(request.body, "tr2:ProfileToken"))
        if not self._profiles.stills:
            raise unknown_operation("GetSnapshotUri")
        return el("tr2:GetSnapshotUriResponse", el("tr2:Uri", request.url(self._profiles.still_path(stream))))

    @answers("tr2:GetMasks")
    def masks(self, request: ServiceRequest) -> Element:
        """Tell that nothing is masked."""
        return el("tr2:GetMasksResponse")

"""ONVIF PTZ of the virtual camera, over its `PtzUnit`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from drivers.contract import Preset, PtzVector
from drivers.virtual.onvif.service import PROFILE, OnvifService, ServiceRequest, answers
from drivers.virtual.onvif.soap import NS, Element, SoapFault, duration, el, invalid, number, text, utc
from drivers.virtual.ptz_unit import DEFAULT_TIMEOUT, LONGEST_TIMEOUT, MOST_PRESETS, PtzUnit
from drivers.virtual.spec import CameraClock

NODE = "node0"
CONFIGURATION = "ptz0"
_PAN_TILT = "http://www.onvif.org/ver10/tptz/PanTiltSpaces"
_ZOOM = "http://www.onvif.org/ver10/tptz/ZoomSpaces"
#: Space of pan and tilt, space of zoom, and the least zoom value, by what a vector means.
_SPACES: Final = {
    "position": (f"{_PAN_TILT}/PositionGenericSpace", f"{_ZOOM}/PositionGenericSpace", 0.0),
    "translation": (f"{_PAN_TILT}/TranslationGenericSpace", f"{_ZOOM}/TranslationGenericSpace", -1.0),
    "velocity": (f"{_PAN_TILT}/VelocityGenericSpace", f"{_ZOOM}/VelocityGenericSpace", -1.0),
    "speed": (f"{_PAN_TILT}/GenericSpeedSpace", f"{_ZOOM}/ZoomGenericSpeedSpace", 0.0),
}


class PtzService(OnvifService):
    """Moves, presets, status.

    Args:
        profiles: Tokens of the profiles that have it.
        runaway: Ignore the time-out of a move.
    """

    path = "/onvif/ptz_service"
    prefix = "tptz"

    def __init__(
        self,
        unit: PtzUnit,
        clock: CameraClock,
        profiles: Collection[str] = (PROFILE,),
        *,
        runaway: bool = False,
    ) -> None:
        self._unit = unit
        self._clock = clock
        self._profiles, self._runaway = profiles, runaway

    @answers("tptz:GetServiceCapabilities", before_login=True)
    def service_capabilities(self, request: ServiceRequest) -> Element:
        """Tell what this service can do."""
        return el("tptz:GetServiceCapabilitiesResponse", self.capabilities())

    def capabilities(self) -> Element:
        """Return what GetServiceCapabilities tells."""
        return el(
            "tptz:Capabilities", EFlip="false", Reverse="false", MoveStatus="true", StatusPosition="true"
        )

    def advertised(self, url: str) -> Element:
        """Return the service's part of GetCapabilities."""
        return el("tt:PTZ", el("tt:XAddr", url))

    @answers("tptz:GetNodes")
    def nodes(self, request: ServiceRequest) -> Element:
        """Tell the one node."""
        return el("tptz:GetNodesResponse", _node())

    @answers("tptz:GetNode")
    def node(self, request: ServiceRequest) -> Element:
        """Tell one node."""
        _known(text(request.body, "tptz:NodeToken"), NODE, "ter:NoEntity")
        return el("tptz:GetNodeResponse", _node())

    @answers("tptz:GetConfigurations")
    def configurations(self, request: ServiceRequest) -> Element:
        """Tell every configuration."""
        return el("tptz:GetConfigurationsResponse", configuration("tptz:PTZConfiguration"))

    @answers("tptz:GetConfiguration")
    def one_configuration(self, request: ServiceRequest) -> Element:
        """Tell one configuration."""
        _known(text(request.body, "tptz:PTZConfigurationToken"), CONFIGURATION, "ter:NoConfig")
        return el("tptz:GetConfigurationResponse", configuration("tptz:PTZConfiguration"))

    @answers("tptz:GetConfigurationOptions")
    def configuration_options(self, request: ServiceRequest) -> Element:
        """Tell spaces and time-outs."""
        _known(text(request.body, "tptz:ConfigurationToken"), CONFIGURATION, "ter:NoConfig")
        timeout = el("tt:PTZTimeout", el("tt:Min", "PT0S"), el("tt:Max", f"PT{LONGEST_TIMEOUT:g}S"))
        options = el("tptz:PTZConfigurationOptions", _spaces("tt:Spaces"), timeout)
        return el("tptz:GetConfigurationOptionsResponse", options)

    @answers("tptz:GetPresets")
    def presets(self, request: ServiceRequest) -> Element:
        """Tell every preset with its position."""
        self._known_profile(request)
        return el("tptz:GetPresetsResponse", *map(_preset, self._unit.presets.values()))

    @answers("tptz:GotoPreset")
    def goto_preset(self, request: ServiceRequest) -> Element:
        """Begin to move to a preset."""
        preset = self._preset(request)
        speed = _vector(request.body, "tptz:Speed", "speed", None)
        self._unit.move_to(preset.position or PtzVector(), self._now(), speed)
        return el("tptz:GotoPresetResponse")

    @answers("tptz:SetPreset")
    def set_preset(self, request: ServiceRequest) -> Element:
        """Store the present position, new or over an old preset."""
        self._known_profile(request)
        if text(request.body, "tptz:PresetToken", ""):
            self._preset(request)
        token, name = text(request.body, "tptz:PresetToken", ""), text(request.body, "tptz:PresetName", "")
        if any(preset.name == name and preset.token != token for preset in self._unit.presets.values()):
            raise invalid("ter:PresetExist", f"there is a preset named {name!r}")
        stored = self._unit.store(token, name, self._now())
        if stored is None:
            raise SoapFault(
                "no room for a preset", "ter:Action", "ter:TooManyPresets", code="s:Receiver", status=500
            )
        return el("tptz:SetPresetResponse", el("tptz:PresetToken", stored.token))

    @answers("tptz:RemovePreset")
    def remove_preset(self, request: ServiceRequest) -> Element:
        """Forget a preset."""
        del self._unit.presets[self._preset(request).token]
        return el("tptz:RemovePresetResponse")

    @answers("tptz:GotoHomePosition")
    def goto_home(self, request: ServiceRequest) -> Element:
        """Begin to move home."""
        self._known_profile(request)
        self._unit.go_home(self._now())
        return el("tptz:GotoHomePositionResponse")

    @answers("tptz:SetHomePosition")
    def set_home(self, request: ServiceRequest) -> Element:
        """Make the present position home."""
        self._known_profile(request)
        self._unit.set_home(self._now())
        return el("tptz:SetHomePositionResponse")

    @answers("tptz:ContinuousMove")
    def continuous_move(self, request: ServiceRequest) -> Element:
        """Move until Stop, or until Timeout is over."""
        self._known_profile(request)
        velocity = _vector(request.body, "tptz:Velocity", "velocity", PtzVector())
        given = text(request.body, "tptz:Timeout", "")
        seconds = duration(given).total_seconds() if given else DEFAULT_TIMEOUT
        if not 0 < seconds <= LONGEST_TIMEOUT:
            raise invalid(
                "ter:TimeoutNotSupported", f"Timeout {given} is not within 0..{LONGEST_TIMEOUT:g} s"
            )
        lasting = LONGEST_TIMEOUT if self._runaway else seconds
        self._unit.drive(velocity or PtzVector(), self._now(), lasting)
        return el("tptz:ContinuousMoveResponse")

    @answers("tptz:RelativeMove")
    def relative_move(self, request: ServiceRequest) -> Element:
        """Begin to move by a distance."""
        self._known_profile(request)
        step = _vector(request.body, "tptz:Translation", "translation", PtzVector())
        self._unit.move_by(
            step or PtzVector(), self._now(), _vector(request.body, "tptz:Speed", "speed", None)
        )
        return el("tptz:RelativeMoveResponse")

    @answers("tptz:AbsoluteMove")
    def absolute_move(self, request: ServiceRequest) -> Element:
        """Begin to move to a position; an axis that is not given stays."""
        self._known_profile(request)
        here = self._unit.position(self._now())
        target = _vector(request.body, "tptz:Position", "position", here)
        self._unit.move_to(target or here, self._now(), _vector(request.body, "tptz:Speed", "speed", None))
        return el("tptz:AbsoluteMoveResponse")

    @answers("tptz:Stop")
    def stop(self, request: ServiceRequest) -> Element:
        """Stop; without PanTilt and Zoom both."""
        self._known_profile(request)
        pan_tilt, zoom = (
            text(request.body, path, "true") in ("true", "1") for path in ("tptz:PanTilt", "tptz:Zoom")
        )
        self._unit.stop(self._now(), pan_tilt=pan_tilt, zoom=zoom)
        return el("tptz:StopResponse")

    @answers("tptz:GetStatus")
    def status(self, request: ServiceRequest) -> Element:
        """Tell position and movement."""
        self._known_profile(request)
        now = self._now()
        pan_tilt, zoom = ("MOVING" if moving else "IDLE" for moving in self._unit.moving(now))
        told = el(
            "tptz:PTZStatus",
            _position("tt:Position", self._unit.position(now)),
            el("tt:MoveStatus", el("tt:PanTilt", pan_tilt), el("tt:Zoom", zoom)),
            el("tt:UtcTime", utc(self._clock.wall())),
        )
        return el("tptz:GetStatusResponse", told)

    def _now(self) -> float:
        return self._clock.monotonic()

    def _known_profile(self, request: ServiceRequest) -> None:
        token = text(request.body, "tptz:ProfileToken")
        if token not in self._profiles:
            raise invalid("ter:NoProfile", f"no profile {token!r}")

    def _preset(self, request: ServiceRequest) -> Preset:
        self._known_profile(request)
        token = text(request.body, "tptz:PresetToken")
        preset = self._unit.presets.get(token)
        if preset is None:
            raise invalid("ter:NoToken", f"no preset {token!r}")
        return preset


def configuration(name: str) -> Element:
    """Return the one PTZ configuration; a media profile holds it as well."""
    position, translation, velocity = (_SPACES[key] for key in ("position", "translation", "velocity"))
    limits = el("tt:Range", el("tt:URI", position[0]), _range("tt:XRange", -1), _range("tt:YRange", -1))
    return el(
        name,
        el("tt:Name", "PTZ"),
        el("tt:UseCount", "1"),
        el("tt:NodeToken", NODE),
        el("tt:DefaultAbsolutePantTiltPositionSpace", position[0]),  # the schema's own spelling
        el("tt:DefaultAbsoluteZoomPositionSpace", position[1]),
        el("tt:DefaultRelativePanTiltTranslationSpace", translation[0]),
        el("tt:DefaultRelativeZoomTranslationSpace", translation[1]),
        el("tt:DefaultContinuousPanTiltVelocitySpace", velocity[0]),
        el("tt:DefaultContinuousZoomVelocitySpace", velocity[1]),
        _position("tt:DefaultPTZSpeed", PtzVector(1.0, 1.0, 1.0), "speed"),
        el("tt:DefaultPTZTimeout", f"PT{DEFAULT_TIMEOUT:g}S"),
        el("tt:PanTiltLimits", limits),
        el("tt:ZoomLimits", el("tt:Range", el("tt:URI", position[1]), _range("tt:XRange", 0))),
        token=CONFIGURATION,
    )


def _node() -> Element:
    return el(
        "tptz:PTZNode",
        el("tt:Name", "PTZ head"),
        _spaces("tt:SupportedPTZSpaces"),
        el("tt:MaximumNumberOfPresets", str(MOST_PRESETS)),
        el("tt:HomeSupported", "true"),
        token=NODE,
        FixedHomePosition="false",
    )


def _spaces(name: str) -> Element:
    parts = []
    for kind, tag in (
        ("position", "tt:Absolute{}PositionSpace"),
        ("translation", "tt:Relative{}TranslationSpace"),
        ("velocity", "tt:Continuous{}VelocitySpace"),
    ):
        pan_tilt, zoom, least = _SPACES[kind]
        both = (_range("tt:XRange", -1), _range("tt:YRange", -1))
        parts.append(el(tag.format("PanTilt"), el("tt:URI", pan_tilt), *both))
        parts.append(el(tag.format("Zoom"), el("tt:URI", zoom), _range("tt:XRange", least)))
    for tag, space in zip(("tt:PanTiltSpeedSpace", "tt:ZoomSpeedSpace"), _SPACES["speed"][:2], strict=True):
        parts.append(el(tag, el("tt:URI", space), _range("tt:XRange", 0)))
    return el(name, *parts)


def _range(name: str, least: float) -> Element:
    return el(name, el("tt:Min", f"{least:g}"), el("tt:Max", "1"))


def _preset(preset: Preset) -> Element:
    where = _position("tt:PTZPosition", preset.position or PtzVector())
    return el("tptz:Preset", el("tt:Name", preset.name), where, token=preset.token)


def _position(name: str, where: PtzVector, kind: str = "position") -> Element:
    pan_tilt, zoom, _ = _SPACES[kind]
    return el(
        name,
        el("tt:PanTilt", x=f"{where.pan:.6g}", y=f"{where.tilt:.6g}", space=pan_tilt),
        el("tt:Zoom", x=f"{where.zoom:.6g}", space=zoom),
    )


def _known(token: str, right: str, subcode: str) -> None:
    if token != right:
        raise invalid(subcode, f"there is no {token!r}")


def _vector(body: Element, path: str, kind: str, missing: PtzVector | None) -> PtzVector | None:
    """Read a PTZVector; axes that are not given come from `missing` (speed: full)."""
    vector = body.find(path, NS)
    if vector is None:
        if missing is None:
            return None
        raise SoapFault(f"{path} is missing", "ter:InvalidArgs")
    base = missing or PtzVector(1.0, 1.0, 1.0)
    pan_tilt, zoom = vector.find("tt:PanTilt", NS), vector.find("tt:Zoom", NS)
    space_pan_tilt, space_zoom, least = _SPACES[kind]
    pan, tilt, zoomed = base.pan, base.tilt, base.zoom
    if pan_tilt is not None:
        _in_space(pan_tilt, space_pan_tilt)
        pan, tilt = (number(pan_tilt, axis, -1.0, 1.0) for axis in ("x", "y"))
    if zoom is not None:
        _in_space(zoom, space_zoom)
        zoomed = number(zoom, "x", least, 1.0)
    return PtzVector(pan, tilt, zoomed)


def _in_space(axis: Element, space: str) -> None:
    if axis.get("space", space) != space:
        raise invalid("ter:SpaceNotSupported", f"space {axis.get('space')} is not supported")

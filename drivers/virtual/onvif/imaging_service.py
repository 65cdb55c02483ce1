"""ONVIF imaging of the virtual camera: what is set is seen in the picture, the focus too."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drivers.virtual.imaging import (
    AUTO,
    DAY_NIGHT,
    EXPOSURE,
    FOCUS,
    GAIN,
    MANUAL,
    MODES,
    NUMBERS,
    Imaging,
)
from drivers.virtual.onvif.media_profiles import span
from drivers.virtual.onvif.service import OnvifService, ServiceRequest, answers
from drivers.virtual.onvif.soap import NS, Element, SoapFault, el, invalid, text


class ImagingService(OnvifService):
    """Brightness and the like, exposure, the infrared filter (ON by day, OFF by night), and the focus.

    Args:
        sources: Settings by video source token.
        monotonic: Seconds that never run back.
    """

    path = "/onvif/imaging_service"
    prefix = "timg"

    def __init__(self, sources: Mapping[str, Imaging], monotonic: Callable[[], float]) -> None:
        self._sources, self._now = sources, monotonic

    @answers("timg:GetServiceCapabilities", before_login=True)
    def service_capabilities(self, request: ServiceRequest) -> Element:
        """Tell what this service can do."""
        return el("timg:GetServiceCapabilitiesResponse", self.capabilities())

    def capabilities(self) -> Element:
        """Return what GetServiceCapabilities tells."""
        return el("timg:Capabilities", ImageStabilization="false")

    def advertised(self, url: str) -> Element:
        """Return the service's part of GetCapabilities."""
        return el("tt:Imaging", el("tt:XAddr", url))

    @answers("timg:GetImagingSettings")
    def settings(self, request: ServiceRequest) -> Element:
        """Tell the settings."""
        source = self._source(request)
        brightness, saturation, contrast, sharpness = (
            el(f"tt:{name}", f"{source.numbers[name]:g}") for name in NUMBERS
        )
        exposure = el(
            "tt:Exposure",
            el("tt:Mode", source.exposure),
            el("tt:ExposureTime", f"{source.microseconds:g}"),
            el("tt:Gain", f"{source.gain:g}"),
        )
        focus = el("tt:Focus", el("tt:AutoFocusMode", source.focus))
        parts = (brightness, saturation, contrast, exposure, focus, el("tt:IrCutFilter", source.filter))
        return el("timg:GetImagingSettingsResponse", el("timg:ImagingSettings", *parts, sharpness))

    @answers("timg:GetOptions")
    def options(self, request: ServiceRequest) -> Element:
        """Tell the ranges."""
        self._source(request)
        brightness, saturation, contrast, sharpness = (span(f"tt:{name}", 0, 100) for name in NUMBERS)
        exposure = el(
            "tt:Exposure",
            *(el("tt:Mode", each) for each in MODES),
            span("tt:ExposureTime", *EXPOSURE),
            span("tt:Gain", *GAIN),
        )
        focus = el("tt:Focus", *(el("tt:AutoFocusModes", each) for each in MODES))
        modes = (el("tt:IrCutFilterModes", each) for each in DAY_NIGHT)
        ranges = (brightness, saturation, contrast, exposure, focus, *modes, sharpness)
        return el("timg:GetOptionsResponse", el("timg:ImagingOptions", *ranges))

    @answers("timg:SetImagingSettings")
    def set_settings(self, request: ServiceRequest) -> Element:
        """Take what is given, all or none; what is not given stays."""
        source = self._source(request)
        given = request.body.find("timg:ImagingSettings", NS)
        if given is None:
            raise SoapFault("ImagingSettings is missing", "ter:InvalidArgs")
        numbers = {name: _number(given, f"tt:{name}", source.numbers[name], (0, 100)) for name in NUMBERS}
        filter_ = _choice(given, "tt:IrCutFilter", source.filter, DAY_NIGHT)
        exposure = _choice(given, "tt:Exposure/tt:Mode", source.exposure, MODES)
        microseconds = _number(given, "tt:Exposure/tt:ExposureTime", source.microseconds, EXPOSURE)
        gain = _number(given, "tt:Exposure/tt:Gain", source.gain, GAIN)
        focus = _choice(given, "tt:Focus/tt:AutoFocusMode", source.focus, MODES)
        source.numbers, source.filter = numbers, filter_
        source.exposure, source.microseconds, source.gain = exposure, microseconds, gain
        if focus != source.focus:
            source.set_focus(focus, self._now())
        return el("timg:SetImagingSettingsResponse")

    @answers("timg:GetMoveOptions")
    def move_options(self, request: ServiceRequest) -> Element:
        """Tell how the focus can be moved."""
        self._source(request)
        speed = span("tt:Speed", 0, 1)
        told = el(
            "timg:MoveOptions",
            el("tt:Absolute", span("tt:Position", *FOCUS), speed),
            el("tt:Relative", span("tt:Distance", -1, 1), span("tt:Speed", 0, 1)),
            el("tt:Continuous", span("tt:Speed", -1, 1)),
        )
        return el("timg:GetMoveOptionsResponse", told)

    @answers("timg:Move")
    def move(self, request: ServiceRequest) -> Element:
        """Begin to move the focus; it takes its time. One that focuses by itself cannot be moved."""
        source, now = self._source(request), self._now()
        if source.focus == AUTO:
            raise invalid("ter:SettingsInvalid", f"the focus is {AUTO}, not {MANUAL}")
        focus = request.body.find("timg:Focus", NS)
        if focus is None or not len(focus):
            raise SoapFault("Focus is missing", "ter:InvalidArgs")
        if focus.find("tt:Absolute", NS) is not None:
            target = _number(focus, "tt:Absolute/tt:Position", None, FOCUS)
            source.move_to(target, now, _number(focus, "tt:Absolute/tt:Speed", 1.0, (0, 1)))
        elif focus.find("tt:Relative", NS) is not None:
            step = _number(focus, "tt:Relative/tt:Distance", None, (-1, 1))
            speed = _number(focus, "tt:Relative/tt:Speed", 1.0, (0, 1))
            source.move_to(source.position(now) + step, now, speed)
        else:
            speed = _number(focus, "tt:Continuous/tt:Speed", None, (-1, 1))
            source.move_to(FOCUS[1] if speed > 0 else FOCUS[0], now, abs(speed))
        return el("timg:MoveResponse")

    @answers("timg:Stop")
    def stop(self, request: ServiceRequest) -> Element:
        """Stop the focus where it is."""
        self._source(request).stop(self._now())
        return el("timg:StopResponse")

    @answers("timg:GetStatus")
    def status(self, request: ServiceRequest) -> Element:
        """Tell where the focus is."""
        source, now = self._source(request), self._now()
        focus = el(
            "tt:FocusStatus20",
            el("tt:Position", f"{source.position(now):.4g}"),
            el("tt:MoveStatus", "MOVING" if source.moving(now) else "IDLE"),
        )
        return el("timg:GetStatusResponse", el("timg:Status", focus))

    def _source(self, request: ServiceRequest) -> Imaging:
        token = text(request.body, "timg:VideoSourceToken")
        if token not in self._sources:
            raise invalid("ter:NoSource", f"no video source {token!r}")
        return self._sources[token]


def _number(given: Element, path: str, present: float | None, limits: tuple[float, float]) -> float:
    """Return a given number, or the present one where it is not given and there is one."""
    try:
        value = float(text(given, path, None if present is None else str(present)))
    except ValueError:
        raise invalid("ter:SettingsInvalid", f"{path} is no number") from None
    if not limits[0] <= value <= limits[1]:
        raise invalid("ter:SettingsInvalid", f"{path}={value:g} is not within {limits[0]:g}..{limits[1]:g}")
    return value


def _choice(given: Element, path: str, present: str, known: tuple[str, ...]) -> str:
    value = text(given, path, present)
    if value not in known:
        raise invalid("ter:SettingsInvalid", f"{path} is no {value!r}")
    return value

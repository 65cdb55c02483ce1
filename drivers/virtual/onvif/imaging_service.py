"""ONVIF imaging of the virtual camera: settings that are kept and told. The drawn street does not follow them."""

from __future__ import annotations

from drivers.virtual.onvif.service import SOURCE, OnvifService, ServiceRequest, answers
from drivers.virtual.onvif.soap import NS, Element, SoapFault, el, invalid, text

#: Names of the numbers, in the schema's order; each from 0 to 100.
NUMBERS = ("Brightness", "ColorSaturation", "Contrast", "Sharpness")
DAY_NIGHT = ("ON", "OFF", "AUTO")


class ImagingService(OnvifService):
    """Brightness and the like, and the infrared filter: ON by day, OFF by night."""

    path = "/onvif/imaging_service"
    prefix = "timg"

    def __init__(self) -> None:
        self._numbers = dict.fromkeys(NUMBERS, 50.0)
        self._filter = "AUTO"

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
        self._known(request)
        brightness, saturation, contrast, sharpness = (self._number(name) for name in NUMBERS)
        parts = (brightness, saturation, contrast, el("tt:IrCutFilter", self._filter), sharpness)
        return el("timg:GetImagingSettingsResponse", el("timg:ImagingSettings", *parts))

    @answers("timg:GetOptions")
    def options(self, request: ServiceRequest) -> Element:
        """Tell the ranges."""
        self._known(request)
        brightness, saturation, contrast, sharpness = (_range(name) for name in NUMBERS)
        modes = (el("tt:IrCutFilterModes", each) for each in DAY_NIGHT)
        told = el("timg:ImagingOptions", brightness, saturation, contrast, *modes, sharpness)
        return el("timg:GetOptionsResponse", told)

    @answers("timg:SetImagingSettings")
    def set_settings(self, request: ServiceRequest) -> Element:
        """Keep what is given; what is not stays."""
        self._known(request)
        given = request.body.find("timg:ImagingSettings", NS)
        if given is None:
            raise SoapFault("ImagingSettings is missing", "ter:InvalidArgs")
        numbers = {name: _read(given, name, self._numbers[name]) for name in NUMBERS}
        mode = text(given, "tt:IrCutFilter", self._filter)
        if mode not in DAY_NIGHT:
            raise invalid("ter:SettingsInvalid", f"no IrCutFilter {mode!r}")
        self._numbers, self._filter = numbers, mode
        return el("timg:SetImagingSettingsResponse")

    def _number(self, name: str) -> Element:
        return el(f"tt:{name}", f"{self._numbers[name]:g}")

    @staticmethod
    def _known(request: ServiceRequest) -> None:
        token = text(request.body, "timg:VideoSourceToken")
        if token != SOURCE:
            raise invalid("ter:NoSource", f"no video source {token!r}")


def _range(name: str) -> Element:
    return el(f"tt:{name}", el("tt:Min", "0"), el("tt:Max", "100"))


def _read(given: Element, name: str, present: float) -> float:
    try:
        value = float(text(given, f"tt:{name}", str(present)))
    except ValueError:
        raise invalid("ter:SettingsInvalid", f"{name} is no number") from None
    if not 0 <= value <= 100:
        raise invalid("ter:SettingsInvalid", f"{name}={value:g} is not within 0..100")
    return value

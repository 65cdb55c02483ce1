"""ONVIF device I/O of the virtual camera: one relay, one digital input.

The standard takes the relay's operations over from device management, name and all (``tds:``).
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.virtual.onvif.service import OnvifService, ServiceRequest, answers
from drivers.virtual.onvif.soap import Element, el, invalid, text

RELAY, INPUT = "relay0", "input0"


class IoService(OnvifService):
    """Tells the relay and the input, and switches the relay.

    Args:
        switch: Sets the relay.
        sources: How many video sources there are.
    """

    path = "/onvif/deviceio_service"
    prefix = "tmd"

    def __init__(self, switch: Callable[[bool], None], sources: int = 1) -> None:
        self._switch, self._sources = switch, sources

    @answers("tmd:GetServiceCapabilities", before_login=True)
    def service_capabilities(self, request: ServiceRequest) -> Element:
        """Tell what this service can do."""
        return el("tmd:GetServiceCapabilitiesResponse", self.capabilities())

    def capabilities(self) -> Element:
        """Return what GetServiceCapabilities tells."""
        return el("tmd:Capabilities", VideoSources=str(self._sources), RelayOutputs="1", DigitalInputs="1")

    def advertised(self, url: str) -> None:
        """GetCapabilities names it in an extension only, which is left out."""

    @answers("tds:GetRelayOutputs")
    def relay_outputs(self, request: ServiceRequest) -> Element:
        """Tell the one relay."""
        properties = (el("tt:Mode", "Bistable"), el("tt:DelayTime", "PT0S"), el("tt:IdleState", "open"))
        told = el("tds:RelayOutputs", el("tt:Properties", *properties), token=RELAY)
        return el("tds:GetRelayOutputsResponse", told)

    @answers("tds:SetRelayOutputState")
    def set_relay_output_state(self, request: ServiceRequest) -> Element:
        """Switch the relay."""
        token = text(request.body, "tds:RelayOutputToken")
        state = text(request.body, "tds:LogicalState")
        if token != RELAY:
            raise invalid("ter:RelayToken", f"no relay {token!r}")
        if state not in ("active", "inactive"):
            raise invalid("ter:RelayState", f"no state {state!r}")
        self._switch(state == "active")
        return el("tds:SetRelayOutputStateResponse")

    @answers("tmd:GetDigitalInputs")
    def digital_inputs(self, request: ServiceRequest) -> Element:
        """Tell the one input."""
        return el("tmd:GetDigitalInputsResponse", el("tmd:DigitalInputs", token=INPUT))

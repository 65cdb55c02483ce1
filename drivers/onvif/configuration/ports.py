"""A device's relays and digital inputs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from lxml import etree

from drivers.contract import Feature, Value
from drivers.errors import Forbidden, Malformed, Unsupported
from drivers.features import digital_input, relay_output
from drivers.onvif import xml
from drivers.onvif.configuration.part import MOST, Service, leaf, step

DEVICE_IO = "http://www.onvif.org/ver10/deviceIO/wsdl"
#: Topics by which their states are told.
RELAY_TOPIC, INPUT_TOPIC = "Device/Trigger/Relay", "Device/Trigger/DigitalInput"
_DURATION = re.compile(r"PT(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6}(?:\.\d{1,6})?)S)?")


class Ports:
    """Relays by device management, or where its operations have moved; inputs by device I/O.

    Args:
        relays: Namespace of device management, at the address of either service.
        inputs: Device I/O, None without it.
    """

    def __init__(self, relays: Service, inputs: Service | None) -> None:
        self._relays, self._inputs = relays, inputs
        self._tokens: dict[str, str] = {}

    async def features(self) -> tuple[Feature, ...]:
        """Ask what there is."""
        found: list[Feature] = []
        with suppress(Unsupported, Malformed, Forbidden):
            found += self._read_relays(await self._relays.ask("GetRelayOutputs"))
        if self._inputs is not None:
            with suppress(Unsupported, Malformed, Forbidden):
                told = await self._inputs.ask("GetDigitalInputs")
                found += (
                    digital_input(step(each), signal=INPUT_TOPIC) for each in _tokens(told, "DigitalInputs")
                )
        return tuple(found)

    async def read(self, feature: Feature) -> Value:
        """No device tells a port's state when it is asked.

        Raises:
            Unsupported: Always.
        """
        raise Unsupported(host=self._relays.soap.host, detail=feature.id)

    async def write(self, feature: Feature, value: Value) -> None:
        """Switch a relay."""
        token = leaf("q:RelayOutputToken", self._tokens[feature.id])
        state = leaf("q:LogicalState", "active" if value else "inactive")
        await self._relays.tell("SetRelayOutputState", token, state)

    def _read_relays(self, told: etree._Element) -> Iterator[Feature]:
        for token, node in _tokens(told, "RelayOutputs").items():
            pulse = _seconds(xml.text(node, "DelayTime")) if xml.text(node, "Mode") == "Monostable" else 0.0
            feature = relay_output(step(token), pulse=pulse, signal=RELAY_TOPIC)
            self._tokens[feature.id] = token
            yield feature


def _tokens(told: etree._Element, name: str) -> dict[str, etree._Element]:
    """Return elements by their tokens; one without cannot be named."""
    found = {xml.attribute(node, "token"): node for node in xml.every(told, name)}
    return {token: node for token, node in list(found.items())[:MOST] if token}


def _seconds(duration: str) -> float:
    match = _DURATION.fullmatch(duration)
    hours, minutes, seconds = (float(part or 0) for part in match.groups()) if match else (0.0, 0.0, 0.0)
    return 3600 * hours + 60 * minutes + seconds

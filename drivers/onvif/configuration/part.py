"""What a part of a device's configuration is, and how it asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable
from urllib.parse import quote
from xml.sax.saxutils import escape

from lxml import etree

from drivers.contract import Feature, Value
from drivers.errors import Malformed
from drivers.onvif import xml
from drivers.onvif.soap.client import SoapClient
from drivers.onvif.soap.faults import EmptyResponse

SCHEMA = "http://www.onvif.org/ver10/schema"
#: Profiles, relays, inputs or sources of one device that are looked at.
MOST = 64
#: One call that sets something.
Send: TypeAlias = Callable[[], Awaitable[None]]


class Part(Protocol):
    """Some features that belong together."""

    async def features(self) -> tuple[Feature, ...]:
        """Ask what there is.

        Raises:
            DriverError: Unsupported, Malformed and Forbidden mean that the device does not have this part.
        """
        ...

    async def read(self, feature: Feature) -> Value:
        """Return the present value of one of them."""
        ...

    async def write(self, feature: Feature, value: Value) -> None:
        """Set one of them to a value that fits its description."""
        ...


@runtime_checkable
class Joint(Part, Protocol):
    """A part of which several features can be set by one call."""

    async def prepare(self, values: Mapping[Feature, Value]) -> Sequence[Send]:
        """Return the calls that set them, as few as the device has; nothing is sent before the first is made.

        Args:
            values: Each fits its description.

        Raises:
            Unsupported: They do not go together, or not now.
        """
        ...


@dataclass(frozen=True, slots=True)
class Service:
    """One service of a device, asked by hand: ``q:`` is its namespace in a request, ``t:`` that of the types."""

    soap: SoapClient
    url: str
    space: str

    async def ask(self, operation: str, *content: str) -> etree._Element:
        """Call an operation and return the answer's envelope.

        Raises:
            DriverError: As everywhere.
        """
        asked = f'<q:{operation} xmlns:q="{self.space}" xmlns:t="{SCHEMA}">{"".join(content)}</q:{operation}>'
        return await self.soap.ask(self.url, asked, action=f"{self.space}/{operation}")

    async def tell(self, operation: str, *content: str) -> None:
        """Call an operation that answers nothing; some devices do so to the letter."""
        with suppress(EmptyResponse):
            await self.ask(operation, *content)

    def number(self, text: str) -> float:
        """Return the number that a text of an answer is.

        Raises:
            Malformed: It is none.
        """
        number = xml.number(text)
        if number is None:
            raise Malformed(host=self.soap.host, detail="no number")
        return number


def tag(name: str, *content: str) -> str:
    """Return an element around others."""
    return f"<{name}>{''.join(content)}</{name}>"


def leaf(name: str, text: object) -> str:
    """Return an element with a text."""
    return tag(name, escape(str(text)))


def step(token: str) -> str:
    """Return a device's token as a part of a feature's id: no blank, no point, nothing that is no ASCII."""
    return quote(token, safe="").replace(".", "%2E")

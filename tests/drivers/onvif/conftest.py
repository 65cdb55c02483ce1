"""A scripted ONVIF device: it says what it is told to, and notes what it was asked."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from inspect import isawaitable
from typing import ClassVar

import pytest
from aiohttp import web

NAMESPACES = (
    'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" '
    'xmlns:trt="http://www.onvif.org/ver10/media/wsdl" xmlns:tr2="http://www.onvif.org/ver20/media/wsdl" '
    'xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:tptz="http://www.onvif.org/ver20/ptz/wsdl" '
    'xmlns:tev="http://www.onvif.org/ver10/events/wsdl" xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" '
    'xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:tns1="http://www.onvif.org/ver10/topics" '
    'xmlns:ter="http://www.onvif.org/ver10/error"'
)
DEVICE_INFO = (
    "<tds:GetDeviceInformationResponse><tds:Manufacturer>Acme</tds:Manufacturer><tds:Model>M1</tds:Model>"
    "<tds:FirmwareVersion>1.2</tds:FirmwareVersion><tds:SerialNumber>S1</tds:SerialNumber>"
    "<tds:HardwareId>H1</tds:HardwareId></tds:GetDeviceInformationResponse>"
)
PROFILE = (
    '<trt:Profiles token="{token}" fixed="true"><tt:Name>{token} name</tt:Name>'
    '<tt:VideoSourceConfiguration token="vsc-{source}"><tt:Name>v</tt:Name><tt:UseCount>1</tt:UseCount>'
    '<tt:SourceToken>{source}</tt:SourceToken><tt:Bounds x="0" y="0" width="1" height="1"/>'
    "</tt:VideoSourceConfiguration>"
    '<tt:VideoEncoderConfiguration token="e"><tt:Name>e</tt:Name><tt:UseCount>1</tt:UseCount>'
    "<tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height>"
    "</tt:Resolution><tt:Quality>1</tt:Quality><tt:RateControl><tt:FrameRateLimit>25</tt:FrameRateLimit>"
    "<tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>2147483647</tt:BitrateLimit></tt:RateControl>"
    "</tt:VideoEncoderConfiguration>{more}</trt:Profiles>"
)


def envelope(body: str) -> str:
    """A SOAP answer."""
    return f'<?xml version="1.0"?><s:Envelope {NAMESPACES}><s:Body>{body}</s:Body></s:Envelope>'


def fault(subcode: str, code: str = "Sender") -> str:
    """A SOAP fault."""
    return envelope(
        f"<s:Fault><s:Code><s:Value>s:{code}</s:Value><s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en">no</s:Text></s:Reason></s:Fault>'
    )


def moment(name: str, told: datetime) -> str:
    """A tt:DateTime element."""
    date = f"<tt:Year>{told.year}</tt:Year><tt:Month>{told.month}</tt:Month><tt:Day>{told.day}</tt:Day>"
    clock = f"<tt:Hour>{told.hour}</tt:Hour><tt:Minute>{told.minute}</tt:Minute><tt:Second>{told.second}</tt:Second>"
    return f"<tt:{name}><tt:Time>{clock}</tt:Time><tt:Date>{date}</tt:Date></tt:{name}>"


@dataclass
class Asked:
    """One request as it came."""

    operation: str
    path: str
    headers: dict[str, str]
    body: str


Script = (
    str | bytes | web.Response | Callable[[Asked], "str | bytes | web.Response | Awaitable[web.Response]"]
)


@dataclass
class Scripted:
    """An ONVIF device that says what it is told to, and notes what it was asked.

    Attributes:
        CLOSE: What to say where the connection is to be closed without an answer.
    """

    CLOSE: ClassVar[bytes] = b"close, do not answer"

    answers: dict[str, Script] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    port: int = 0

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.root}/onvif/device_service"

    def operations(self) -> list[str]:
        return [asked.operation for asked in self.asked]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode()
        match = re.search(r"<(?:[\w-]+:)?Body[^>]*>\s*<(?:[\w-]+:)?(\w+)", body)
        operation = match[1] if match else request.path
        asked = Asked(operation, request.path, dict(request.headers), body)
        self.asked.append(asked)
        script = self.answers.get(operation, self.default(operation))
        said = script(asked) if callable(script) else script
        if isawaitable(said):
            said = await said
        if said == self.CLOSE and request.transport is not None:
            request.transport.close()
        if isinstance(said, web.StreamResponse):
            return said
        told = said.encode() if isinstance(said, str) else said
        return web.Response(body=told, content_type="application/soap+xml")

    def default(self, operation: str) -> Script:
        match operation:
            case "GetSystemDateAndTime":
                told = moment("UTCDateTime", datetime.now(UTC))
                return envelope(
                    "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>"
                    f"<tt:DateTimeType>NTP</tt:DateTimeType>{told}</tds:SystemDateAndTime>"
                    "</tds:GetSystemDateAndTimeResponse>"
                )
            case "GetDeviceInformation":
                return envelope(DEVICE_INFO)
            case "GetCapabilities":
                return self.capabilities({"Media": f"{self.root}/media"})
            case "GetServices":
                return self.services({"http://www.onvif.org/ver10/media/wsdl": f"{self.root}/media"})
            case "GetProfiles":
                told = PROFILE.format(token="sub", source="s0", width=640, height=360, more="")
                told += PROFILE.format(token="main", source="s0", width=1920, height=1080, more="")
                return envelope(f"<trt:GetProfilesResponse>{told}</trt:GetProfilesResponse>")
            case "GetStreamUri":
                return self.uri("GetStreamUri", "rtsp://10.9.8.7:5554/live?a=1")
            case "GetSnapshotUri":
                return self.uri("GetSnapshotUri", "http://10.9.8.7/still.jpg")
            case _:
                return web.Response(status=400)

    def services(self, urls: dict[str, str]) -> str:
        told = "".join(
            f"<tds:Service><tds:Namespace>{namespace}</tds:Namespace><tds:XAddr>{url}</tds:XAddr>"
            "<tds:Version><tt:Major>2</tt:Major><tt:Minor>0</tt:Minor></tds:Version></tds:Service>"
            for namespace, url in urls.items()
        )
        return envelope(f"<tds:GetServicesResponse>{told}</tds:GetServicesResponse>")

    def capabilities(self, urls: dict[str, str]) -> str:
        more = "<tt:StreamingCapabilities/>"
        told = "".join(
            f"<tt:{name}><tt:XAddr>{url}</tt:XAddr>{more if name == 'Media' else ''}</tt:{name}>"
            for name, url in urls.items()
        )
        return envelope(
            f"<tds:GetCapabilitiesResponse><tds:Capabilities>{told}</tds:Capabilities></tds:GetCapabilitiesResponse>"
        )

    def uri(self, operation: str, uri: str) -> str:
        return envelope(
            f"<trt:{operation}Response><trt:MediaUri><tt:Uri>{uri}</tt:Uri>"
            "<tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot>"
            f"<tt:Timeout>PT0S</tt:Timeout></trt:MediaUri></trt:{operation}Response>"
        )


class Onvif:
    """What tests need of the scripted device, handed over as one fixture (test files import no others)."""

    Scripted = Scripted
    envelope = staticmethod(envelope)
    fault = staticmethod(fault)
    moment = staticmethod(moment)
    PROFILE = PROFILE


@pytest.fixture
def onvif() -> type[Onvif]:
    """The vocabulary of the scripted device."""
    return Onvif


@pytest.fixture
async def scripted() -> AsyncIterator[Scripted]:
    """A scripted ONVIF device on a free port."""
    device = Scripted()
    app = web.Application(client_max_size=1 << 20)
    app.router.add_route("*", "/{path:.*}", device.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    device.port = runner.addresses[0][1]
    try:
        yield device
    finally:
        await runner.cleanup()

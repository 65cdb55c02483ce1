"""One device's HTTP: own time-outs, digest beside the signature, capped answers, a memory of refusal."""

from __future__ import annotations

import ssl
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import aiohttp
from aiohttp import hdrs
from lxml import etree
from yarl import URL

from drivers.contract import Login
from drivers.errors import Malformed, Refused, Unsupported
from drivers.onvif import xml
from drivers.onvif.addresses import Reached
from drivers.onvif.boundary import REFUSALS, answered, boundary, refused

#: Seconds.
CONNECT_SECONDS = 3.0
CALL_SECONDS = 10.0
#: Bytes of a SOAP answer before it is parsed (16 MB of XML take 462 MB parsed), and of a picture.
ANSWER_LIMIT = 2 << 20
PICTURE_LIMIT = 16 << 20
_REFUSALS = tuple(word.encode() for word in REFUSALS)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, in the shape that zeep expects of its transport."""

    status_code: int
    content: bytes
    headers: Mapping[str, str]
    encoding: str = "utf-8"


class Gate:
    """A memory of refusal: closes after the first on a login never let in, else after two in a row.

    Cameras lock accounts after a few wrong logins, so a closed gate lets nothing more out.
    """

    def __init__(self) -> None:
        self.trusted = False  # the last signed call was let in
        self._refusal: Refused | None = None

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Note how a signed call ends.

        Raises:
            Refused: Without any call, once the gate is closed.
        """
        if self._refusal is not None:
            raise Refused(self._refusal.code, **self._refusal.values)
        try:
            yield
        except Refused as error:
            self._refusal = None if self.trusted else error
            self.trusted = False
            raise
        self.trusted = True


class Session:
    """HTTP to one device.

    Args:
        reached: The device's address.
        login: Its account, None for none.
        verify_tls: Whether its certificate must be signed by a known authority; cameras sign their own.
    """

    def __init__(self, reached: Reached, login: Login | None, verify_tls: bool = False) -> None:
        self.reached = reached
        self.login = login
        self._ssl = ssl.create_default_context() if verify_tls else _any_certificate()
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._ssl, keepalive_timeout=4.0), auto_decompress=False
        )
        self._digests: dict[URL, aiohttp.DigestAuthMiddleware] = {}
        #: Stills have one of their own: many devices guard them otherwise than SOAP.
        self.gate, self._still_gate = Gate(), Gate()

    @property
    def user(self) -> str:
        """Account name, empty without login."""
        return self.login.username if self.login else ""

    async def close(self) -> None:
        """Close every connection."""
        await self._http.close()

    async def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        seconds: float = CALL_SECONDS,
        signed: bool = True,
    ) -> Answer:
        """Send a SOAP envelope and return an answer that is XML.

        Args:
            signed: Whether the login is at stake; False for what every device must tell without one.

        Raises:
            DriverError: Everything else.
        """
        with self.gate.passing() if signed else nullcontext():
            answer = await self._fetch("POST", url, body, headers, ANSWER_LIMIT, seconds, signed)
            return self._soap(answer)

    async def get(self, url: str, seconds: float = CALL_SECONDS) -> bytes:
        """Return a picture.

        Raises:
            DriverError: On any other answer than 200.
        """
        with self._still_gate.passing():
            answer = await self._fetch("GET", url, b"", {}, PICTURE_LIMIT, seconds, True)
            if answer.status_code != 200:
                raise answered(answer.status_code, b"", self.reached.name, self.user)
            return answer.content

    async def _fetch(
        self,
        method: str,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        limit: int,
        seconds: float,
        signed: bool,
    ) -> Answer:
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS)
        sign = self._digest(URL(url)) if signed else ()

        async def once() -> Answer:
            async with self._http.request(
                method,
                url,
                data=body or None,
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
                middlewares=sign,
            ) as response:
                return Answer(response.status, await self._capped(response, limit), response.headers)

        with boundary(self.reached.name, self.user, seconds):
            try:
                return await once()
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientConnectionResetError):
                return await once()  # a kept connection had been closed by the device meanwhile

    def _digest(self, url: URL) -> tuple[aiohttp.DigestAuthMiddleware, ...]:
        """Return the digest memory of an address: it answers a challenge, and from then on signs unasked."""
        if self.login is None or ":" in self.login.username:
            return ()
        origin = url.origin()
        if origin not in self._digests:
            self._digests[origin] = aiohttp.DigestAuthMiddleware(self.login.username, self.login.password)
        return (self._digests[origin],)

    async def _capped(self, response: aiohttp.ClientResponse, limit: int) -> bytes:
        """Read at most `limit` bytes, also after decompression."""
        zipped = response.headers.get(hdrs.CONTENT_ENCODING, "").lower() in ("gzip", "deflate")
        inflate = zlib.decompressobj(zlib.MAX_WBITS | 32) if zipped else None
        content = bytearray()
        async for chunk in response.content.iter_chunked(1 << 16):
            content += chunk if inflate is None else inflate.decompress(chunk, limit + 1)
            if len(content) > limit:
                response.close()
                raise Malformed(
                    "driver.large", host=self.reached.name, limit=limit, raw=bytes(content[:4096])
                )
        return bytes(content)

    def _soap(self, answer: Answer) -> Answer:
        """Judge an answer before any parser sees it."""
        status, content, host = (
            answer.status_code,
            answer.content.lstrip(b"\xef\xbb\xbf \t\r\n"),
            self.reached.name,
        )
        if 300 <= status < 400:
            raise Unsupported("driver.moved", host=host, to=answer.headers.get(hdrs.LOCATION, "?"))
        is_soap = b"Envelope" in content[:4096]
        if status in (401, 403) or not is_soap:
            raise answered(status, content, host, self.user)
        if b"Fault" in content and any(word in content for word in _REFUSALS):
            raise refused(host, self.user)
        return Answer(status, xml.declare(content), answer.headers)


def envelope_of(answer: Answer, host: str) -> etree._Element:
    """Return the parsed envelope of an answer to a hand-made call.

    Raises:
        Malformed: Not XML within the limits.
        Unsupported: A fault.
    """
    try:
        root = xml.parse(answer.content)
    except ValueError as error:
        raise Malformed(host=host, detail=error, raw=answer.content) from None
    fault = xml.find(root, "Body", "Fault")
    if fault is not None:
        raise Unsupported(host=host, detail=_reason(fault))
    return root


def _reason(fault: etree._Element) -> str:
    told = [xml.text(value) for value in xml.every(fault, "Value")] + [xml.text(fault, "Text")]
    return "/".join(part for part in told if part)[:200] or "fault"


def _any_certificate() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT@SECLEVEL=0")  # old cameras know no newer ones
    return context

"""The signature in a SOAP header: WS-UsernameToken with a digest, never the password in clear."""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from drivers.contract import Login

SOAP = "http://www.w3.org/2003/05/soap-envelope"
_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_TOKEN = (
    f'<wsse:Security xmlns:wsse="{_OASIS}wssecurity-secext-1.0.xsd"'
    f' xmlns:wsu="{_OASIS}wssecurity-utility-1.0.xsd"><wsse:UsernameToken>'
    "<wsse:Username>{user}</wsse:Username>"
    f'<wsse:Password Type="{_OASIS}username-token-profile-1.0#PasswordDigest">{{digest}}</wsse:Password>'
    f'<wsse:Nonce EncodingType="{_OASIS}soap-message-security-1.0#Base64Binary">{{nonce}}</wsse:Nonce>'
    "<wsu:Created>{created}</wsu:Created></wsse:UsernameToken></wsse:Security>"
)


class UsernameToken:
    """Signs with one login and a device's clock.

    Attributes:
        login: Whose signature it is.
        offset: What to add to our time.
    """

    def __init__(self, login: Login, offset: timedelta) -> None:
        self.login = login
        self.offset = offset

    def header(self) -> str:
        """Return a new ``Security`` header; its time ends in Z, as Hikvision demands."""
        nonce = secrets.token_bytes(16)
        created = (datetime.now(UTC) + self.offset).strftime("%Y-%m-%dT%H:%M:%SZ")
        # the profile's hash
        made = hashlib.sha1(
            nonce + created.encode() + self.login.password.encode(), usedforsecurity=False
        ).digest()
        return _TOKEN.format(
            user=escape(self.login.username),
            digest=b64encode(made).decode(),
            nonce=b64encode(nonce).decode(),
            created=created,
        )

    def apply(self, envelope: etree._Element, headers: Any) -> tuple[etree._Element, Any]:
        """Sign an envelope of the library's; it calls this."""
        header = envelope.find(f"{{{SOAP}}}Header")
        if header is None:
            header = etree.Element(f"{{{SOAP}}}Header")
            envelope.insert(0, header)
        header.append(etree.fromstring(self.header()))
        return envelope, headers

    def verify(self, envelope: etree._Element) -> None:
        """Accept every answer: devices do not sign theirs."""

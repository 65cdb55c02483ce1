"""The only import of onvif-zeep-async and zeep, with its side effects undone.

The import takes 0.3 s of CPU: it belongs into a thread. What is taken from the library: the WSDL
documents parsed once per process (0.1 MB per further camera), its forgiving date types, and WS-Addressing
where an operation wants it. What is not: its session, time-outs, signature, address handling and caches.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakKeyDictionary


def _import_quietly() -> tuple[Any, Any]:
    """Import the library; its module level calls `logging.basicConfig`, which takes over the root logger."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    from onvif import client, definition

    root.handlers[:], root.level = handlers, level
    root.setLevel(level)
    for name in ("onvif", "zeep"):
        # They print tracebacks for a camera's bad date, and whole envelopes at DEBUG.
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return client, definition


_client, _definition = _import_quietly()

from zeep.settings import Settings  # noqa: E402  # after the library, whose import must be quiet

_SETTINGS = Settings(
    # what old firmware writes. (Not xsd_ignore_sequence_order: its search is quadratic, a hostile answer's gift.)
    strict=False,
    # what hostile devices write
    xml_huge_tree=False,
    forbid_dtd=True,
    forbid_entities=True,
    forbid_external=True,
)
_WSDL = Path(_client.__file__).parent / "wsdl"


class ZeepTransport(Protocol):
    """What zeep needs to reach a device: a SOAP call over HTTP."""

    async def post_xml(self, address: str, envelope: Any, headers: dict[str, str]) -> Any:
        """Send an envelope; the answer has `status_code`, `content`, `headers` and `encoding`."""
        ...


async def proxy(service: str, url: str, transport: ZeepTransport, signer: Any | None) -> Any:
    """Return zeep's proxy of a service, by its name in the library: its methods are the operations.

    Args:
        signer: What signs envelopes (:class:`drivers.onvif.soap.wsse.UsernameToken`), None without login.
    """
    entry = _definition.SERVICES[service]
    document = await _document(str(_WSDL / entry["wsdl"]))
    client = _client.ZeepAsyncClient(
        wsdl=document,
        wsse=signer,
        transport=transport,
        settings=_SETTINGS,
        plugins=[_client.WsAddressingIfMissingPlugin()],
    )
    return client.create_service(f"{{{entry['ns']}}}{entry['binding']}", url)


#: One turn at a time on each loop: the library would parse a document once for each of many that come at once.
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


async def _document(path: str) -> Any:
    async with _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
        return await _client._cached_document(path)

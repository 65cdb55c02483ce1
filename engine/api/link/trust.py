"""Which engines a client knows by their certificates: told by a person, or remembered when they were first met.

As with SSH: an engine's own certificate is signed by nobody that a machine knows, so what is compared is its
fingerprint. The key's is remembered, which a renewal keeps.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from platformdirs import user_state_path

from engine.runtime import whole_file
from engine.web.fingerprint import Fingerprints, digits

#: Variable that has a fingerprint for this one call.
VARIABLE: Final = "MATTHAN_FINGERPRINT"
#: Seconds that looking at a certificate may take.
PATIENCE: Final = 10.0


class Pin(aiohttp.Fingerprint):
    """Trusts one certificate or one key, whoever signed it.

    Args:
        told: Its fingerprint, however it is written.

    Raises:
        ValueError: It is none.
    """

    def __init__(self, told: str) -> None:
        super().__init__(bytes.fromhex(digits(told)))
        self._told = told

    def check(self, transport: asyncio.Transport) -> None:
        """Look at the certificate of a connection, before anything is sent.

        Raises:
            ServerFingerprintMismatch: It is another one.
        """
        der = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        found = Fingerprints.of(der)
        if not found.match(self._told):
            host, port, *_ = transport.get_extra_info("peername")
            raise aiohttp.ServerFingerprintMismatch(
                self.fingerprint, bytes.fromhex(digits(found.key)), host, port
            )


class KnownEngines:
    """Fingerprints by address, in a file of this user's.

    Args:
        path: The file; None: in the user's state folder.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or user_state_path("matthan") / "known_engines.json"

    def of(self, address: str) -> str | None:
        """Return what is remembered of an address."""
        told = self._read().get(place(address))
        return told if isinstance(told, str) else None

    def remember(self, address: str, fingerprint: str) -> None:
        """Remember an address by a fingerprint from now on.

        Raises:
            OSError: The file cannot be written.
            ValueError: It is no fingerprint.
        """
        digits(fingerprint)
        self._write({**self._read(), place(address): fingerprint})

    def forget(self, address: str) -> bool:
        """Forget an address; return whether it was known.

        Raises:
            OSError: The file cannot be written.
        """
        known = self._read()
        if known.pop(place(address), None) is None:
            return False
        self._write(known)
        return True

    def _read(self) -> dict[str, Any]:
        try:
            told = json.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return {}  # none yet, or damaged: then it is met anew, and a person is asked
        return told if isinstance(told, dict) else {}

    def _write(self, known: Mapping[str, Any]) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        whole_file.put(self.path, json.dumps(known, indent=1).encode())


def place(address: str) -> str:
    """Return an address as it is remembered: ``host:port``, whatever path follows."""
    parts = urlsplit(address)
    host = (parts.hostname or "").rstrip(".")
    return f"[{host}]:{parts.port or 443}" if ":" in host else f"{host}:{parts.port or 443}"


def pinned(
    address: str, fingerprint: str | None = None, environ: Mapping[str, str] = os.environ
) -> str | None:
    """Return the fingerprint by which an engine is to be known: told, of this call's environment, or remembered."""
    return fingerprint or environ.get(VARIABLE) or KnownEngines().of(address)


def meet(address: str) -> Fingerprints:
    """Return the fingerprints of who answers at an address, whoever that is; nothing is sent to them. Blocking.

    Raises:
        OSError: Nobody answers, or without TLS.
    """
    parts = urlsplit(address)
    where = (parts.hostname or "", parts.port or 443)
    return Fingerprints.of(ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(where, timeout=PATIENCE)))

"""TLS contexts, one of a kind for the whole process: making one reads the authorities' store (38 ms, 0.8 MB)."""

from __future__ import annotations

import ssl
import threading

_contexts: dict[bool, ssl.SSLContext] = {}
_making = threading.Lock()


def ready(verify: bool) -> ssl.SSLContext | None:
    """Return the shared context if it has been made already; never blocks."""
    return _contexts.get(verify)


def context(verify: bool) -> ssl.SSLContext:
    """Return the shared client context; makes it at the first call, which blocks: not on the event loop.

    Args:
        verify: Whether certificates must be signed by a known authority; cameras sign their own.
    """
    with _making:
        if verify not in _contexts:
            _contexts[verify] = ssl.create_default_context() if verify else _any_certificate()
        return _contexts[verify]


def _any_certificate() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED  # old cameras know no newer one
    made.set_ciphers("DEFAULT@SECLEVEL=0")  # likewise
    made.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)  # likewise
    return made

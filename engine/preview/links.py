"""Short-lived links: who holds one may watch one camera, and nothing else."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable

_SIGNATURE_BYTES = 18


class Links:
    """Tokens of ``expiry.signature``, signed with a secret that dies with the process.

    Args:
        monotonic: Seconds that never run back, so that setting the clock revives no link.
        secret: Only tests give one.
    """

    def __init__(self, monotonic: Callable[[], float], secret: bytes | None = None) -> None:
        self._monotonic = monotonic
        self._secret = secret or secrets.token_bytes(32)

    def issue(self, camera: str, seconds: float) -> str:
        """Return a token for one camera, valid for so many seconds."""
        expiry = str(int((self._monotonic() + seconds) * 1000))
        return f"{expiry}.{self._sign(camera, expiry)}"

    def valid(self, camera: str, token: str) -> bool:
        """Return whether a token opens a camera now; takes equally long for any guess."""
        expiry, _, signature = token.partition(".")
        genuine = hmac.compare_digest(signature.encode(), self._sign(camera, expiry).encode())
        return genuine and self._monotonic() * 1000 < int(expiry)

    def _sign(self, camera: str, expiry: str) -> str:
        digest = hmac.digest(self._secret, f"{expiry}/{camera}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest[:_SIGNATURE_BYTES]).decode()

"""Every foreign exception on the way to an ONVIF device becomes a `DriverError` here, and only here.

Never chained: zeep's and aiohttp's texts hold envelopes and URLs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp

from drivers.errors import DriverError, Malformed, Refused, Unreachable, Unsupported
from drivers.onvif.library import Fault, TransportError, ZeepError

#: Words of faults that mean the login, wherever in the answer they stand.
REFUSALS = ("NotAuthorized", "FailedAuthentication", "InvalidSecurity", "FailedCheck")
#: Words of faults that mean: later.
_BUSY = ("OutofMemory", "OutOfMemory", "Busy", "TooMany", "ResourceUnavailable")


@contextmanager
def boundary(host: str, user: str, seconds: float) -> Iterator[None]:
    """Translate whatever the libraries raise within the context.

    Args:
        host: What the error names.
        user: Account name for a refusal, empty without login.
        seconds: The time-out in force.

    Raises:
        DriverError: Instead of any other exception.
    """
    try:
        yield
    except DriverError:
        raise
    except Exception as error:  # the boundary: zeep answers odd replies with any exception there is
        raise translate(error, host, user, seconds) from None


def translate(error: Exception, host: str, user: str, seconds: float) -> DriverError:
    """Return our error for a foreign one; only fault codes, error numbers and class names survive."""
    match error:
        case Fault():
            return _fault(error, host, user)
        case TransportError():
            return answered(int(error.status_code or 0), bytes(error.content or b""), host, user)
        case TimeoutError():
            return Unreachable("driver.timeout", host=host, seconds=seconds)
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return Unreachable(host=host, detail="TLS")
        case aiohttp.InvalidURL():
            return Malformed(host=host, detail="URL")
        case OSError():  # connection refused, no route, reset, and aiohttp's connector errors
            return Unreachable(host=host, detail=_number(error) or type(error).__name__)
        case aiohttp.ClientConnectionError() | aiohttp.ClientPayloadError():
            return Unreachable(host=host, detail=type(error).__name__)
        case aiohttp.ClientError():
            return Malformed(host=host, detail=type(error).__name__)
        case ZeepError():
            content = getattr(error, "content", b"")
            return Malformed(host=host, detail=type(error).__name__, raw=_bytes(content))
        case _:
            return Malformed(host=host, detail=type(error).__name__)


def refused(host: str, user: str) -> Refused:
    """Return the refusal of a login, or of its absence."""
    return Refused(host=host, user=user) if user else Refused("driver.no_login", host=host)


def answered(status: int, content: bytes, host: str, user: str) -> DriverError:
    """Return the error in an HTTP answer that is no SOAP: what quirky devices send instead of faults."""
    if status in (401, 403) or any(word.encode() in content for word in REFUSALS):
        return refused(host, user)
    if status in (408, 429, 502, 503, 504):
        return Unreachable(host=host, detail=f"HTTP {status}")
    if status == 200 and content.strip():
        return Malformed(host=host, detail="no SOAP", raw=content)
    return Unsupported(host=host, detail=f"HTTP {status}")


def _fault(error: Fault, host: str, user: str) -> DriverError:
    subcodes = [str(getattr(code, "localname", code)) for code in error.subcodes or ()]
    told = " ".join([*subcodes, str(error.code or ""), str(error.message or "")])
    if any(word in told for word in REFUSALS):
        return refused(host, user)
    detail = "/".join(subcodes) or str(error.message or error.code or "fault")
    if any(word in told for word in _BUSY):
        return Unreachable(host=host, detail=detail)
    return Unsupported(host=host, detail=detail[:200])


def _number(error: OSError) -> str | None:
    """Return an error number's text; resolvers' numbers are negative and bring their own."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror


def _bytes(content: object) -> bytes:
    return content if isinstance(content, bytes) else str(content).encode(errors="replace")

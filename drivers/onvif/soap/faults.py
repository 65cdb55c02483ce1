"""What a device's answer means: every fault, status and foreign exception becomes a `DriverError` here.

Never chained: zeep's texts hold envelopes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lxml import etree

from drivers.errors import DriverError, Forbidden, Malformed, Refused, Unreachable, Unsupported
from drivers.onvif import xml

#: Words of faults that mean the login, wherever in the answer they stand.
REFUSALS = ("NotAuthorized", "FailedAuthentication", "InvalidSecurity", "FailedCheck")
#: Words of faults that mean: later.
_BUSY = ("OutofMemory", "OutOfMemory", "Busy", "TooMany", "ResourceUnavailable")
#: Statuses of a server that is there and has no time.
_LATER = (408, 429, 502, 503, 504)


class EmptyResponse(Unsupported):
    """The device says yes, and nothing else."""


@contextmanager
def boundary(host: str) -> Iterator[None]:
    """Translate whatever the library raises within the context: it answers odd replies with anything there is.

    Raises:
        DriverError: Instead of any other exception; only the class name survives.
    """
    try:
        yield
    except DriverError:
        raise
    except Exception as error:  # the boundary
        content = getattr(error, "content", b"")
        raw = content if isinstance(content, bytes) else str(content).encode(errors="replace")
        raise Malformed(host=host, detail=type(error).__name__, raw=raw) from None


def refused(host: str, user: str) -> Refused:
    """Return the refusal of a login, or of its absence."""
    return Refused(host=host, user=user) if user else Refused("driver.no_login", host=host)


def error_of_status(status: int, content: bytes, host: str, user: str) -> DriverError:
    """Return the error in an HTTP answer that is no SOAP: what quirky devices send instead of faults."""
    if status == 401 or any(word.encode() in content for word in REFUSALS):
        return refused(host, user)
    if status == 403:
        detail = f"HTTP {status}"
        return Forbidden(host=host, user=user, detail=detail) if user else refused(host, user)
    if status in _LATER:
        return Unreachable("driver.busy", host=host, detail=f"HTTP {status}")
    if status == 200 and content.strip():
        return Malformed(host=host, detail="no SOAP", raw=content)
    kind = EmptyResponse if 200 <= status < 300 else Unsupported
    return kind(host=host, detail=f"HTTP {status}")


def error_of_fault(element: etree._Element, host: str, user: str) -> DriverError:
    """Return the error in a SOAP fault, of version 1.2 or 1.1."""
    said = [xml.text(value) for name in ("Value", "faultcode") for value in xml.every(element, name)]
    reason = xml.text(element, "Text") or xml.text(element, "faultstring")
    names = [xml.local(part) for part in element.iter()]
    kinds = [name for name in names if name.endswith("Fault")][1:]
    words = " ".join([*said, reason, *names, *(part.text or "" for part in element.iter())])
    if any(word in words for word in REFUSALS):
        return refused(host, user)
    detail = "/".join(part for part in [*said[1:], *kinds, reason] if part) or "/".join(said) or "fault"
    if any(word in words for word in _BUSY):
        return Unreachable("driver.busy", host=host, detail=detail[:200])
    return Unsupported(host=host, detail=detail[:200])

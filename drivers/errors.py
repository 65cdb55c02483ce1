"""What can go wrong with a device, named by who must act.

::

    DriverError            code + values; no message ever carries a password
    ├── Unreachable        again later (network, power, busy, time-out, end of stream)
    ├── Refused            a person must act (wrong password, locked account)
    │   └── Forbidden      the login is good, the right is missing (403); no wrong login
    ├── Unsupported        stop asking (the device cannot do it)
    └── Malformed          the device answered nonsense: keep the bytes, maybe a quirk

Foreign exceptions (zeep, aiohttp, av) are translated at one boundary function per library and
chained with ``from None`` where their text may contain credentials (PyAV and FFmpeg do).
"""

from __future__ import annotations

import os
from unicodedata import category

from drivers.redaction import bare as bare
from drivers.redaction import redact as redact


class DriverError(Exception):
    """A fault of a device or of the way to it.

    Args:
        code: Key of the sentence in ``drivers/text/{vi,en}.toml``, e.g. ``driver.unreachable``.
        values: What the sentence names. Strings are redacted here, so that no caller can forget, and lose what
            devices write that no log, database or terminal can bear (lone surrogates, control characters).
    """

    code = "driver.fault"

    def __init__(self, code: str = "", /, **values: object) -> None:
        self.code = code or type(self).code
        self.values: dict[str, str | int | float] = {
            key: value if isinstance(value, (int, float)) else _bearable(redact(str(value)))
            for key, value in values.items()
        }
        super().__init__(self.code, self.values)

    def __str__(self) -> str:
        told = ", ".join(f"{key}={value}" for key, value in self.values.items())
        return f"{self.code}({told})"


def _bearable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join("\ufffd" if category(sign) in ("Cc", "Cs") else sign for sign in text)


class Unreachable(DriverError):
    """The device does not answer now; try again later."""

    code = "driver.unreachable"


class Refused(DriverError):
    """The device answered and said no; trying again may lock the account. A person must act."""

    code = "driver.refused"

    @property
    def counts(self) -> bool:
        """Whether the device saw a wrong login: `Forbidden` and what we held back ourselves are none."""
        return self.code in ("driver.refused", "driver.refused_clock")


class Forbidden(Refused):
    """The device knows the account and does not let it do this; it may have too many guests, or lack the right."""

    code = "driver.forbidden"


class Unsupported(DriverError):
    """The device cannot do this; do not ask again."""

    code = "driver.unsupported"


class Malformed(DriverError):
    """The device's answer cannot be understood; `raw` keeps at most 4 KiB of it."""

    code = "driver.malformed"

    def __init__(self, code: str = "", /, *, raw: bytes = b"", **values: object) -> None:
        super().__init__(code, **values)
        self.raw = raw[:4096]


def told_by_system(error: OSError) -> str:
    """Return a system error's text by its number; resolvers' numbers are negative and bring their own."""
    told = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
    return told or type(error).__name__

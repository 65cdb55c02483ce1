"""The notifications in an answer to a pull, each by itself: a broken one costs its neighbours nothing. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from drivers.contract import Signal
from drivers.onvif import xml
from drivers.onvif.events.notification import signal_of
from drivers.onvif.soap.http import whole

#: Notifications of a broken answer that are read at most; a pull asks for a hundred.
MOST = 1000
_BEGIN = re.compile(rb"(?=<(?:[\w.-]+:)?NotificationMessage[\s>])")
_END = re.compile(rb"</(?:[\w.-]+:)?NotificationMessage\s*>")


def signals_of(content: bytes, sources: Mapping[str, str], now: datetime) -> Iterator[Signal | None]:
    """Yield what each notification says, None for one that cannot be read.

    Args:
        content: The answer as it came, an envelope.
        sources: As in `drivers.onvif.events.notification.source_of`.
        now: Receive time.

    Raises:
        ValueError: Not XML at all.
    """
    root, broken = xml.read(content)
    if broken or not whole(content):
        yield from _apart(content, sources, now)
        return
    for note in xml.every(root, "NotificationMessage"):
        signal = signal_of(note, sources, now)
        yield signal if signal.topic else None


def _apart(content: bytes, sources: Mapping[str, str], now: datetime) -> Iterator[Signal | None]:
    """Read a broken answer piece by piece."""
    for piece in _BEGIN.split(content, MOST)[1:]:
        end = _END.search(piece)
        yield _one(piece[: end.end()], sources, now) if end else None


def _one(piece: bytes, sources: Mapping[str, str], now: datetime) -> Signal | None:
    """Read one notification; one that is broken counts only where its state is there all the same."""
    try:
        root, broken = xml.read(piece)
    except ValueError:
        return None
    signal = signal_of(root, sources, now)
    return signal if signal.topic and not (broken and signal.state is None) else None

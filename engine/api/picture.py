"""A still as the API answers it: the JPEG is the body, what the engine says of it stands in headers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from pydantic import TypeAdapter

from engine.api import wire
from engine.api.resources import cameras

_TRACKS = TypeAdapter(list[wire.Tracked])
_AT: TypeAdapter[datetime | None] = TypeAdapter(datetime | None)


@dataclass(frozen=True, slots=True)
class Picture:
    """A still, and what the engine says of it.

    Attributes:
        source: ``camera`` (its own still), ``stream`` (its main stream) or ``analysis``.
        size: ``1280x720``.
        lacks: Why it is no better one, a sentence; empty where there is nothing to say.
        at: When it was seen, by the engine's clock; None: an older engine does not say.
        tracks: What was seen in this very picture; empty unless it is the analysed one.
    """

    jpeg: bytes
    source: str
    size: str
    lacks: str
    at: datetime | None = None
    tracks: tuple[wire.Tracked, ...] = ()


def picture(jpeg: bytes, headers: Mapping[str, str]) -> Picture:
    """Return a still with what its headers say.

    Raises:
        ValidationError: They are not those of version 1.
    """
    at, tracks = headers.get(cameras.STILL_AT), headers.get(cameras.STILL_TRACKS, "[]")
    return Picture(
        jpeg,
        headers.get(cameras.STILL_SOURCE, cameras.ANALYSIS),
        headers.get(cameras.STILL_SIZE, ""),
        unquote(headers.get(cameras.STILL_LACKS, "")),
        _AT.validate_json(json.dumps(at)),
        tuple(_TRACKS.validate_json(tracks)),
    )

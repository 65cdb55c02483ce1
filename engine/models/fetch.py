"""Fetching a known model from where it is published."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from engine.models.known import Entry, ModelFault
from engine.models.library import SUFFIX, folder

#: Told after every piece: bytes so far, bytes in all.
Progress = Callable[[int, int], None]
_PIECE = 1 << 16
TIMEOUT = 20.0


def fetch(entry: Entry, progress: Progress) -> Path:
    """Download a model, check size and hash, and put it into the folder, whole or not at all.

    Raises:
        ModelFault: Not reachable (the sentence says how to add a file by hand), not what was
            published, or the folder cannot be written.
    """
    faults: list[ModelFault] = []
    for url in entry.urls:
        try:
            return _fetch(entry, url, progress)
        except ModelFault as fault:
            faults.append(fault)
    raise faults[-1]


def _fetch(entry: Entry, url: str, progress: Progress) -> Path:
    if not url.startswith(("https://", "http://127.0.0.1:")):
        raise ModelFault("model.url", name=entry.name, url=url)
    target = folder() / f"{entry.name}{SUFFIX}"
    part = target.with_suffix(".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        digest, size = _download(url, part, entry.size, progress)
        if (digest, size) != (entry.sha256, entry.size):
            raise ModelFault("model.changed", name=entry.name, url=url, size=size, want=entry.size)
        part.replace(target)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it is an open answer as well
        raise ModelFault("model.offline", name=entry.name, url=url, reason=_reason(error)) from error
    except OSError as error:
        raise ModelFault("model.unwritable", path=target.parent, reason=error.strerror or error) from error
    finally:
        with suppress(OSError):  # it is in place, or was never made
            part.unlink()
    return target


def _reason(error: Exception) -> object:
    """Return what a person can read of a failed connection: not the number of the error."""
    reason = getattr(error, "reason", None) or error
    return getattr(reason, "strerror", None) or reason


def _download(url: str, part: Path, limit: int, progress: Progress) -> tuple[str, int]:
    """Write at most one byte more than expected: what is longer is wrong anyway."""
    digest, size = hashlib.sha256(), 0
    with urllib.request.urlopen(url, timeout=TIMEOUT) as answer, part.open("wb") as file:  # noqa: S310  # scheme checked by the caller
        while size <= limit and (piece := answer.read(min(_PIECE, limit + 1 - size))):
            file.write(piece)
            digest.update(piece)
            size += len(piece)
            progress(size, limit)
    return digest.hexdigest(), size

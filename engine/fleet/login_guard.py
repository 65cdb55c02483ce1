"""Logins to devices: what each device said to them, kept over restarts, and when a refused one is tried again.

The books themselves are `drivers.logins`; here is one per device for the whole engine, and the file that keeps them.
The engine alone opens devices, and one engine alone owns a state folder (its database's lock): nobody else writes.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from drivers.errors import Forbidden, Refused
from drivers.logins import MOST, WITHIN, LoginBook, Record
from engine.runtime import log
from engine.runtime.whole_file import put
from rules.model import CameraId, Sentence

logger = log.get(__name__)
#: Minutes after which a refused login that had worked is tried again; then each hour.
RETRIES = (1, 5, 15, 60)
#: Devices remembered, and bytes read of their file.
DEVICES, BYTES = 1000, 1 << 20
#: Characters of what is remembered of a device's habits, each.
LONGEST = 64


def free_at(book: LoginBook) -> float | None:
    """Return when a device may be sent a login again (seconds since 1970), None where it may now."""
    now = book.now()
    wrong = [min(at, now) for at in book.record.wrong if now - at < WITHIN]
    return min(wrong) + WITHIN if len(wrong) >= MOST else None


def device_of(url: str) -> str:
    """Return the key of a device in the books: its host.

    Not its port: SOAP, stills and RTSP have ports of their own, and a camera locks the account or the asking address
    whichever of them it was asked at. On this machine itself (loopback) the port belongs to the key: there every
    virtual camera, tunnel and forwarded device shares one host.
    """
    parts = urlsplit(url)
    host = (parts.hostname or url).lower()
    return f"{host}:{parts.port or ''}" if _loopback(host) else host


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Refusals:
    """When one part of a camera, or its device, tries its login again.

    One that never worked is wrong until a person says otherwise. One that worked may have met a camera that was
    starting, full of guests, or set right again meanwhile; it is tried again, more and more seldom.
    """

    def __init__(self, camera: CameraId, book: LoginBook, worked: Callable[[], bool], zone: tzinfo) -> None:
        self._camera, self._book, self._worked, self._zone = camera, book, worked, zone
        self._count, self._wait_over = 0, math.inf

    def again(self, error: Exception) -> float:
        """Return the seconds until the next try; infinite: only when a person asks for it."""
        wait = self._wait(error)
        self._wait_over = self._book.now() + wait
        return wait

    @property
    def retry(self) -> datetime | None:
        """When it is tried again, as of the last refusal; None: when a person asks for it."""
        return datetime.fromtimestamp(self._wait_over, UTC) if math.isfinite(self._wait_over) else None

    @property
    def advice(self) -> Sentence:
        """What a person can do: as of the last refusal."""
        return self.advice_for(self._camera)

    def advice_for(self, camera: CameraId) -> Sentence:
        """Return the same for one of several cameras that share what was refused."""
        if (at := self.retry) is None:
            return Sentence("camera.retry", {"camera": camera})
        return Sentence("camera.next_try", {"at": f"{at.astimezone(self._zone):%H:%M}", "camera": camera})

    def _wait(self, error: Exception) -> float:
        if isinstance(error, Refused) and error.code == "driver.held":
            free = free_at(self._book)
            return max(1.0, free - self._book.now()) if free is not None else 60.0
        tried = isinstance(error, Refused) and self._worked()
        if not (tried or isinstance(error, Forbidden)):
            return math.inf
        minutes = RETRIES[min(self._count, len(RETRIES) - 1)]
        self._count += 1
        return 60.0 * minutes

    def reset(self) -> None:
        """It works: the next refusal is the first one."""
        self._count = 0


def joined(first: Sentence, more: Sentence) -> Sentence:
    """Return two sentences as one, the second with what to do about the first."""
    return Sentence(f"{first.code}+camera.then+{more.code}", {**first.values, **more.values})


class LoginBooks:
    """Every device's book, and the file that keeps them.

    Attributes:
        trouble: Why what earlier runs knew is gone; None: nothing is.
    """

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        self._path, self._now = path, now
        self._lock = threading.Lock()
        self.trouble: Sentence | None = None
        self._records = self._read()
        self._books: dict[str, LoginBook] = {}

    def read_again(self) -> None:
        """Take over what another program has written since; it had the devices to itself."""
        with self._lock:
            self._records = self._read()
            for key, book in self._books.items():
                book.record = self._records.get(key, Record())

    def of(self, url: str) -> LoginBook:
        """Return the book of the device at an address; the same one for all that lead to it."""
        key = device_of(url)
        if key not in self._books:
            record = self._records.get(key, Record())
            self._books[key] = LoginBook(self._now, record, partial(self._keep, key))
        return self._books[key]

    def _keep(self, key: str, _: Record) -> None:
        """Write a device's record; called from any thread, so that the one handed over may be older than the last."""
        with self._lock:
            self._records.pop(key, None)
            self._records[key] = self._books[key].record
            while len(self._records) > DEVICES:
                del self._records[next(iter(self._records))]
            try:
                self._write()
            except OSError as error:  # the count holds for this run all the same
                logger.warning("logins not kept", path=str(self._path), reason=error.strerror)

    def _write(self) -> None:
        devices = {
            key: {"wrong": list(each.wrong), "worked": each.worked, "habits": dict(each.habits)}
            for key, each in self._records.items()
        }
        put(self._path, json.dumps({"version": 1, "devices": devices}, indent=1).encode())

    def _read(self) -> dict[str, Record]:
        """Return what earlier runs knew; a file that cannot be understood is set aside, and that is told."""
        try:
            with self._path.open("rb") as file:
                content = file.read(BYTES + 1)
        except FileNotFoundError:
            return {}
        except OSError as error:
            return self._without(error.strerror or type(error).__name__)
        try:
            return dict(_records(content))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            with suppress(OSError):
                self._path.replace(self._path.with_name(f"{self._path.name}.damaged"))
            return self._without(type(error).__name__)

    def _without(self, detail: str) -> dict[str, Record]:
        self.trouble = Sentence("logins.damaged", {"path": str(self._path), "detail": detail})
        logger.warning("what cameras said to our logins is forgotten", path=str(self._path), reason=detail)
        return {}


def _records(content: bytes) -> Iterator[tuple[str, Record]]:
    """Yield the records of a file.

    Raises:
        ValueError, TypeError, KeyError, AttributeError, RecursionError: It is none.
    """
    if len(content) > BYTES:
        raise ValueError("too large")
    document = json.loads(content)
    if document["version"] != 1:
        raise ValueError("of another version")
    for key, told in list(document["devices"].items())[:DEVICES]:
        wrong = tuple(float(at) for at in told["wrong"][-MOST:])
        worked = told["worked"]
        if not all(map(math.isfinite, wrong)):
            raise ValueError("no time")
        habits = {str(name)[:LONGEST]: str(value)[:LONGEST] for name, value in told.get("habits", {}).items()}
        yield str(key), Record(wrong, None if worked is None else int(worked) & 0xFFFF, habits)

"""Whether every page of a database is as it was written. Blocking."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import sleep

from engine.errors import StoreError
from engine.store.pages import notes
from engine.store.pages.compare import PIECE, UNKNOWN, compare, differing, owners
from engine.store.pages.sums import Sums, Why, is_stamp
from engine.store.pages.tail import Tail

#: Times that a page is looked at before it counts as wrong, and seconds between: an engine may just be moving it.
_LOOKS, _PAUSE = 5, 0.2
#: Bytes of a database's first page up to the end of its stamp.
STAMPED_UP_TO = 72
#: Wrong pages of which it is looked up what they belong to.
MANY = 1000


@dataclass(frozen=True, slots=True)
class WrongPage:
    """A page that is not as it was written.

    Attributes:
        owner: The table or index that it belongs to; ``?``: SQLite does not tell.
    """

    page: int
    owner: str


@dataclass(frozen=True, slots=True)
class PagesReport:
    """What came of comparing the pages of a database with their sums.

    Attributes:
        pages: How many there are.
        compared: How many of them were compared; not those whose newest content is still in the write-ahead log, which
            has sums of its own.
        wrong: Those that are not as they were written.
        doubt: Why nothing, or not all of it, could be compared; None: all was.
        remade: Why all sums were made anew when the database was opened last: what had changed before is not noticed.
    """

    pages: int
    compared: int
    wrong: tuple[WrongPage, ...] = ()
    doubt: Why | None = None
    remade: Why | None = None

    @property
    def sound(self) -> bool:
        """Whether all was compared, and every page is as it was written."""
        return not self.wrong and self.doubt is None


def verify_pages(path: Path, progress: Callable[[int, int], None] = lambda _done, _all: None) -> PagesReport:
    """Compare every page of the database at a path with its sum. An engine may run, but not in this process.

    (Whoever closes a file gives up all locks that its process has on it, SQLite's too.)

    Args:
        progress: Told now and then how many pages were looked at, of how many.

    Raises:
        StoreError: The database cannot be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from error
    try:
        return _verified(path, handle, progress)
    finally:
        os.close(handle)


def _verified(path: Path, handle: int, progress: Callable[[int, int], None]) -> PagesReport:
    sums, doubt = of(path, stamped(os.pread(handle, STAMPED_UP_TO, 0)))
    if sums is None or doubt is not None:
        return PagesReport(0, 0, doubt=doubt)
    skipped = _in_log(path, sums)
    done = [0]

    def told() -> bool:
        progress(done[0], len(sums.known))
        done[0] = min(done[0] + PIECE, len(sums.known))
        return False

    wrong, looked = compare(handle, sums, skipped, told)
    for _ in range(_LOOKS):  # an engine may have moved some since its sums were read
        if not wrong or not sums.open:
            break
        sleep(_PAUSE)
        wrong = _again(path, handle, wrong)
    owned = owners(path, wrong[:MANY], lambda: False) if wrong else {}
    return PagesReport(
        sums.size,
        looked - sum(page <= looked for page in skipped),
        tuple(WrongPage(page, owned.get(page, UNKNOWN)) for page in wrong),
        None if sums.whole else sums.why or Why.FIRST,
        sums.why,
    )


def _again(path: Path, handle: int, pages: Sequence[int]) -> list[int]:
    """Return those of some pages that are wrong by what their sums are now."""
    sums, doubt = of(path, stamped(os.pread(handle, STAMPED_UP_TO, 0)))
    if sums is None or doubt is not None:
        return [*pages]
    skipped = _in_log(path, sums)
    return [page for page in pages if [*differing(handle, sums, page, 1, skipped)]]


def _in_log(path: Path, sums: Sums) -> set[int]:
    return Tail(path.with_name(path.name + "-wal")).pages(sums.moved)


def of(path: Path, stamp: int) -> tuple[Sums | None, Why | None]:
    """Return the sums of the database at a path that says a stamp of itself, or why there are none to go by."""
    try:
        sums = notes.read(path)
    except (OSError, notes.SumsDamaged):
        return None, Why.DAMAGED
    if sums is None:
        return None, Why.GONE if is_stamp(stamp) else Why.FIRST
    if stamp not in sums.stamps and (not stamp or is_stamp(stamp)):
        return None, Why.OTHER  # what is no stamp at all is a damaged one: then the page tells
    return sums, None


def stamped(first: bytes) -> int:
    """Return what a database says of itself in its first page (``application_id``)."""
    return int.from_bytes(first[STAMPED_UP_TO - 4 : STAMPED_UP_TO], "big")

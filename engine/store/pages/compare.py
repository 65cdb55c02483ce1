"""Pages of a database file against their sums. Blocking."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from zlib import crc32

from engine.store.pages.sums import Sums

#: Pages read at once.
PIECE = 256
#: Pages that are named, of all that are wrong.
NAMED = 5
_STEPS_PER_LOOK = 1000
_OWNERS = "SELECT pageno, name FROM dbstat WHERE pageno IN ({marks})"
#: The sum of a page that cannot be read: no page has it.
UNREADABLE = 1 << 32
WORD = UNREADABLE - 1
#: What a page belongs to where nothing tells.
UNKNOWN = "?"


def sums_of(handle: int, page_size: int, first: int, count: int) -> Iterator[int]:
    """Yield the sums of pages of an open file, from one on; a page that is not whole has none, and ends it."""
    try:
        data = memoryview(os.pread(handle, count * page_size, (first - 1) * page_size))
    except OSError:  # a bad place on the disk: the pages beside it can be read
        if count == 1:
            yield UNREADABLE
        else:
            for page in range(first, first + count):
                yield from sums_of(handle, page_size, page, 1)
        return
    for at in range(0, len(data) - page_size + 1, page_size):
        yield crc32(data[at : at + page_size])


def differing(
    handle: int, sums: Sums, first: int, count: int, skipped: Collection[int] = frozenset()
) -> Iterator[int]:
    """Yield the pages within a range, of those whose sums are known, that are not what they should be."""
    known = sums.known[first - 1 : first - 1 + count]
    found = sums_of(handle, sums.page_size, first, len(known))
    for page, summed in enumerate(known, first):
        if next(found, None) != summed and page not in skipped:
            yield page


def compare(
    handle: int, sums: Sums, skipped: Collection[int], late: Callable[[], bool]
) -> tuple[list[int], int]:
    """Return the pages of a whole file that are not what they should be, and up to which page it was looked.

    Args:
        skipped: Pages whose newest content is in the log.
        late: Says when to stop.
    """
    wrong, at = list[int](), 0
    while at < len(sums.known) and not late():
        wrong += differing(handle, sums, at + 1, PIECE, skipped)
        at = min(at + PIECE, len(sums.known))
    # Without a log nothing can have lengthened it.
    if not skipped and sums.whole and os.fstat(handle).st_size > sums.size * sums.page_size:
        wrong.append(sums.size + 1)
    return wrong, at


def owners(path: Path, pages: Sequence[int], late: Callable[[], bool]) -> dict[int, str]:
    """Return which table or index each page belongs to, as far as SQLite tells."""
    found = dict.fromkeys(pages, UNKNOWN)
    marks = ", ".join("?" * len(pages))
    # A damaged file may refuse; not every SQLite is built with `dbstat`.
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db,
    ):
        db.text_factory = lambda text: text.decode("utf-8", "replace")
        db.set_progress_handler(late, _STEPS_PER_LOOK)
        for page, name in db.execute(_OWNERS.format(marks=marks), tuple(pages)):
            found[page] = name
            if UNKNOWN not in found.values():
                break
    return found


def told(owned: dict[int, str], count: int) -> str:
    """Return a list of pages, with what they belong to, as a person reads it."""
    named = ", ".join(f"{page} ({owner})" for page, owner in list(owned.items())[:NAMED])
    return named if count <= NAMED else f"{named} +{count - NAMED}"

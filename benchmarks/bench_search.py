"""What a page of a search costs in a log of many entries, beside a bare SQLite read of as many rows in the same run.

Usage: python benchmarks/bench_search.py [--json] [--events 1000000] [--rounds 200] [--keep FOLDER]

`--keep` leaves the log in a folder and finds it again there: ten million entries take minutes to write. The index is
made from nothing in each run, and what that takes is told.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median, quantiles
from time import perf_counter, process_time

from engine.store import codec
from engine.store.plan import DECISION, EVENT
from engine.store.schema import steps, upgrade
from engine.store.search.index_file import forget_index, index_path
from engine.store.search.search import END, Search
from engine.store.search.sought import Sought, Words, term
from rules.model import Decision, DecisionId, EventId, Phase, RuleName, Sentence, Severity

#: Rows written at once; entries of a page.
PIECE, PAGE = 50_000, 100
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
CAMERAS = [f"cam-{n:03}" for n in range(200)]
KINDS = ("object",) * 6 + ("motion",) * 3 + ("signal",)
LABELS = ("person",) * 6 + ("car",) * 3 + ("dog",)
RULES = ("nguoi-o-cong", "xe-trong-san", "dem-khuya", "hang-rao")
TITLES = ("Người ở cổng chính", "Xe lạ trong sân", "Có người lúc đêm khuya", "Vượt hàng rào phía đông")
NOTES = ("đã gọi bảo vệ", "thợ điện sửa đèn", "chó của hàng xóm", "báo nhầm, mưa to")


def rows(first: int, last: int, step: timedelta, random: Random) -> Iterator[tuple[object, ...]]:
    """Yield events of these numbers but for every fiftieth, whose number a decision has."""
    for seq in range(first, last):
        if seq % 50 == 0:
            continue
        at, camera = BEGIN + seq * step, CAMERAS[int(random.random() ** 2 * len(CAMERAS))]
        body: dict[str, object] = {
            "site": "s",
            "kind": random.choice(KINDS),
            "change": "began",
            "at": "2026-03-01T00:00:00+00:00",
        }
        if seq % 1000 == 1:
            body |= {
                "kind": "operator",
                "label": "note",
                "facts": {"by": "Lan", "note": random.choice(NOTES)},
            }
        else:
            body |= {"label": random.choice(LABELS), "zones": [f"zone-{random.randrange(6)}"], "score": 0.81}
        yield seq, f"event-{seq:012}", camera, codec.micros(at), float(seq), json.dumps(body)


def made(seq: int, step: timedelta, random: Random) -> tuple[object, ...]:
    """Return the row of a decision."""
    which, at = random.randrange(len(RULES)), BEGIN + seq * step
    told = Decision(
        DecisionId(f"{seq:016x}"), RuleName(RULES[which]), random.choice((Phase.FIRING, Phase.RESOLVED)), "k",
        None, at, at, EventId(f"event-{seq - 1:012}"), random.choice((*Severity, Severity.INFO)),
        {"vi": TITLES[which], "en": RULES[which]}, Sentence("reason.x", {"zone": f"zone-{seq % 6}"}),
        alert=DecisionId(f"{seq:016x}"),
    )  # fmt: skip
    return codec.decision_row(told, float(seq), seq)


def make(path: Path, count: int) -> None:
    """Make a log of so many entries, of a month."""
    random, step = Random(7), timedelta(days=30) / count
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = OFF")
        upgrade(db, steps())
        db.execute("INSERT INTO meta VALUES ('store', 'bench')")
        for first in range(1, count + 1, PIECE):
            last = min(first + PIECE, count + 1)
            db.execute("BEGIN")
            db.executemany(EVENT, rows(first, last, step, random))
            db.executemany(DECISION, (made(seq, step, random) for seq in range(first, last) if seq % 50 == 0))
            db.execute("COMMIT")


def searches(count: int) -> dict[str, Callable[[Random], tuple[Sought, int]]]:
    """Return what is looked for by name: each from a place anywhere in the log."""
    span = timedelta(days=30)

    def anywhere(random: Random) -> int:
        return random.randrange(PAGE * 10, count)

    def of(*terms: str) -> Callable[[Random], tuple[Sought, int]]:
        return lambda random: (Sought(every=tuple(frozenset({each}) for each in terms)), anywhere(random))

    def said(*words: str) -> Callable[[Random], tuple[Sought, int]]:
        return lambda random: (Sought(words=tuple(filter(None, map(Words.of, words)))), anywhere(random))

    def night(random: Random) -> tuple[Sought, int]:
        begin = BEGIN + random.random() * span
        return Sought(begin, begin + timedelta(hours=8), (frozenset({term("camera", "cam-150")}),)), END

    def group(random: Random) -> tuple[Sought, int]:
        cameras = frozenset(term("camera", each) for each in random.sample(CAMERAS, 40))
        return Sought(every=(cameras, frozenset({"label:dog"}))), anywhere(random)

    return {
        "camera": lambda random: of(term("camera", random.choice(CAMERAS)))(random),
        "camera, label, zone": lambda random: of(
            term("camera", random.choice(CAMERAS)), "label:dog", "zone:zone-3"
        )(random),
        "forty cameras, label": group,
        "a night of a camera": night,
        "rule, severity": of(term("rule", RULES[0]), "severity:critical"),
        "frequent words": said("người", "cổng"),
        "rare words": said("thợ điện"),
        "words that are nowhere": said("thợ điện", "cổng"),
        "fields that never meet": of("is:decision", "label:note", "severity:critical"),
        "label, not these words": lambda random: (
            Sought(every=(frozenset({"is:decision"}),), without=(Words(("nguoi",)),)), anywhere(random)
        ),
    }  # fmt: skip


def timed(work: Callable[[], object]) -> float:
    """Return the milliseconds that something takes."""
    began = perf_counter()
    work()
    return (perf_counter() - began) * 1e3


def fetch(db: sqlite3.Connection, seqs: list[int]) -> None:
    """Read entries by number, as `engine.store.reads` does, and take them apart."""
    told = json.dumps(seqs)
    events = f"SELECT {codec.EVENT} FROM event WHERE seq IN (SELECT value FROM json_each(?))"  # noqa: S608
    for row in db.execute(events, (told,)):
        codec.event_of(row)
    made_ = f"SELECT {codec.DECISION} FROM decision WHERE seq IN (SELECT value FROM json_each(?))"  # noqa: S608
    for row in db.execute(made_, (told,)):
        codec.decision_of(row)


def measure(path: Path, count: int, rounds: int) -> dict[str, object]:
    """Build the index, then ask page after page, by turns with bare reads."""
    forget_index(path)
    with ExitStack() as stack:
        search = stack.enter_context(closing(Search(path, perf_counter)))
        began = process_time()
        while search.look():
            pass
        built = process_time() - began
        db = stack.enter_context(closing(sqlite3.connect(path)))
        found: dict[str, object] = {
            "entries": count,
            "index CPU s": round(built, 1),
            "index us/entry": round(built / count * 1e6, 2),
            "index bytes/entry": round(index_path(path).stat().st_size / count, 1),
            "database bytes/entry": round(path.stat().st_size / count, 1),
        }
        random = Random(1)
        bare = [
            timed(lambda: fetch(db, [*range(n := random.randrange(count - PAGE), n + PAGE)]))
            for _ in range(rounds)
        ]
        for name, draw in searches(count).items():
            found[name] = _asked(search, db, draw, random, rounds, median(bare))
        latest = [timed(lambda: _page(search, db, Sought(), END)) for _ in range(rounds)]
        found["latest page"] = _told(latest, [PAGE] * rounds, 0, median(bare))
    return found


def _page(search: Search, db: sqlite3.Connection, sought: Sought, before: int) -> tuple[int, bool]:
    page = search._find(sought, before, PAGE)
    fetch(db, list(page.seqs))
    return len(page.seqs), page.next is not None and len(page.seqs) < PAGE


def _asked(
    search: Search,
    db: sqlite3.Connection,
    draw: Callable[[Random], tuple[Sought, int]],
    random: Random,
    rounds: int,
    bare: float,
) -> dict[str, object]:
    took, sizes, cut = list[float](), list[int](), 0
    for _ in range(rounds):
        sought, before = draw(random)
        began = perf_counter()
        size, short = _page(search, db, sought, before)
        took.append((perf_counter() - began) * 1e3)
        sizes.append(size)
        cut += short
    return _told(took, sizes, cut, bare)


def _told(took: list[float], sizes: list[int], cut: int, bare: float) -> dict[str, object]:
    cuts = quantiles(took, n=100, method="inclusive")
    return {
        "median ms": round(median(took), 2), "p99 ms": round(cuts[98], 2), "worst ms": round(max(took), 2),
        "times a bare read": round(median(took) / bare, 1), "entries found": round(sum(sizes) / len(sizes)),
        "cut short by time": cut,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = (asked.keep or Path(folder)) / f"log-{asked.events}.db"
        if not path.exists():
            make(path, asked.events)
        found = measure(path, asked.events, asked.rounds)
    print(json.dumps({"bench": "search", **found}) if asked.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()

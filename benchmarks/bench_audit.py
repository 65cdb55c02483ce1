"""How fast a log is verified, and in how much memory, beside the limit: its rows read and hashed, and no more.

Usage: python benchmarks/bench_audit.py [--json] [--rows 1000000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import resource
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from statistics import median
from time import process_time

from engine.seal.chain import Entry, Place, digest, extended
from engine.store.hashchain import audited
from engine.store.hashchain.audited import AuditRow
from engine.store.hashchain.examination import DECISION, EVENT, examine
from engine.store.schema import steps, upgrade

#: Rows written at once.
PIECE = 10_000
BODY = json.dumps(
    {"site": "s", "kind": "object", "change": "began", "at": "2026-03-01T05:30:00+00:00", "label": "person"}
)
TOLD = json.dumps({"outcome": "done", "who": "p1", "name": "An", "basis": "g1", "address": "10.0.0.7"})


def rows(first: int, last: int) -> Iterator[tuple[object, ...]]:
    """Yield events of these numbers."""
    for seq in range(first, last):
        yield seq, f"event-{seq:012}", f"cam-{seq % 50}", seq * 1_000_000, float(seq), BODY


def make(path: Path, count: int) -> None:
    """Make a log of so many entries, one in ten a record."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        upgrade(db, steps())
        head, end = Place(0), Place(0)
        for first in range(1, count + 1, PIECE):
            last = min(first + PIECE, count + 1)
            events = [row for row in rows(first, last) if int(str(row[0])) % 10]
            payload = sha256(TOLD.encode()).hexdigest()
            told = [
                AuditRow(seq, f"record-{seq:012}", "ptz", seq * 1_000_000, float(seq), "cam-1", payload, TOLD)
                for seq in range(first, last)
                if seq % 10 == 0
            ]
            records, entries, end = audited.chained(told, end)
            linked = [Entry(int(str(row[0])), str(row[1]), digest("event", row)) for row in events]  # type: ignore[arg-type]
            links, head = extended(head, [*linked, *entries])
            db.execute("BEGIN")
            db.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)", events)
            db.executemany(audited.INSERT, records)
            db.executemany("INSERT INTO link VALUES (?, ?, ?)", links)
            notes = (("chain", head.written()), ("audit", end.written()), ("last_seq", str(count)))
            db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", notes)
            db.execute("COMMIT")


def limit(path: Path) -> None:
    """Read every row and link, and hash what is in them."""
    with closing(sqlite3.connect(path)) as db:
        db.text_factory = bytes
        for table, columns in (("event", EVENT), ("decision", DECISION), ("audit", audited.DIGESTED)):
            for row in db.execute(f"SELECT {columns} FROM {table} ORDER BY seq"):  # noqa: S608 - our own text
                sha256(b"".join(each if isinstance(each, bytes) else b"" for each in row)).digest()
        for _, digested, previous in db.execute("SELECT seq, digest, previous FROM link ORDER BY seq"):
            sha256(previous + digested).digest()


def seconds(work: object, path: Path) -> float:
    """Return the CPU that something takes."""
    began = process_time()
    work(path)  # type: ignore[operator]
    return process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.db"
        make(path, asked.rows)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert examine(path).whole
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        pairs = [(seconds(examine, path), seconds(limit, path)) for _ in range(asked.rounds)]
    ours, raw = median(one for one, _ in pairs), median(two for _, two in pairs)
    if asked.json:
        figures = {"cpu_s": ours, "entries_per_s": asked.rows / ours, "ratio_to_limit": ours / raw}
        told = {name: round(value, 2) for name, value in figures.items()}
        print(json.dumps({"bench": "audit", "rows": asked.rows, **told, "grown_mib": round(grown / 1024, 1)}))
        return
    print(f"{asked.rows:,} entries: {ours:.1f} s of CPU, {asked.rows / ours:,.0f} a second")
    print(f"times the limit: {ours / raw:.2f}; memory grew by {grown / 1024:.0f} MiB")


if __name__ == "__main__":
    main()

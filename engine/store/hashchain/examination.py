"""A database's log examined: everything that was changed, removed, put in, moved or cut, and by what it is vouched for.

Blocking, and read only: of a running engine's database, a stopped one's, or a copy. It is read once, from its beginning
to its end, as of one moment; nothing is held of it but what is wrong.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from heapq import merge
from pathlib import Path
from typing import Final

from engine.errors import StoreUnchained
from engine.seal.chain import GENESIS, Link, Place, digest
from engine.seal.finding import Finding
from engine.seal.head_audit import Chain, verify_heads
from engine.seal.head_file import Mark
from engine.seal.heads import Record, Unread
from engine.seal.history import History
from engine.seal.signing import digits, names
from engine.store.faults import translating
from engine.store.hashchain import audited
from engine.store.hashchain.evidence import JUMP, Evidence, begun, evidence
from engine.store.hashchain.found import Found
from engine.store.hashchain.records import Records
from engine.store.hashchain.walk import Row, walk
from engine.store.schema import version_of
from rules.model import Fact

#: Columns that are digested, in order; engine/store/codec.py writes them.
EVENT: Final = "seq, id, camera, received_at, engine, body"
DECISION: Final = "seq, id, camera, cause, at, engine, body"
#: The schema with which the log began to be chained (engine/store/upgrade/0007_audit.sql).
CHAINED: Final = 7
#: Rows between two words about how far it has come.
STEP: Final = 20_000
_COPIES: Final = (
    "SELECT seq, camera, at FROM decision WHERE seq > ? AND coalesce(alert, '') IS NOT coalesce(CASE WHEN "
    "json_valid(body) THEN coalesce(json_extract(body, '$.alert'), "
    "iif(json_extract(body, '$.phase') = 'firing', id, NULL)) END, '') ORDER BY seq"
)
_ORDER: Final = (
    "SELECT seq, camera, at FROM (SELECT seq, camera, at, n, lag(n) OVER (ORDER BY seq) AS before FROM decision "
    "WHERE seq > ?) WHERE n < before"
)


@dataclass(frozen=True, slots=True)
class Vouching:
    """What vouches for a database, from elsewhere.

    Attributes:
        heads: What is in the file of signed heads, in its order.
        keys: The history of the keys that they are signed with; None: there is none.
        now: By the clock of whoever asks.
        key: Fingerprint of the site's key, or its first eight digits or more, as whoever asks wrote it down; empty:
            they do not know it.
    """

    heads: Sequence[Record | Unread]
    keys: History | None
    now: datetime
    key: str = ""


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found.

    Attributes:
        findings: Everything that is to be told, what is grave first.
        entries: How many rows there are, by their kind.
        emptied: Records of which what was told is gone with its age, as recorded.
        uncovered: Rows before the beginning of the chain: of them nothing can be said.
        start: Where the chain begins; `last`: where it ends; `records`: where that of records does.
        vouched: The last signed head that holds: its number, entry and time; None: there is none.
    """

    findings: tuple[Finding, ...]
    entries: dict[str, int]
    emptied: int
    uncovered: int
    start: Place
    last: Place
    records: Place
    vouched: tuple[int, int, datetime] | None

    @property
    def whole(self) -> bool:
        """Whether nothing speaks against it."""
        return not any(each.grave for each in self.findings)


#: Told how far it has come: rows that were read, of about how many.
Progress = Callable[[int, int], None]


def _silent(done: int, of: int) -> None:
    pass


def examine(path: Path, vouching: Vouching | None = None, progress: Progress = _silent) -> Examined:
    """Read a database's log and hold it against its chains, and against what vouches for it.

    Args:
        vouching: None: the chains alone are looked at; whoever can write the database can have made them anew.

    Raises:
        StoreUnchained: An earlier version wrote it, and nothing signed says otherwise.
        StoreError: The database cannot be read.
    """
    with translating(path), closing(_opened(path)) as db:
        db.execute("BEGIN")  # all as of one moment
        if 0 < version_of(db) < CHAINED and not (vouching and vouching.heads):
            raise StoreUnchained(f"{path} has schema {version_of(db)}, chains begin with {CHAINED}")
        return _Examination(db, vouching, progress).done()


def _opened(path: Path) -> sqlite3.Connection:
    name = path.resolve().as_uri()
    db = sqlite3.connect(f"{name}?mode=ro", uri=True, isolation_level=None)
    try:
        db.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:  # where nothing can be written beside it, it is read as it lies there
        db.close()
        db = sqlite3.connect(f"{name}?mode=ro&immutable=1", uri=True, isolation_level=None)
    return db


class _Text(bytes):
    """Text of a column as its bytes, which may be no letters any more; told from what was stored as bytes."""


def _lenient(text: bytes) -> str:
    return text.decode("utf-8", "replace")


@dataclass(slots=True)
class _Examination:
    db: sqlite3.Connection
    vouching: Vouching | None
    progress: Progress
    found: Found = field(default_factory=Found)
    counts: dict[str, int] = field(default_factory=lambda: {"event": 0, "decision": 0, "audit": 0})
    uncovered: int = 0
    values: dict[int, bytes] = field(default_factory=dict)
    digests: dict[int, bytes] = field(default_factory=dict)
    evidence: Evidence = field(init=False)
    start: Place = field(init=False)
    jumps: list[tuple[int, int]] = field(default_factory=list)
    records: Records = field(init=False)

    def done(self) -> Examined:
        self.db.text_factory = _lenient
        self.evidence = evidence(self.db)
        self.start = self._noted("chain_from") or Place(0)
        wanted, wanted_records = self._wanted()
        self.records = Records(self.evidence.emptied, _keeping(self.digests, wanted_records))
        last = self._walk(_keeping(self.values, wanted))
        for each in self.records.end(self._noted(audited.END) or Place(0)):
            self.found.record(each)
        self._beside(last)
        vouched = self._heads(last)
        end = self.records.place
        told = tuple(self.found.told(self.evidence.gone)), self.counts, self.records.emptied, self.uncovered
        return Examined(*told, self.start, last, end, vouched)

    # -- the chains -----------------------------------------------------------------------------

    def _walk(self, tell: Callable[[int, bytes], None]) -> Place:
        links = (Link(*row) for row in self.db.execute("SELECT seq, digest, previous FROM link ORDER BY seq"))
        last = _Last(self.start)
        head = self._head()
        rows = merge(*self._tables(), key=lambda row: row.seq)
        for each in walk(self._counted(rows), last.following(links), self.start, head, tell):
            self.found.spot(each)
        self.jumps = last.jumps
        return last.place

    def _head(self) -> Place:
        """Return what is noted as the chain's end; where nothing is, that of its last link, and it is told."""
        row = self.db.execute("SELECT seq, digest, previous FROM link ORDER BY seq DESC LIMIT 1").fetchone()
        there = self.db.execute("SELECT 1 FROM meta WHERE key = 'chain'").fetchone()
        if row is not None and there is None:
            self.found.add("verify.note", {"key": "chain"})
        return self._noted("chain") or (self.start if row is None else Place(row[0], Link(*row).value))

    def _counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        span = self.db.execute("SELECT coalesce(max(seq) - min(seq), 0) + 1 FROM link").fetchone()[0]
        for number, row in enumerate(rows, 1):
            self.counts[row.kind] += 1
            self.uncovered += row.seq <= self.start.seq and row.kind != "audit"
            if number % STEP == 0:
                self.progress(number, max(number, span))
            yield row

    def _tables(self) -> tuple[Iterator[Row], ...]:
        events = self._read(f"SELECT {EVENT} FROM event ORDER BY seq")  # noqa: S608 - our own text
        decisions = self._read(f"SELECT {DECISION} FROM decision WHERE typeof(seq) = 'integer' ORDER BY seq")  # noqa: S608
        records = self._read(f"SELECT {audited.COLUMNS} FROM audit ORDER BY seq")  # noqa: S608 - our own text
        return (
            (_row("event", row, 3, 2) for row in events),
            (_row("decision", row, 4, 2) for row in decisions),
            self._recorded(records),
        )

    def _recorded(self, rows: Iterable[tuple[object, ...]]) -> Iterator[Row]:
        for columns in rows:
            row = _row("audit", columns[:-1], 4, 6)
            for each in self.records.look(row, _told(columns[-1])):
                self.found.record(each)
            yield row

    def _read(self, sql: str) -> Iterator[tuple[object, ...]]:
        cursor = self.db.cursor()
        self.db.text_factory = _Text
        cursor.execute(sql)
        yield from cursor

    # -- what stands beside them ----------------------------------------------------------------

    def _beside(self, last: Place) -> None:
        """Look at what no digest covers: copies of what rows say, and where numbers go on."""
        self.db.text_factory = _lenient
        for code, sql in (("verify.copy", _COPIES), ("verify.order", _ORDER)):
            for seq, camera, at in self.db.execute(sql, (self.start.seq,)):
                self.found.row(code, "decision", seq, camera, at)
        told = self.db.execute("SELECT value FROM meta WHERE key = 'last_seq'").fetchone()
        number = int(told[0]) if told is not None and str(told[0]).isdecimal() else 0
        if number < last.seq:
            self.found.add("verify.number", {"seq": last.seq, "number": number})
        if self.start.value != GENESIS:
            self._begun()
        if self.uncovered:
            self.found.add("verify.uncovered", {"rows": self.uncovered, "seq": self.start.seq}, grave=False)

    def _begun(self) -> None:
        known, noted = self.evidence.last, self.evidence.noted
        if begun(self.db, self.start.seq, known):
            return
        untold = begun(self.db, self.start.seq, max(known, noted))
        told: dict[str, Fact] = {"seq": self.start.seq, "last": known}
        self.found.add("verify.untold" if untold else "verify.begun", told)

    def _noted(self, key: str) -> Place | None:
        """Return a place that is noted; one that cannot be read is a finding."""
        row = self.db.execute("SELECT CAST(value AS BLOB) FROM meta WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        place = Place.read(bytes(row[0] or b"").decode("utf-8", "replace"))
        if place is None:
            self.found.add("verify.note", {"key": key})
        return place

    # -- what vouches for them ------------------------------------------------------------------

    def _wanted(self) -> tuple[frozenset[int], frozenset[int]]:
        """Return of which entries, and of which records, heads say what they are."""
        heads = [
            each.head for each in (self.vouching.heads if self.vouching else ()) if isinstance(each, Record)
        ]
        records = frozenset(head.audit.seq for head in heads if head.audit is not None)
        return frozenset(head.place.seq for head in heads), records

    def _heads(self, last: Place) -> tuple[int, int, datetime] | None:
        if self.vouching is None:
            return None
        heads, keys = self.vouching.heads, self.vouching.keys
        signed = [each for each in heads if isinstance(each, Record)]
        if not signed or keys is None:
            self.found.add("verify.no_keys" if signed else "verify.no_heads")
            if keys is None:
                return None
        if self.vouching.key and not names(self.vouching.key, keys.key.id):
            self.found.add("verify.other_key", {"key": keys.key.id, "wanted": digits(self.vouching.key)})
        meta = dict(self.db.execute("SELECT key, value FROM meta WHERE key IN ('store', 'heads')"))
        records = Chain(self.digests.get, self.records.place, name="audit")
        mark = Mark.read(meta.get("heads"))
        for each in verify_heads(
            heads, keys, self.values.get, last,
            now=self.vouching.now, start=self.start, audit=records, store=meta.get("store"), mark=mark,
            jumps=self.jumps,
        ):  # fmt: skip
            self.found.take(each)
        return self._vouched(signed, last)

    def _vouched(self, signed: Sequence[Record], last: Place) -> tuple[int, int, datetime] | None:
        """Return the last head that agrees with the chain, and tell what comes after it."""
        good = [each for each in signed if self._agrees(each.head.place)]
        if not good:
            return None
        best = max(good, key=lambda each: (each.head.place.seq, each.number))
        if best.head.place.seq < last.seq:
            self.found.after(best.number, best.head.place.seq, last.seq, best.head.at)
        return best.number, best.head.place.seq, best.head.at

    def _agrees(self, place: Place) -> bool:
        """Return whether the chain is at a place what it is said to be; of before its beginning nothing is known."""
        return place.seq <= self.start.seq or self.values.get(place.seq) == place.value


@dataclass(slots=True)
class _Last:
    """Where links end that come by, and where their numbers leap."""

    place: Place
    jumps: list[tuple[int, int]] = field(default_factory=list)

    def following(self, links: Iterable[Link]) -> Iterator[Link]:
        for link in links:
            if link.seq - self.place.seq >= JUMP:
                self.jumps.append((self.place.seq, link.seq))
            self.place = Place(link.seq, link.value)
            yield link


def _keeping(kept: dict[int, bytes], wanted: frozenset[int]) -> Callable[[int, bytes], None]:
    def tell(number: int, value: bytes) -> None:
        if number in wanted:
            kept[number] = value

    return tell


def _told(body: object) -> object:
    """Return the body of a record as text; what was stored as anything else is none."""
    return body if body is None or isinstance(body, _Text) else 0


def _row(kind: str, columns: tuple[object, ...], at: int, camera: int) -> Row:
    """Return a row; what is no text, number or nothing was written by no program of ours."""
    odd = any(type(value) is bytes for value in columns)
    digested = None if odd else digest(kind, columns)  # type: ignore[arg-type] # what SQLite stores
    return Row(columns[0], kind, digested, columns[at], columns[camera], columns)  # type: ignore[arg-type] # a number

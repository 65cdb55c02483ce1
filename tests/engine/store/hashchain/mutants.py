# ruff: noqa: S608 - the SQL is our own
"""A sealed log, and everything that somebody may do to it who can write its files: edits, cuts, a chain made anew."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from engine.runtime.clock import ManualClock
from engine.seal.chain import GENESIS, Entry, Place, digest, extended
from engine.seal.head_file import NAME, HeadFile
from engine.seal.head_keeping import HeadKeeping
from engine.seal.heads import Head, Record, Why
from engine.seal.keys import KeyFolder
from engine.store.db import open_store
from engine.store.hashchain import audited
from engine.store.hashchain.audited import AuditRow
from engine.store.hashchain.examination import DECISION, EVENT, Examined, Vouching, examine
from engine.store.journal import journal
from engine.store.model import Audited, Verdict
from rules.model import Decision, Event, EventId

#: Entries of the log.
ENTRIES = 160
#: Up to which entry history went with its age, and what is told of records.
GONE = 40

MakeEvent = Callable[..., Event]
MakeDecision = Callable[..., Decision]
MakeVerdict = Callable[..., Verdict]
MakeRecord = Callable[..., Audited]


@dataclass(frozen=True)
class Site:
    """A state folder."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "matthan.db"

    @property
    def heads(self) -> HeadFile:
        return HeadFile(self.folder / "heads", ours=True)

    @property
    def keys(self) -> KeyFolder:
        return KeyFolder(self.folder / "keys", None)

    def examined(self, clock: ManualClock, key: str = "") -> Examined:
        history = self.keys.history()
        return examine(self.database, Vouching([*self.heads.records()], history, clock.wall, key))

    def copied(self, folder: Path) -> Site:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)
        return Site(folder)


async def sealed(
    folder: Path,
    clock: ManualClock,
    make_event: MakeEvent,
    make_decision: MakeDecision,
    make_verdict: MakeVerdict,
    make_record: MakeRecord,
) -> Site:
    """Make a log: events, decisions, records; the oldest have gone with their age; heads in between."""
    site = Site(folder)
    folder.mkdir()
    async with open_store(folder / "live.db", quota_mb=64, clock=clock) as store:
        await store.load()
        keeping = HeadKeeping("site", site.keys, site.heads, store, clock, audit=store.recorded)
        await keeping.write(Why.START)
        for n in range(1, ENTRIES - 8, 4):
            verdict = make_verdict(make_event(n), make_event(n + 2, camera=None), make_decision(n, cause=n))
            await store.commit(replace(verdict, numbers=(n + 1,), audits=(make_record(n + 3),)))
            if n % 48 == 1:
                await keeping.write(Why.DAILY)
        edge = next(event.received_at for event in await store.events(limit=999) if event.seq == GONE + 1)
        clock.advance(86_400)
        _, upto = await store.ageing_records(edge)
        about = {"what": "audit", "last": upto, "before": edge.isoformat()}
        told = make_record(ENTRIES - 7, "delete", None, about=about)
        await store.commit(replace(make_verdict(), audits=(told,)))
        await store.prune_records(edge, upto, "age")
        await store.prune(edge)
        events = [
            draft.issue(EventId(f"forgot-{n}"), "site", ENTRIES - 6 + n, clock.wall, clock.engine)
            for n, draft in enumerate(await journal(store, clock.wall))
        ]
        await store.commit(make_verdict(*events))
        await keeping.write(Why.END)
    with closing(sqlite3.connect(folder / "live.db")) as db:
        db.execute("VACUUM INTO ?", (str(site.database),))
    for each in folder.glob("live.db*"):
        each.unlink()
    return site


# -- what is done to it -------------------------------------------------------------------------


@dataclass
class Mutation:
    """One thing done to a log.

    Attributes:
        codes: What of it must be told; one of them is enough.
    """

    name: str
    codes: frozenset[str]
    did: str


Mutator = Callable[["Attacker"], tuple[Sequence[str], str]]


class Attacker:
    """Somebody who can write all files of a site, and knows the code."""

    def __init__(self, site: Site, random: Random, clock: ManualClock) -> None:
        self.site, self.random, self.clock = site, random, clock

    def run(self, *sql: str) -> None:
        with closing(sqlite3.connect(self.site.database)) as db, db:
            for each in sql:
                db.execute(each)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.site.database)) as db:
            return db.execute(sql).fetchall()

    def seq(self, table: str) -> int:
        return int(self.random.choice(self.rows(f"SELECT seq FROM {table} WHERE seq > {GONE}"))[0])

    def remake(self, since: int) -> None:
        """Make both chains anew from an entry on, as the store would."""
        with closing(sqlite3.connect(self.site.database)) as db, db:
            self._remake_records(db)
            before = db.execute(
                "SELECT seq, digest, previous FROM link WHERE seq < ? ORDER BY seq DESC", (since,)
            )
            row = before.fetchone()
            start = Place.read(db.execute("SELECT value FROM meta WHERE key = 'chain_from'").fetchone()[0])
            assert start is not None
            head = start if row is None else Place(row[0], digest_value(row))
            db.execute("DELETE FROM link WHERE seq > ?", (head.seq,))
            links, end = extended(head, entries(db, head.seq))
            db.executemany("INSERT INTO link VALUES (?, ?, ?)", links)
            db.execute("UPDATE meta SET value = ? WHERE key = 'chain'", (end.written(),))

    def _remake_records(self, db: sqlite3.Connection) -> None:
        rows = db.execute(f"SELECT {audited.COLUMNS} FROM audit ORDER BY seq").fetchall()
        bare = [AuditRow(r[0], r[1], r[3], r[4], r[5], r[6], r[7], r[9]) for r in rows]
        made, _, end = audited.chained(bare, Place(0, GENESIS))
        db.execute("DELETE FROM audit")
        db.executemany(audited.INSERT, made)
        db.execute("UPDATE meta SET value = ? WHERE key = 'audit'", (end.written(),))


def digest_value(row: tuple[Any, ...]) -> bytes:
    from hashlib import sha256

    return sha256(row[2] + row[1]).digest()


def entries(db: sqlite3.Connection, after: int) -> Iterator[Entry]:
    for kind, columns in (("event", EVENT), ("decision", DECISION), ("audit", audited.DIGESTED)):
        sql = f"SELECT {columns} FROM {kind} WHERE seq > ?"
        for row in db.execute(sql, (after,)):
            yield Entry(row[0], row[1], digest(kind, row))


LINKED = ("verify.altered", "verify.moved", "verify.copy")
COLUMNS = {
    "event": ("seq", "id", "camera", "received_at", "engine", "body"),
    "decision": ("seq", "id", "camera", "cause", "at", "engine", "body", "alert"),
    "audit": ("seq", "id", "nth", "deed", "at", "engine", "camera", "payload", "previous", "body"),
    "link": ("seq", "digest", "previous"),
}
#: What of a mutated value SQLite would take for the same again, or may not be there.
EDITS = {
    "text": ("{c} || ' '", "'x' || {c}", "CAST({c} AS BLOB)", "upper({c}) || lower({c})", "''"),
    "integer": ("{c} + 100000", "-{c} - 1", "{c} + 0.5", "'word'"),
    "real": ("{c} + 1e-6", "-{c} - 1", "{c} * 2 + 1", "'word'"),
    "blob": ("zeroblob(32)", "randomblob(32)", "substr({c}, 1, 31)", "hex({c})"),
    "null": ("''", "'x'", "0"),
}


def column(attacker: Attacker) -> tuple[Sequence[str], str]:
    """A column of a row is edited."""
    table = attacker.random.choice([*COLUMNS])
    where = "1" if table == "audit" else f"seq > {GONE}"
    seq = int(attacker.random.choice(attacker.rows(f"SELECT seq FROM {table} WHERE {where}"))[0])
    name = attacker.random.choice(COLUMNS[table])
    kind = str(attacker.rows(f"SELECT typeof({name}) FROM {table} WHERE seq = {seq}")[0][0])
    edits = [each for each in EDITS[kind] if not (name == "seq" and ("0.5" in each or "word" in each))]
    edit = attacker.random.choice(edits).format(c=name)
    if kind == "text" and name == "camera" and edit == "''":
        edit = "NULL"
    did = f"UPDATE {table} SET {name} = {edit} WHERE seq = {seq}"
    try:
        attacker.run(did)
    except sqlite3.IntegrityError:  # the schema keeps that from being done at all
        return column(attacker)
    codes = {
        "event": (*LINKED, "verify.missing", "verify.unlinked"),
        "decision": (*LINKED, "verify.missing", "verify.unlinked"),
        "audit": (
            *LINKED, "verify.missing", "verify.unlinked", "verify.record_told", "verify.record_unchained",
            "verify.record_number", "verify.record_missing", "verify.record_cut",
        ),
        "link": (
            "verify.link_altered", "verify.altered", "verify.unlinked", "verify.cut_out", "verify.remade",
            "verify.end",
        ),
    }  # fmt: skip
    return codes[table], did


def bit(attacker: Attacker) -> tuple[Sequence[str], str]:
    """One bit of a text is flipped."""
    table = attacker.random.choice(("event", "decision", "audit"))
    where = "body IS NOT NULL" if table == "audit" else f"seq > {GONE}"
    seq, body = attacker.random.choice(
        attacker.rows(f"SELECT seq, CAST(body AS BLOB) FROM {table} WHERE {where}")
    )
    changed = bytearray(body)
    place = attacker.random.randrange(len(changed))
    changed[place] ^= 1 << attacker.random.randrange(8)
    with closing(sqlite3.connect(attacker.site.database)) as db, db:
        db.execute(f"UPDATE {table} SET body = CAST(? AS TEXT) WHERE seq = ?", (bytes(changed), seq))
    return ("verify.altered", "verify.record_told"), f"{table} {seq}: bit of byte {place}"


def dropped(attacker: Attacker) -> tuple[Sequence[str], str]:
    """Rows are gone, with or without their links; of records their own chain tells, too."""
    table = attacker.random.choice(("event", "decision", "audit"))
    first = attacker.seq(table)
    last = first + attacker.random.randrange(8)
    linked = attacker.random.random() < 0.5
    did = [f"DELETE FROM {table} WHERE seq BETWEEN {first} AND {last}"]
    if linked:
        seqs = [
            row[0] for row in attacker.rows(f"SELECT seq FROM {table} WHERE seq BETWEEN {first} AND {last}")
        ]
        did.append(f"DELETE FROM link WHERE seq IN ({', '.join(map(str, seqs))})")
    attacker.run(*did)
    if linked:
        return ("verify.cut_out", "verify.end"), "; ".join(did)
    return ("verify.missing",), did[0]


def old_record(attacker: Attacker) -> tuple[Sequence[str], str]:
    """A record goes whose link went long ago."""
    seq = attacker.random.choice(attacker.rows(f"SELECT seq FROM audit WHERE seq <= {GONE}"))[0]
    did = f"DELETE FROM audit WHERE seq = {seq}"
    attacker.run(did)
    return ("verify.record_missing",), did


def swapped(attacker: Attacker) -> tuple[Sequence[str], str]:
    """Two rows take each other's place."""
    table = attacker.random.choice(("event", "decision"))
    one, other = attacker.random.sample(attacker.rows(f"SELECT seq FROM {table} WHERE seq > {GONE}"), 2)
    moves = ((one[0], -1), (other[0], one[0]), (-1, other[0]))
    did = [f"UPDATE {table} SET seq = {new} WHERE seq = {old}" for old, new in moves]
    attacker.run(*did)
    return ("verify.moved",), "; ".join(did)


def order(attacker: Attacker) -> tuple[Sequence[str], str]:
    """Two decisions take each other's place among decisions."""
    one, other = attacker.random.sample(attacker.rows(f"SELECT n FROM decision WHERE seq > {GONE}"), 2)
    moves = ((one[0], -1), (other[0], one[0]), (-1, other[0]))
    attacker.run(*(f"UPDATE decision SET n = {new} WHERE n = {old}" for old, new in moves))
    return ("verify.order",), f"n {one} {other}"


def doubled(attacker: Attacker) -> tuple[Sequence[str], str]:
    """A copy of a row is put in, where a row was or behind the end; with or without a link."""
    seq, end = attacker.seq("event"), ENTRIES + 50
    linked = attacker.random.random() < 0.5
    did = [
        f"INSERT INTO event SELECT {end}, 'copy', camera, received_at, engine, body FROM event WHERE seq = {seq}"
    ]
    if linked:
        did.append(f"INSERT INTO link SELECT {end}, digest, previous FROM link WHERE seq = {seq}")
    attacker.run(*did)
    return ("verify.cut_out", "verify.altered") if linked else ("verify.unlinked",), did[0]


def put_in(attacker: Attacker) -> tuple[Sequence[str], str]:
    """A row takes the place of another that is gone."""
    table, seq = "event", attacker.seq("event")
    attacker.run(f"UPDATE event SET id = 'other', camera = 'yard', body = '{{}}' WHERE seq = {seq}")
    return ("verify.altered",), f"{table} {seq} replaced"


def tail(attacker: Attacker) -> tuple[Sequence[str], str]:
    """The end is cut off: rows, their links, and what is noted of the end, more and more of it."""
    since, how = attacker.random.randrange(GONE + 8, ENTRIES - 8), attacker.random.randrange(3)
    tables = ("event", "decision", "audit", "link") if how else ("event", "decision", "audit")
    attacker.run(*(f"DELETE FROM {each} WHERE seq > {since}" for each in tables))
    if how == 2:
        row = attacker.rows("SELECT seq, digest, previous FROM link ORDER BY seq DESC LIMIT 1")[0]
        place = Place(row[0], digest_value(row)).written()
        last = attacker.rows(f"SELECT {audited.DIGESTED} FROM audit ORDER BY seq DESC LIMIT 1")[0]
        attacker.run(
            f"UPDATE meta SET value = '{place}' WHERE key = 'chain'",
            f"UPDATE meta SET value = '{audited.end_of(last).written()}' WHERE key = 'audit'",
        )
    codes = (("verify.missing",), ("verify.end",), ("seal.head_cut",))[how]
    return codes, f"cut after {since} ({how})"


def front(attacker: Attacker) -> tuple[Sequence[str], str]:
    """The beginning is cut off, and noted as if it had gone with its age."""
    first = attacker.random.randrange(GONE + 8, ENTRIES - 20)
    claimed = attacker.random.random() < 0.5
    seq, previous = attacker.rows(f"SELECT seq, hex(previous) FROM link WHERE seq >= {first} LIMIT 1")[0]
    place = json.dumps({"seq": seq - 1, "value": previous.lower()})
    claim = f"INSERT INTO deletion VALUES ('events', 'age', 9, {GONE + 1}, {first}, 0, 0)"
    attacker.run(
        f"DELETE FROM event WHERE seq < {first}",
        f"DELETE FROM decision WHERE seq < {first}",
        f"DELETE FROM link WHERE seq < {first}",
        f"UPDATE meta SET value = '{place}' WHERE key = 'chain_from'",
        *([claim] if claimed else []),
    )
    return ("verify.untold" if claimed else "verify.begun",), f"cut before {first}, claimed: {claimed}"


def remade(attacker: Attacker) -> tuple[Sequence[str], str]:
    """An entry is edited, taken out or put in, and everything after it made anew: signed heads tell."""
    table = attacker.random.choice(("event", "decision", "audit"))
    seq = attacker.seq(table)
    edits = [
        f"UPDATE {table} SET camera = 'elsewhere' WHERE seq = {seq}",
        f"DELETE FROM {table} WHERE seq = {seq}",
    ]
    if table == "event":
        edits.append(
            f"INSERT INTO event SELECT {GONE + 10_000}, 'put-in', camera, received_at, engine, body FROM event "
            f"WHERE seq = {seq}"
        )
    did = attacker.random.choice(edits)
    attacker.run(did)
    attacker.run(f"UPDATE meta SET value = '{GONE + 20_000}' WHERE key = 'last_seq'")
    put_behind = "INSERT" in did
    if put_behind:  # behind the last head nothing vouches: something before it is edited as well
        attacker.run(f"UPDATE event SET camera = 'elsewhere' WHERE seq = {seq}")
    attacker.remake(seq)
    return ("seal.head_rewritten", "seal.head_missing", "seal.head_cut"), did


def emptied(attacker: Attacker) -> tuple[Sequence[str], str]:
    """What is told of a record is taken away by hand."""
    seq = attacker.random.choice(attacker.rows("SELECT seq FROM audit WHERE body IS NOT NULL"))[0]
    did = f"UPDATE audit SET body = NULL WHERE seq = {seq}"
    claimed = attacker.random.random() < 0.5
    attacker.run(
        did, *([f"INSERT INTO deletion VALUES ('audit', 'age', 1, {seq}, {seq}, 0, 0)"] if claimed else [])
    )
    return ("verify.record_emptied",), did


def noted(attacker: Attacker) -> tuple[Sequence[str], str]:
    """What is noted of the chains is edited or gone."""
    key, codes = attacker.random.choice(
        (
            ("chain", ("verify.end", "verify.note")),
            ("audit", ("verify.record_cut", "verify.note")),
            (
                "chain_from",
                ("verify.remade", "verify.cut_out", "verify.note", "verify.missing", "verify.unlinked"),
            ),
            ("last_seq", ("verify.number",)),
            ("store", ("seal.head_store",)),
            ("heads", ("seal.heads_cut", "seal.heads_other")),
        )
    )
    edits = {
        "last_seq": ("value = '7'",),
        "store": ("value = 'another'",),
        "heads": (f"value = '99 {'00' * 32}'", f"value = '2 {'00' * 32}'"),
    }.get(key, ("value = '{'", "value = json_set(value, '$.value', hex(randomblob(32)))"))
    did = f"UPDATE meta SET {attacker.random.choice(edits)} WHERE key = '{key}'"
    if key in ("chain", "audit", "chain_from") and attacker.random.random() < 0.3:
        did = f"DELETE FROM meta WHERE key = '{key}'"
    attacker.run(did)
    return codes, did


def heads_edited(attacker: Attacker) -> tuple[Sequence[str], str]:
    """A byte of the file of heads is changed."""
    path = attacker.site.folder / "heads" / NAME
    data = bytearray(path.read_bytes())
    place = attacker.random.randrange(len(data) - 1)
    data[place] = attacker.random.choice([byte for byte in range(32, 127) if byte != data[place]])
    path.write_bytes(bytes(data))
    told = (
        "head_unreadable", "head_bad_signature", "head_unknown_key", "head_order", "head_left_out", "heads_cut",
        "heads_other", "head_rewritten", "head_store", "head_torn", "key_history_cut", "head_missing", "head_cut",
    )  # fmt: skip
    return [f"seal.{each}" for each in told], f"byte {place} of the heads"


def heads_cut(attacker: Attacker) -> tuple[Sequence[str], str]:
    """Lines of the file of heads are taken out, swapped, or all of them are gone."""
    path = attacker.site.folder / "heads" / NAME
    lines = path.read_bytes().splitlines(keepends=True)
    how = attacker.random.randrange(4)
    if how == 0:
        path.write_bytes(b"".join(lines[: -attacker.random.randrange(1, len(lines))]))
    elif how == 1:
        del lines[attacker.random.randrange(len(lines) - 1)]
        path.write_bytes(b"".join(lines))
    elif how == 2:
        lines[0], lines[1] = lines[1], lines[0]
        path.write_bytes(b"".join(lines))
    else:
        path.unlink()
    codes = ("seal.heads_cut", "seal.head_left_out", "seal.head_order", "verify.no_heads")
    return codes, f"heads cut ({how})"


def keys_replaced(attacker: Attacker) -> tuple[Sequence[str], str]:
    """The site's keys are others: alone, or with every head signed anew; then a key that is known by heart tells."""
    folder, again = attacker.site.folder, attacker.random.random() < 0.5
    heads = [each for each in attacker.site.heads.records() if isinstance(each, Record)]
    shutil.rmtree(folder / "keys")
    other = KeyFolder(folder / "keys", None).opened(attacker.clock.wall)
    if not again:
        return ("seal.head_unknown_key",), "keys replaced"
    (folder / "heads" / NAME).unlink()
    mark = None
    for each in heads:
        head = Head(**{name: getattr(each.head, name) for name in each.head.__slots__})
        mark = attacker.site.heads.add(head, other, mark)
    assert mark is not None
    attacker.run(f"UPDATE meta SET value = '{mark.written()}' WHERE key = 'heads'")
    return ("verify.other_key",), "keys replaced, heads signed anew"


MUTATORS: Sequence[Mutator] = (
    column, column, column, bit, bit, dropped, old_record, swapped, order, doubled, put_in, tail, front, remade,
    remade, emptied, noted, heads_edited, heads_cut, keys_replaced,
)  # fmt: skip

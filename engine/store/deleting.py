"""What goes when it is old or when there is no room: statements, pure, each with its line in the journal.

Every deletion is written down in the same transaction (table ``deletion``), and becomes an event of the log later
(`engine.store.journal`): a person can read what went, how much and why.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.store.codec import deletion_row
from engine.store.model import Deletion
from engine.store.plan import Statement

#: Events forgotten at once when the quota or the disk is full, and per step of `prune`; likewise promises.
STEP = 500
END_OF_TIME = 1 << 62

_JOURNAL = (
    "INSERT INTO deletion (what, why, rows, first, last, since, until) {rows} ON CONFLICT (what, why) DO UPDATE SET "
    "rows = rows + excluded.rows, first = min(coalesce(first, excluded.first), coalesce(excluded.first, first)), "
    "last = max(coalesce(last, excluded.last), coalesce(excluded.last, last)), "
    "since = min(coalesce(since, excluded.since), coalesce(excluded.since, since)), "
    "until = max(coalesce(until, excluded.until), coalesce(excluded.until, until))"
)
NOTE = _JOURNAL.format(rows="VALUES (?, ?, ?, ?, ?, ?, ?)")
_OLD_EVENTS = (
    "SELECT seq FROM (SELECT seq, received_at, engine FROM event ORDER BY seq LIMIT ?) "
    "WHERE received_at < ? AND engine < ?"
)
_OLDEST = f"coalesce((SELECT min(seq) FROM event), {END_OF_TIME})"  # noqa: S608 - our own text
# Decisions go with the events they came from, never before an event that was earlier in the log: what is linked there
# is whole. One with an action still to be done, or that still fires, stays.
_OLD_DECISIONS = (
    "SELECT id FROM decision WHERE at < min(?, coalesce((SELECT received_at FROM event ORDER BY seq LIMIT 1), ?)) "  # noqa: S608
    f"AND engine < ? AND coalesce(seq, 0) < {_OLDEST} "
    "AND NOT EXISTS (SELECT 1 FROM outbox WHERE subject = decision.id) "
    "AND NOT EXISTS (SELECT 1 FROM memory WHERE state IN ('firing', 'fading', 'waiting', 'taken') AND cause IN "
    "(decision.cause, decision.cause || '>' || iif(json_valid(body), json_extract(body, '$.via'), ''))) "
    "ORDER BY n LIMIT ?"
)
# The rules of the oldest event that is left stay, also when the event that adopted them has gone.
_FORGET_ADOPTIONS = (
    "DELETE FROM adoption WHERE seq < (SELECT max(seq) FROM adoption "
    "WHERE seq <= coalesce((SELECT min(seq) FROM event), ?))"
)
_FORGET_RULES = "DELETE FROM ruleset WHERE digest NOT IN (SELECT digest FROM adoption)"
# The chain begins at the oldest event that is left: it is verified from its first link's `previous`.
# The number is that of the last link that goes, so that what is told of deletions can be held against it.
_FIRST_LINK = f"SELECT previous FROM link WHERE seq >= {_OLDEST} ORDER BY seq LIMIT 1"  # noqa: S608 - our own text
_LAST_GONE = f"(SELECT max(seq) FROM link WHERE seq < {_OLDEST})"  # noqa: S608 - our own text
_BEGIN_CHAIN = (
    "INSERT OR REPLACE INTO meta (key, value) SELECT 'chain_from', coalesce("  # noqa: S608 - our own text
    f"(SELECT json_object('seq', {_LAST_GONE}, 'value', lower(hex(previous))) FROM ({_FIRST_LINK})), "
    f"(SELECT value FROM meta WHERE key = 'chain'), '') WHERE EXISTS (SELECT 1 FROM link WHERE seq < {_OLDEST})"
)
_FORGET_LINKS = f"DELETE FROM link WHERE seq < {_OLDEST}"  # noqa: S608 - our own text
# What is told of records goes with its age; the rows stay, and with them their chain.
_OLD_TOLD = (
    "SELECT seq FROM audit WHERE body IS NOT NULL AND at < ? AND engine < ? AND seq <= ? ORDER BY at LIMIT ?"
)
#: When the newest of those was that are more than so many.
CROWDING = "SELECT at FROM audit WHERE body IS NOT NULL ORDER BY at DESC LIMIT 1 OFFSET ?"
#: How many records are so old, and the greatest number of them.
AGEING = "SELECT count(*), max(seq) FROM audit WHERE body IS NOT NULL AND at < ? AND engine < ?"
# What is given up first: the least severe, of these the oldest; never what is critical.
_LEAST = "SELECT id FROM outbox WHERE rank > 0 ORDER BY rank DESC, id LIMIT ?"
_OLDEST_LETTERS = "SELECT id FROM dead_letter ORDER BY id LIMIT ?"
ORPHANS = (
    "SELECT id FROM outbox WHERE NOT json_valid(params) OR NOT EXISTS (SELECT 1 FROM decision "
    "WHERE id = outbox.subject AND json_valid(body) AND json_extract(body, '$.rule') IS NOT NULL)"
)


def _noted(what: str, table: str, at: str | None, key: str, chosen: str) -> str:
    """Return the text that journals rows of a table; its first value is the reason."""
    seq = "min(seq), max(seq)" if at else "NULL, NULL"
    times = f"min({at}), max({at})" if at else "NULL, NULL"
    counted = f"SELECT '{what}', ?, count(*) AS rows, {seq}, {times} FROM {table} WHERE {key} IN ({chosen})"  # noqa: S608
    return _JOURNAL.format(rows=f"SELECT * FROM ({counted}) WHERE rows > 0")  # noqa: S608 - our own text


def forget(before: int, engine: float, why: str) -> list[Statement]:
    """Return what forgets one step of events older than both times, and the decisions that go with them.

    Args:
        before: Microseconds since 1970.
        engine: Engine time.
    """
    events: tuple[object, ...] = (STEP, before, engine)
    old: tuple[object, ...] = (before, before, engine, STEP)
    return [
        Statement(_noted("events", "event", "received_at", "seq", _OLD_EVENTS), ((why, *events),)),
        Statement(f"DELETE FROM event WHERE seq IN ({_OLD_EVENTS})", (events,)),  # noqa: S608 - our own text
        Statement(_noted("decisions", "decision", "at", "id", _OLD_DECISIONS), ((why, *old),)),
        Statement(_noted("letters", "dead_letter", None, "subject", _OLD_DECISIONS), ((why, *old),)),
        Statement(f"DELETE FROM dead_letter WHERE subject IN ({_OLD_DECISIONS})", (old,)),  # noqa: S608
        Statement(f"DELETE FROM acknowledgement WHERE decision IN ({_OLD_DECISIONS})", (old,)),  # noqa: S608
        Statement(f"DELETE FROM attention WHERE decision IN ({_OLD_DECISIONS})", (old,)),  # noqa: S608
        Statement(f"DELETE FROM decision WHERE id IN ({_OLD_DECISIONS})", (old,)),  # noqa: S608 - our own text
        Statement(_FORGET_ADOPTIONS, ((END_OF_TIME,),)),
        Statement(_FORGET_RULES, ((),)),
        Statement(_BEGIN_CHAIN, ((),), quiet=True),
        Statement(_FORGET_LINKS, ((),), quiet=True),
    ]


def forget_told(before: int, engine: float, upto: int, why: str) -> list[Statement]:
    """Return what forgets, of one step of records up to a number of the log, what is told of them; see `ageing`."""
    old: tuple[object, ...] = (before, engine, upto, STEP)
    return [
        Statement(_noted("audit", "audit", "at", "seq", _OLD_TOLD), ((why, *old),), quiet=True),
        Statement(f"UPDATE audit SET body = NULL WHERE seq IN ({_OLD_TOLD})", (old,)),  # noqa: S608 - our own text
    ]


def give_up(promises: int, letters: int) -> list[Statement]:
    """Return what gives up so many promises, the least urgent and oldest first, and so many dead letters."""
    return [
        Statement(_noted("promises", "outbox", None, "id", _LEAST), (("room", promises),)),
        Statement(f"DELETE FROM outbox WHERE id IN ({_LEAST})", ((promises,),)),  # noqa: S608 - our own text
        Statement(_noted("letters", "dead_letter", None, "id", _OLDEST_LETTERS), (("room", letters),)),
        Statement(f"DELETE FROM dead_letter WHERE id IN ({_OLDEST_LETTERS})", ((letters,),)),  # noqa: S608
    ]


def drop_orphans() -> list[Statement]:
    """Return what drops promises that cannot be read, or whose decision cannot: damage, and nobody could keep them."""
    return [
        Statement(_noted("promises", "outbox", None, "id", ORPHANS), (("damage",),)),
        Statement(f"DELETE FROM outbox WHERE id IN ({ORPHANS})", ((),)),  # noqa: S608 - our own text
    ]


def drop_memory() -> list[Statement]:
    """Return what drops all that rules remember: this program would take it for something else."""
    every = _noted("memory", "memory", None, "rowid", "SELECT rowid FROM memory")
    return [Statement(every, (("version",),)), Statement("DELETE FROM memory", ((),))]


def note(gone: Deletion) -> Statement:
    """Return what journals a deletion that happened outside of the database."""
    return Statement(NOTE, (deletion_row(gone),))


# -- how old something is -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bridge:
    """Engine time that nobody counted: across a boot only the wall clock tells, and that may be wrong.

    Attributes:
        engine: Engine time at its end.
        seconds: Its length.
    """

    engine: float
    seconds: float


#: Bridges kept; the oldest are merged.
BRIDGES = 64


def bridged(known: Sequence[Bridge], fresh: Bridge) -> tuple[Bridge, ...]:
    """Return the bridges with one more; of too many the two oldest become one, at the place of the later."""
    both = [*known, fresh]
    while len(both) > BRIDGES:
        first, second = both[:2]
        both[:2] = [Bridge(second.engine, first.seconds + second.seconds)]
    return tuple(both)


def read_bridges(text: str) -> tuple[Bridge, ...]:
    """Return the bridges of their JSON; none where it is damaged."""
    try:
        return tuple(Bridge(float(engine), float(seconds)) for engine, seconds in json.loads(text))
    except (ValueError, TypeError):
        return ()


def lived(since: float, now: float, bridges: Iterable[Bridge]) -> float:
    """Return the seconds between two engine times that were really counted, never negative."""
    doubtful = sum(min(each.seconds, each.engine - since) for each in bridges if since < each.engine <= now)
    return max(0.0, now - since - doubtful)


def proven(now: float, seconds: float, bridges: Sequence[Bridge]) -> float:
    """Return the engine time before which everything is older than so many counted seconds."""
    edge, left = now, seconds
    for each in sorted(bridges, key=lambda one: -one.engine):
        counted = edge - each.engine
        if counted >= left:
            break
        left -= max(0.0, counted)
        edge = min(edge, each.engine) - each.seconds
    return edge - left

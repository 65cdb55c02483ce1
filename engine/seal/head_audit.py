"""Heads held against the chain: what was cut off, made anew, or signed by whom it must not be. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.seal import instant
from engine.seal.chain import Place
from engine.seal.finding import Finding, Findings
from engine.seal.head_file import Mark
from engine.seal.heads import NOTHING, PURPOSE, Head, Record, Unread, Why
from engine.seal.history import History
from engine.seal.signing import Verdict, judged
from rules.model import Fact

#: How far ahead of this machine's clock a head may be.
AHEAD = timedelta(minutes=5)
#: Where a chain begins of which nothing has gone.
BEGINNING = Place(0)
#: The value of the link of an entry; None: there is no such link.
ValueAt = Callable[[int], bytes | None]


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain as it is now.

    Attributes:
        value_at: The value of the link of an entry, None where there is none.
        last: Its end.
        start: Where it begins: what is before went by its age, and nothing can be said of it.
        name: Which it is: ``log`` or ``audit``.
    """

    value_at: ValueAt
    last: Place
    start: Place = BEGINNING
    name: str = "log"


def verify_heads(
    records: Iterable[Record | Unread],
    known_keys: History,
    value_at: ValueAt,
    last: Place,
    *,
    now: datetime,
    start: Place = BEGINNING,
    audit: Chain | None = None,
    store: str | None = None,
    mark: Mark | None = None,
    jumps: Sequence[tuple[int, int]] = (),
) -> list[Finding]:
    """Return what heads say against a chain, its keys, and themselves; nothing where all holds.

    Args:
        records: What is in the file of heads, in its order.
        known_keys: The history of keys, verified.
        value_at: The value of the link of an entry; with `last` and `start`: see `Chain`.
        now: By the clock of whoever asks.
        audit: The chain of the audit log, where it is one of its own.
        store: The database's own name; None: it is not looked at.
        mark: How far the file had come, as noted beside the chain.
        jumps: The entries before and behind each leap of the numbers, as a restore makes one.
    """
    found = Findings()
    read = list(records)
    _lines(read, found)
    heads = [each for each in read if isinstance(each, Record)]
    _order(heads, mark, found)
    _keys(heads, known_keys, found)
    good = _signed(heads, known_keys, found)
    _times(good, now, found)
    _held(good, Chain(value_at, last, start), store, jumps, found)
    if audit is not None:
        _held(good, audit, store, jumps, found)
    return found.told()


def _which(record: Record) -> dict[str, Fact]:
    return {"number": record.number, "at": instant.written(record.head.at)}


def _lines(read: Sequence[Record | Unread], found: Findings) -> None:
    """Tell of lines that are no records: one between two that follow each other was cut short by a kill."""
    before, waiting = NOTHING, list[Unread]()
    for each in read:
        if isinstance(each, Unread):
            waiting.append(each)
            continue
        _tell(waiting, found, torn=each.previous == before)
        before, waiting = each.digest, []
    _tell(waiting[:-1], found, torn=False)
    _tell(waiting[-1:], found, torn=bool(waiting) and not waiting[-1].whole)


def _tell(lines: Iterable[Unread], found: Findings, *, torn: bool) -> None:
    for each in lines:
        found.add("seal.head_torn" if torn else "seal.head_unreadable", {"line": each.line}, grave=not torn)


def _order(heads: Sequence[Record], mark: Mark | None, found: Findings) -> None:
    """Tell where a record does not name the one before, is left out, or goes back behind it."""
    before = Mark()
    for each in heads:
        if each.number != before.number + 1:
            found.add("seal.head_left_out", {**_which(each), "before": before.number})
        elif each.previous != before.digest:
            found.add("seal.head_order", _which(each))
        before = Mark(each.number, each.digest)
    if mark is not None and mark.number:
        there = [each.digest for each in heads if each.number == mark.number]
        if not there:
            found.add("seal.heads_cut", {"number": mark.number, "last": before.number})
        elif mark.digest not in there:
            found.add("seal.heads_other", {"number": mark.number})


def _keys(heads: Sequence[Record], keys: History, found: Findings) -> None:
    """Tell where a head knew of more, or of other, entries of the history of keys than there are."""
    furthest = 0
    for each in heads:
        count, digest = each.keys
        if not 0 < count <= len(keys.entries) or keys.digests[count - 1] != digest:
            found.add("seal.key_history_cut", {**_which(each), "count": count})
        elif count < furthest:
            found.add("seal.key_history_back", _which(each))
        furthest = max(furthest, count)


def _signed(heads: Sequence[Record], keys: History, found: Findings) -> list[Record]:
    """Return the heads that may be believed."""
    verdicts = [judged(each.signature, PURPOSE, each.said, keys.ring) for each in heads]
    last_good = max((n for n, verdict in enumerate(verdicts) if verdict is Verdict.VALID), default=-1)
    good = list[Record]()
    for n, (each, verdict) in enumerate(zip(heads, verdicts, strict=True)):
        key = each.signature.key[:16]
        values = {**_which(each), "key": key}
        if verdict is Verdict.UNKNOWN_KEY:
            found.add("seal.head_unknown_key", values, key)
        elif verdict is Verdict.BAD:
            found.add("seal.head_bad_signature", values)
        elif verdict is Verdict.REVOKED_KEY and not _before_revocation(each, keys, vouched=n < last_good):
            found.add("seal.head_revoked", values, key)
        elif not _in_use(each, keys):
            found.add("seal.head_old_key", values, key)
        else:
            good.append(each)
            if not keys.ring[each.signature.key].vouched:
                found.add("seal.key_unvouched", values, key, grave=False)
    return good


def _before_revocation(record: Record, keys: History, *, vouched: bool) -> bool:
    """Return whether a head of a revoked key is older than the doubt, and a later one that holds names it."""
    revoked = keys.ring[record.signature.key].revoked
    return vouched and revoked is not None and record.head.at < revoked.since


def _in_use(record: Record, keys: History) -> bool:
    """Return whether a head was signed with the key that was in use as far as it knew the history."""
    count = record.keys[0]
    return not 0 < count <= len(keys.in_use) or keys.in_use[count - 1] == record.signature.key


def _times(heads: Sequence[Record], now: datetime, found: Findings) -> None:
    before: Record | None = None
    for each in heads:
        if each.head.at > now + AHEAD:
            found.add("seal.head_future", _which(each))
        elif before is not None and each.head.at < before.head.at:
            found.add(
                "seal.head_earlier", {**_which(each), "before": instant.written(before.head.at)}, grave=False
            )
        before = each


def _held(
    heads: Sequence[Record],
    chain: Chain,
    store: str | None,
    jumps: Sequence[tuple[int, int]],
    found: Findings,
) -> None:
    """Hold each head against a chain."""
    restored = [(n, each.head) for n, each in enumerate(heads) if each.head.why is Why.RESTORED]
    for n, each in enumerate(heads):
        place = each.head.place if chain.name == "log" else each.head.audit
        if place is None or place.seq == 0 or place.seq < chain.start.seq:
            continue
        fault = "seal.head_store" if store is not None and each.head.store != store else _fault(place, chain)
        if fault is None:
            continue
        values = {**_which(each), "seq": place.seq, "last": chain.last.seq, "chain": chain.name}
        if _replaced(each.head, (head for m, head in restored if m > n), jumps):
            found.add("seal.head_restored", values, chain.name, grave=False)
        else:
            found.add(fault, values, chain.name)


def _fault(place: Place, chain: Chain) -> str | None:
    """Return what a chain says against a place that was its end once; None: nothing."""
    if place.seq > chain.last.seq:
        return "seal.head_cut"
    value = chain.start.value if place.seq == chain.start.seq else chain.value_at(place.seq)
    if value is None:
        return "seal.head_missing"
    return None if value == place.value else "seal.head_rewritten"


def _replaced(head: Head, restored: Iterable[Head], jumps: Sequence[tuple[int, int]]) -> bool:
    """Return whether a later head says that the database was restored to before this one, or became another.

    Numbers leap then, and the engine may keep entries before it signs that: what lay within the leap is what went.
    """
    seq = head.place.seq
    return any(
        each.store != head.store
        or each.place.seq < seq
        or any(before < seq < behind <= each.place.seq for before, behind in jumps)
        for each in restored
    )

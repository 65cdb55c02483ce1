"""The history of a site's keys: which came first, which follows which, which is not to be trusted any more. Pure.

Each entry is a *statement* and who signed it; it names its number and the digest of the entry before. A new key is
signed for by the old one and by itself. Where the old one is lost, the new one *begins anew*: nobody vouches for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from hashlib import sha256

from engine.seal import fields, instant
from engine.seal.canonical_json import Json, read_canonical, written
from engine.seal.signing import Known, PrivateKey, PublicKey, Revocation, Ring, Signature, verifies

PURPOSE = "key-history"
FORMAT = "matthan-keys/1"
#: What stands for the digest of an entry before the first.
NOTHING = bytes(32)
#: Letters that a reason may have.
REASON = 500


class Kind(StrEnum):
    """What a statement says."""

    FIRST = "first"  #: this is the first key
    FOLLOWS = "follows"  #: this key follows that one
    ANEW = "anew"  #: this key is used from now on, the one before is lost
    REVOKED = "revoked"  #: that key is not to be trusted


#: What a statement says beside `at`, `kind`, `number` and `previous`.
_SAYS: Mapping[Kind, tuple[str, ...]] = {
    Kind.FIRST: ("key",),
    Kind.FOLLOWS: ("key", "old"),
    Kind.ANEW: ("key", "reason"),
    Kind.REVOKED: ("reason", "revoked", "since"),
}


class BadHistory(ValueError):
    """The history of keys does not hold: at which entry (0: as a whole), and why."""

    def __init__(self, number: int, detail: str) -> None:
        super().__init__(f"entry {number}: {detail}" if number else detail)


@dataclass(frozen=True, slots=True)
class Entry:
    """One statement and who signed it, in this order."""

    statement: Mapping[str, Json]
    signatures: tuple[Signature, ...]

    @property
    def kind(self) -> Kind:
        """What it says."""
        return Kind(str(self.statement["kind"]))

    @property
    def at(self) -> datetime:
        """When it was said."""
        return instant.read(self.statement["at"])

    @property
    def digest(self) -> bytes:
        """The SHA-256 of its canonical bytes, which the next one names."""
        return sha256(written(self.body)).digest()

    @property
    def body(self) -> dict[str, Json]:
        """It as JSON."""
        signed: list[Json] = [fields.signed(each) for each in self.signatures]
        return {"statement": dict(self.statement), "signatures": signed}


@dataclass(frozen=True)
class History:
    """A history that holds. Made by `begun` or `read`; each step returns a new one.

    Attributes:
        ring: Every key that it tells of.
        current: The one that is in use.
    """

    entries: tuple[Entry, ...] = ()
    ring: Ring = field(default_factory=dict)
    current: PublicKey | None = None

    @property
    def key(self) -> PublicKey:
        """The key in use of a history that has begun."""
        if self.current is None:
            raise BadHistory(0, "no key")
        return self.current

    @cached_property
    def in_use(self) -> Sequence[str]:
        """The fingerprint of the key that was in use after each entry."""
        used = list[str]()
        for each in self.entries:
            key = each.statement.get("key")
            used.append(PublicKey.of_text(str(key)).id if key else used[-1])
        return used

    @cached_property
    def digests(self) -> Sequence[bytes]:
        """The digest of each entry."""
        return [each.digest for each in self.entries]

    @property
    def last(self) -> bytes:
        """The digest that the next entry names: of the last one alone, as a history grows an entry at a time."""
        return self.entries[-1].digest if self.entries else NOTHING

    def followed(self, old: PrivateKey, new: PrivateKey, at: datetime) -> History:
        """Return it with a new key that follows the old one."""
        says: dict[str, Json] = {"key": new.public.text, "old": old.public.id}
        return self._said(Kind.FOLLOWS, at, says, old, new)

    def begun_anew(self, new: PrivateKey, reason: str, at: datetime) -> History:
        """Return it with a key that nobody vouches for, because the one before is lost."""
        return self._said(Kind.ANEW, at, {"key": new.public.text, "reason": reason}, new)

    def revoked(self, by: PrivateKey, key: str, reason: str, since: datetime, at: datetime) -> History:
        """Return it with a key that is not to be trusted from a moment on."""
        says: dict[str, Json] = {"revoked": key, "reason": reason, "since": instant.written(since)}
        return self._said(Kind.REVOKED, at, says, by)

    def _said(self, kind: Kind, at: datetime, says: Mapping[str, Json], *by: PrivateKey) -> History:
        statement: dict[str, Json] = {
            "at": instant.written(at),
            "kind": kind.value,
            "number": len(self.entries) + 1,
            "previous": self.last.hex(),
            **says,
        }
        data = written(statement)
        return self.grown(Entry(statement, tuple(each.sign(PURPOSE, data) for each in by)))

    def grown(self, entry: Entry) -> History:
        """Return it with an entry that holds.

        Raises:
            BadHistory: It does not.
        """
        number = len(self.entries) + 1
        try:
            ring, current = _taken(self, entry, number)
        except ValueError as error:
            raise BadHistory(number, str(error)) from error
        return History((*self.entries, entry), ring, current)

    def written(self) -> bytes:
        """Return it as canonical JSON."""
        return written({"entries": [each.body for each in self.entries], "format": FORMAT})


def begun(first: PrivateKey, at: datetime) -> History:
    """Return the history of a first key."""
    return History()._said(Kind.FIRST, at, {"key": first.public.text}, first)


def read(data: bytes) -> History:
    """Return a history of its canonical JSON, verified from its first entry to its last.

    Raises:
        BadHistory: It does not hold.
    """
    try:
        found = fields.body(read_canonical(data), "entries", "format")
        entries = [_entry(each) for each in fields.items(found["entries"])]
    except ValueError as error:
        raise BadHistory(0, str(error)) from error
    if found["format"] != FORMAT or not entries:
        raise BadHistory(0, "not a history of keys")
    history = History()
    for entry in entries:
        history = history.grown(entry)
    return history


def is_reason(text: str) -> bool:
    """Return whether a text can be kept as a reason: one line that a terminal can show."""
    return bool(text.strip()) and len(text) <= REASON and text.isprintable()


def _entry(value: Json) -> Entry:
    found = fields.body(value, "statement", "signatures")
    statement = found["statement"]
    if not isinstance(statement, dict):
        raise ValueError("a statement must be an object")
    return Entry(statement, tuple(fields.signature(each) for each in fields.items(found["signatures"])))


def _taken(history: History, entry: Entry, number: int) -> tuple[Ring, PublicKey]:
    """Return the keys, and the one in use, after an entry; `ValueError` where it does not hold."""
    kind = Kind(fields.text(entry.statement.get("kind")))
    fields.body(dict(entry.statement), "at", "kind", "number", "previous", *_SAYS[kind])
    if entry.statement["number"] != number or fields.digest(entry.statement["previous"]) != history.last:
        raise ValueError("does not follow the one before")
    if (kind is Kind.FIRST) != (history.current is None):
        raise ValueError("only the first entry tells of the first key")
    if kind is Kind.REVOKED:
        return _revoked(history, entry), _by(entry, history.key)
    return _with_key(history, entry, kind)


def _with_key(history: History, entry: Entry, kind: Kind) -> tuple[Ring, PublicKey]:
    new = PublicKey.of_text(fields.text(entry.statement["key"]))
    if new.id in history.ring:
        raise ValueError("a key that was there before")
    if kind is Kind.FOLLOWS:
        if entry.statement["old"] != history.key.id:
            raise ValueError("follows a key that was not in use")
        _by(entry, history.key, new)
    else:
        _by(entry, new)
    if kind is Kind.ANEW:
        _reason(entry)
    vouched = kind is not Kind.ANEW and (kind is Kind.FIRST or history.ring[history.key.id].vouched)
    return {**history.ring, new.id: Known(new, entry.at, vouched=vouched)}, new


def _revoked(history: History, entry: Entry) -> Ring:
    key = fields.text(entry.statement["revoked"])
    known = history.ring.get(key)
    if known is None or known.revoked or key == history.key.id:
        raise ValueError("revokes a key that is unknown, revoked already, or in use")
    since = instant.read(entry.statement["since"])
    return {**history.ring, key: replace(known, revoked=Revocation(_reason(entry), since, entry.at))}


def _reason(entry: Entry) -> str:
    reason = fields.text(entry.statement["reason"])
    if not is_reason(reason):
        raise ValueError(f"a reason is one line of 1 to {REASON} letters")
    return reason


def _by(entry: Entry, *keys: PublicKey) -> PublicKey:
    """Return the last of the keys that must have signed an entry, in this order."""
    data = written(dict(entry.statement))
    if [each.key for each in entry.signatures] != [key.id for key in keys]:
        raise ValueError("signed by others than it must be")
    for key, signature in zip(keys, entry.signatures, strict=True):
        if not verifies(key, PURPOSE, data, signature.value):
            raise ValueError(f"the signature of {key.id[:16]} does not hold")
    return keys[-1]

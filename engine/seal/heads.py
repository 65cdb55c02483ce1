"""Signed records of where the chain ended: kept elsewhere, they show what was cut or made anew. Pure.

A record is one line of canonical JSON: what is said, and who signed it. It names the digest of the line before and
how far the history of keys had come, so that neither can be taken back unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from engine.seal import fields, instant
from engine.seal.canonical_json import Json, read_canonical, written
from engine.seal.chain import Place
from engine.seal.history import History
from engine.seal.signing import PrivateKey, Signature

PURPOSE = "head"
FORMAT = "matthan-head/1"
#: Bytes that a line may have.
MOST = 4096
#: What stands for the digest of a line before the first.
NOTHING = bytes(32)


class Why(StrEnum):
    """Why a head was written."""

    START = "start"
    DAILY = "daily"
    END = "end"
    ASKED = "asked"
    RESTORED = "restored"  #: the database is another from here on: restored, or salvaged


@dataclass(frozen=True, slots=True)
class Head:
    """Where a store's chain ended at a moment.

    Attributes:
        store: Which database; `site`: whose.
        place: The last link's number and value.
        count: Links that were kept.
        audit: Where the audit log's chain ended; None: it is the same chain, or there is none.
    """

    store: str
    site: str
    place: Place
    count: int
    at: datetime
    why: Why
    audit: Place | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A signed head as it lies in the file.

    Attributes:
        number: Of the record, from 1.
        previous: Digest of the line before.
        keys: How many entries the history of keys had, and the digest of the last.
        said: The bytes that are signed.
        digest: That of its line.
    """

    number: int
    head: Head
    previous: bytes
    keys: tuple[int, bytes]
    signature: Signature
    said: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class Unread:
    """A line that is no record.

    Attributes:
        line: Its number.
        whole: Whether it ends; a kill or a full disk leaves a line without an end.
    """

    line: int
    whole: bool


def record(head: Head, number: int, previous: bytes, signer: PrivateKey, keys: History) -> bytes:
    """Return the line of a head, its end included."""
    audit = head.audit
    says: dict[str, Json] = {
        "at": instant.written(head.at),
        "audit": None if audit is None else _place(audit),
        "chain": _place(head.place),
        "count": head.count,
        "format": FORMAT,
        "keys": {"count": len(keys.entries), "digest": keys.digests[-1].hex()},
        "number": number,
        "previous": previous.hex(),
        "site": head.site,
        "store": head.store,
        "why": head.why.value,
    }
    signature = fields.signed(signer.sign(PURPOSE, written(says)))
    return written({"head": says, "signature": signature}) + b"\n"


def read(lines: Iterable[bytes]) -> Iterator[Record | Unread]:
    """Yield what each line of a file of heads is; an empty line is none, and a last one may lack its line feed."""
    for number, line in enumerate(lines, 1):
        if line != b"\n":
            yield _record(line.removesuffix(b"\n")) or Unread(number, line.endswith(b"\n"))


def _record(line: bytes) -> Record | None:
    try:
        found = fields.body(read_canonical(line), "head", "signature")
        says = fields.body(
            found["head"], "at", "audit", "chain", "count", "format", "keys", "number", "previous", "site",
            "store", "why",
        )  # fmt: skip
        if says["format"] != FORMAT or len(line) >= MOST:
            return None
        keys = fields.body(says["keys"], "count", "digest")
        return Record(
            number=fields.whole(says["number"]),
            head=_head(says),
            previous=fields.digest(says["previous"]),
            keys=(fields.whole(keys["count"]), fields.digest(keys["digest"])),
            signature=fields.signature(found["signature"]),
            said=written(says),
            digest=sha256(line).digest(),
        )
    except ValueError:
        return None


def _head(says: dict[str, Json]) -> Head:
    audit = says["audit"]
    return Head(
        store=fields.text(says["store"]),
        site=fields.text(says["site"]),
        place=_read_place(says["chain"]),
        count=fields.whole(says["count"]),
        at=instant.read(says["at"]),
        why=Why(fields.text(says["why"])),
        audit=None if audit is None else _read_place(audit),
    )


def _place(place: Place) -> dict[str, Json]:
    return {"seq": place.seq, "value": place.value.hex()}


def _read_place(value: Json) -> Place:
    found = fields.body(value, "seq", "value")
    return Place(fields.whole(found["seq"]), fields.digest(found["value"]))

"""A hash chain over the entries of the log: what was changed, cut out, moved or put in afterwards shows. Pure.

Each entry has a *digest*, the SHA-256 of its row as stored (`canonical`), and a link to the one before: `previous`.
A link's *value* is the SHA-256 of its `previous` followed by its `digest`, and is the next one's `previous`. So the
last value (the *head*) vouches for every row, and a row may go while its link stays. Who can write the database can
make the whole chain anew: against that, its head is signed and kept where they cannot write (`heads`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct
from typing import NamedTuple

_DOUBLE = Struct(">d")
_AS_IT_IS = "surrogateescape"  #: bytes that are no text any more stay the bytes that they are
#: The value before the first link.
GENESIS = bytes(32)
#: What a column of a row holds; text also as its UTF-8 bytes.
Value = str | bytes | int | float | None


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the chain: after the entry of a number; `value` is the link's of that entry."""

    seq: int
    value: bytes = GENESIS

    @classmethod
    def read(cls, text: str) -> Place | None:
        """Return the place of its JSON, None where it is damaged."""
        try:
            body = json.loads(text)
            place = cls(int(body["seq"]), bytes.fromhex(body["value"]))
        except (ValueError, KeyError, TypeError):
            return None
        return place if len(place.value) == len(GENESIS) else None

    def written(self) -> str:
        """Return it as JSON."""
        return json.dumps({"seq": self.seq, "value": self.value.hex()})


class Entry(NamedTuple):
    """An entry of the log that is to be linked; `digest` is that of its row."""

    seq: int
    id: str
    digest: bytes


class Link(NamedTuple):
    """The link of an entry; see the module."""

    seq: int
    digest: bytes
    previous: bytes

    @property
    def value(self) -> bytes:
        """What the next link has as its `previous`."""
        return sha256(self.previous + self.digest).digest()


def canonical(kind: str, row: Sequence[Value]) -> bytes:
    """Return the bytes of a row that are digested: its kind (``event``, ``decision``) and its columns, in order.

    Each value is a letter for its type and, but for NULL, its bytes as a netstring (``LENGTH:BYTES,``): ``n`` NULL;
    ``i`` an integer, decimal; ``r`` a real, its eight bytes of IEEE 754, big-endian, as 16 small hexadecimal digits;
    ``t`` text, UTF-8.
    """
    # Nearly all that is digested is ASCII text: said here, as this is what sealing costs.
    fields = [
        f"t{len(value)}:{value}," if isinstance(value, str) and value.isascii() else _field(value)
        for value in (kind, *row)
    ]
    return "".join(fields).encode("utf-8", _AS_IT_IS)


def digest(kind: str, row: Sequence[Value]) -> bytes:
    """Return the SHA-256 of a row as stored (32 bytes)."""
    return sha256(canonical(kind, row)).digest()


def _field(value: Value) -> str:
    if isinstance(value, str):
        return f"t{len(value.encode())}:{value},"
    if isinstance(value, int):
        digits = str(value)
        return f"i{len(digits)}:{digits},"
    if value is None:
        return "n"
    if isinstance(value, float):
        return f"r16:{_DOUBLE.pack(value).hex()},"
    return f"t{len(value)}:{value.decode('utf-8', _AS_IT_IS)},"


def extended(head: Place, entries: Iterable[Entry]) -> tuple[list[Link], Place]:
    """Return the links of entries behind a head, in the order of the log, and the new head.

    An entry that is not beyond the head has its link already.
    """
    links, value, last = list[Link](), head.value, head.seq
    for seq, _, digested in sorted(entries):
        if seq > last:
            links.append(Link(seq, digested, value))
            value, last = sha256(value + digested).digest(), seq
    return links, Place(last, value)

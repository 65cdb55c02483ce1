"""A commissioning's record as a signed document, which binds its pictures by their hashes. Pure.

A sealed document (`engine.seal.envelope`) for the purpose `commissioning`, whose body is ``{"format", "key",
"record"}``: the technician's public key stands in it, so that one file and one fingerprint are enough to check it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import ValidationError

from engine.commission.record import JobRecord
from engine.seal import fields
from engine.seal.canonical_json import Json, NotIJson, read, read_canonical
from engine.seal.envelope import FORMAT as SEALED
from engine.seal.envelope import opened, sealed
from engine.seal.signing import Known, PrivateKey, PublicKey, Verdict
from rules.model import Fact

PURPOSE, FORMAT = "commissioning", "matthan-commissioning/1"
#: When a key came into use of which nothing is known but itself.
_EVER = datetime.min.replace(tzinfo=UTC)


class BadRecord(ValueError):
    """A file is no signed record: `code` of the sentence that says what is wrong, `values` that it names."""

    def __init__(self, code: str, **values: Fact) -> None:
        super().__init__(code, values)
        self.code, self.values = code, values


@dataclass(frozen=True, slots=True)
class Signed:
    """A document that could be read. It says nothing unless `holds`.

    Attributes:
        key: That it says it was signed with.
        holds: Whether it was, and nothing was changed since.
    """

    job: JobRecord
    key: PublicKey
    holds: bool


def signed(job: JobRecord, signer: PrivateKey) -> bytes:
    """Return a record as a signed document.

    Raises:
        NotIJson: It holds what JSON cannot tell.
    """
    body: Json = {"format": FORMAT, "key": signer.public.text, "record": job.model_dump(mode="json")}
    return sealed(body, PURPOSE, signer)


def is_signed(data: bytes) -> bool:
    """Return whether bytes are meant as a signed document, good or bad; else they may be a plain record."""
    return f'"{SEALED}"'.encode() in data


def examined(data: bytes) -> Signed:
    """Read a document and look at its signature.

    Raises:
        BadRecord: It is cut short, damaged, spelled otherwise, or something else.
    """
    try:
        whole = read_canonical(data)
    except NotIJson as error:
        raise _unread(data, error) from error
    try:
        body = fields.body(
            fields.body(whole, "body", "format", "purpose", "signature")["body"], "format", "key", "record"
        )
        key = PublicKey.of_text(fields.text(body["key"]))
        found = opened(data, PURPOSE, {key.id: Known(key, _EVER)})
    except ValueError as error:
        raise BadRecord("commission_verify.other") from error
    if body["format"] != FORMAT:
        raise BadRecord("commission_verify.newer", format=str(body["format"])[:80])
    try:
        job = JobRecord.model_validate(body["record"])
    except ValidationError as error:
        raise BadRecord("commission_verify.no_record", count=error.error_count()) from error
    return Signed(job, key, found.verdict is Verdict.VALID)


def plain(data: bytes) -> JobRecord:
    """Read a record that nobody has signed.

    Raises:
        BadRecord: It is none.
    """
    try:
        return JobRecord.model_validate(read(data))
    except NotIJson as error:
        raise _unread(data, error) from error
    except ValidationError as error:
        raise BadRecord("commission_verify.no_record", count=error.error_count()) from error


def _unread(data: bytes, error: NotIJson) -> BadRecord:
    """Say what is wrong with bytes that are not canonical JSON."""
    if not data.rstrip():
        return BadRecord("commission_verify.empty")
    try:
        read(data)
    except NotIJson:
        if not data.rstrip().endswith(b"}"):
            return BadRecord("commission_verify.cut", bytes=len(data))
        return BadRecord("commission_verify.damaged", detail=str(error)[:120])
    return BadRecord("commission_verify.respelled")

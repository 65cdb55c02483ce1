"""Whether a signed record and its pictures are what a technician signed: everything that is wrong, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from engine.commission.handover.signed_record import BadRecord, Signed, examined
from engine.commission.record import CameraRecord, JobRecord, PictureRecord
from engine.seal.finding import Finding
from engine.seal.signing import names


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of it.

    Attributes:
        findings: What is wrong, and what is to be known; `good`: whether nothing speaks against it.
        job: The record; None: it could not be read.
        key: Fingerprint of the key that it says it was signed with; empty: as `job`.
    """

    findings: tuple[Finding, ...]
    job: JobRecord | None = None
    key: str = ""

    @property
    def good(self) -> bool:
        """Whether nothing speaks against it."""
        return not any(each.grave for each in self.findings)


def verified(data: bytes, album: Callable[[str], bytes | None], fingerprint: str = "") -> Verified:
    """Look at a document and its pictures.

    Args:
        album: Gives a picture's bytes by its name.
        fingerprint: Of the technician's key, or the first digits of it, as somebody told; empty: nobody did.
    """
    try:
        found = examined(data)
    except BadRecord as bad:
        return Verified((Finding(bad.code, bad.values),))
    findings = (*_signature(found, fingerprint), *_pictures(found.job, album))
    return Verified(findings, found.job, found.key.id)


def _signature(found: Signed, fingerprint: str) -> Iterator[Finding]:
    if not found.holds:
        yield Finding("commission_verify.changed", {"key": found.key.id})
    if not fingerprint:
        yield Finding("commission_verify.unknown_key", {"key": found.key.id}, grave=False)
    elif not names(fingerprint, found.key.id):
        yield Finding("commission_verify.other_key", {"key": found.key.id, "wanted": fingerprint[:100]})


def _pictures(job: JobRecord, album: Callable[[str], bytes | None]) -> Iterator[Finding]:
    for camera, each in pictures(job):
        data = album(each.name)
        values = {"name": each.name[:200], "camera": camera.id[:80]}
        if data is None:
            yield Finding("commission_verify.picture_missing", values)
        elif sha256(data).hexdigest() != each.sha256:
            yield Finding("commission_verify.picture_changed", values)


def pictures(job: JobRecord) -> Iterator[tuple[CameraRecord, PictureRecord]]:
    """Yield every picture that a record names."""
    return ((camera, each) for camera in job.cameras for each in camera.pictures)

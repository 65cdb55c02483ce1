"""Who signed a backup, and whether that is somebody to be believed. Blocking where keys are read.

A backup's manifest names every file by its hash; who edits a file can hash it anew, but cannot sign that. The keys
that a backup is held against are those of the machine it comes to. An empty machine knows none: there a person says
which, by the fingerprint that they have on paper.
"""

from __future__ import annotations

from pathlib import Path

from engine.backup.archive import ArchiveError
from engine.seal import fields
from engine.seal.canonical_json import read, written
from engine.seal.fault import SealFault
from engine.seal.history import BadHistory, History
from engine.seal.history import read as read_history
from engine.seal.keys import MOST, KeyFolder
from engine.seal.signing import SHORTEST, PrivateKey, Signature, Verdict, groups, judged, names

#: What the signature is for.
PURPOSE = "backup-manifest"


def signed(manifest: bytes, signer: PrivateKey) -> bytes:
    """Return what stands beside a manifest."""
    return written(fields.signed(signer.sign(PURPOSE, manifest)))


def check(manifest: bytes, signature: bytes, history: Path, known: History | None, fingerprint: str) -> str:
    """Return the fingerprint of the key that signed a backup, if it is to be believed.

    Args:
        manifest: Its bytes, as they lie in the archive.
        signature: What stands beside it.
        history: The history of keys that came with it, unpacked.
        known: The history of the machine that it comes to; None: it has none yet.
        fingerprint: Of the key that a person trusts, or its first digits; empty: none was said.

    Raises:
        ArchiveError: ``backup.resigned`` it was changed, or its key is revoked; ``backup.signer_other`` it is not the
            one that was said; ``backup.signer_unknown`` no key is known here, and none was said;
            ``backup.signer_stranger`` it is none of those that are known here.
    """
    made, told = _signature(signature), _history(history)
    verdict = judged(made, PURPOSE, manifest, told.ring)
    if verdict is not Verdict.VALID:
        raise ArchiveError("backup.resigned", key=_spoken(made.key), why=verdict.value)
    here = None if known is None else judged(made, PURPOSE, manifest, known.ring)
    if here is Verdict.REVOKED_KEY:
        raise ArchiveError("backup.resigned", key=_spoken(made.key), why=here.value)
    if fingerprint:
        _compare(made.key, fingerprint)
    elif here is None:
        raise ArchiveError("backup.signer_unknown", key=_spoken(made.key), fingerprint=made.key)
    elif here is not Verdict.VALID:
        raise ArchiveError("backup.signer_stranger", key=_spoken(made.key), fingerprint=made.key)
    return made.key


def known_keys(state: Path) -> History | None:
    """Return the history of keys of a state folder, None where there is none.

    Raises:
        ArchiveError: It does not hold.
    """
    try:
        return KeyFolder(state / "keys", None).history()
    except SealFault as error:
        raise ArchiveError("backup.keys_damaged", detail=str(error)) from error


def _signature(data: bytes) -> Signature:
    try:
        return fields.signature(read(data))
    except ValueError as error:
        raise ArchiveError("backup.incomplete") from error


def _history(path: Path) -> History:
    try:
        with path.open("rb") as file:
            return read_history(file.read(MOST + 1))
    except (OSError, BadHistory) as error:
        raise ArchiveError("backup.keys_damaged", detail=str(error)) from error


def _compare(key: str, fingerprint: str) -> None:
    if not names(fingerprint, key, 2 * SHORTEST):
        raise ArchiveError("backup.signer_other", key=_spoken(key), said=fingerprint[:80])


def _spoken(key: str) -> str:
    """Return a fingerprint in groups, as people read it to each other."""
    return " ".join(groups(key))

"""A signed JSON document: one that holds its own signature, as evidence is to. Pure.

``{"body", "format", "purpose", "signature"}`` in canonical JSON; signed are the canonical bytes of the body, for the
purpose, so that a document says itself what it is and passes for nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.seal import fields
from engine.seal.canonical_json import Json, read_canonical, written
from engine.seal.signing import PrivateKey, Ring, Verdict, judged

FORMAT = "matthan-sealed/1"


@dataclass(frozen=True, slots=True)
class Opened:
    """A document, and what is to be thought of its signature. The body says nothing unless the verdict is `VALID`.

    Attributes:
        key: Fingerprint of the key that is said to have signed it.
    """

    body: Json
    verdict: Verdict
    key: str


def sealed(body: Json, purpose: str, signer: PrivateKey) -> bytes:
    """Return a document with its signature.

    Raises:
        NotIJson: The body cannot be told in I-JSON.
    """
    signature = fields.signed(signer.sign(purpose, written(body)))
    return written({"body": body, "format": FORMAT, "purpose": purpose, "signature": signature})


def opened(data: bytes, purpose: str, ring: Ring) -> Opened:
    """Return a document that was sealed for a purpose, and what is to be thought of it.

    Raises:
        ValueError: It is none, in another spelling, or for another purpose.
    """
    found = fields.body(read_canonical(data), "body", "format", "purpose", "signature")
    if (found["format"], found["purpose"]) != (FORMAT, purpose):
        raise ValueError(f"not a document for {purpose}")
    signature = fields.signature(found["signature"])
    verdict = judged(signature, purpose, written(found["body"]), ring)
    return Opened(found["body"], verdict, signature.key)

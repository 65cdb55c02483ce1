"""A signed JSON document: what a manifest is, of a backup, of evidence. Pure.

``{"body", "format", "purpose", "signature"}`` in canonical JSON; signed are the canonical bytes of the body, for the
purpose, so that a document says itself what it is and passes for nothing else.
"""

from __future__ import annotations

from base64 import b64encode
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
    made = signer.sign(purpose, written(body))
    signature: Json = {"key": made.key, "value": b64encode(made.value).decode()}
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

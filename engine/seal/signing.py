"""Ed25519 (RFC 8032): who signed which bytes, and for what. Pure but for the arithmetic, which is OpenSSL's.

A signature is over ``matthan-seal/1 PURPOSE``, a line feed, and the bytes: what was signed as a head can never pass
for a backup's manifest. Keys and signatures that could stand for more than one key or message are refused, whatever a
library thinks of them: points of small order, points and numbers in a second spelling.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from hashlib import sha256

_P = 2**255 - 19
#: Order of the group that signatures live in.
_L = 2**252 + 27742317777372353535851937790883648493
#: The y of the eight points of small order: with such a key, signatures hold for any message.
_SMALL = frozenset(
    (
        0,
        1,
        _P - 1,
        int.from_bytes(
            bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
        ),
        int.from_bytes(
            bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
        ),
    )
)
#: What stands before the 32 bytes of a public key in its DER (SubjectPublicKeyInfo, RFC 8410).
_DER = bytes.fromhex("302a300506032b6570032100")
#: Digits of a fingerprint that must be given to name a key.
SHORTEST = 8
_AROUND = re.compile(r"[\s:-]")
_PURPOSE = re.compile(r"[a-z]+(?:-[a-z]+)*")


def sound(point: bytes) -> bool:
    """Return whether bytes are the one spelling of a point that is not of small order."""
    y = int.from_bytes(point, "little") & (1 << 255) - 1
    return len(point) == 32 and y < _P and y not in _SMALL


@dataclass(frozen=True)
class PublicKey:
    """A public key: its 32 bytes.

    Raises:
        ValueError: They are no key that signatures can be held against.
    """

    raw: bytes

    def __post_init__(self) -> None:
        if not sound(self.raw):
            raise ValueError("no sound Ed25519 public key")

    @classmethod
    def of_text(cls, text: str) -> PublicKey:
        """Return the key of its base64."""
        return cls(exact_base64(text))

    @property
    def text(self) -> str:
        """Its 32 bytes in base64."""
        return b64encode(self.raw).decode()

    @property
    def der(self) -> bytes:
        """Its DER, as `openssl pkey -pubin -outform DER` writes it."""
        return _DER + self.raw

    @cached_property
    def id(self) -> str:
        """Its fingerprint: the SHA-256 of its DER, 64 hexadecimal digits."""
        return sha256(self.der).hexdigest()

    @property
    def pem(self) -> str:
        """Its PEM, as `openssl` reads it."""
        return f"-----BEGIN PUBLIC KEY-----\n{b64encode(self.der).decode()}\n-----END PUBLIC KEY-----\n"


def digits(said: str) -> str:
    """Return the digits of a fingerprint as a person typed or copied it: in groups, with colons, in capitals."""
    return _AROUND.sub("", said).lower()


def names(said: str, key: str, least: int = SHORTEST) -> bool:
    """Return whether a person named a key: by its fingerprint, or by the first digits of it, at least so many."""
    plain = digits(said)
    return len(plain) >= least and key.startswith(plain)


def groups(key: str) -> list[str]:
    """Return a fingerprint in groups of four digits, as people read it to each other."""
    return [key[start : start + 4] for start in range(0, len(key), 4)]


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature and the fingerprint of the key that is said to have made it."""

    key: str
    value: bytes


class PrivateKey:
    """A private key, made of its seed (32 random bytes)."""

    def __init__(self, seed: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = PublicKey(self._key.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"PrivateKey of {self.public.id[:16]}"

    @property
    def pem(self) -> bytes:
        """Its PKCS8 PEM, in clear."""
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @classmethod
    def of_pem(cls, pem: bytes) -> PrivateKey:
        """Return the key of its PKCS8 PEM.

        Raises:
            ValueError: It is none: damaged, of another kind, or behind a password.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(pem, password=None)
        except (TypeError, UnsupportedAlgorithm) as error:
            raise ValueError(str(error)) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("not an Ed25519 key")
        return cls(key.private_bytes_raw())

    def sign(self, purpose: str, data: bytes) -> Signature:
        """Sign bytes for a purpose."""
        return Signature(self.public.id, self._key.sign(message(purpose, data)))


def message(purpose: str, data: bytes) -> bytes:
    """Return the bytes that are really signed.

    Raises:
        ValueError: The purpose is not of small letters and hyphens.
    """
    if not _PURPOSE.fullmatch(purpose):
        raise ValueError(f"no purpose: {purpose!r}")
    return f"matthan-seal/1 {purpose}\n".encode() + data


def verifies(key: PublicKey, purpose: str, data: bytes, value: bytes) -> bool:
    """Return whether a key signed these bytes for this purpose."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if len(value) != 64 or not sound(value[:32]) or int.from_bytes(value[32:], "little") >= _L:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(value, message(purpose, data))
    except InvalidSignature:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Revocation:
    """Why a key is not to be trusted, from when on, and when that was said."""

    reason: str
    since: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """A key of which something is known.

    Attributes:
        since: When it came into use.
        vouched: Whether every key since the first was signed for by the one before.
    """

    public: PublicKey
    since: datetime
    revoked: Revocation | None = None
    vouched: bool = True


#: Keys by their fingerprints.
Ring = Mapping[str, Known]


class Verdict(StrEnum):
    """What is to be thought of a signature."""

    VALID = "valid"
    UNKNOWN_KEY = "unknown_key"  #: of a key that nobody told us of: it says nothing
    REVOKED_KEY = "revoked_key"  #: it holds, but the key is not to be trusted any more
    BAD = "bad"  #: these bytes were not signed with that key for that purpose


def judged(signature: Signature, purpose: str, data: bytes, ring: Ring) -> Verdict:
    """Return what is to be thought of a signature over bytes."""
    known = ring.get(signature.key)
    if known is None or known.public.id != signature.key:
        return Verdict.UNKNOWN_KEY
    if not verifies(known.public, purpose, data, signature.value):
        return Verdict.BAD
    return Verdict.REVOKED_KEY if known.revoked else Verdict.VALID


def exact_base64(text: str) -> bytes:
    """Return the bytes of base64 in its one spelling.

    Raises:
        ValueError: It is none, or another spelling.
    """
    data = b64decode(text, validate=True)
    if b64encode(data).decode() != text:
        raise ValueError("base64 in a second spelling")
    return data

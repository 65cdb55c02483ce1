"""What a certificate is known by: the SHA-256 of itself, as browsers show it, and of its key, which outlives it.

Light to import: clients compare fingerprints, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

#: Hexadecimal digits of a SHA-256.
DIGITS = 64
_AROUND = re.compile(r"sha-?256( fingerprint)?[:=]?|[:\s]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Both fingerprints of a certificate, as people compare them: ``AB:CD:...``.

    Attributes:
        certificate: Of all of it; another one with every renewal.
        key: Of its public key, which a renewal keeps: this is what clients remember.
    """

    certificate: str
    key: str

    @classmethod
    def of(cls, der: bytes) -> Fingerprints:
        """Return those of a certificate (DER).

        Raises:
            ValueError: It is none.
        """
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        key = x509.load_der_x509_certificate(der).public_key()
        public = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return cls(shown(sha256(der).hexdigest()), shown(sha256(public).hexdigest()))

    def match(self, told: str) -> bool:
        """Return whether a person means this one: by either fingerprint, however it is written."""
        plain = digits(told)
        return plain in (digits(self.certificate), digits(self.key))


def digits(told: str) -> str:
    """Return the digits of a fingerprint as somebody wrote or copied it.

    Raises:
        ValueError: It is none.
    """
    plain = _AROUND.sub("", told).lower()
    if len(plain) != DIGITS or not set(plain) <= set("0123456789abcdef"):
        raise ValueError("no SHA-256 fingerprint")
    return plain


def shown(plain: str) -> str:
    """Return a fingerprint as browsers and openssl write it."""
    return ":".join(re.findall("..", plain.upper()))

"""The certificate that an engine makes for its own doors, and renews long before it ends. Blocking.

Its key stays the same over renewals: clients remember the key, as SSH's do. Whoever wants another key removes the file
and starts the engine again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from engine.runtime import log, whole_file
from engine.web.fingerprint import Fingerprints
from engine.web.names import Address
from rules.model import Sentence

logger = log.get(__name__)

#: How long one is valid: browsers take none that lasts longer.
LIFE = timedelta(days=397)
#: How long before its end a new one takes its place.
EARLY = timedelta(days=30)
#: It begins before now: clocks of clients are not all right.
SLACK = timedelta(days=1)
#: Names and addresses in one; a machine with many containers has hundreds of addresses.
MOST = 64


@dataclass(frozen=True, slots=True)
class Names:
    """What a certificate is for."""

    hosts: tuple[str, ...]
    addresses: tuple[Address, ...]


class OwnCertificate:
    """An ECDSA P-256 certificate in a file of its own, with its key (mode 0600): put in place at once, both or none.

    Args:
        folder: Where the file is to be.
        names: Returns what it is to be for.
        now: Returns the time (aware UTC).

    Attributes:
        trouble: What people must know: it had to be made anew, with another key.
    """

    def __init__(self, folder: Path, names: Callable[[], Names], now: Callable[[], datetime]) -> None:
        self.path = folder / "own.pem"
        self._names, self._now = names, now
        self.trouble: Sentence | None = None

    def ready(self) -> bool:
        """Make it where there is none, renew it where it is time; return whether it is another one now.

        Raises:
            OSError: It cannot be written.
        """
        known = self._read()
        if known is not None and self._fresh(known[1]):
            return False
        key = known[0] if known else ec.generate_private_key(ec.SECP256R1())
        made = self._make(key)
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        whole_file.put(self.path, private + made.public_bytes(Encoding.PEM), mode=0o600)
        until = made.not_valid_after_utc.isoformat()
        logger.info("tls.made", file=str(self.path), renewed=known is not None, until=until)
        return True

    def _read(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate] | None:
        """Return the key and the certificate; None where there are none (any more)."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            key, made = load_pem_private_key(content, None), x509.load_pem_x509_certificate(content)
            if isinstance(key, ec.EllipticCurvePrivateKey) and key.public_key() == made.public_key():
                return key, made
        except ValueError:
            pass
        logger.error("tls.damaged", file=str(self.path))
        self.trouble = Sentence("tls.new_key", {"file": str(self.path)})
        return None

    def _fresh(self, made: x509.Certificate) -> bool:
        """Return whether one is valid for long enough, and for every name and IPv4 address that is wanted now.

        IPv6 addresses of today are others tomorrow: a certificate is not made anew because of them.
        """
        now = self._now()
        if not made.not_valid_before_utc <= now < made.not_valid_after_utc - EARLY:
            return False
        told = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        has = {*told.get_values_for_type(x509.DNSName), *told.get_values_for_type(x509.IPAddress)}
        names = self._names()
        return (
            has >= {*names.hosts, *(each for each in names.addresses if each.version == 4)}
            or len(has) >= MOST
        )

    def _make(self, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
        now, names = self._now(), self._names()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "matthan")])
        told = [*_hosts(names.hosts), *map(x509.IPAddress, names.addresses)][:MOST]
        usage = x509.KeyUsage(
            digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - SLACK)
            .not_valid_after(now - SLACK + LIFE)
            .add_extension(x509.SubjectAlternativeName(told), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )


def _hosts(names: Iterable[str]) -> list[x509.DNSName]:
    return [x509.DNSName(each) for each in names if each.isascii()]


def leaf(path: Path) -> tuple[Fingerprints, datetime]:
    """Return the fingerprints of the first certificate in a file (PEM), and until when it is valid (aware UTC).

    Raises:
        OSError, ValueError: There is none.
    """
    made = x509.load_pem_x509_certificate(path.read_bytes())
    return Fingerprints.of(made.public_bytes(Encoding.DER)), made.not_valid_after_utc

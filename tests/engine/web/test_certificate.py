"""The own certificate: made once, kept private, renewed in time with the key that clients remember."""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from engine.web import certificate
from engine.web.certificate import Names, OwnCertificate, leaf
from engine.web.fingerprint import Fingerprints, digits, shown
from engine.web.names import address_of, addresses, host_names

NAMES = Names(("localhost", "gate-pc"), (ip_address("127.0.0.1"), ip_address("192.0.2.7")))


class Bench:
    """A folder, a time and names that a test changes."""

    def __init__(self, folder: Path) -> None:
        self.now, self.names = datetime(2026, 3, 1, tzinfo=UTC), NAMES
        self.own = OwnCertificate(folder / "tls", lambda: self.names, lambda: self.now)

    def read(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.own.path.read_bytes())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_it_is_made_once_and_is_what_browsers_take(bench: Bench) -> None:
    assert bench.own.ready()
    made = bench.read()
    assert not bench.own.ready()
    assert bench.read() == made
    told = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert told.get_values_for_type(x509.DNSName) == ["localhost", "gate-pc"]
    assert told.get_values_for_type(x509.IPAddress) == list(NAMES.addresses)
    assert made.not_valid_after_utc - made.not_valid_before_utc == timedelta(days=397)
    assert made.not_valid_before_utc < bench.now
    assert made.public_key().key_size == 256  # type: ignore[union-attr]  # of an elliptic curve
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bench.own.path)  # the key is in there, too


def test_nobody_else_can_read_the_key(bench: Bench) -> None:
    bench.own.ready()
    assert stat.S_IMODE(bench.own.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(bench.own.path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(("days", "renewed"), [(365, False), (367, True), (500, True), (-3, True)])
def test_it_is_renewed_30_days_before_its_end_with_the_same_key(
    bench: Bench, days: int, renewed: bool
) -> None:
    bench.own.ready()
    before, _ = leaf(bench.own.path)
    bench.now += timedelta(days=days)
    assert bench.own.ready() is renewed
    after, until = leaf(bench.own.path)
    assert after.key == before.key
    assert (after.certificate != before.certificate) is renewed
    assert until - bench.now >= timedelta(days=30)


def test_another_name_needs_another_and_another_ipv6_address_does_not(bench: Bench) -> None:
    bench.own.ready()
    bench.names = Names(NAMES.hosts, (*NAMES.addresses, ip_address("2001:db8::7")))
    assert not bench.own.ready()
    bench.names = Names((*NAMES.hosts, "cong.example"), NAMES.addresses)
    assert bench.own.ready()


@pytest.mark.parametrize(
    "content", [b"", b"x" * 4000, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_damaged_one_is_made_anew_and_that_is_told(bench: Bench, content: bytes) -> None:
    bench.own.ready()
    before, _ = leaf(bench.own.path)
    bench.own.path.write_bytes(content)
    assert bench.own.ready()
    assert bench.own.trouble is not None
    assert leaf(bench.own.path)[0].key != before.key


def test_a_key_of_another_certificate_is_not_shown(bench: Bench, tmp_path: Path) -> None:
    bench.own.ready()
    other = Bench(tmp_path / "other")
    other.own.ready()
    key = other.own.path.read_bytes().partition(b"-----BEGIN CERTIFICATE")[0]
    bench.own.path.write_bytes(
        key + b"-----BEGIN CERTIFICATE" + bench.own.path.read_bytes().partition(b"-----BEGIN CERTIFICATE")[2]
    )
    assert bench.own.ready()
    assert bench.own.trouble is not None


def test_many_addresses_are_no_reason_to_make_it_again_and_again(bench: Bench) -> None:
    many = tuple(ip_address(f"10.0.{each // 250}.{each % 250}") for each in range(300))
    bench.names = Names(NAMES.hosts, many)
    assert bench.own.ready()
    assert not bench.own.ready()
    told = bench.read().extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert len(list(told)) == certificate.MOST


def test_fingerprints_are_the_ones_that_openssl_tells(bench: Bench) -> None:
    bench.own.ready()
    found, _ = leaf(bench.own.path)
    der = ssl.PEM_cert_to_DER_cert(bench.own.path.read_text().partition("-----END PRIVATE KEY-----\n")[2])
    assert found == Fingerprints.of(der)
    assert found.match(found.certificate.lower().replace(":", ""))
    assert found.match(f"sha256 Fingerprint={found.key}")
    assert not found.match(shown("0" * 64))


@given(st.text(max_size=80))
def test_what_is_no_fingerprint_is_refused(told: str) -> None:
    with pytest.raises(ValueError, match="fingerprint"):
        digits(told + "x")


def test_names_of_this_machine() -> None:
    names = host_names(["Cong.Example.", "192.0.2.1", "cổng.example", "", "[::1]"])
    assert {"localhost", "cong.example"} <= set(names)
    assert not [each for each in names if address_of(each) is not None or not each.isascii()]
    assert ip_address("127.0.0.1") in addresses()
    assert not [each for each in addresses() if each.is_link_local]

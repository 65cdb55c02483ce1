"""Signatures hold for one key, one purpose and one message; keys and points that hold for many are refused."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.seal.signing import (
    Known,
    PrivateKey,
    PublicKey,
    Revocation,
    Signature,
    Verdict,
    exact_base64,
    judged,
    message,
    sound,
    verifies,
)
from tests.engine.sealing import NOW, key

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = tuple[int, int]


def added(a: Point, b: Point) -> Point:
    """The law of edwards25519, written here anew: the product's list is not to be checked by itself."""
    (x, y), (u, v) = a, b
    t = D * x * u * y * v % P
    return (x * v + u * y) * pow(1 + t, -1, P) % P, (y * v + x * u) * pow(1 - t, -1, P) % P


def times(n: int, a: Point) -> Point:
    made: Point = (0, 1)
    for bit in bin(n)[2:]:
        made = added(made, made)
        made = added(made, a) if bit == "1" else made
    return made


def x_of(y: int) -> int | None:
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    return x if x * x % P == square else None


def spelled(point: Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def small() -> set[Point]:
    """All eight points of small order: L times any point."""
    found: set[Point] = set()
    for y in range(2, 60):
        if (x := x_of(y)) is not None:
            found.add(times(L, (x, y)))
    return found


def test_every_point_of_small_order_is_refused_in_every_spelling() -> None:
    points = small()
    assert len(points) == 8
    assert all(times(8, each) == (0, 1) for each in points)
    for point in points:
        for y in (point[1], point[1] + P):
            for sign in (0, 1):
                spelling = (y | sign << 255) if y < 1 << 255 else None
                if spelling is not None:
                    raw = spelling.to_bytes(32, "little")
                    assert not sound(raw)
                    with pytest.raises(ValueError, match="no sound"):
                        PublicKey(raw)


@given(st.integers(0, 18), st.booleans())
def test_a_second_spelling_of_a_point_is_refused(more: int, sign: bool) -> None:
    assert not sound((P + more | sign << 255).to_bytes(32, "little"))


@pytest.mark.parametrize("raw", [b"", bytes(31), b"\x09" * 33, bytes(32), b"\xff" * 32])
def test_what_has_not_32_sound_bytes_is_no_key(raw: bytes) -> None:
    assert not sound(raw)


def test_the_attack_with_a_small_key_works_on_the_library_and_not_on_us() -> None:
    """With the neutral element as key, R = [S]B holds for every message: one signature for everything."""
    neutral = spelled((0, 1))
    good = key(1).sign("head", b"x").value
    scalar = 7
    base = (x_of(4 * pow(5, -1, P) % P) or 0, 4 * pow(5, -1, P) % P)
    base = base if base[0] % 2 == 0 else (P - base[0], base[1])
    forged = spelled(times(scalar, base)) + scalar.to_bytes(32, "little")
    for text in (b"one", b"another"):
        Ed25519PublicKey.from_public_bytes(neutral).verify(forged, text)  # raises where it does not hold
    with pytest.raises(ValueError, match="no sound"):
        PublicKey(neutral)
    blind = object.__new__(PublicKey)
    object.__setattr__(blind, "raw", neutral)
    assert not verifies(key(2).public, "head", b"x", spelled((0, 1)) + good[32:])
    ring = {blind.id: Known(blind, NOW)}
    assert judged(Signature("0" * 64, forged), "head", b"one", ring) is Verdict.UNKNOWN_KEY


def test_a_number_in_a_second_spelling_is_refused() -> None:
    value = key(1).sign("head", b"x").value
    second = int.from_bytes(value[32:], "little") + L
    assert verifies(key(1).public, "head", b"x", value)
    assert not verifies(key(1).public, "head", b"x", value[:32] + second.to_bytes(32, "little"))


@settings(max_examples=50)
@given(st.binary(max_size=200), st.binary(min_size=32, max_size=32), st.data())
def test_a_signature_holds_for_its_bytes_its_purpose_and_its_key_alone(
    data: bytes, seed: bytes, draw: st.DataObject
) -> None:
    signer = PrivateKey(seed)
    made = signer.sign("head", data)
    assert made.key == signer.public.id
    assert verifies(signer.public, "head", data, made.value)
    assert not verifies(signer.public, "manifest", data, made.value)
    assert not verifies(signer.public, "head", data + b"\n", made.value)
    assert not verifies(key(9).public, "head", data, made.value)
    bad = bytearray(made.value)
    bad[draw.draw(st.integers(0, 63))] ^= 1 << draw.draw(st.integers(0, 7))
    assert not verifies(signer.public, "head", data, bytes(bad))
    assert not verifies(signer.public, "head", data, made.value[:-1])


def test_what_is_signed_begins_with_what_it_is_for() -> None:
    assert message("key-history", b"{}") == b"matthan-seal/1 key-history\n{}"
    for bad in ("", "Head", "head\n", "a b", "-a", "a-", "đầu"):
        with pytest.raises(ValueError, match="no purpose"):
            message(bad, b"")


def test_four_things_are_to_be_thought_of_a_signature() -> None:
    made = key(1).sign("head", b"x")
    known = Known(key(1).public, NOW)
    revoked = Known(key(1).public, NOW, Revocation("stolen", NOW, NOW + timedelta(1)))
    assert judged(made, "head", b"x", {made.key: known}) is Verdict.VALID
    assert judged(made, "head", b"x", {}) is Verdict.UNKNOWN_KEY
    assert judged(made, "head", b"x", {made.key: revoked}) is Verdict.REVOKED_KEY
    assert judged(made, "head", b"y", {made.key: revoked}) is Verdict.BAD
    assert judged(Signature(made.key, b""), "head", b"x", {made.key: known}) is Verdict.BAD


def test_a_ring_that_names_a_key_wrongly_vouches_for_nobody() -> None:
    made = key(2).sign("head", b"x")
    assert judged(made, "head", b"x", {made.key: Known(key(1).public, NOW)}) is Verdict.UNKNOWN_KEY


def test_openssl_reads_our_keys_as_we_do(tmp_path: Path) -> None:
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    private.write_bytes(key(1).pem)
    public.write_text(key(1).public.pem)
    told = subprocess.run(
        ["openssl", "pkey", "-in", private, "-pubout", "-outform", "DER"], check=True, capture_output=True
    )
    assert told.stdout == key(1).public.der
    assert sha256(told.stdout).hexdigest() == key(1).public.id
    again = subprocess.run(["openssl", "pkey", "-pubin", "-in", public], check=True, capture_output=True)
    assert again.stdout.decode() == key(1).public.pem
    assert PrivateKey.of_pem(key(1).pem).public == PublicKey.of_text(key(1).public.text) == key(1).public


def test_what_is_no_ed25519_key_in_clear_is_refused() -> None:
    good = key(1)._key
    behind = good.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password"))
    rsa = generate_private_key(65537, 2048)
    other = rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    whole = key(1).pem
    for bad in (
        behind,
        other,
        b"",
        b"x",
        whole[:60],
        whole.replace(b"MC", b"MD"),
        key(1).public.pem.encode(),
    ):
        with pytest.raises(ValueError):  # noqa: PT011 - whatever the library says
            PrivateKey.of_pem(bad)


def test_a_private_key_is_in_no_text() -> None:
    assert b64encode(bytes([1]) * 32).decode() not in repr(key(1))
    assert repr(key(1)) == f"PrivateKey of {key(1).public.id[:16]}"


@pytest.mark.parametrize("text", ["QQ", "QR==", "QQ== ", "Q Q==", "QQ=", "_-==", "QQ==\n"])
def test_base64_in_a_second_spelling_is_refused(text: str) -> None:
    assert exact_base64("QQ==") == b"A"
    with pytest.raises(ValueError):  # noqa: PT011 - binascii's words, or ours
        exact_base64(text)

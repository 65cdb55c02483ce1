"""A sealed document is opened for what it is, by whom it is, and unchanged; or it says that it is not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.seal.canonical_json import Json, NotIJson, written
from engine.seal.envelope import Opened, opened, sealed
from engine.seal.history import begun
from engine.seal.signing import Verdict
from tests.engine.sealing import NOW, key

RING = begun(key(1), NOW).ring
BODY: Json = {"site": "gate", "files": {"matthan.db": "00" * 32, "ảnh.jpg": "11" * 32}, "bytes": 5}


def test_it_is_opened_as_it_was_sealed() -> None:
    data = sealed(BODY, "backup", key(1))
    assert opened(data, "backup", RING) == Opened(BODY, Verdict.VALID, key(1).public.id)
    assert sealed(BODY, "backup", key(1)) == data
    assert json.loads(data)["purpose"] == "backup"


def test_what_was_sealed_for_something_else_is_not_opened() -> None:
    data = sealed(BODY, "backup", key(1))
    with pytest.raises(ValueError, match="not a document for evidence"):
        opened(data, "evidence", RING)
    renamed = written(json.loads(data) | {"purpose": "evidence"})
    assert opened(renamed, "evidence", RING).verdict is Verdict.BAD


def test_a_stranger_is_known_as_one() -> None:
    assert opened(sealed(BODY, "backup", key(2)), "backup", RING).verdict is Verdict.UNKNOWN_KEY


def test_a_document_of_a_revoked_key_says_so() -> None:
    after = (
        begun(key(1), NOW).followed(key(1), key(2), NOW).revoked(key(2), key(1).public.id, "stolen", NOW, NOW)
    )
    assert opened(sealed(BODY, "backup", key(1)), "backup", after.ring).verdict is Verdict.REVOKED_KEY


@settings(max_examples=400)
@given(st.data())
def test_no_flipped_bit_is_valid(data: st.DataObject) -> None:
    bad = bytearray(sealed(BODY, "backup", key(1)))
    bad[data.draw(st.integers(0, len(bad) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = opened(bytes(bad), "backup", RING)
    except ValueError:
        return
    assert found.verdict is not Verdict.VALID


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"body":1}', b"\xff"])
def test_what_is_no_document_is_none(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are for whoever looks into it
        opened(data, "backup", RING)


def test_what_cannot_be_told_is_not_sealed() -> None:
    with pytest.raises(NotIJson):
        sealed({"a": float("nan")}, "backup", key(1))

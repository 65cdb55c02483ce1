"""A signed record: whoever changes anything of it, or of its pictures, is found out, and it is said what."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

import pytest

from engine.commission.handover.signed_record import BadRecord, examined, is_signed, plain, signed
from engine.commission.handover.verification import verified
from engine.seal.canonical_json import written
from engine.seal.envelope import sealed
from tests.engine.recording import PICTURE, job
from tests.engine.sealing import key

TECHNICIAN = key(1)
DATA = signed(job(), TECHNICIAN)
FINGERPRINT = TECHNICIAN.public.id


def album(name: str) -> bytes | None:
    return PICTURE if name == "gate.jpg" else None


def codes(
    data: bytes, fingerprint: str = FINGERPRINT, album: Callable[[str], bytes | None] = album
) -> list[str]:
    return [
        each.code.removeprefix("commission_verify.") for each in verified(data, album, fingerprint).findings
    ]


def test_what_was_signed_is_whole() -> None:
    found = verified(DATA, album, FINGERPRINT)
    assert (found.good, found.findings, found.key) == (True, (), FINGERPRINT)
    assert found.job == job()
    assert signed(job(), TECHNICIAN) == DATA
    assert is_signed(DATA)
    assert not is_signed(job().model_dump_json().encode())


def test_a_fingerprint_is_taken_as_people_write_it() -> None:
    spelled = " ".join(FINGERPRINT[at : at + 4] for at in range(0, 64, 4)).upper()
    assert codes(DATA, spelled) == codes(DATA, FINGERPRINT[:8]) == []
    assert codes(DATA, FINGERPRINT[:7]) == ["other_key"]


def test_without_a_fingerprint_it_says_that_the_key_is_anybodys() -> None:
    found = verified(DATA, album)
    assert found.good
    assert [(each.code, each.grave) for each in found.findings] == [("commission_verify.unknown_key", False)]


def test_another_key_is_told() -> None:
    assert codes(signed(job(), key(2))) == ["other_key"]


def test_a_record_that_was_changed_is_told() -> None:
    assert codes(DATA.replace(b'"fail"', b'"pass"', 1)) == ["changed"]
    forged = json.loads(DATA)
    forged["signature"] = json.loads(signed(job(), key(2)))["signature"]
    assert "changed" in codes(written(forged))


def test_a_key_exchanged_in_the_body_is_told() -> None:
    forged = json.loads(DATA)
    forged["body"]["key"] = key(2).public.text
    assert set(codes(written(forged))) == {"changed", "other_key"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (DATA[:-20], "cut"),
        (DATA[: len(DATA) // 2], "cut"),
        (DATA.replace(b":", b"", 1), "damaged"),
        (DATA.replace(b'"gate"', b'"\xff\xfe"', 1), "damaged"),
        (DATA + b"\n", "respelled"),
        (json.dumps(json.loads(DATA), indent=1).encode(), "respelled"),
        (written({"a": 1}), "other"),
        (sealed({"format": "matthan-commissioning/1"}, "head", TECHNICIAN), "other"),
        (
            sealed(
                {"format": "x/2", "key": TECHNICIAN.public.text, "record": {}}, "commissioning", TECHNICIAN
            ),
            "newer",
        ),
        (
            sealed(
                {"format": "matthan-commissioning/1", "key": TECHNICIAN.public.text, "record": {"id": 1}},
                "commissioning",
                TECHNICIAN,
            ),
            "no_record",
        ),
    ],
)
def test_what_is_no_record_is_told_apart(data: bytes, code: str) -> None:
    assert codes(data) == [code]


def test_pictures_are_bound() -> None:
    assert codes(DATA, album=lambda name: None) == ["picture_missing"]
    assert codes(DATA, album=lambda name: PICTURE[:-1] + b"x") == ["picture_changed"]


def test_no_mutation_passes() -> None:
    random = Random(7)
    for _ in range(400):
        data = bytearray(DATA)
        at = random.randrange(len(data))
        match random.randrange(3):
            case 0:
                data[at] ^= 1 << random.randrange(8)
            case 1:
                del data[at : at + random.randrange(1, 50)]
            case _:
                data[at:at] = data[at : at + random.randrange(1, 50)] or b"x"
        assert not verified(bytes(data), album, FINGERPRINT).good


def test_a_plain_record_is_read_and_nonsense_is_not() -> None:
    assert plain(job().model_dump_json().encode()) == job()
    for data, code in ((b"{}", "no_record"), (b"[", "cut"), (b"", "empty"), (b"{x}", "damaged")):
        with pytest.raises(BadRecord) as caught:
            plain(data)
        assert caught.value.code == f"commission_verify.{code}"


def test_a_document_for_something_else_is_not_read() -> None:
    with pytest.raises(BadRecord):
        examined(sealed({"format": "matthan-commissioning/1"}, "backup-manifest", TECHNICIAN))

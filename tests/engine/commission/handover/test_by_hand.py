"""The steps by hand of docs/design/acceptance.md are run as they stand there: on a good record, and on spoiled ones."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from engine.commission.handover.signed_record import signed
from tests.engine.recording import PICTURE, job, lay
from tests.engine.sealing import key

PAGE = Path(__file__).parents[4] / "docs" / "design" / "acceptance.md"
STEPS = dict(
    re.findall(r"^\*\*(.+?)\*\*[^\n]*\n```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
)
MISSING = [each for each in ("openssl", "sha256sum", "base64") if shutil.which(each) is None]
pytestmark = [pytest.mark.peer, pytest.mark.skipif(bool(MISSING), reason=f"not installed: {MISSING}")]
TECHNICIAN = key(1)
VERIFIED = "Signature Verified Successfully"


@pytest.fixture
def handover(tmp_path: Path) -> Path:
    return lay(tmp_path, {"record.json": signed(job(), TECHNICIAN), "pictures/gate.jpg": PICTURE})


def step(name: str, folder: Path) -> str:
    (code,) = [code for title, code in STEPS.items() if title.startswith(name)]
    done = subprocess.run(["sh", "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_every_step_says_of_a_good_record_what_the_page_promises(handover: Path) -> None:
    assert step("The key", handover).split()[0] == TECHNICIAN.public.id
    assert step("The signature", handover).strip() == VERIFIED
    assert step("The pictures", handover) == "pictures/gate.jpg: OK\n"
    assert len(STEPS) == 3


def test_a_changed_record_does_not_verify(handover: Path) -> None:
    path = handover / "record.json"
    path.write_bytes(path.read_bytes().replace(b'"fail"', b'"pass"', 1))
    step("The key", handover)
    assert VERIFIED not in step("The signature", handover)


def test_another_key_is_seen_by_its_fingerprint(handover: Path) -> None:
    (handover / "record.json").write_bytes(signed(job(), key(2)))
    assert step("The key", handover).split()[0] != TECHNICIAN.public.id
    assert VERIFIED in step("The signature", handover)


def test_a_changed_picture_is_told(handover: Path) -> None:
    (handover / "pictures" / "gate.jpg").write_bytes(PICTURE + b"x")
    assert "pictures/gate.jpg: FAILED" in step("The pictures", handover)

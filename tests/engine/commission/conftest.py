"""What kills programs."""

from __future__ import annotations

import pytest

from engine.commission.keeping.journal import Journal
from engine.commission.login.secret_files import SecretFiles
from engine.commission.work.adoption import Adoption
from tests.engine.commission.killing import Reaper


@pytest.fixture
def reaper(monkeypatch: pytest.MonkeyPatch) -> Reaper:
    found = Reaper()
    for owner, name in (
        (Journal, "_write"), (SecretFiles, "keep"), (SecretFiles, "settle"), (SecretFiles, "drop"), (Adoption, "_once"),
    ):  # fmt: skip
        monkeypatch.setattr(owner, name, found.around(getattr(owner, name)))
    return found

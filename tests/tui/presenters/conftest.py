"""What the terminal knows of the village, and English words for it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.engine import FakeEngine
from tui.model.model import Model
from tui.texts import Texts


@pytest.fixture
def model(engine: FakeEngine, count: Any) -> Model:
    model = Model(count)
    model.apply(engine.state())
    return model


@pytest.fixture
def t() -> Texts:
    return Texts("en")

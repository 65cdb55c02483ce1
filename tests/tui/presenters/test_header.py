"""The lines above every screen."""

from __future__ import annotations

import pytest

from engine.api import wire
from tests.fakes.engine import FakeEngine
from tui.model.model import Model
from tui.presenters import header
from tui.texts import Texts


def told(state: wire.State) -> Model:
    model = Model(lambda: 0.0)
    model.apply(state)
    return model


@pytest.mark.parametrize("width", [30, 40, 50, 60, 78, 198])
@pytest.mark.parametrize("site", ["Xã", "Uỷ ban nhân dân xã Gia Đông, huyện Thuận Thành"])
def test_the_page_is_always_named(engine: FakeEngine, width: int, site: str) -> None:
    engine.figures = engine.figures.model_copy(update={"title": site})
    model = told(engine.state())
    left, right = header.title_line(model, Texts("vi"), "Cổng UBND xã", width)
    assert "Cổng UBND xã" in left.plain
    assert left.cell_len + right.cell_len <= width
    if "CPU" in right.plain:
        assert site in left.plain  # figures give way first

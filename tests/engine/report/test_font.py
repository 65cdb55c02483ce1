"""The letters are there: every Vietnamese one in both weights, under a licence that lets us hand them on."""

from __future__ import annotations

from importlib.resources import files
from io import BytesIO

import pytest
from reportlab.pdfbase.ttfonts import TTFont

from engine.report import font
from tests.engine.reporting import VIETNAMESE


@pytest.mark.parametrize("data", [font.regular(), font.bold()], ids=["regular", "bold"])
def test_it_has_every_vietnamese_letter(data: bytes) -> None:
    found = TTFont("tried", BytesIO(data)).face
    assert [each for each in VIETNAMESE + "“”‘’–—…·₫°×≤≥" if ord(each) not in found.charToGlyph] == []
    assert min(found.charWidths[ord(each)] for each in VIETNAMESE) > 100
    assert len({found.charToGlyph[ord(each)] for each in VIETNAMESE}) == len(VIETNAMESE)


def test_its_licence_is_the_open_font_licence() -> None:
    told = (files("font_source_sans_pro") / "files" / "LICENSE.txt").read_text("utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in told

"""Reports for tests: one with everything in it, and texts that somebody means ill with."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta, timezone
from io import BytesIO

import pytest
from PIL import Image, ImageDraw

from engine.report.model import (
    Column,
    Footer,
    KeyValues,
    Paragraph,
    Part,
    Picture,
    Report,
    Section,
    Signatory,
    Table,
    Tone,
)
from engine.text import Language

AT = datetime(2026, 3, 2, 5, 30, tzinfo=timezone(timedelta(hours=7)))
#: Every letter of Vietnamese.
VIETNAMESE = "bcdđghklmnpqrstvxBCDĐGHKLMNPQRSTVX" + "".join(
    unicodedata.normalize("NFC", vowel + tone)
    for vowel in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
    for tone in ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
)
HOSTILE = (
    "<script>alert(1)</script>", "</style><img src=http://192.0.2.1/x onerror=alert(1)>", "&amp;<b>",
    "'\"><svg/onload=x>",
    "]]>", "<font color='__import__(\"os\")'>", "<para>", "%PDF-1.4 (\\)", "\u202egnirts", "\u2066\u2069\u200f",
    "\x00\x1b[2J",
    "\x85\u2028\u2029", "\ud800", "\ufeff", "🙂 中文 العربية", "e\u0302\u0323", "a" + "\u0301" * 50, "x" * 10_000,
    "\n" * 500, "", " ", "{site} {", "{0}", "%s",
)  # fmt: skip


def jpeg(width: int = 320, height: int = 240, kind: str = "JPEG", **named: object) -> bytes:
    picture = Image.new("RGB", (width, height), (90, 110, 130))
    ImageDraw.Draw(picture).rectangle((10, 10, width // 2, height // 2), outline=(255, 0, 0), width=3)
    made = BytesIO()
    picture.save(made, kind, **named)
    return made.getvalue()


def of(*parts: Part, language: Language = "vi", title: str = "Biên bản", heading: str = "Mục") -> Report:
    return Report(title, "Tân Lập", AT, language, sections=(Section(heading, parts),))


def whole(language: Language) -> Report:
    columns = (Column("Thời điểm"), Column("Việc", 3), Column("Giây", 0.5, figures=True))
    many = [Column(f"Cột {n}") for n in range(8)]
    more = [Column(f"Mục {n}") for n in range(14)]
    return Report(
        "Biên bản ca trực",
        "Xã Tân Lập",
        AT,
        language,
        "Từ 18:00 đến 06:00",
        (
            Section("Tóm tắt", [Paragraph(VIETNAMESE), *(Paragraph(f"Câu\n{tone}", tone) for tone in Tone)]),
            Section("Số liệu", [KeyValues([("Trực ban", "Nguyễn Văn Ưởng"), ("Máy quay", "24")])]),
            Section(
                "Cảnh báo",
                [Table(columns, [(f"22:{n:02}", "Người lạ", str(n)) for n in range(60)], "Bảng 1")],
            ),
            Section("Ảnh", [Picture(jpeg(), "Cổng chính"), Picture(b"none", "ảnh hỏng")]),
            Section(
                "Rộng",
                [Table(many, [["ô"] * 8] * 3), Table(more, [["giá trị"] * 14] * 2), Table(columns, [])],
            ),
            Section("Trống"),
        ),
        (Signatory("Người trực", "Nguyễn Văn Ưởng"), Signatory("Chỉ huy")),
        Footer("ab" * 32, "cd" * 32),
    )


@pytest.fixture(params=["vi", "en"])
def report(request: pytest.FixtureRequest) -> Report:
    """A report with everything in it, in each language."""
    return whole(request.param)

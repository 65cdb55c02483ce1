"""A sheet to begin with: remarks that say what the columns mean, and two rows."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from engine.commission.sheet.reading import WORKBOOKS, YAMLS
from engine.config import spelling
from engine.text import Language, render

_COLUMNS = ("id", "name", "host", "mac", "serial", "source", "username", "password", "place", "note")
_VIETNAMESE = {
    "name": "tên", "host": "địa chỉ", "serial": "số sê-ri", "source": "kênh", "username": "tài khoản",
    "password": "mật khẩu", "place": "vị trí", "note": "ghi chú",
}  # fmt: skip
#: Addresses of documentation (RFC 5737), so that a sample that is run finds nobody.
_ROWS = (
    {"id": "cong-ubnd", "name": "Cổng UBND", "host": "192.0.2.11", "place": "Cột 1, cao 4 m"},
    {
        "id": "nha-van-hoa", "name": "Nhà văn hóa", "host": "192.0.2.20", "source": "VideoSource_2",
        "username": "matthan", "password": "file:secrets/nha-van-hoa", "note": "đầu ghi 4 kênh",
    },
)  # fmt: skip


def sample(path: Path, language: Language) -> bytes:
    """Return a sheet of the kind that a file's ending names; CSV where it names none."""
    remarks = [render("sheet.sample", {}, language), *_remarks(language)]
    kind = path.suffix.lower()
    if kind in WORKBOOKS:
        from engine.commission.sheet.workbook import written_workbook

        return written_workbook(remarks, [_headings(language), *_cells()])
    return _yaml(remarks) if kind in YAMLS else _csv(remarks, language)


def _remarks(language: Language) -> list[str]:
    return [
        render(code, {}, language) for code in ("sheet.about_place", "sheet.about_login", "sheet.about_other")
    ]


def _headings(language: Language) -> list[str]:
    return [_VIETNAMESE.get(key, key) if language == "vi" else key for key in _COLUMNS]


def _cells() -> list[list[str]]:
    return [[row.get(key, "") for key in _COLUMNS] for row in _ROWS]


def _csv(remarks: list[str], language: Language) -> bytes:
    """Return CSV with the mark by which Excel knows UTF-8."""
    text = io.StringIO()
    csv.writer(text).writerows([_headings(language), *_cells()])
    return ("\ufeff" + "".join(f"# {each}\r\n" for each in remarks) + text.getvalue()).encode()


def _yaml(remarks: list[str]) -> bytes:
    head = "".join(f"# {each}\n" for each in remarks)
    return f"{head}{spelling.key('cameras', [dict(row) for row in _ROWS], 0)}\n".encode()

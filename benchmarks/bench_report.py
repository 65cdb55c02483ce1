"""What reports cost: CPU seconds and bytes of each rendering, and its ratio to drawing a page of text alone.

``python benchmarks/bench_report.py [--json]``: docs/design/report.md, "Measured".
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO

from PIL import Image

from engine.report.html import as_html
from engine.report.model import Column, Paragraph, Part, Picture, Report, Section, Table
from engine.report.pdf import as_pdf

CELL = "Người lạ ở sân sau quá 30 giây"


def report(*parts: Part) -> Report:
    return Report(
        "Báo cáo", "Tân Lập", datetime(2026, 3, 2, tzinfo=UTC), "vi", sections=(Section("Mục", parts),)
    )


def table(columns: int, rows: int, first: str = CELL) -> Table:
    named = [Column(f"Cột {n}") for n in range(columns)]
    return Table(named, [[first, *[CELL] * (columns - 1)]] * rows)


def jpeg(side: int) -> bytes:
    made = BytesIO()
    Image.effect_noise((side, side), 90).convert("RGB").save(made, "JPEG", quality=97)
    return made.getvalue()


def cases() -> dict[str, Report]:
    return {
        "a page of text": report(Paragraph(CELL * 40)),
        "5,000 rows of 4 columns": report(table(4, 5000)),
        "5,000 rows of 10 columns": report(table(10, 5000)),
        "5,000 rows of 12 columns, row by row": report(table(12, 5000)),
        "100 rows with 10,000 signs in a cell": report(table(10, 100, "x" * 10_000)),
        "a paragraph of 100,000 signs": report(Paragraph("x" * 100_000)),
        "a JPEG of 49 megapixels": report(Picture(jpeg(7000), "ảnh")),
    }


def spent(draw: Callable[[Report], bytes], what: Report) -> tuple[float, int]:
    began = time.process_time()
    size = len(draw(what))
    return time.process_time() - began, size


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    asked = parser.parse_args()
    found: dict[str, dict[str, float]] = {}
    for draw in (as_html, as_pdf):
        draw(report(Paragraph("warm")))
        one = 0.0
        figures = found[f"{draw.__name__}_cpu_s"] = {}
        for name, what in cases().items():
            seconds, size = spent(draw, what)
            one = one or seconds
            figures[name] = round(seconds, 3)
            if asked.json:
                continue
            print(f"{draw.__name__}  {name:<38} {seconds:8.3f} s {size / 1e6:7.2f} MB {seconds / one:8.1f} x")
    if asked.json:
        print(json.dumps({"bench": "report", **found}))


if __name__ == "__main__":
    main()

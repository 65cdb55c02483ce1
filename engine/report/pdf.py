"""A report as PDF. Blocking, and dear: a thread's business. What draws it is imported when one is asked for."""

from __future__ import annotations

from threading import Lock

from engine.report.model import Report

#: The library keeps what it knows of letters for the whole program: one report at a time.
_ONE = Lock()


def as_pdf(report: Report) -> bytes:
    """Return a report as PDF with its letters in it; the same report gives the same bytes."""
    from engine.report.paper import built

    with _ONE:
        return built(report)

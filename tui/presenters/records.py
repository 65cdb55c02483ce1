"""Records of the audit log as table rows, and everything that is known of one. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.api.resources.audit import Record
from tui.model.model import Model
from tui.presenters import describe
from tui.render.columns import Cell, Column, Row
from tui.texts import Texts, clean, fold

RECORDS: Final = (
    Column("time", 14, "column.time"),
    Column("mark", 1),
    Column("who", 12, "column.who", weight=2, most=30),
    Column("what", 22, "column.deed", weight=3),
    Column("camera", 12, "column.camera", weight=2, most=30),
    Column("basis", 10, "column.basis", weight=1, most=20, least=100),
    Column("address", 15, "column.address", least=115),
)
#: How it ended: a mark and its tone.
_ENDED: Final = {"done": ("·", "dim"), "refused": ("✖", "bad"), "failed": ("!", "warn")}
_WORDS: Final = {"refused": "audit.refused", "failed": "audit.failed"}


def record_row(record: Record, model: Model, t: Texts) -> Row:
    """Return a record as a row; what somebody tried and may not stands out."""
    mark, tone = _ENDED.get(record.outcome, ("?", "warn"))
    plain = "text" if tone == "dim" else tone
    return Row(
        {
            "time": Cell(describe.clock(record.at, model, date=True), "dim"),
            "mark": Cell(mark, tone),
            "who": Cell(who(record, t), "bright"),
            "what": Cell(deed(record, t), plain),
            "camera": Cell(clean(model.name(record.camera)) if record.camera else "", "text"),
            "basis": Cell(clean(record.basis), "dim"),
            "address": Cell(clean(record.address), "dim"),
        }
    )


def who(record: Record, t: Texts) -> str:
    """Return whose deed it was: by their name, else by what is known."""
    if not record.told:
        return "–"
    return clean(record.name or record.who) or t(
        "audit.engine" if record.principal == "engine" else "audit.stranger"
    )


def deed(record: Record, t: Texts) -> str:
    """Return how it ended where it was not done, what was done, how often."""
    words = describe.sentence(record.said, t)
    if (ended := _WORDS.get(record.outcome)) is not None:
        words = f"{t(ended)}: {words}"
    return f"{words} {t('audit.times', n=t.number(record.times))}" if record.times > 1 else words


def text_of(record: Record, model: Model, t: Texts) -> str:
    """Return all words of a record, for searching."""
    where = f"{record.camera} {model.name(record.camera)}" if record.camera else ""
    about = " ".join(f"{name} {value}" for name, value in record.about.items())
    parts = (
        who(record, t),
        record.who,
        record.deed,
        deed(record, t),
        where,
        record.basis,
        record.address,
        record.why,
    )
    return fold(" ".join((*parts, describe.sentence(record.because, t), about)))


def headline(record: Record, t: Texts) -> tuple[str, str]:
    """Return what stands above the details, and its tone."""
    return f"{who(record, t)}: {deed(record, t)}", _ENDED.get(record.outcome, ("?", "warn"))[1]


def details(record: Record, model: Model, t: Texts) -> Iterator[tuple[str, str]]:
    """Yield everything that is known of a record as (name, value), what matters first."""
    yield t("detail.at"), record.at.astimezone(model.zone()).strftime("%d/%m/%Y %H:%M:%S")
    if not record.told:
        yield t("audit.who"), t("audit.gone")
    for name, value in _person(record, model, t):
        if value:
            yield t(name), value
    for name, told in record.about.items():
        yield t("audit.about"), f"{clean(name)} = {clean(str(told))}"
    yield t("detail.id"), f"{t.number(record.nth)} ({clean(record.id)})"


def _person(record: Record, model: Model, t: Texts) -> Iterator[tuple[str, str]]:
    yield "audit.who", " · ".join(dict.fromkeys(clean(each) for each in (record.name, record.who) if each))
    yield (
        "detail.camera",
        f"{clean(model.name(record.camera))} ({clean(record.camera)})" if record.camera else "",
    )
    yield "audit.basis", clean(record.basis)
    yield "audit.why", clean(record.why)
    yield "audit.because", describe.sentence(record.because, t)
    yield "audit.address", clean(record.address)
    yield "audit.means", " · ".join(clean(each) for each in (record.principal, record.means) if each)

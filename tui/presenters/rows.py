"""Cameras, events and decisions as table rows. Pure."""

from __future__ import annotations

from typing import Final

from engine.api import wire
from tui.model.log import Entry
from tui.model.model import Model
from tui.model.rules import RuleState, rule_state
from tui.presenters import describe
from tui.presenters.symbols import RULE_STATES, UNKNOWN, severity
from tui.render.columns import Cell, Column, Row
from tui.texts import Texts, clean

FLEET: Final = (
    Column("state", 13, "column.state"),
    Column("name", 14, "column.name", weight=3, most=40),
    Column("rate", 9, "column.rate", right=True),
    Column("motion", describe.BAR, "column.motion"),
    Column("objects", 12, "column.objects", weight=3),
    Column("address", 21, "column.address", least=110),
    Column("model", 16, "column.model", weight=1, most=30, least=130),
    Column("kind", 11, "column.last_kind", least=100),
    Column("last", 7, "column.last", right=True),
)
LOG: Final = (
    Column("time", 8, "column.time"),
    Column("mark", 1),
    Column("kind", 12, "column.kind", least=100),
    Column("camera", 14, "column.camera", weight=1, most=30),
    Column("what", 20, "column.what", weight=5),
)
#: What was found may be of any day.
FOUND: Final = (Column("time", 14, "column.time"), *LOG[1:])
#: What is in trouble stands out; what is switched off steps back.
_NAMES: Final = {wire.CameraState.ONLINE: "text", wire.CameraState.DISABLED: "dim"}
RULES: Final = (
    Column("state", 12, "column.state"),
    Column("mark", 1),
    Column("rule", 13, "column.rule", weight=2, most=40),
    Column("title", 16, "column.title", weight=3),
    Column("active", 7, "column.active", right=True),
    Column("last", 7, "column.last", right=True),
    Column("fired", 7, "column.fired", right=True, least=100),
    Column("visits", 9, "column.visits", right=True),
    Column("rows", 13, "column.rows", right=True, least=120),
    Column("evicted", 8, "column.evicted", right=True, least=120),
)
HISTORY: Final = tuple(column for column in LOG if column.name != "camera")


def camera_row(camera: wire.Camera, model: Model, t: Texts) -> Row:
    """Return a camera as a row: its figures while it is online, else why it is not."""
    words, tone = describe.state(camera, t, known=model.known)
    online = camera.state is wire.CameraState.ONLINE
    named = _NAMES.get(camera.state, "bright") if model.known else "dim"
    cells = {
        "state": Cell(words, tone),
        "name": Cell(describe.watched_mark(camera) + clean(camera.name or camera.id), named),
        "address": Cell(clean(camera.address), "dim"),
        "model": Cell(clean(camera.model), "dim"),
        "kind": Cell(t.find(f"kind.{camera.last_event_kind}", clean(camera.last_event_kind)), "dim"),
        "last": Cell(t.age(model.ago(camera.last_event)), "dim"),
    }
    if not online:
        return Row(
            cells, ("rate", "objects", Cell(_why(camera, model, t), "dim" if tone == "dim" else "text"))
        )
    if not model.known:  # figures of then are none of now
        return Row(cells)
    cells["rate"] = Cell(describe.rate(camera, t), "text" if camera.fps > 0 else "warn")
    cells["motion"] = motion_bar(camera)
    cells["objects"] = Cell(describe.objects(camera, t), "blue")
    return Row(cells)


def motion_bar(camera: wire.Camera) -> Cell:
    """Return the motion bar; thick against thin, so that it reads without colour."""
    lit = describe.motion_cells(camera.motion)
    return Cell("━" * lit + "┈" * (describe.BAR - lit), "warn" if lit else "faint")


def _why(camera: wire.Camera, model: Model, t: Texts) -> str:
    age = t.age(model.ago(camera.since))
    reason = describe.sentence(camera.reason, t)
    return f"{age} · {reason}" if reason else age


def entry_row(entry: Entry, model: Model, t: Texts, *, over: bool = False) -> Row:
    """Return an event or a decision as a row; decisions carry the tone of their severity.

    Args:
        over: It no longer fires, and stands among what does until the list is taken anew.
    """
    symbol, tone = ("✓", "dim") if over else describe.mark(entry)
    decision = isinstance(entry, wire.Decision)
    words = f"{describe.standing(entry, model, t, over=over)} {describe.entry_words(entry, t)}".lstrip()
    return Row(
        {
            "time": Cell(describe.clock(entry.at, model), "dim"),
            "mark": Cell(symbol, tone),
            "kind": Cell(describe.kind(entry, t), tone if decision else "dim"),
            "camera": Cell(clean(model.name(entry.camera)), "bright" if decision else "text"),
            "what": Cell(words, tone if decision else "text"),
        },
        ground=ground(entry) if model.waits(entry) else "",
    )


def ground(entry: Entry) -> str:
    """Return on which ground an alert stands that wants a person; what is for information has none."""
    named = entry.severity if isinstance(entry, wire.Decision) else ""
    return named if named in ("warning", "critical") else ""


def found_row(entry: Entry, model: Model, t: Texts) -> Row:
    """Return an entry that was found as a row, with its date."""
    row = entry_row(entry, model, t)
    cells = {**row.cells, "time": Cell(describe.clock(entry.at, model, date=True), "dim")}
    return Row(cells, ground=row.ground)


def rule_row(rule: wire.Rule, model: Model, t: Texts) -> Row:
    """Return a rule as a row: its figures while it is healthy, else what it raised."""
    if not model.known:
        return _unknown_rule(rule, t)
    now = rule_state(rule)
    symbol, tone = RULE_STATES[now]
    sign, worst = severity(rule.severity)
    cells = {
        "state": Cell(f"{symbol} {t(f'rule.{now}')}", worst if now is RuleState.FIRING else tone),
        "mark": Cell(sign, worst),
        "rule": Cell(clean(rule.name), "text" if now is RuleState.QUIET else "bright"),
        "title": Cell(describe.rule_title(rule, t), "dim" if now is RuleState.QUIET else "text"),
    }
    if now is RuleState.FAILED:
        why = f"{t.age(model.ago(rule.failed))} · {clean(rule.error)}"
        return Row(cells, ("active", "visits", Cell(why, "bad")))
    cells |= {
        "active": Cell(
            f"{t.number(rule.firing)}/{t.number(rule.pending)}", _lit(rule.firing or rule.pending)
        ),
        "last": Cell(t.age(model.ago(rule.last_fired)), "dim"),
        "fired": Cell(describe.count(rule.fired, t), "dim"),
        "visits": Cell(describe.count(rule.visits, t), "dim"),
        "rows": Cell(f"{t.number(rule.rows)}/{t.number(rule.limit)}", "dim"),
        "evicted": Cell(describe.count(rule.evicted, t), "warn" if rule.evicted else "dim"),
    }
    return Row(cells)


def _unknown_rule(rule: wire.Rule, t: Texts) -> Row:
    """Return a rule of which nobody knows how it does."""
    symbol, tone = UNKNOWN
    told = {
        "state": f"{symbol} {t('state.unknown')}",
        "rule": clean(rule.name),
        "title": describe.rule_title(rule, t),
    }
    return Row({name: Cell(words, tone) for name, words in told.items()})


def _lit(active: object) -> str:
    return "text" if active else "faint"

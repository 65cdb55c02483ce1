"""How cameras, events and decisions read: wire types to words, in the language chosen. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from engine.api import wire
from tui.model.log import Entry, EventLog
from tui.model.model import Model
from tui.presenters.symbols import CAMERA_STATES, CONDITIONS, TROUBLED, UNKNOWN, severity
from tui.texts import Texts, clean

#: Cells of the motion bar.
BAR = 6
#: Somebody watches.
WATCHED = "◉"


def watched_mark(camera: wire.Camera) -> str:
    """Return the sign of a camera that somebody watches, with how many they are; nothing where nobody does."""
    return f"{WATCHED}{len(camera.watched)} " if camera.watched else ""


def watchers(camera: wire.Camera, model: Model) -> str:
    """Return who watches a camera, and since when."""
    return ", ".join(f"{clean(each.name)} ({clock(each.since, model)})" for each in camera.watched)


def sentence(text: wire.Sentence | None, texts: Texts) -> str:
    """Return a sentence of the engine in this language; its code where it has no words."""
    if text is None:
        return ""
    told = text.vi if texts.language == "vi" else text.en
    return clean(told or text.vi or text.en or text.code)


def title(decision: wire.Decision, texts: Texts) -> str:
    """Return a decision's title in this language, else in another one, else the rule's name."""
    told = decision.title.get(texts.language) or next(iter(decision.title.values()), "")
    return clean(told or decision.rule)


def rule_title(rule: wire.Rule, texts: Texts) -> str:
    """Return a rule's title in this language, else in another one; marked where it is only tried out."""
    told = clean(rule.title.get(texts.language) or next(iter(rule.title.values()), ""))
    return f"{texts('acknowledge.dry_run')} {told}".rstrip() if rule.dry_run else told


def count(number: int, texts: Texts) -> str:
    """Return a count in at most nine cells: from ten millions on in millions."""
    if number < 10_000_000:
        return texts.number(number)
    return texts("number.millions", n=texts.number(number / 1e6, 1))


def state(camera: wire.Camera, texts: Texts, *, known: bool = True) -> tuple[str, str]:
    """Return how a camera is, with its symbol, and the tone: of one that is online, what is the matter with it.

    Args:
        known: Whether an engine is there to tell.
    """
    if not known:
        return f"{UNKNOWN[0]} {texts('state.unknown')}", UNKNOWN[1]
    symbol, tone = CAMERA_STATES[camera.state]
    words = texts(f"state.{camera.state}")
    if camera.state is wire.CameraState.ONLINE and camera.troubles:
        (symbol, tone), words = TROUBLED, condition(camera.troubles[0].label, texts)
    return f"{symbol} {words}", tone


def condition(label: str, texts: Texts) -> str:
    """Return what is the matter with a camera in a word or two."""
    return texts.find(f"condition.{label}", clean(label))


def objects(camera: wire.Camera, texts: Texts) -> str:
    """Return what a camera sees now, and how many more may be there: ``2 người, 1 xe máy (+1 ?)``."""
    seen = [track for track in camera.tracks if track.state is not wire.TrackState.UNKNOWN]
    more = len(camera.tracks) - len(seen)
    words = texts.labels(Counter(track.label for track in seen))
    return f"{words} (+{more} {UNKNOWN[0]})".lstrip() if more else words


def rate(camera: wire.Camera, texts: Texts) -> str:
    """Return analysed and received pictures per second."""
    return f"{texts.number(camera.fps, 1)}/{texts.number(camera.stream_fps, 1)}"


def motion_cells(share: float, cells: int = BAR) -> int:
    """Return how many cells of a bar are lit: a square-root scale, and one as soon as anything moves."""
    if share <= 0 or math.isnan(share):
        return 0
    return max(1, min(cells, round(math.sqrt(min(share, 1.0)) * cells)))


def _happened(event: wire.Event) -> str:
    """Return what happened to something: whom nobody could look for is not gone, nor is it new when found again."""
    marks = (
        mark for mark in ("unknown", "again") if event.kind == "object" and event.facts.get(mark) is True
    )
    return next(marks, event.change)


def event_words(event: wire.Event, texts: Texts) -> str:
    """Return an event as a sentence, with its score and zones."""
    label = texts.label(event.label) or clean(event.subject)
    kind = texts.find(f"kind.{event.kind}", clean(event.kind))
    other = texts("event.other", kind=kind, change=clean(event.change))
    about: str = event.kind
    if event.kind == "camera" and event.label in CONDITIONS:  # beside its state: it did not come or go
        about, label = "condition", condition(event.label, texts)
    words = texts.find(f"event.{about}_{_happened(event)}", other).replace("{label}", label)
    if event.score is not None:
        words += f" ({texts.number(event.score * 100)} %)"
    if event.zones:
        words += texts("event.zones", zones=clean(", ".join(event.zones)))
    return words[:1].upper() + words[1:]


def decision_words(decision: wire.Decision, texts: Texts) -> str:
    """Return a decision as title and reason."""
    head, reason = title(decision, texts), sentence(decision.reason, texts)
    if decision.phase != "firing":
        head += f" ({texts.find(f'phase.{decision.phase}', clean(decision.phase))})"
    elif reason.casefold().startswith(head.casefold()):  # "Motion: motion" says it twice
        head, reason = reason[:1].upper() + reason[1:], ""
    if decision.acknowledged is not None:
        head = f"[{acknowledger(decision.acknowledged)}] {head}"
    if decision.dry_run:
        head = f"{texts('acknowledge.dry_run')} {head}"
    return f"{head}: {reason}" if reason else head


def acknowledger(acknowledgement: wire.Acknowledgement) -> str:
    """Return who takes care of a decision."""
    return clean(acknowledgement.by) or "?"


def entry_words(entry: Entry, texts: Texts) -> str:
    """Return what an entry says, in one line."""
    return decision_words(entry, texts) if isinstance(entry, wire.Decision) else event_words(entry, texts)


def headline(entry: Entry, texts: Texts) -> str:
    """Return an entry in few words; a decision's reason is a detail."""
    return title(entry, texts) if isinstance(entry, wire.Decision) else event_words(entry, texts)


def mark(entry: Entry) -> tuple[str, str]:
    """Return an entry's symbol and tone; a plain event has none."""
    if isinstance(entry, wire.Event):
        return " ", "text"
    symbol, tone = severity(entry.severity)
    return ("✓", "dim") if entry.phase == "resolved" else (symbol, tone)


def standing(entry: Entry, model: Model, texts: Texts, *, over: bool = False) -> str:
    """Return how an alert stands, in capitals where a person is wanted; empty: nobody is."""
    alert = model.alert(entry)
    if over or alert is None or not alert.waits:
        return texts("acknowledge.gone") if over else ""
    return texts("acknowledge.open" if alert.ended is None else "acknowledge.unseen")


def kind(entry: Entry, texts: Texts) -> str:
    """Return what sort of entry it is; a decision by its severity."""
    if isinstance(entry, wire.Decision):
        return texts.find(f"severity.{entry.severity}", clean(entry.severity))
    return texts.find(f"kind.{entry.kind}", clean(entry.kind))


def clock(moment: datetime, model: Model, *, date: bool = False) -> str:
    """Return a moment in the site's time zone; with the date where it is not today or when asked."""
    local, today = moment.astimezone(model.zone()), model.now().astimezone(model.zone()).date()
    told = local.strftime("%H:%M:%S")
    return told if local.date() == today and not date else f"{local.strftime('%d/%m')} {told}"


def clock_with_age(moment: datetime, model: Model, texts: Texts) -> str:
    """Return a moment of today with its age, one of another day with its date; narrow."""
    local = moment.astimezone(model.zone())
    if local.date() == model.now().astimezone(model.zone()).date():
        return f"{local.strftime('%H:%M:%S')} ({texts.age(model.ago(moment))})"
    return local.strftime("%d/%m/%Y %H:%M")


def details(entry: Entry, model: Model, texts: Texts) -> Iterator[tuple[str, str]]:
    """Yield every known field of an entry as (name, value), what matters first."""
    yield texts("detail.at"), clock(entry.at, model, date=True)
    if entry.camera:
        yield texts("detail.camera"), f"{clean(model.name(entry.camera))} ({clean(entry.camera)})"
    if isinstance(entry, wire.Decision):
        yield from _decision_details(entry, model, texts)
    else:
        yield from _event_details(entry, texts)
    yield texts("detail.id"), clean(entry.id)


def _decision_details(decision: wire.Decision, model: Model, texts: Texts) -> Iterator[tuple[str, str]]:
    alert = model.alerts.get(decision.id)
    stands = "resolved" if alert is not None and alert.ended is not None else decision.phase
    phase = texts.find(f"phase.{stands}", clean(stands))
    yield texts("detail.severity"), f"{kind(decision, texts)}, {phase}"
    if decision.id in model.alerts or decision.acknowledged is not None:
        yield texts("detail.acknowledged"), _acknowledged(decision, model, texts)
    yield texts("detail.why"), sentence(decision.reason, texts)
    message = decision.message.get(texts.language) or next(iter(decision.message.values()), "")
    if message:
        yield texts("detail.message"), clean(message)
    todo = decision.what_to_do.get(texts.language) or next(iter(decision.what_to_do.values()), "")
    if todo:
        yield texts("detail.what_to_do"), clean(todo)
    if alert is not None and alert.escalated is not None:
        yield texts("detail.escalated"), clock(alert.escalated, model, date=True)
    if alert is not None and alert.ended is not None:
        yield texts("detail.ended"), texts("acknowledge.ended", at=clock(alert.ended, model, date=True))
    yield texts("detail.since"), clock(decision.since, model, date=True)
    for line in _actions(decision, model.log, texts):
        yield texts("detail.actions"), line
    yield texts("detail.rule"), clean(decision.rule)
    yield texts("detail.key"), clean(decision.key)
    if decision.dedup:
        yield texts("detail.dedup"), clean(decision.dedup)
    yield texts("detail.cause"), clean(decision.cause)


def _acknowledged(decision: wire.Decision, model: Model, texts: Texts) -> str:
    told = decision.acknowledged
    if told is None:
        return texts("acknowledge.dry" if decision.dry_run else "acknowledge.nobody")
    note = f": {clean(told.note)}" if told.note else ""
    return texts("acknowledge.taken", by=acknowledger(told), at=clock(told.at, model)) + note


def _actions(decision: wire.Decision, log: EventLog, texts: Texts) -> Iterator[str]:
    told = {delivery.action: delivery for delivery in log.deliveries(decision.id)}
    for name in dict.fromkeys((*decision.actions, *told)):
        delivery = told.get(name)
        if delivery is None:
            yield clean(name)  # nothing was told since this UI runs: say no more than is known
        else:
            yield texts(
                f"delivery.{delivery.state}",
                action=clean(name),
                attempts=delivery.attempts,
                detail=clean(delivery.detail),
            ).rstrip()


def fact(name: str, value: wire.Fact, texts: Texts) -> tuple[str, str]:
    """Return a fact's name and value in words; what devices and other programs name stays as it came."""
    known, _, zone = name.partition(":")
    told = texts.find(f"told.{known}", clean(name)).replace("{zone}", clean(zone))
    if isinstance(value, bool):
        return told, texts("answer.yes" if value else "answer.no")
    if isinstance(value, float):
        return told, str(value).replace(".", texts("number.decimal"))
    if isinstance(value, int):
        return told, texts.number(value)
    worded = {"direction": "answer", "side": "answer", "severity": "severity"}.get(known, "")
    return told, texts.find(f"{worded}.{value}", clean(value))


def _event_details(event: wire.Event, texts: Texts) -> Iterator[tuple[str, str]]:
    if event.subject:
        yield texts("detail.subject"), clean(event.subject)
    if event.score is not None:
        yield texts("detail.score"), f"{texts.number(event.score * 100)} %"
    if event.zones:
        yield texts("detail.zones"), clean(", ".join(event.zones))
    for name, value in event.facts.items():
        yield fact(name, value, texts)
    yield texts("detail.seq"), texts.number(event.seq)

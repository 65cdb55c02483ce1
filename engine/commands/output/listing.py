"""Events, decisions and alerts as lines: those that are stored, and those that come, without a hole."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from engine.api import wire
from engine.api.client import Disconnected
from engine.commands.output.talk import Speaker, why
from engine.commands.output.terminal import data, out

#: Entries fetched at once to fill a gap.
PAGE: Final = 500
#: Entries shown that are remembered, so that none is shown twice.
REMEMBERED: Final = 10_000
#: Entries read at most to fill one gap; beyond it the oldest are left out, and that is said.
MOST: Final = 100_000
_COLOURS: Final = {"critical": "red", "warning": "yellow"}

Entry = TypeVar("Entry", wire.Event, wire.Decision)


@dataclass(slots=True)
class Listing(Generic[Entry]):
    """Entries of one kind, of one camera or all.

    Attributes:
        page: Reads so many stored entries, newest first, before one.
        line: Shows one.
    """

    speaker: Speaker
    kind: type[Entry]
    camera: str | None
    page: Callable[[Entry | None, int], Awaitable[list[Entry]]]
    line: Callable[[Entry], None]
    _shown: OrderedDict[str, None] = field(default_factory=OrderedDict)

    async def show(self, limit: int, *, follow: bool) -> None:
        """Show the newest, oldest first; then what comes."""
        newest = await self.page(None, limit)
        for entry in reversed(newest):
            self._tell(entry)
        if follow:
            await self.follow(everything=len(newest) < limit)

    async def follow(self, *, everything: bool = False) -> None:
        """Show what comes, for ever; what a gap or an outage hid is read from the store.

        Args:
            everything: All that is stored was shown: what is unknown is new, however old.
        """
        async with aclosing(self.speaker.client.updates()) as updates:
            async for update in updates:
                if isinstance(update, Disconnected):
                    self._complain(update)
                elif isinstance(update, wire.State):
                    await self._fill(everything=everything)
                elif isinstance(update, self.kind) and self.camera in (None, update.camera):
                    self._tell(update)

    async def _fill(self, *, everything: bool) -> None:
        """Show every stored entry after the last one shown, oldest first."""
        found: list[Entry] = []
        known = set(self._shown)
        while len(found) < MOST and (known or everything):
            page = await self.page(found[-1] if found else None, PAGE)
            fresh = [entry for entry in page if entry.id not in known]
            found += fresh
            if len(page) < PAGE or len(fresh) < len(page):
                break
        else:
            if found:
                out(self.speaker.say("cli.left_out", most=MOST), "yellow", err=True)
        for entry in reversed(found):
            self._tell(entry)

    def _tell(self, entry: Entry) -> None:
        if entry.id in self._shown:
            return
        self._shown[entry.id] = None
        if len(self._shown) > REMEMBERED:
            self._shown.popitem(last=False)
        self.line(entry)

    def _complain(self, lost: Disconnected) -> None:
        reason = why(lost.cause, lost.reason, self.speaker.language)
        note = self.speaker.say("cli.reconnecting", reason=reason, seconds=round(lost.retry_in, 1))
        out(note, "yellow", err=True)


def events(
    speaker: Speaker, camera: str | None, *, as_json: bool, narrowed: Mapping[str, object] | None = None
) -> Listing[wire.Event]:
    """Return the listing of events; `narrowed`: by what else, see `engine.api.resources.past.narrowed`."""

    async def page(before: wire.Event | None, limit: int) -> list[wire.Event]:
        edge = None if before is None else before.seq
        return await speaker.client.events(before=edge, limit=limit, camera=camera, narrowed=narrowed)

    def line(event: wire.Event) -> None:
        show_entry(speaker, event, as_json=as_json)

    return Listing(speaker, wire.Event, camera, page, line)


def decisions(
    speaker: Speaker, camera: str | None, *, as_json: bool, narrowed: Mapping[str, object] | None = None
) -> Listing[wire.Decision]:
    """Return the listing of decisions; `narrowed` as of events."""

    async def page(before: wire.Decision | None, limit: int) -> list[wire.Decision]:
        edge = None if before is None else before.id
        return await speaker.client.decisions(before=edge, limit=limit, camera=camera, narrowed=narrowed)

    def line(decision: wire.Decision) -> None:
        show_entry(speaker, decision, as_json=as_json)

    return Listing(speaker, wire.Decision, camera, page, line)


def show_entry(speaker: Speaker, entry: wire.Event | wire.Decision, *, as_json: bool) -> None:
    """Show an entry of the log in one line, a decision in the colour of its severity."""
    if as_json:
        data(entry.model_dump_json())
    elif isinstance(entry, wire.Decision):
        out(decision_line(speaker, entry), _COLOURS.get(entry.severity))
    else:
        out(event_line(speaker, entry))


def show_alerts(speaker: Speaker, alerts: Sequence[wire.Alert], limit: int, *, as_json: bool) -> None:
    """Show what fires now, or ended before anybody saw it; says so where it is nothing, and how many are left out."""
    for alert in alerts[:limit]:
        _show_alert(speaker, alert, as_json=as_json)
    if not alerts:
        out(speaker.say("cli.calm"), err=True)
    elif len(alerts) > limit:
        out(speaker.say("cli.more_alerts", more=len(alerts) - limit), "yellow", err=True)


def _show_alert(speaker: Speaker, alert: wire.Alert, *, as_json: bool) -> None:
    """Show what fires now: who takes care of it, or that nobody does."""
    if as_json:
        data(alert.model_dump_json())
        return
    made = alert.decision
    late = speaker.say("cli.escalated", at=speaker.time(alert.escalated)) if alert.escalated else ""
    nobody = "" if made.acknowledged or made.dry_run else speaker.say("cli.nobody")
    ended = speaker.say("cli.ended_unseen", at=speaker.time(alert.ended)) if alert.ended else ""
    out(decision_line(speaker, made) + late + (ended or nobody), _COLOURS.get(made.severity))


def event_line(speaker: Speaker, event: wire.Event) -> str:
    """Return an event in one line."""
    what = " ".join(part for part in (event.label, event.subject) if part)
    where = f" @{','.join(event.zones)}" if event.zones else ""
    score = f" {event.score:.2f}" if event.score is not None else ""
    told = " ".join(f"{name}={value}" for name, value in event.facts.items()) if _act(event) else ""
    return (
        f"{speaker.time(event.at)}  {event.camera or '-':<16} "
        f"{event.kind + '.' + event.change:<16} {what}{where}{score} {told}"
    ).rstrip()


def _act(event: wire.Event) -> bool:
    return event.kind == "operator"


def decision_line(speaker: Speaker, decision: wire.Decision) -> str:
    """Return a decision: what, why, the rule's message, who takes care of it."""
    title, reason = decision.title.get(speaker.language) or decision.rule, speaker.told(decision.reason)
    # A title that says no more than the reason is not said twice: "Motion: motion".
    said = reason[:1].upper() + reason[1:] if reason.casefold().startswith(title.casefold()) else ""
    dry = speaker.say("cli.dry_run") if decision.dry_run else ""
    message = f" · {told}" if (told := decision.message.get(speaker.language)) else ""
    phase = speaker.known(f"cli_phase.{decision.phase}", decision.phase)
    severity = speaker.known(f"cli_severity.{decision.severity}", decision.severity)
    return (
        f"{speaker.time(decision.at)}  {decision.camera or '-':<16} {phase:<9} {severity:<9} "
        f"[{decision.id[:8]}] {dry}{said or f'{title}: {reason}'}{message}{acknowledged(speaker, decision)}"
    )


def acknowledged(speaker: Speaker, decision: wire.Decision) -> str:
    """Return who takes care of a decision; nothing where nobody has said so."""
    told = decision.acknowledged
    if told is None:
        return ""
    note = f": {told.note}" if told.note else ""
    return speaker.say("cli.acknowledged", by=told.by or "?", at=speaker.time(told.at)) + note

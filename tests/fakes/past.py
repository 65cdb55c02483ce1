"""What a fake engine has stored, looked through entry by entry; and figures that are drawn by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from engine.api import wire
from engine.api.resources.past.grammar import read
from engine.api.resources.past.history import History, HistoryQuery, HistoryRow
from engine.api.resources.past.search import Found, SearchQuery
from engine.errors import Refusal
from engine.identity.caller import Caller
from engine.store.search.sought import fold, tokens
from engine.web.refusals import refused


class Stored(Protocol):
    """An engine with entries, and what time it is there."""

    stored: list[wire.Event]
    decided: list[wire.Decision]
    figures: wire.Engine


class FakePast:
    """Answers `engine.api.resources.past`.

    Attributes:
        waits: What is said of the index.
        most: Entries of a page at most, however many were asked for.
        drawn: Rows of figures by scope.
    """

    def __init__(self, engine: Stored) -> None:
        self._engine = engine
        self.waits, self.most = False, 500
        self.drawn: dict[str, list[HistoryRow]] = {}
        self.minutes = ""

    async def search(self, caller: Caller, query: SearchQuery) -> Found:
        try:
            said = read(query.q, self._engine.figures.now, ZoneInfo("UTC"))
        except Refusal as error:
            raise refused(error) from error
        entries: list[tuple[int, wire.Event | wire.Decision]] = [
            *((each.seq * 10, each) for each in self._engine.stored),
            *((n * 10 + 5, each) for n, each in enumerate(self._engine.decided)),
        ]
        found = []
        for number, each in sorted(entries, key=lambda entry: -entry[0]):
            told = tokens(each.model_dump_json())
            fields = all(
                any(fold(value) in fold(str(_field(each, one.field))) for value in one.values) != one.never
                for one in said.fields
            )
            since, until = query.since or said.since, query.until or said.until
            at = each.at
            if (
                (query.before is None or number < query.before)
                and query.type in (None, each.type)
                and query.camera in (None, each.camera)
                and query.rule in (None, getattr(each, "rule", None))
                and (since is None or since <= at)
                and (until is None or at < until)
                and fields
                and all(word.within(told) for word in said.words)
                and not any(word.within(told) for word in said.without)
            ):
                found.append((number, each))
        page = found[: min(query.limit, self.most)]
        following = page[-1][0] if len(found) > len(page) else None
        return Found(
            entries=tuple(each for _, each in page), next=following, waits=self.waits,
            indexed=0.4 if self.waits else 1.0,
        )  # fmt: skip

    async def history(self, caller: Caller, query: HistoryQuery) -> History:
        step, until = int(query.step), query.until or self._engine.figures.now
        end = datetime.fromtimestamp(-(-int(until.timestamp()) // step) * step, UTC)
        rows: Sequence[HistoryRow] = self.drawn.get(query.scope, [])
        chosen = [each for each in rows if query.camera in (None, each.camera)]
        return History(
            since=end - timedelta(hours=query.hours), until=end, step=step, rows=tuple(chosen[: query.limit]),
            minutes=self.minutes if query.camera else "", left_out=max(0, len(chosen) - query.limit),
        )  # fmt: skip


def _field(entry: wire.Event | wire.Decision, field: str) -> object:
    if field in ("is", "kind") and isinstance(entry, wire.Decision):
        return "decision"
    return {"is": entry.type, "zone": getattr(entry, "zones", "")}.get(field, getattr(entry, field, ""))

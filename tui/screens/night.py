"""The time machine: how much there was when, when nothing could be seen, and what stood at the moment of the cursor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.timer import Timer
from textual.widgets import Static

from engine.api import wire
from engine.api.client import ApiError
from engine.api.resources.past.history import HISTORY, History, HistoryRow
from engine.api.resources.past.search import SEARCH
from tui.model.model import Changes
from tui.palette import AMBER, DIM, TONES
from tui.presenters import describe, night
from tui.screens.context import Context
from tui.screens.page import Page
from tui.screens.search import SearchScreen
from tui.texts import clean
from tui.widgets.bars import StatusLine
from tui.widgets.timeline import SUM, Drawn, Timeline, Track

#: What rows are by: the page's title, and what is counted.
SCOPES: Final = {
    "camera": ("night.camera", "night.count_camera"),
    "zone": ("night.zone", "night.count_zone"),
    "rule": ("night.rule", "night.count_rule"),
}
WATCHED: Final = {
    "u": "night.watched_up",
    "p": "night.watched_part",
    "g": "night.watched_gap",
    "s": "night.watched_stopped",
    "o": "night.watched_off",
    "?": "night.watched_unknown",
}
#: Seconds that the cursor rests before it is asked what stood there.
REST: Final = 0.15
#: Decisions looked through for what stood; lines told of it.
LOOKED, TOLD = 300, 6
DAY: Final = timedelta(hours=24)


class NightScreen(Page):
    """A day, up to now or to any moment before."""

    AUTO_FOCUS = "Timeline"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", show=False),
        Binding("H", "leave", show=False),
        Binding("z,tab", "scope", show=False, priority=True),
        Binding("left_square_bracket", "day(-1)", show=False),
        Binding("right_square_bracket", "day(1)", show=False),
        Binding("r", "anew", show=False),
        Binding("enter", "search", show=False),
    ]

    def __init__(self, context: Context, scope: str = "camera") -> None:
        super().__init__(context)
        self._scope = scope
        self._until: datetime | None = None
        self._told: History | None = None
        self._steps: night.Steps | None = None
        self._minutes: dict[str, History] = {}
        self._stood: list[wire.Decision] | None = None
        self._more = False
        self._failure: ApiError | None = None
        self._resting: Timer | None = None
        self._line = Timeline(id="timeline")
        self._moment = StatusLine(id="moment")
        self._strip = StatusLine(id="strip")
        self._below = Static(id="stood", markup=False)
        self._status = StatusLine(id="status")

    def body(self) -> ComposeResult:
        """The rows; the moment of the cursor with its minutes and what stood; what the marks mean."""
        yield self._line
        yield self._moment
        yield self._strip
        yield self._below
        yield self._status

    def name_of_page(self) -> str:
        """Its title."""
        return self.context.t(SCOPES[self._scope][0])

    def keys(self) -> Sequence[tuple[str, str]]:
        """What can be done here."""
        return (
            ("←→", "key.walk_time"),
            ("↑↓", "key.move"),
            ("z", "key.scope"),
            ("[ ]", "key.day"),
            ("⏎", "key.found_then"),
            ("r", "key.anew"),
            ("Esc", "key.back"),
            ("?", "key.help"),
            ("L", "key.language"),
            ("q", "key.quit"),
        )

    def on_mount(self) -> None:
        """Ask for the last day."""
        self.call_after_refresh(self._ask)

    def show(self, changes: Changes) -> None:
        """Draw again where names or the language may be others."""
        if changes.everything or changes.order:
            self._draw()

    def tick(self) -> None:
        """What was asked for is of its moment; `r` asks anew."""

    def on_resize(self, event: Resize) -> None:
        """Fit the steps to the width; the cursor stays at its moment."""
        self.call_after_refresh(self._draw)

    def action_scope(self) -> None:
        """By cameras, by zones, by rules."""
        scopes = [*SCOPES]
        self._scope = scopes[(scopes.index(self._scope) + 1) % len(scopes)]
        self.refresh_bars()
        self._ask()

    def action_day(self, by: int) -> None:
        """Go half a day back, or forward, up to now."""
        now = self.context.model.now()
        until = (self._until or now) + by * DAY / 2
        self._until = None if until >= now else until
        self._minutes.clear()
        self._ask()

    def action_anew(self) -> None:
        """Ask again."""
        self._minutes.clear()
        self._ask()

    def action_search(self) -> None:
        """Look for everything of the row at the moment of the cursor."""
        row, steps = self._row(), self._steps
        if row is None or steps is None:
            return
        begin, end = (
            each.astimezone(self.context.model.zone()).isoformat(timespec="minutes")
            for each in (steps.begin(self._line.cell), steps.end(self._line.cell))
        )
        what = [f'{field}:"{value}"' for field, value in self._fields(row) if value]
        self.app.push_screen(SearchScreen(self.context, " ".join([*what, f"since:{begin}", f"until:{end}"])))

    def _fields(self, row: HistoryRow) -> Iterator[tuple[str, str]]:
        yield "camera", row.camera or ""
        if self._scope != "camera":
            yield self._scope, row.name

    def on_timeline_moved(self) -> None:
        """Tell the moment at once, what stood there once the cursor rests."""
        self._stood = None
        self._tell()
        self._rest()

    def _rest(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(REST, self._look_back)

    # -- asking --------------------------------------------------------------------------

    def _ask(self) -> None:
        self.run_worker(self._read(), name="night", group="night", exclusive=True)

    async def _read(self) -> None:
        until = None if self._until is None else self._until.isoformat()
        try:
            told = await self.context.client.ask(HISTORY, query={"scope": self._scope, "until": until})
        except ApiError as error:
            self._failure, self._told = error, None
        else:
            first = self._told is None
            self._failure, self._told, self._stood = None, told, None
            if first:
                self._steps = None
        self._draw()
        self._rest()

    def _look_back(self) -> None:
        self.run_worker(self._stand(), name="stood", group="stood", exclusive=True)

    async def _stand(self) -> None:
        """Ask what stood at the moment of the cursor, and for the minutes of the row's camera."""
        row, steps = self._row(), self._steps
        if row is None or steps is None:
            return
        cell, moment = self._line.cell, min(steps.end(self._line.cell), steps.now)
        try:
            if row.camera and row.camera not in self._minutes:
                until = None if self._until is None else self._until.isoformat()
                query = {"camera": row.camera, "until": until, "limit": 1}
                self._minutes[row.camera] = await self.context.client.ask(HISTORY, query=query)
            found = await self.context.client.ask(SEARCH, query=self._before(row, moment))
        except ApiError as error:
            self.notify(self.context.failure(error), severity="warning", markup=False)
            return
        if (row, cell) == (self._row(), self._line.cell):  # else the cursor has gone on
            self._stood = night.standing(found.entries, moment)
            self._more = found.next is not None
            self._tell()

    def _before(self, row: HistoryRow, moment: datetime) -> dict[str, object]:
        rule = row.name if self._scope == "rule" else None
        return {
            "type": "decision", "camera": row.camera, "rule": rule, "limit": LOOKED,
            "until": moment.isoformat(),
        }  # fmt: skip

    # -- telling -------------------------------------------------------------------------

    def _row(self) -> HistoryRow | None:
        rows = self._told.rows if self._told else ()
        return rows[self._line.row] if self._line.row < len(rows) else None

    def _row_name(self, row: HistoryRow) -> str:
        where = clean(self.context.model.name(row.camera)) if row.camera else ""
        return " · ".join(filter(None, (where, clean(row.name))))

    def _draw(self) -> None:
        told, t = self._told, self.context.t
        if told is None:
            words = self.context.failure(self._failure) if self._failure else t("app.waiting")
            self._line.draw(Drawn(empty=words))
            self._tell()
            return
        before = self._steps
        moment = before.begin(self._line.cell) if before and before.since == told.since else None
        steps = self._steps = night.Steps.of(told, self._line.room, self.context.model.now())
        tracks = [
            Track(self._row_name(row), night.cells(row, steps), self._total(row), self._most(row))
            for row in told.rows
        ]
        drawn = Drawn(night.scale(steps, self.context.model.zone()), tracks, t("night.nothing"))
        self._line.draw(drawn)
        self._line.place(self._line.row, steps.cell(moment or min(steps.now, told.until - steps.step)))
        self._tell()

    def _total(self, row: HistoryRow) -> str:
        t, (count, alerts) = self.context.t, night.sums(row)
        number = "?" if count is None else _short(count)
        return (
            f"{_short(alerts)}! {number}"[:SUM] if row.alerts and alerts else t("night.total", n=number)[:SUM]
        )

    def _most(self, row: HistoryRow) -> str:
        """Return what the highest block stands for."""
        most = max(filter(None, row.counts), default=0)
        return f"█={_short(most)}" if most else ""

    def _tell(self) -> None:
        row, steps = self._row(), self._steps
        if row is None or steps is None:
            for line in (self._moment, self._strip):
                line.show(Text(""))
            self._below.update("")
        else:
            cell = self._line.cell
            self._moment.show(Text(self._words(row, steps, cell), TONES["bright"]))
            self._strip.show(self._hour(row, steps, cell))
            self._below.update(self._standing())
        self._tell_status()

    def _words(self, row: HistoryRow, steps: night.Steps, cell: int) -> str:
        """Return what there was at the moment of the cursor, and how it was watched."""
        t, model = self.context.t, self.context.model
        begin, end = (each.astimezone(model.zone()) for each in (steps.begin(cell), steps.end(cell)))
        when = f"{begin:%d/%m %H:%M}–{end:%H:%M}"
        if steps.begin(cell) > steps.now:
            return f"{when}  {t('night.to_come')}"
        count, alerts = night.sums(row, steps.within(cell))
        number = "?" if count is None else t.number(count)
        words = [t(WATCHED[night.watched_as(row, steps.within(cell))])]
        words.append(t(SCOPES[self._scope][1], n=number))
        words += [t("night.alerts", n=t.number(alerts))] if row.alerts else []
        return f"{when}  {' · '.join(words)}  {self._row_name(row)}"

    def _hour(self, row: HistoryRow, steps: night.Steps, cell: int) -> Text:
        """Return the minutes about the cursor, as far as they are known."""
        told, zone = self._minutes.get(row.camera or ""), self.context.model.zone()
        if told is None:
            return Text(self.context.t("night.no_minutes") if row.camera is None else "", DIM)
        begin = steps.begin(cell).replace(minute=0) if steps.joined == 1 else steps.begin(cell)
        end = max(begin + timedelta(hours=1), steps.end(cell))
        text = Text(f"{begin.astimezone(zone):%H:%M} ", DIM)
        for char, tone in night.strip(told.minutes, told.since, begin, end, steps.now):
            text.append(char, TONES[tone])
        text.append(f" {end.astimezone(zone):%H:%M}", DIM)
        return text

    def _standing(self) -> Text:
        """Return what stood at the moment of the cursor."""
        t, model = self.context.t, self.context.model
        if self._stood is None:
            return Text("…", DIM)
        if not self._stood:
            return Text(t("night.calm_so_far" if self._more else "night.calm", n=LOOKED), DIM)
        left = len(self._stood) - TOLD
        text = Text(
            t("night.stood_so_far" if self._more else "night.stood", n=len(self._stood), of=LOOKED), DIM
        )
        for made in self._stood[:TOLD]:
            symbol, tone = describe.mark(made)
            where = clean(model.name(made.camera))
            text.append(f"\n{symbol} ", TONES[tone])
            text.append(f"{describe.clock(made.at, model)}  {where}  {describe.entry_words(made, t)}")
        if left > 0:
            text.append("\n" + t("night.more", n=left), DIM)
        return text

    def _tell_status(self) -> None:
        t, told = self.context.t, self._told
        warned = ""
        if told is not None and told.indexed < 1:
            warned = t("search.waits", percent=int(100 * told.indexed))
        elif told is not None and told.left_out:
            warned = t("night.left_out", n=told.left_out)
        self._status.show(Text(t("night.legend"), DIM), Text(warned, AMBER))


def _short(value: int) -> str:
    """Return a number in few cells."""
    return f"{value // 1000}k" if value >= 10_000 else str(value)

"""What every screen shares: the lines above and below, and being told what changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.screen import Screen

from engine.api import wire
from engine.api.client import ApiError
from tui.model.log import Entry
from tui.model.model import Changes
from tui.model.undo import UNDO_SECONDS
from tui.presenters import describe, header
from tui.screens import closing, silencing
from tui.screens.context import Context
from tui.screens.dialogs import ConfirmDialog
from tui.texts import clean
from tui.widgets.bars import KeyBar, StatusLine
from tui.widgets.table import Table


class Page(Screen[None]):
    """A full screen: title and clock, counters, trouble, the body, the keys."""

    #: Where focus begins.
    AUTO_FOCUS = "Table"
    #: Beginnings of the codes of problems that this page is about.
    CONCERNS: ClassVar[tuple[str, ...]] = ()
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - declared so by Textual
        (0, "-narrow"),
        (120, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012 - declared so by Textual
        (0, "-short"),
        (36, "-tall"),
    ]

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        # Held, not queried: a worker may still speak to them while the screen is being taken down.
        self._top = StatusLine(id="title")
        self._counters = StatusLine(id="summary", optional=True)
        self._problem = StatusLine(id="problem")
        self._banner = StatusLine(id="banner")
        self._key_bar = KeyBar()
        self._entries: dict[str, Entry] = {}
        self.ready = False  # becomes true once the lines are on the screen

    def compose(self) -> ComposeResult:
        """Put the body between the bars."""
        yield from (self._top, self._counters, self._problem, self._banner)
        yield from self.body()
        yield self._key_bar

    def body(self) -> ComposeResult:
        """Yield what this screen is about."""
        raise NotImplementedError

    def name_of_page(self) -> str:
        """Return what stands after the site's name."""
        raise NotImplementedError

    def keys(self) -> Sequence[tuple[str, str]]:
        """Return (key, text key of what it does), the most needed first."""
        raise NotImplementedError

    def show(self, changes: Changes) -> None:
        """Bring the body up to date with the model."""
        raise NotImplementedError

    def tick(self) -> None:
        """A second has passed: write ages again."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Show what is known already."""
        self.ready = True
        self.relabel()

    def on_screen_resume(self) -> None:
        """Catch up with what happened while another screen was on top."""
        if self.ready:
            self.relabel()

    def relabel(self) -> None:
        """Write everything again, in the language as it is now."""
        self.refresh_bars()
        self.show(Changes(everything=True, order=True, entries=True, engine=True, link=True))

    def action_back(self) -> None:
        """Back to where one came from; a page that has something to drop first drops that."""
        self.action_leave()

    def action_leave(self) -> None:
        """Back to where one came from."""
        self.app.pop_screen()

    def entry(self, key: str | None) -> Entry | None:
        """Return the entry of a line, as the line shows it also where it is known no more."""
        if key is None:
            return None
        found = self.context.model.entry(key) or self._entries.get(key)
        if found is not None:
            self._entries[key] = found
        return found

    def acknowledge(self, table: Table) -> None:
        """Take care of the decision on the line that was read, in the name of who sits here."""
        key = table.seen_target()
        if key is None and table.detail_key is not None:
            self.tell("acknowledge.look")
            return
        entry = self.entry(key)
        if not isinstance(entry, wire.Decision):
            self.tell("acknowledge.nothing")
        else:
            self.run_worker(self._acknowledge(entry), name="acknowledge", group="acknowledge")

    def see(self, table: Table) -> None:
        """Note that who sits here has seen what the line tells: once it ended it leaves the queue."""
        key = table.seen_target()
        alert = None if (entry := self.entry(key)) is None else self.context.model.alert(entry)
        if key is None and table.detail_key is not None:
            self.tell("acknowledge.look")
        elif alert is None:
            self.tell("seen.nothing")
        else:
            self.run_worker(self._see([alert.decision]), name="see", group="see")

    def see_all(self) -> None:
        """Note, after a question, that who sits here has seen everything that ended."""
        ended = [alert.decision for alert in self.context.model.alerts.values() if alert.ended is not None]
        if not ended:
            self.tell("seen.none")
        else:
            self.run_worker(self._see_all(ended), name="see-all", group="see", exclusive=True)

    async def _see_all(self, ended: list[wire.Decision]) -> None:
        n = self.context.t.number(len(ended))
        asked = ConfirmDialog(self.context, "seen.all", "seen.all_means", "key.seen", n=n)
        if await self.app.push_screen_wait(asked):
            await self._see(ended)

    async def _see(self, decisions: list[wire.Decision]) -> None:
        context = self.context
        for number, entry in enumerate(decisions):
            try:
                await context.client.see(entry.id, by=context.by)
            except ApiError as error:
                self._note(self._named(entry), context.failure(error), severity="warning")
                if number < len(decisions) - 1:
                    self.tell("seen.some", n=context.t.number(number), of=context.t.number(len(decisions)))
                return
        if len(decisions) == 1:
            self._note(self._named(decisions[0]), context.t("seen.done"))
        else:
            self.tell("seen.done_all", n=context.t.number(len(decisions)))

    def close_alert(self, table: Table) -> None:
        """Say what the decision of the line that was read turned out to be; what ended leaves the queue."""
        key = table.seen_target()
        entry = self.entry(key)
        if key is None and table.detail_key is not None:
            self.tell("acknowledge.look")
        elif not isinstance(entry, wire.Decision):
            self.tell("close.nothing")
        else:
            self.run_worker(self._close_alert(entry), name="close", group="close", exclusive=True)

    async def _close_alert(self, entry: wire.Decision) -> None:
        context, named = self.context, self._named(entry)
        typed = await self.app.push_screen_wait(closing.CloseDialog(context, named))
        if typed is None:
            return
        if (said := closing.read(typed)) is None:
            self.tell("close.unread")
            return
        try:
            await context.client.judge(entry.id, said[0], by=context.by, note=said[1])
        except ApiError as error:
            self._note(named, context.failure(error), severity="warning")
            return
        self._note(named, context.t(closing.SAID[said[0]]))

    def silence(self, table: Table) -> None:
        """Silence the rule of the line that was read, at its camera; of a silence's own line: end it."""
        entry = self.entry(table.seen_target())
        if not isinstance(entry, wire.Decision):
            self.tell("silence.nothing")
        else:
            self.run_worker(self._silence(entry), name="silence", group="silence", exclusive=True)

    async def _silence(self, entry: wire.Decision) -> None:
        context = self.context
        try:
            if (known := silencing.silence_of(entry)) is not None:
                await self._unsilence(entry, known)
                return
            what = silencing.shown(entry, clean(context.model.name(entry.camera)))
            typed = await self.app.push_screen_wait(silencing.SilenceDialog(context, what))
            if typed is None:
                return
            if (read := silencing.read(typed)) is None:
                self.tell("silence.both")
                return
            made = await context.client.silence(silencing.wanted(entry, *read, context.by))
        except ApiError as error:
            self._note(self._named(entry), context.failure(error), severity="warning")
            return
        until = describe.clock(made.until, context.model)
        self._note(self._named(entry), context.t("silence.begun", until=until))

    async def _unsilence(self, entry: wire.Decision, id: str) -> None:
        if await self.app.push_screen_wait(ConfirmDialog(self.context, "silence.end", "silence.end_means")):
            await self.context.client.unsilence(id, by=self.context.by)
            self._note(self._named(entry), self.context.t("silence.ended"))

    def retry(self, camera: wire.Camera | None) -> None:
        """Let a camera be tried again at once, where it waits for that."""
        if camera is None:
            return
        if camera.state is wire.CameraState.ONLINE and not camera.waits:
            self.tell("retry.nothing", name=clean(self.context.model.name(camera.id)))
        else:
            self.run_worker(self._retry(camera.id), name="retry", group="retry", exclusive=True)

    async def _retry(self, camera: str) -> None:
        try:
            await self.context.client.retry(camera)
        except ApiError as error:
            self.notify(self.context.failure(error), severity="warning", markup=False)
            return
        self.tell("retry.going", name=clean(self.context.model.name(camera)))

    def tell(self, key: str, **values: object) -> None:
        """Say something in passing."""
        self.notify(self.context.t(key, **values), markup=False)

    async def _acknowledge(self, entry: wire.Decision) -> None:
        context, t = self.context, self.context.t
        try:
            made = await context.client.acknowledge(entry.id, by=context.by)
        except ApiError as error:
            self._note(self._named(entry), context.failure(error), severity="warning")
            return
        if (told := made.acknowledged) is None:
            return
        words = t(
            "acknowledge.taken", by=describe.acknowledger(told), at=describe.clock(told.at, context.model)
        )
        if entry.acknowledged is None:
            context.undo.push(made, context.model.monotonic())
            words += "\n" + t("acknowledge.undo", seconds=int(UNDO_SECONDS))
        self._note(self._named(made), words)

    def _named(self, made: wire.Decision) -> str:
        """Return which decision it is: what, where, when."""
        where = clean(self.context.model.name(made.camera))
        parts = (describe.title(made, self.context.t), where, describe.clock(made.at, self.context.model))
        return " · ".join(part for part in parts if part)

    def _note(
        self, title: str, words: str, severity: Literal["information", "warning"] = "information"
    ) -> None:
        self.notify(words, title=title, severity=severity, markup=False)

    def action_undo(self) -> None:
        """Take back what was acknowledged here last, for as long as that is possible."""
        made = self.context.undo.pop(self.context.model.monotonic())
        if made is None:
            self.tell("acknowledge.no_undo")
        else:
            self.run_worker(self._undo(made), name="undo", group="acknowledge")

    async def _undo(self, made: wire.Decision) -> None:
        if made.acknowledged is None:
            return
        try:
            await self.context.client.unacknowledge(made.id, made.acknowledged)
        except ApiError as error:
            self._note(self._named(made), self.context.failure(error), severity="warning")
            return
        self._note(self._named(made), self.context.t("acknowledge.undone"))

    def refresh_bars(self) -> None:
        """Write the lines above and below."""
        model, t = self.context.model, self.context.t
        meter = header.line_meter(self.context.reading(), t)
        room = self.size.width - 2 - meter.cell_len  # its padding
        left, right = header.title_line(model, t, self.name_of_page(), room, coarse=self.context.coarse)
        self._top.show(left, meter + right)
        self._counters.show(*header.counters(model, t))
        for bar, text in (
            (self._problem, header.first_problem(model, t, self.CONCERNS)),
            (self._banner, header.banner(model, t)),
        ):
            bar.display = bool(text)
            bar.show(text)
        self._key_bar.show([(key, t(words)) for key, words in self.keys()])

"""What every screen shares: the lines above and below, and being told what changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.screen import Screen

from engine.api import wire
from engine.api.client import ApiError
from tui import describe, head
from tui.book import Entry
from tui.context import Context
from tui.model import Changes
from tui.texts import clean
from tui.widgets.bars import KeyBar, Line


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
        self._top = Line(id="title")
        self._counters = Line(id="summary", optional=True)
        self._problem = Line(id="problem")
        self._banner = Line(id="banner")
        self._key_bar = KeyBar()
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

    def acknowledge(self, entry: Entry | None) -> None:
        """Take care of a decision, in the name of who sits here."""
        if not isinstance(entry, wire.Decision):
            self.tell("acknowledge.nothing")
        elif entry.phase == "resolved":
            self.tell("acknowledge.over")
        else:
            self.run_worker(self._acknowledge(entry), name="acknowledge", group="acknowledge")

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
            await self.context.feed.retry(camera)
        except ApiError as error:
            self.notify(self.context.failure(error), severity="warning", markup=False)
            return
        self.tell("retry.going", name=clean(self.context.model.name(camera)))

    def tell(self, key: str, **values: object) -> None:
        """Say something in passing."""
        self.notify(self.context.t(key, **values), markup=False)

    async def _acknowledge(self, entry: wire.Decision) -> None:
        try:
            made = await self.context.feed.acknowledge(entry.id, by=self.context.by)
        except ApiError as error:
            self.notify(self.context.failure(error), severity="warning", markup=False)
            return
        if (told := made.acknowledged) is not None:
            at = describe.clock(told.at, self.context.model)
            self.tell("acknowledge.taken", by=describe.who(told), at=at)

    def refresh_bars(self) -> None:
        """Write the lines above and below."""
        model, t = self.context.model, self.context.t
        self._top.show(head.title(model, t, self.name_of_page()), head.clock(model, t))
        self._counters.show(*head.summary(model, t))
        for bar, text in (
            (self._problem, head.problem(model, t, self.CONCERNS)),
            (self._banner, head.banner(model, t)),
        ):
            bar.display = bool(text)
            bar.show(text)
        self._key_bar.show([(key, t(words)) for key, words in self.keys()])

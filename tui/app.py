"""The Textual application: listens to the engine, keeps the model, tells the screen on top what changed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import ClassVar, Final, Literal

from textual.app import App
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.driver import Driver
from textual.events import Event, InputEvent
from textual.screen import Screen

from engine.api import wire
from engine.api.client import ApiError
from tui.connection.client import EngineClient
from tui.graphics import Graphics
from tui.line.line import Line
from tui.line.pace import Reading
from tui.model.model import Changes, Model
from tui.palette import THEME
from tui.presenters import describe
from tui.screens.commands import Commands
from tui.screens.context import Context
from tui.screens.dialogs import HelpDialog
from tui.screens.fleet import FleetScreen
from tui.screens.page import Page
from tui.texts import Language, Texts, clean

#: Seconds between two looks at what changed: 500 cameras cost no more redrawing than one.
LOOK: Final = 0.2
#: Seconds between two looks at ages on a slow line.
SLOW_LOOK: Final = 10
#: Seconds that the title flashes when something critical begins.
FLASH: Final = 2.0
#: Seconds that a note stays of what came while nobody could hear it.
MISSED: Final = 30.0
#: Seconds that a note stays which only a person's click takes away.
STAYS: Final = 86_400.0
#: Critical decisions that are named in as many seconds; the title counts the others. Each note is laid out anew
#: with every change: dozens of them hide the alerts and keep keys waiting for seconds.
NAMED, NAMED_SECONDS = 3, 6.0


class MatthanApp(App[None]):
    """`matthan tui`.

    Args:
        client: The engine.
        language: None: the site's own, as the engine tells it.
        graphics: How to show pictures; see `tui.graphics.choose`.
        monotonic: Seconds that only grow.
        still_every: Seconds between two pictures.
        ask_every: Seconds between two questions about rules at least.
        by: Who acknowledges; empty: the user whom the engine's machine knows.
        ends: Whether the engine ends with this UI, as in ``matthan demo``.
        line: How to write to the terminal; None: as Textual does.
    """

    CSS_PATH = "app.tcss"
    TITLE = "Mắt Thần"
    COMMANDS = {Commands}  # noqa: RUF012 - declared so by Textual
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", show=False),
        Binding("ctrl+p,colon", "command_palette", show=False),
        Binding("L", "language", show=False),
        Binding("q", "quit", show=False),
        Binding("ctrl+l", "redraw", show=False),
        Binding("ctrl+c", "quit", show=False, priority=True),
    ]

    def __init__(
        self,
        client: EngineClient,
        *,
        language: Language | None = None,
        graphics: Graphics = Graphics.BLOCKS,
        monotonic: Callable[[], float] = time.monotonic,
        still_every: float = 0.5,
        ask_every: float = 2.0,
        by: str = "",
        ends: bool = False,
        line: Line | None = None,
    ) -> None:
        super().__init__(driver_class=_driver(line))
        self.line = line
        #: When the key or button was pressed that is being obeyed, by Textual's clock.
        self.pressed = 0.0
        self._named: deque[float] = deque(maxlen=NAMED)
        self._chosen_language = language
        model, texts = Model(monotonic), Texts(language or "vi")
        self.context = Context(
            client,
            model,
            texts,
            graphics,
            still_every,
            by,
            ask_every,
            ends,
            self._reading,
            line is not None and line.slow,
        )
        client.language = texts.language
        self._second = 0

    def get_default_screen(self) -> Screen[None]:
        """Begin with the fleet."""
        return FleetScreen(self.context)

    def on_mount(self) -> None:
        """Put on the colours; begin to listen and to look."""
        self.register_theme(THEME)
        self.theme = THEME.name
        self.run_worker(self._listen(), name="updates")
        self.set_interval(LOOK, self._look, name="look")

    async def on_event(self, event: Event) -> None:
        """Note when what is obeyed now was pressed."""
        if isinstance(event, InputEvent):
            self.pressed = event.time
        await super().on_event(event)

    def action_help(self) -> None:
        """Show every key."""
        self.push_screen(HelpDialog(self.context))

    def action_command_palette(self) -> None:
        """Open what finds every page, camera and rule by a few letters."""
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder=self.context.t("command.ask")))

    def action_language(self) -> None:
        """Change to the other language, here and now."""
        self._chosen_language = "en" if self.context.t.language == "vi" else "vi"
        self._speak(self._chosen_language)
        if (page := self._page()) is not None:
            page.relabel()

    def _reading(self) -> Reading | None:
        return self.line.reading(time.monotonic()) if self.line is not None else None

    def action_redraw(self) -> None:
        """Show everything again: something else wrote on the terminal."""
        if self.line is not None:
            self.line.spoiled = True
        self.refresh(layout=True)

    async def _listen(self) -> None:
        try:
            async for message in self.context.client.updates():
                self.context.model.apply(message)
        except ApiError as error:
            self.context.model.refuse(error)
            self._tell_refused(error)

    def _tell_refused(self, error: ApiError) -> None:
        """Say in full, until somebody clicks it away, why all is grey and what to do: one line has no room for it."""
        words = f"{self.context.failure(error)}\n{self.context.t('link.again')}"
        title = self.context.t("link.over")
        self.notify(words, title=title, severity="error", timeout=STAYS, markup=False)

    def _look(self) -> None:
        """Hand what changed to the screen on top, and let ages move once a second."""
        changes = self.context.model.take_changes()
        page = self._page()
        if changes.everything:
            self._adopt_language()
        if page is not None:
            self._show(page, changes)
        if changes.critical:
            self._ring(changes)
        if changes.missed:
            self._tell_missed(changes.missed)

    def _show(self, page: Page, changes: Changes) -> None:
        every = SLOW_LOOK if self.line is not None and self.line.slow else 1
        second = int(self.context.model.monotonic()) // every
        if changes:
            page.show(changes)
        if second != self._second:
            self._second = second
            page.tick()
        page.refresh_bars()

    def _page(self) -> Page | None:
        """Return the page on top, under a dialog if there is one; None while the app starts or ends."""
        pages = [screen for screen in self.screen_stack if isinstance(screen, Page) and screen.ready]
        return pages[-1] if pages else None

    def _adopt_language(self) -> None:
        engine = self.context.model.engine
        if self._chosen_language is None and engine is not None:
            self._speak(engine.language)

    def _speak(self, language: Language) -> None:
        """Speak a language, and let the engine say its refusals in it."""
        self.context.t.language = self.context.client.language = language

    def _ring(self, changes: Changes) -> None:
        """Ring once, flash, and say which."""
        self.bell()
        for decision in changes.critical:
            self._name_critical(decision)
        for line in self.screen.query("#title"):
            line.add_class("critical")
            self.set_timer(FLASH, lambda line=line: line.remove_class("critical"))

    def _tell_missed(self, missed: list[wire.Alert]) -> None:
        """Ring once for what nobody here can have heard, and say how much it is and what the worst of it says."""
        model, t = self.context.model, self.context.t
        worst = min(missed, key=wire.Alert.urgency)
        words = f"{clean(model.name(worst.decision.camera))}: {describe.decision_words(worst.decision, t)}"
        title = t("missed.title", n=t.number(len(missed)))
        severity: Literal["error", "warning"] = (
            "error" if worst.decision.severity == "critical" else "warning"
        )
        self.bell()
        self.notify(words, title=title, severity=severity, timeout=MISSED, markup=False)

    def _name_critical(self, decision: wire.Decision) -> None:
        """Say which decision rings, unless enough were named just now; the last one says that there may be more."""
        model, t, now = self.context.model, self.context.t, self.context.model.monotonic()
        if len(self._named) == NAMED and now - self._named[0] < NAMED_SECONDS:
            return
        self._named.append(now)
        words = describe.decision_words(decision, t)
        if len(self._named) == NAMED and now - self._named[0] < NAMED_SECONDS:
            words += f"\n{t('critical.more')}"
        where = clean(model.name(decision.camera))
        self.notify(words, title=f"{t('critical.title')} {where}", severity="error", markup=False)


def _driver(line: Line | None) -> type[Driver] | None:
    """Return what writes to the terminal; None: Textual's own."""
    if line is None:
        return None
    from tui.line.driver import LineDriver  # for terminals of Unix alone

    return LineDriver

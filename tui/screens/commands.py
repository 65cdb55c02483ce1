"""The command palette: every page, camera and rule by a few letters, with or without diacritics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol, cast

from rich.text import Text
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.screen import Screen

from engine.api.client import ApiError
from tui.palette import BLUE
from tui.screens.audit import AuditScreen
from tui.screens.camera import CameraScreen
from tui.screens.commissioning.jobs import JobsScreen
from tui.screens.context import Context
from tui.screens.fleet import FleetScreen
from tui.screens.log import LogScreen
from tui.screens.night import NightScreen
from tui.screens.rule import RuleScreen
from tui.screens.rules import RulesScreen
from tui.screens.search import SearchScreen
from tui.texts import clean, fold

Opens = Callable[[Context], Screen[None] | None]
#: (key of its name in the texts, the key that opens it from the cameras, what it opens; None: where one begins).
PAGES: Final[tuple[tuple[str, str, Opens], ...]] = (
    ("command.cameras", "", lambda _: None),
    ("command.queue", "f", lambda context: LogScreen(context, firing=True)),
    ("command.log", "e", LogScreen),
    ("command.search", "F", SearchScreen),
    ("command.night", "H", NightScreen),
    ("command.rules", "r", RulesScreen),
    ("command.audit", "A", AuditScreen),
    ("command.commissioning", "C", JobsScreen),
)
#: What an application does, by its action.
ACTIONS: Final = (
    ("command.help", "?", "help"),
    ("command.language", "L", "language"),
    ("command.quit", "q", "quit"),
)


def _camera(id: str, context: Context) -> Screen[None]:
    return CameraScreen(context, id)


def _rule(name: str, context: Context) -> Screen[None]:
    return RuleScreen(context, name)


class Speaking(Protocol):
    """The application, as far as commands know it."""

    context: Context


@dataclass(frozen=True, slots=True)
class Command:
    """Something that can be had by its name.

    Attributes:
        folded: What it is found by; `shown`: what stands there; `key`: the key that does it without the palette.
    """

    folded: str
    shown: str
    key: str
    run: Callable[[], object]

    @property
    def line(self) -> Text:
        """What stands in the list: so the palette teaches the keys."""
        return Text.assemble(self.shown, (f"  {self.key}" if self.key else "", BLUE))


class Commands(Provider):
    """Finds pages, cameras, rules and what the application does."""

    async def startup(self) -> None:
        """Fold every name once; the rules are asked for where no page has shown them yet."""
        context = self._app.context
        if not context.model.rules.loaded:
            with suppress(ApiError):  # the page of the rules says why; here there are none
                context.model.rules.replace(await context.client.rules())
        self._known = [*self._pages(), *self._actions(), *self._cameras(), *self._rules()]

    async def search(self, query: str) -> Hits:
        """Yield what a few letters may mean, the best first."""
        matcher = self.matcher(fold(query).strip())
        for each in self._known:
            if (score := matcher.match(each.folded)) > 0:
                yield Hit(score, each.line, each.run, text=each.shown)

    async def discover(self) -> Hits:
        """Yield what there is before anything is typed."""
        for each in (*self._pages(), *self._actions()):
            yield DiscoveryHit(each.line, each.run, text=each.shown)

    @property
    def _app(self) -> Speaking:
        return cast("Speaking", self.app)

    def _pages(self) -> Iterator[Command]:
        context = self._app.context
        for words, key, opens in PAGES:
            yield self._command(context.t(words), key, partial(self._go, opens))

    def _actions(self) -> Iterator[Command]:
        for words, key, action in ACTIONS:
            yield self._command(self._app.context.t(words), key, partial(self.app.run_action, action))

    def _cameras(self) -> Iterator[Command]:
        context = self._app.context
        for id in context.model.order():
            name = clean(context.model.name(id))
            shown = context.t("command.camera", name=name if name == id else f"{name} ({clean(id)})")
            yield self._command(shown, "", partial(self._go, partial(_camera, id)))

    def _rules(self) -> Iterator[Command]:
        context = self._app.context
        for name in context.model.rules.names():
            shown = context.t("command.rule", name=clean(name))
            yield self._command(shown, "", partial(self._go, partial(_rule, name)))

    @staticmethod
    def _command(shown: str, key: str, run: Callable[[], object]) -> Command:
        return Command(fold(shown), shown, key, run)

    def _go(self, opens: Opens) -> None:
        """Open a page over the cameras: what was open before is not piled up below."""
        while not isinstance(self.app.screen, FleetScreen) and len(self.app.screen_stack) > 1:
            self.app.pop_screen()
        screen = opens(self._app.context)
        if screen is not None:
            self.app.push_screen(screen)

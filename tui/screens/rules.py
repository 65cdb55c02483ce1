"""Every rule and how it does: what raised, fires or waits first; reading the rules again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Input

from engine.api.client import ApiError
from tui.connection.poll import Poll
from tui.model.model import Changes
from tui.model.rules import RuleState, rule_state
from tui.palette import AMBER, DIM
from tui.presenters import rows, rule_report
from tui.render.columns import Row
from tui.render.paragraphs import Paragraph
from tui.screens.context import Context
from tui.screens.dialogs import ConfirmDialog, TextDialog
from tui.screens.list_page import ListPage
from tui.screens.rule import RuleScreen
from tui.texts import clean, fold
from tui.widgets.table import Table


class RulesScreen(ListPage):
    """The rules."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "leave", show=False),
        Binding("R", "reload", show=False),
    ]
    ASKS = "rules.filter"
    CONCERNS = ("rules.", "judge.rule")

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._query = ""
        self._failure: ApiError | None = None
        self._reloading = False
        self._poll = Poll(self._read, context.ask_every, context.model.monotonic)
        self._table = Table(rows.RULES, self._row, context.t, empty=self._empty, id="rules")

    def name_of_page(self) -> str:
        """Its title."""
        return self.context.t("rules.title")

    def keys(self) -> Sequence[tuple[str, str]]:
        """What can be done here."""
        return (
            ("↑↓", "key.move"),
            ("⏎", "key.why"),
            ("/", "key.filter"),
            ("R", "key.reload"),
            ("Esc", "key.back"),
            ("?", "key.help"),
            ("L", "key.language"),
            ("q", "key.quit"),
        )

    def on_mount(self) -> None:
        """Ask for as long as this screen lives."""
        self.run_worker(self._poll.run(), name="rules")

    def show(self, changes: Changes) -> None:
        """Show the rules again; ask at once when an engine is back."""
        if changes.everything or changes.link:
            self._list()
            self._poll.wake()

    def tick(self) -> None:
        """A second has passed: ages move."""
        self._table.redraw()
        self._tell_status()

    def action_reload(self) -> None:
        """Let the engine read the rules again, if it is meant so; what came of it is told wherever one is then."""
        if not self._reloading:
            self.app.run_worker(self._reload(), name="reload")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while typing."""
        self._query = fold(event.value).strip()
        self._list(fresh=True)

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Tell why it fired, and why it did not."""
        self.app.push_screen(RuleScreen(self.context, event.key))

    def _row(self, key: str) -> Row:
        rule = self.context.model.rules.get(key)
        return rows.rule_row(rule, self.context.model, self.context.t) if rule else Row({})

    def _empty(self) -> str:
        t = self.context.t
        if self._query:
            return t("rules.unmatched", query=clean(self._filter.value))
        if self._failure is not None:
            return self.context.failure(self._failure)
        return t("rules.none" if self.context.model.rules.loaded else "app.waiting")

    def _list(self, *, fresh: bool = False) -> None:
        rules, t = self.context.model.rules, self.context.t
        self._table.show(rules.matching(self._query, t), fresh=fresh)
        self._tell_status()

    def _tell_status(self) -> None:
        t, rules = self.context.t, self.context.model.rules
        now = ""
        if self._reloading:
            now = t("reload.going")
        elif self._failure is not None and rules.loaded:
            now = self.context.failure(self._failure)
        self._status.show(Text(self._counts(), DIM), Text(now, AMBER))

    def _counts(self) -> str:
        t, rules = self.context.t, self.context.model.rules
        told = [t("rules.shown", n=t.number(len(self._table.keys)), total=t.number(len(rules)))]
        states = [rule_state(rule) for key in self._table.keys if (rule := rules.get(key))]
        if not self.context.model.known:
            return told[0]
        active = [state for state in RuleState if state in states and state is not RuleState.QUIET]
        told += [f"{t(f'rule.{state}')} {t.number(states.count(state))}" for state in active]
        return "   ".join(told)

    async def _read(self) -> None:
        model = self.context.model
        if model.lost is not None or model.refused is not None:
            return  # the banner says why; the list stays as it was
        changed = False
        try:
            changed = model.rules.replace(await self.context.client.rules())
        except ApiError as error:
            failure: ApiError | None = error
        else:
            failure = None
        if changed or failure != self._failure:
            self._failure = failure
            self._list()

    async def _reload(self) -> None:
        if (
            await self.app.push_screen_wait(ConfirmDialog(self.context, "reload.confirm", "reload.ask"))
            is None
        ):
            return
        self._reloading = True
        self._tell_status()
        try:
            told: Iterable[Paragraph] = rule_report.reloaded(
                await self.context.client.reload_rules(), self.context.t
            )
        except ApiError as error:
            if not error.problems:
                self.app.notify(self.context.failure(error), severity="warning", markup=False)
                return
            told = rule_report.refused(error, self.context.t)
        finally:
            self._reloading = False
            self._tell_status()
        self._poll.wake()
        self.app.push_screen(TextDialog(self.context, list(told)))

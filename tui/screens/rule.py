"""One rule: why it fired and why it did not, told anew while one looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from engine.api import wire
from engine.api.client import ApiError
from engine.api.explanation import Explanation
from tui.connection.poll import Poll
from tui.model.model import Changes
from tui.model.rules import RuleState, rule_state
from tui.palette import AMBER, BRIGHT, TONES
from tui.presenters import describe, rule_report
from tui.presenters.symbols import RULE_STATES, UNKNOWN, severity
from tui.render.status import figures
from tui.screens.context import Context
from tui.screens.page import Page
from tui.texts import clean
from tui.widgets.bars import StatusLine
from tui.widgets.text_view import TextView


class RuleScreen(Page):
    """One rule; the list below it goes on asking for the figures."""

    AUTO_FOCUS = "TextView"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", show=False)]
    CONCERNS = ("rules.", "judge.rule")

    def __init__(self, context: Context, name: str) -> None:
        super().__init__(context)
        self._rule = name
        self._told: Explanation | None = None
        self._failure: ApiError | None = None
        self._poll = Poll(self._read, context.ask_every, context.model.monotonic)
        self._head, self._figures, self._status = (
            StatusLine(id="rule"),
            StatusLine(id="figures"),
            StatusLine(id="status"),
        )
        self._lines = TextView(id="story")

    def body(self) -> ComposeResult:
        """Its figures, and its story."""
        yield from (self._head, self._figures, self._lines, self._status)

    def name_of_page(self) -> str:
        """The rule's name."""
        return clean(self._rule)

    def keys(self) -> Sequence[tuple[str, str]]:
        """What can be done here."""
        return (
            ("↑↓", "key.scroll"),
            ("Esc", "key.back"),
            ("?", "key.help"),
            ("L", "key.language"),
            ("q", "key.quit"),
        )

    def on_mount(self) -> None:
        """Ask for as long as this screen lives."""
        self.run_worker(self._poll.run(), name=f"rule[{self._rule}]")

    def show(self, changes: Changes) -> None:
        """Write it again; ask at once when an engine is back."""
        if changes.everything or changes.link:
            self._tell()
            self._poll.wake()

    def tick(self) -> None:
        """A second has passed: ages and figures move."""
        self._tell_figures()

    def _tell(self) -> None:
        t = self.context.t
        if self._told is not None:
            self._lines.show(rule_report.explanation(self._told, t))
        waits = "" if self._told or self._failure else t("app.waiting")
        self._status.show(Text(self.context.failure(self._failure) if self._failure else waits, AMBER))
        self._tell_figures()

    def _tell_figures(self) -> None:
        rule, t = self.context.model.rules.get(self._rule), self.context.t
        if rule is None:
            self._head.show(Text(t("failure.no_rule"), AMBER))
            self._figures.show(Text())
            return
        if not self.context.model.known:
            told = f"{UNKNOWN[0]} {t('state.unknown')}   {describe.rule_title(rule, t)}"
            self._head.show(Text(told, TONES[UNKNOWN[1]]))
            self._figures.show(Text())
            return
        now = rule_state(rule)
        symbol, tone = RULE_STATES[now]
        sign, worst = severity(rule.severity)
        self._head.show(
            Text.assemble(
                (f"{symbol} {t(f'rule.{now}')}", TONES[worst if now is RuleState.FIRING else tone]),
                ("   "),
                (f"{sign} {t.find(f'severity.{rule.severity}', clean(rule.severity))}", TONES[worst]),
                ("   "),
                (describe.rule_title(rule, t), f"bold {BRIGHT}"),
            )
        )
        self._figures.show(self._counted(rule))

    def _counted(self, rule: wire.Rule) -> Text:
        model, t = self.context.model, self.context.t
        last = describe.clock_with_age(rule.last_fired, model, t) if rule.last_fired else t("age.never")
        kept = t("rule.rows", n=t.number(rule.rows), limit=t.number(rule.limit))
        pairs = [
            (t("rule.now", firing=t.number(rule.firing), pending=t.number(rule.pending)), ""),
            (t("rule.last", when=last), "dim"),
            (t("rule.visits", n=describe.count(rule.visits, t)), "dim"),
            (t("rule.evicted", n=describe.count(rule.evicted, t)) if rule.evicted else "", "warn"),
            (t("rule.fired", n=describe.count(rule.fired, t)), "dim"),
            (kept, "dim"),
        ]
        return figures(pairs)

    async def _read(self) -> None:
        model = self.context.model
        if model.lost is not None or model.refused is not None:
            return  # the banner says why; what was told stays
        try:
            self._told = await self.context.client.explain(self._rule)
        except ApiError as error:
            self._failure = error
        else:
            self._failure = None
        self._tell()

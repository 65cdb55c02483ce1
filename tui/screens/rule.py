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
from engine.api.resources import rules
from tui.connection import recorder
from tui.connection.poll import Poll
from tui.model.model import Changes
from tui.model.rules import RuleState, rule_state
from tui.palette import AMBER, BRIGHT, TONES
from tui.presenters import describe, rule_report
from tui.presenters.symbols import RULE_STATES, UNKNOWN, severity
from tui.render.status import figures
from tui.screens.context import Context
from tui.screens.dialogs import TextDialog
from tui.screens.page import Page
from tui.screens.trialling import TrialDialog
from tui.texts import clean
from tui.widgets.bars import StatusLine
from tui.widgets.why_view import WhyView


class RuleScreen(Page):
    """One rule; the list below it goes on asking for the figures."""

    AUTO_FOCUS = "WhyView"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", show=False),
        Binding("T", "trial", show=False),
    ]
    CONCERNS = ("rules.", "judge.rule")

    def __init__(self, context: Context, name: str, made: wire.Decision | None = None) -> None:
        """Show a rule as it is now, or, of a decision, as it was then."""
        super().__init__(context)
        self._rule, self._made = name, made
        self._told: Explanation | None = None
        self._failure: ApiError | None = None
        self._poll = Poll(self._read, context.ask_every, context.model.monotonic)
        self._head, self._figures, self._status = (
            StatusLine(id="rule"),
            StatusLine(id="figures"),
            StatusLine(id="status"),
        )
        self._lines = WhyView(id="story")

    def body(self) -> ComposeResult:
        """Its figures, and its story."""
        yield from (self._head, self._figures, self._lines, self._status)

    def name_of_page(self) -> str:
        """The rule's name."""
        return clean(self._rule)

    def keys(self) -> Sequence[tuple[str, str]]:
        """What can be done here."""
        return (
            ("↑↓", "key.move"),
            ("⏎", "key.fold"),
            *((("T", "key.trial"),) if self._made else ()),
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

    def action_trial(self) -> None:
        """Write a trial out of what happened, where this is the engine's own machine."""
        made, engine = self._made, self.context.model.engine
        if made is None:
            self.tell("trial.decision")
        elif engine is None or self.context.client.address.startswith(("http://", "https://")):
            self.tell("trial.elsewhere")
        else:
            self.run_worker(self._trial(made, engine.config), name="trial", group="trial", exclusive=True)

    async def _trial(self, made: wire.Decision, config: str) -> None:
        t = self.context.t
        typed = await self.app.push_screen_wait(TrialDialog(self.context))
        if typed is None:
            return
        if (read := recorder.read(typed)) is None:
            self.tell("trial.unread")
            return
        self.tell("trial.going")
        words = recorder.arguments(made, config, self.context.model.now(), *read, t.language)
        told = await recorder.record(words)
        self.app.push_screen(TextDialog(self.context, [*rule_report.recorded(told, t)]))

    def _tell(self) -> None:
        t = self.context.t
        if self._told is not None:
            self._lines.show_why(self._told.tree, rule_report.explanation(self._told, t), t)
        self._status.show(Text(self._trouble(), AMBER))
        self._tell_figures()

    def _trouble(self) -> str:
        """Return why what stands here may not be so now; empty: it is."""
        t = self.context.t
        if self._told is None:
            return self.context.failure(self._failure) if self._failure else t("app.waiting")
        if self._made is None and not self.context.model.known:
            return t("rule.stale")
        return self.context.failure(self._failure) if self._failure else ""

    def _tell_figures(self) -> None:
        rule, t = self.context.model.rules.get(self._rule), self.context.t
        if self._made is not None:
            self._tell_then(self._made)
            return
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

    def _tell_then(self, made: wire.Decision) -> None:
        """Say that all of this was, and when: nobody shall take it for now."""
        t, model = self.context.t, self.context.model
        sign, worst = severity(made.severity)
        title = Text.assemble((f"{sign} ", TONES[worst]), (describe.title(made, t), f"bold {BRIGHT}"))
        self._head.show(title)
        self._figures.show(Text(t("rule.then", when=describe.clock_with_age(made.at, model, t)), AMBER))

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
        if self._made is not None and self._told is not None:
            return  # what was stays so
        try:
            self._told = await self._explained()
        except ApiError as error:
            self._failure = error
        else:
            self._failure = None
        self._tell()

    async def _explained(self) -> Explanation:
        client = self.context.client
        if self._made is None:
            return await client.explain(self._rule)
        return await client.ask(rules.THEN, self._made.id)

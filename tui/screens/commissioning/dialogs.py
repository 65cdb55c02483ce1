"""What commissioning asks in between: which sheet and how, and a yes for each thing that restarts or moves cameras."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Vertical, VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, Static

from engine.api.resources.commissioning.jobs import Risk
from tui.model.wish import OPTIONAL, Wish
from tui.palette import BLUE, BRIGHT, DIM, TEXT
from tui.screens.context import Context
from tui.screens.dialogs import Dialog
from tui.texts import clean
from tui.widgets.tick import Tick

#: Cameras that a question names; of the others it says how many there are.
NAMED = 8


def keys_line(*pairs: tuple[str, str]) -> Text:
    """Return keys with what they do, as the last line of a box."""
    parts = [Text.assemble((f"{key} ", f"bold {BLUE}"), (words, DIM)) for key, words in pairs]
    return Text("   ").join(parts)


class RiskDialog(Dialog):
    """Whether cameras may be restarted or moved; returns ``yes``, ``no`` (without that), None (nothing at all).

    Enter says nothing here: whoever holds it down has not read the question.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,Y", "answer('yes')", show=False),
        Binding("n,N", "answer('no')", show=False),
    ]

    def __init__(self, context: Context, risk: Risk, cameras: Sequence[str]) -> None:
        super().__init__(context)
        self._risk, self._cameras = risk, cameras

    def compose(self) -> ComposeResult:
        """The question, which cameras, the keys."""
        t = self.context.t
        question = t(f"risk_ask.{self._risk}", n=t.number(len(self._cameras)))
        with Vertical(classes="box", id="confirm"):
            yield Static(Text(question, f"bold {BRIGHT}"))
            yield Static(Text(f"\n{self._named()}\n", TEXT))
            yield Static(
                keys_line(
                    ("y", t("key.agree")),
                    ("n", t("key.without")),
                    ("Esc", t("key.nothing")),
                )
            )

    def action_answer(self, answer: str) -> None:
        """It is answered."""
        self.dismiss(answer)

    def _named(self) -> str:
        t = self.context.t
        told = clean(", ".join(self._cameras[:NAMED]))
        more = len(self._cameras) - NAMED
        return f"{told} {t('top.more', n=more)}" if more > 0 else told


async def agreed_to(
    screen: Screen[None], context: Context, risks: Mapping[Risk, Sequence[str]]
) -> tuple[Risk, ...] | None:
    """Ask for each risk; return those that may be, None where nothing at all is to be done."""
    yes: list[Risk] = []
    for risk, cameras in risks.items():
        answer = await screen.app.push_screen_wait(RiskDialog(context, risk, cameras))
        if answer is None:
            return None
        if answer == "yes":
            yes.append(risk)
    return tuple(yes)


class WishDialog(ModalScreen[Wish | None]):
    """The form of a new commissioning; returns what is wanted, None where nothing is.

    Args:
        wish: What stands in it already.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("enter", "look", show=False),
        Binding("up", "field(-1)", show=False),
        Binding("down", "field(1)", show=False),
    ]

    def __init__(self, context: Context, wish: Wish) -> None:
        super().__init__()
        self.context, self._wish = context, wish

    def compose(self) -> ComposeResult:
        """Each field below its name; what is wanted or not as boxes."""
        t, wish = self.context.t, self._wish
        with VerticalScroll(classes="box", id="wish", can_focus=False):
            yield Static(Text(t("commissioning.new"), f"bold {BRIGHT}"))
            yield from self._field("sheet", "commissioning.sheet", wish.sheet)
            yield from self._field("technician", "commissioning.technician", wish.technician)
            yield from self._field("subnets", "commissioning.subnets", wish.subnets)
            yield Static(Text(f"\n{t('commissioning.do_steps')}", DIM))
            with Grid(id="steps"):
                for step in OPTIONAL:
                    yield Tick(t(f"step.{step}"), step in wish.steps, id=f"step-{step}")
            yield Tick(t("commissioning.thorough"), wish.thorough, id="thorough")
            yield Tick(t("commissioning.anew"), wish.anew, id="anew")
            yield Static(Text(f"\n{t('commissioning.look_first')}", DIM))
            yield Static(
                keys_line(
                    ("Enter", t("key.look")),
                    ("Tab", t("key.field")),
                    ("Space", t("key.cross_out")),
                    ("Esc", t("key.nothing")),
                )
            )

    def on_mount(self) -> None:
        """Let the person type."""
        self.query_one("#sheet", Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in a field means the same as elsewhere."""
        event.stop()
        self.action_look()

    def action_look(self) -> None:
        """It is wanted so; without a sheet there is nothing to want."""
        wish = self.wish
        if wish.sheet.strip():
            self.dismiss(wish)
        else:
            self.query_one("#sheet", Input).focus()

    def action_field(self, by: int) -> None:
        """Go to the next field, or the one before."""
        if by > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_leave(self) -> None:
        """Nothing is wanted."""
        self.dismiss(None)

    @property
    def wish(self) -> Wish:
        """What stands in the form now."""
        told = {name: self.query_one(f"#{name}", Input).value for name in ("sheet", "technician", "subnets")}
        return Wish(
            **told,
            steps=tuple(step for step in OPTIONAL if self.query_one(f"#step-{step}", Tick).value),
            thorough=self.query_one("#thorough", Tick).value,
            anew=self.query_one("#anew", Tick).value,
        )

    def _field(self, name: str, words: str, value: str) -> Iterator[Static | Input]:
        yield Static(Text(self.context.t(words), DIM))
        yield Input(value, compact=True, max_length=1000 if name != "technician" else 200, id=name)

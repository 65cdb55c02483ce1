"""What comes up over a screen and goes again: help, presets, the preview link."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final
from urllib.parse import urlsplit

from rich.console import Group, RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from engine.api import wire
from tui.palette import BLUE, BRIGHT, DIM, TEXT, TONES
from tui.presenters import describe
from tui.presenters.symbols import CAMERA_STATES, RULE_STATES, SEVERITIES, STEP_STATES, TROUBLED, UNKNOWN
from tui.render.columns import Cell, Column, Row
from tui.render.facts import facts
from tui.render.paragraphs import Paragraph
from tui.screens.context import Context
from tui.texts import Texts, clean
from tui.widgets.table import Table
from tui.widgets.text_view import TextView

#: Sections of the help: heading, then (keys, text key).
SECTIONS: Final = (
    (
        "help.everywhere",
        (
            ("↑ ↓ PgUp PgDn Home End", "help.move"),
            ("Ctrl-P  :", "help.palette"),
            ("L", "help.language"),
            ("?", "help.help"),
            ("Esc", "help.back"),
            ("q", "help.quit"),
        ),
    ),
    (
        "help.fleet",
        (
            ("Enter", "help.enter"),
            ("f", "help.firing"),
            ("e", "help.log_key"),
            ("r", "help.rules_key"),
            ("A", "help.audit_key"),
            ("t", "help.retry"),
            ("/", "help.filter"),
        ),
    ),
    (
        "help.camera",
        (
            ("← → ↑ ↓   h l k j", "help.pan"),
            ("+ −", "help.zoom"),
            ("Space", "help.stop"),
            ("1 … 9", "help.digit"),
            ("g", "help.presets"),
            ("p", "help.preview"),
            ("t", "help.retry"),
            ("a  u", "help.acknowledge"),
            ("s", "help.silence"),
            ("PgUp PgDn", "help.scroll"),
            ("m", "help.aim"),
            ("n  N", "help.next"),
        ),
    ),
    (
        "help.aiming",
        (
            ("b  0", "help.beep"),
            ("s", "help.keep"),
            ("v", "help.largest"),
            ("g", "help.grid"),
            ("d", "help.density"),
            ("w", "help.walk"),
            ("z", "help.draw"),
            ("← → ↑ ↓   Shift", "help.cross"),
            ("+ −", "help.enlarge"),
            ("Space  Tab  x  u  i  s", "help.pen"),
        ),
    ),
    (
        "help.log",
        (
            ("a  u", "help.acknowledge"),
            ("v  V", "help.seen"),
            ("c", "help.close_alert"),
            ("s", "help.silence"),
            ("w", "help.why_then"),
            ("T", "help.trial"),
            ("Home", "help.new"),
            ("f", "help.only_firing"),
            ("d", "help.decisions"),
            ("Enter", "help.details"),
            ("r", "help.rules_key"),
            ("/", "help.words"),
        ),
    ),
    (
        "help.search",
        (
            ("/", "help.question"),
            ("Enter", "help.found"),
            ("r", "help.anew_search"),
        ),
    ),
    (
        "help.night",
        (
            ("← →  Shift", "help.walk_night"),
            ("z", "help.scope"),
            ("[ ]", "help.day"),
            ("Enter", "help.found_then"),
            ("▁…█ · ÷ × ▒ ○ ?", "help.night_marks"),
        ),
    ),
    (
        "help.rules",
        (
            ("Enter", "help.why"),
            ("Enter  ← →", "help.fold"),
            ("R", "help.reload"),
            ("/", "help.rule_words"),
        ),
    ),
    (
        "help.commissioning",
        (
            ("C", "help.jobs_key"),
            ("n", "help.new_job"),
            ("g", "help.go"),
            ("r", "help.resume"),
            ("x", "help.stop_job"),
            ("u", "help.take_back"),
            ("f", "help.trouble"),
            ("Enter  Tab", "help.job_details"),
        ),
    ),
    (
        "help.audit",
        (
            ("w", "help.only_who"),
            ("d", "help.only_deed"),
            ("x", "help.only_outcome"),
            ("/", "help.record_words"),
            ("r", "help.anew"),
        ),
    ),
)


#: Cells of the keys' column.
_KEYS: Final = 22


class Dialog(ModalScreen[str | None]):
    """A box in the middle; Esc closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss_box", show=False)]

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context

    def action_dismiss_box(self) -> None:
        """Close it, nothing chosen."""
        self.dismiss(None)


class HelpDialog(Dialog):
    """Every key and every mark."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark", "dismiss_box", show=False)]

    def compose(self) -> ComposeResult:
        """One text, scrollable on small terminals."""
        with VerticalScroll(classes="box", id="help"):
            yield Static(help_text(self.context.t, ends=self.context.ends))


def help_text(t: Texts, *, ends: bool = False) -> Group:
    """Return the help.

    Args:
        ends: Whether the engine ends with this UI.
    """
    said = {"help.quit": "help.quit_all"} if ends else {}
    parts: list[RenderableType] = []
    for heading, lines in SECTIONS:
        parts += [
            facts(
                t(heading),
                "dim",
                [(keys, t(said.get(words, words))) for keys, words in lines],
                names="blue",
                least=_KEYS,
            ),
            Text(),
        ]
    marks_of = [(symbol, t(f"state.{state}"), tone) for state, (symbol, tone) in CAMERA_STATES.items()]
    gone = (UNKNOWN[0], t("state.unknown"), UNKNOWN[1])
    states = _legend([*marks_of, (TROUBLED[0], t("help.troubled"), TROUBLED[1]), gone])
    rules = _legend([(symbol, t(f"rule.{now}"), tone) for now, (symbol, tone) in RULE_STATES.items()])
    steps = _legend([(symbol, t(f"step_state.{now}"), tone) for now, (symbol, tone) in STEP_STATES.items()])
    worst = _legend([(symbol, t(f"severity.{name}"), tone) for name, (symbol, tone) in SEVERITIES.items()])
    marks = [("━━━┈┈┈", t("help.motion")), ("5.0/10.0", t("help.rate"))]
    return Group(
        *parts,
        facts(t("help.marks"), "dim", marks, names="blue", least=_KEYS),
        Text(),
        states,
        rules,
        steps,
        worst,
    )


def _legend(marks: Sequence[tuple[str, str, str]]) -> Text:
    """Return symbols with their words, each in its tone."""
    told = (Text(f"{symbol} {words}".replace(" ", "\u00a0"), TONES[tone]) for symbol, words, tone in marks)
    return Text("   ").join(told)


class PresetsDialog(Dialog):
    """A PTZ camera's presets; returns the token of the chosen one."""

    def __init__(self, context: Context, presets: Sequence[wire.Preset]) -> None:
        super().__init__(context)
        self._presets = {preset.token: (number, preset) for number, preset in enumerate(presets, 1)}

    def compose(self) -> ComposeResult:
        """A small table."""
        t = self.context.t
        with Vertical(classes="box", id="presets"):
            yield Table(
                (Column("number", 2, right=True), Column("name", 20, "ptz.presets", weight=1)), self._row, t
            )

    def on_mount(self) -> None:
        """Fill it."""
        self.query_one(Table).show(self._presets)

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Go there."""
        self.dismiss(event.key)

    def _row(self, key: str) -> Row:
        number, preset = self._presets[key]
        return Row({"number": Cell(str(number), "blue"), "name": Cell(clean(preset.name or preset.token))})


class LinkDialog(Dialog):
    """The link to the live view, to be copied or opened."""

    def __init__(self, context: Context, name: str, link: wire.PreviewLink) -> None:
        super().__init__(context)
        self._camera_name, self._link = name, link

    def compose(self) -> ComposeResult:
        """The link on lines of its own, so that it can be marked with the mouse."""
        with Vertical(classes="box", id="link"):
            for line in self._lines():
                yield Static(line)

    def _lines(self) -> Iterator[Text]:
        t, model = self.context.t, self.context.model
        yield Text(t("preview.title", name=clean(self._camera_name)), f"bold {BRIGHT}")
        yield Text(f"\n{clean(self._link.url)}\n", BLUE, overflow="fold")
        yield Text(t("preview.expires", time=describe.clock(self._link.expires, model)), DIM)
        yield Text(t("preview.copied"), DIM)
        yield Text(t("preview.tunnel", port=_port(self._link.url)), DIM)


class ConfirmDialog(Dialog):
    """A question; returns something when it is meant, None when it is not."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "agree", show=False)]

    def __init__(
        self, context: Context, question: str, meaning: str, yes: str = "key.yes", **values: object
    ) -> None:
        """Ask with these texts: the question (with its values), what it means, and what is done then."""
        super().__init__(context)
        self._question, self._meaning, self._yes, self._values = question, meaning, yes, values

    def compose(self) -> ComposeResult:
        """The question, what it means, the two keys."""
        t = self.context.t
        with Vertical(classes="box", id="confirm"):
            yield Static(Text(t(self._question, **self._values), f"bold {BRIGHT}"))
            yield Static(Text(f"\n{t(self._meaning)}\n", TEXT))
            yield Static(
                Text.assemble(
                    ("Enter ", f"bold {BLUE}"),
                    (t(self._yes), DIM),
                    ("   Esc ", f"bold {BLUE}"),
                    (t("key.no"), DIM),
                )
            )

    def action_agree(self) -> None:
        """It is meant so."""
        self.dismiss("yes")


class TextDialog(Dialog):
    """Something to read, as long as it may be."""

    def __init__(self, context: Context, paras: Sequence[Paragraph]) -> None:
        super().__init__(context)
        self._paras = paras

    def compose(self) -> ComposeResult:
        """The text and the key that closes it."""
        lines = TextView(id="paragraphs")
        lines.show(self._paras)
        with Vertical(classes="box", id="text") as box:
            box.border_subtitle = f"Esc {self.context.t('key.close')}"
            yield lines


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)

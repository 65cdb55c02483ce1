"""What the engine tells at length, as paragraphs: why a rule fired, what a reload changed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.api import wire
from engine.api.client import ApiError
from engine.api.explanation import Explanation
from tui.connection.recorder import Recording
from tui.presenters import describe
from tui.render.paragraphs import Paragraph
from tui.texts import Texts, clean

#: Sign and tone of what became of a rule, as `matthan rules reload` prints it.
_CHANGES = (
    ("+", "good", "reload.added"),
    ("-", "bad", "reload.removed"),
    ("~", "warn", "reload.changed"),
    ("=", "text", "reload.edited"),
)


def explanation(answer: Explanation, t: Texts) -> Iterator[Paragraph]:
    """Yield why a rule fired, and why it did not, in the words of ``matthan rules explain``."""
    for place, line in enumerate(answer.lines):
        words = describe.sentence(line.said, t)
        if line.before == "✗":
            yield Paragraph(words, depth=line.depth, mark="✗", mark_tone="bad")
            continue
        tone = "bad" if line.said and line.said.code == "explain.fault" else "text" if place else "bright"
        yield Paragraph(" ".join(filter(None, (clean(line.before), words))), tone, depth=line.depth)


def recorded(told: Recording, t: Texts) -> Iterator[Paragraph]:
    """Yield where a trial is and whether it comes out as it did live; or why there is none."""
    if not told.file:
        yield Paragraph(t("trial.none"), "critical")
    else:
        yield Paragraph(t("trial.written", n=t.number(told.events)), "bright")
        yield Paragraph(clean(told.file), depth=1)
        mark, tone = ("✓", "good") if told.reproduces else ("✗", "bad")
        yield Paragraph(
            t("trial.reproduces" if told.reproduces else "trial.differs"), mark=mark, mark_tone=tone
        )
    for line in told.detail.splitlines():
        yield Paragraph(clean(line), "dim")


def reloaded(answer: wire.RulesReloaded, t: Texts) -> Iterator[Paragraph]:
    """Yield what a reload changed: what is wanted of a person first, then every rule that is another now."""
    counts = {"n": t.number(answer.rules), "kept": t.number(answer.kept), "rows": t.number(answer.remembered)}
    yield Paragraph(t("reload.done" if answer.adopted else "reload.same", **counts), "bright")
    if answer.restart:
        yield Paragraph(t("reload.restart", keys=clean(", ".join(answer.restart))), "warn")
    yield from _problems(answer.warnings, t)
    for mark, tone, words in _CHANGES:
        rules: tuple[str, ...] = getattr(answer, words.removeprefix("reload."))
        if rules:
            yield Paragraph("")
            yield Paragraph(t(words, n=t.number(len(rules))), "dim")
        for rule in rules:
            yield Paragraph(clean(rule), mark=mark, mark_tone=tone)


def refused(error: ApiError, t: Texts) -> Iterator[Paragraph]:
    """Yield why a reload was refused: every problem at its place."""
    errors = sum(each.severity == "error" for each in error.problems)
    yield Paragraph(t("reload.refused", n=t.number(errors)), "critical")
    yield from _problems(error.problems, t)


def wrong_sheet(error: ApiError, t: Texts) -> Iterator[Paragraph]:
    """Yield why a sheet was refused: every problem at its line and column."""
    yield Paragraph(t("commissioning.wrong_sheet", n=t.number(len(error.problems))), "critical")
    yield from _problems(error.problems, t)


def _problems(problems: Iterable[wire.FileProblem], t: Texts) -> Iterator[Paragraph]:
    for each in problems:
        mark, tone = ("✗", "bad") if each.severity == "error" else ("!", "warn")
        place = clean(f"{each.source}:{each.line}:{each.column}")
        yield Paragraph("")
        yield Paragraph(place, "bright", mark=mark, mark_tone=tone)
        key = f"{clean(each.key)}: " if each.key else ""
        yield Paragraph(key + _wrong(each, t), depth=1)


def _wrong(problem: wire.FileProblem, t: Texts) -> str:
    told = problem.vi if t.language == "vi" else problem.en
    values = ", ".join(f"{name}: {value}" for name, value in problem.values.items())
    return clean(told or f"{problem.code} {values}".rstrip())  # an older engine tells the code alone

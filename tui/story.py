"""What the engine tells at length, as paragraphs: why a rule fired, what a reload changed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.api import wire
from engine.api.client import ApiError
from engine.api.explanation import Explanation
from tui import describe
from tui.columns import Para
from tui.texts import Texts, clean

#: Sign and tone of what became of a rule, as `matthan rules reload` prints it.
_CHANGES = (
    ("+", "good", "reload.added"),
    ("-", "bad", "reload.removed"),
    ("~", "warn", "reload.changed"),
    ("=", "text", "reload.edited"),
)


def explanation(told: Explanation, t: Texts) -> Iterator[Para]:
    """Yield why a rule fired, and why it did not, in the words of ``matthan rules explain``."""
    for place, line in enumerate(told.lines):
        words = describe.sentence(line.said, t)
        if line.before == "✗":
            yield Para(words, depth=line.depth, mark="✗", mark_tone="bad")
            continue
        tone = "bad" if line.said and line.said.code == "explain.fault" else "text" if place else "bright"
        yield Para(" ".join(filter(None, (clean(line.before), words))), tone, depth=line.depth)


def reloaded(told: wire.RulesReloaded, t: Texts) -> Iterator[Para]:
    """Yield what a reload changed: what is wanted of a person first, then every rule that is another now."""
    counts = {"n": t.number(told.rules), "kept": t.number(told.kept), "rows": t.number(told.remembered)}
    yield Para(t("reload.done" if told.adopted else "reload.same", **counts), "bright")
    if told.restart:
        yield Para(t("reload.restart", keys=clean(", ".join(told.restart))), "warn")
    yield from _problems(told.warnings, t)
    for mark, tone, words in _CHANGES:
        rules: tuple[str, ...] = getattr(told, words.removeprefix("reload."))
        if rules:
            yield Para("")
            yield Para(t(words, n=t.number(len(rules))), "dim")
        for rule in rules:
            yield Para(clean(rule), mark=mark, mark_tone=tone)


def refused(error: ApiError, t: Texts) -> Iterator[Para]:
    """Yield why a reload was refused: every problem at its place."""
    errors = sum(each.severity == "error" for each in error.problems)
    yield Para(t("reload.refused", n=t.number(errors)), "alarm")
    yield from _problems(error.problems, t)


def _problems(problems: Iterable[wire.FileProblem], t: Texts) -> Iterator[Para]:
    for each in problems:
        mark, tone = ("✗", "bad") if each.severity == "error" else ("!", "warn")
        place = clean(f"{each.source}:{each.line}:{each.column}")
        yield Para("")
        yield Para(place, "bright", mark=mark, mark_tone=tone)
        key = f"{clean(each.key)}: " if each.key else ""
        yield Para(key + _wrong(each, t), depth=1)


def _wrong(problem: wire.FileProblem, t: Texts) -> str:
    told = problem.vi if t.language == "vi" else problem.en
    values = ", ".join(f"{name}: {value}" for name, value in problem.values.items())
    return clean(told or f"{problem.code} {values}".rstrip())  # an older engine tells the code alone

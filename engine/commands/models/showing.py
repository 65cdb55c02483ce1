"""A comparison of two models in words and columns, for the terminal and for the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.bench.difference import FEWEST, FEWEST_OF_A_CLASS, Difference, Verdict
from engine.bench.duel import Contrast, Judged, Mark, ap50
from engine.bench.tally import Tally, counted
from engine.commands.models.comparing import Compared, Side
from engine.commands.output.report import Language, say_in
from engine.models import folder
from rules.text import fraction

_APS = ("compare.head_ap_a", "compare.head_ap_b", "compare.head_gain", "compare.head_sure")
_AT_SCORE = (
    "compare.head_precision_a", "compare.head_precision_b", "compare.head_recall_a", "compare.head_recall_b",
)  # fmt: skip
_CLASS_HEADS = ("compare.head_class", "compare.head_objects", *_APS, *_AT_SCORE)
_SOURCE_HEADS = ("compare.head_source", "compare.head_pictures", "compare.head_objects", *_APS)


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns with their heads; the first is of words, the others are of figures."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]

    def lines(self) -> Iterator[str]:
        """Yield it, aligned."""
        table = [self.heads, *self.rows]
        widths = [max(len(row[i]) for row in table) for i in range(len(self.heads))]
        for row in table:
            cells = [cell.rjust(wide) for cell, wide in zip(row[1:], widths[1:], strict=True)]
            yield "  ".join([row[0].ljust(widths[0]), *cells]).rstrip()


def lines(found: Compared, said: Language) -> Iterator[str]:
    """Yield what a person at a terminal reads."""
    yield from sides(found, said)
    yield scope(found, said)
    yield ""
    for grid in (by_class(found, said), by_source(found, said)):
        if grid.rows:
            yield from (*grid.lines(), "")
    yield from notes(found, said)
    yield verdict(found, said)
    yield from _next_step(found, said)
    if found.contrasts and not found.asked.html:
        yield say_in(said, "compare.no_page", count=len(found.contrasts))


def _next_step(found: Compared, said: Language) -> Iterator[str]:
    """Yield how to have the second one, where it is better and not installed."""
    file = found.b.file
    if found.judged.verdict is not Verdict.B or file.entry is not None or file.path.parent == folder():
        return
    yield say_in(said, "compare.install", path=str(file.path), labels=",".join(file.labels))


def sides(found: Compared, said: Language) -> Iterator[str]:
    """Yield which the two are."""
    for letter, side in (("A", found.a), ("B", found.b)):
        ms = fraction(f"{side.ms:.1f}", said)
        path = str(side.file.path)
        yield say_in(said, "compare.side", letter=letter, name=side.file.name, ms=ms, path=path)


def scope(found: Compared, said: Language) -> str:
    """Return what they were judged on."""
    return say_in(
        said,
        "compare.scope",
        pictures=found.pictures,
        units=found.judged.units,
        split=found.album.split,
        folder=str(found.asked.folder),
        score=fraction(f"{found.asked.score:.2f}", said),
    )


def by_class(found: Compared, said: Language) -> Grid:
    """Return the classes, and their mean."""
    rows = [
        [
            say_in(said, f"label.{label}"),
            str(int(a.objects.sum())),
            *_aps((ap50(a), ap50(b)), said),
            *_interval(found.judged.classes.get(label), said),
            *_at_score((a, b), found.asked.score, said),
        ]
        for label, (a, b) in found.judged.pairs.items()
    ]
    if found.judged.pairs:
        mean = [*_aps(found.judged.means, said), *_interval(found.judged.mean, said)]
        rows.append([say_in(said, "compare.mean"), "", *mean, "", "", "", ""])
    return Grid([say_in(said, code) for code in _CLASS_HEADS], rows)


def by_source(found: Compared, said: Language) -> Grid:
    """Return the sources, the mean of each."""
    rows = [
        [name, str(count), str(_objects(judged)), *_aps(judged.means, said), *_interval(judged.mean, said)]
        for name, (count, judged) in found.sources.items()
        if judged.pairs
    ]
    return Grid([say_in(said, code) for code in _SOURCE_HEADS], rows)


def verdict(found: Compared, said: Language) -> str:
    """Return which is better, as a sentence."""
    mean, units = found.judged.mean, found.judged.units
    if mean is None:
        return say_in(said, "compare.few", units=units, least=FEWEST, least_of=FEWEST_OF_A_CLASS)
    gain, (low, high) = _signed(mean.value, said), _ends(mean, said)
    if mean.verdict is Verdict.EVEN:
        return say_in(said, "compare.even", units=units, gain=gain, low=low, high=high)
    letter, side = ("B", found.b) if mean.verdict is Verdict.B else ("A", found.a)
    return say_in(said, "compare.better", letter=letter, name=side.file.name, gain=gain, low=low, high=high)


def notes(found: Compared, said: Language) -> Iterator[str]:
    """Yield what else must be known: what was left out, and what one of the two cannot tell."""
    album = found.album
    if found.bad:
        yield say_in(said, "compare.bad", count=len(found.bad))
    if album.unlabelled:
        yield say_in(said, "compare.unlabelled", count=album.unlabelled)
    if album.missing:
        yield say_in(said, "compare.missing", count=album.missing)
    if album.others:
        yield say_in(said, "compare.others", count=album.others, split=album.split)
    if found.unnamed:
        yield say_in(said, "compare.unnamed", count=found.unnamed)
    for label, count in found.unknown.items():
        yield say_in(said, "compare.unknown", label=say_in(said, f"label.{label}"), count=count)
    yield from _untold("A", found.a, found.judged, said)
    yield from _untold("B", found.b, found.judged, said)
    yield from _absent(found, said)
    left = [label for label in found.judged.pairs if label not in found.judged.counted]
    if left:
        told = ", ".join(say_in(said, f"label.{label}") for label in left)
        yield say_in(said, "compare.rare", labels=told, least=FEWEST_OF_A_CLASS)


def _absent(found: Compared, said: Language) -> Iterator[str]:
    """Yield what was told of classes that nothing is labelled of: all of it is false."""
    for label, pair in found.judged.absent.items():
        a, b = (counted(each, found.asked.score).false for each in pair)
        if a or b:
            yield say_in(said, "compare.absent", label=say_in(said, f"label.{label}"), a=a, b=b)


def differing(each: Contrast, said: Language) -> str:
    """Return in what they differ on a picture, as text below it."""
    parts = {
        "compare.found_a": each.found_a,
        "compare.found_b": each.found_b,
        "compare.false_a": each.false_a,
        "compare.false_b": each.false_b,
    }
    return "; ".join(say_in(said, code, what=_listed(marks, said)) for code, marks in parts.items() if marks)


def _listed(marks: Sequence[Mark], said: Language) -> str:
    counts: dict[str, int] = {}
    for mark in marks:
        counts[mark.label] = counts.get(mark.label, 0) + 1
    return ", ".join(f"{count} × {say_in(said, f'label.{label}')}" for label, count in counts.items())


def _untold(letter: str, side: Side, judged: Judged, said: Language) -> Iterator[str]:
    labels = [label for label in judged.pairs if label not in side.names]
    if labels:
        told = ", ".join(say_in(said, f"label.{label}") for label in labels)
        yield say_in(said, "compare.untold", letter=letter, name=side.file.name, labels=told)


def _objects(judged: Judged) -> int:
    return sum(int(a.objects.sum()) for a, _ in judged.pairs.values())


def _aps(pair: tuple[float, float], said: Language) -> list[str]:
    return [fraction(f"{each:.3f}", said) for each in pair] + [_signed(pair[1] - pair[0], said)]


def _interval(each: Difference | None, said: Language) -> list[str]:
    return ["-"] if each is None else [" … ".join(_ends(each, said))]


def _ends(each: Difference, said: Language) -> tuple[str, str]:
    return _signed(each.low, said), _signed(each.high, said)


def _signed(value: float, said: Language) -> str:
    return fraction(f"{value:+.3f}", said).replace("-", "−")


def _at_score(pair: tuple[Tally, Tally], score: float, said: Language) -> list[str]:
    a, b = (counted(each, score) for each in pair)
    figures = (a.precision, b.precision, a.recall, b.recall)
    return ["-" if each is None else fraction(f"{each:.2f}", said) for each in figures]

"""A proposal for people at a terminal: pictures where there are colours, a plot over time, a table, the YAML, why."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from engine.commands.output.report import coloured
from engine.commands.output.terminal import line, paint, width_of
from engine.commands.vision.proposed import Proposed
from engine.commands.vision.timeline import axis, bars, marks
from engine.vision.tuner.journey import Box, boxes_of
from engine.vision.tuner.proposal import Findings, Outcome
from engine.vision.tuner.reasons import clock, percent
from rules.text import fraction

#: Columns where nobody says how many there are, and of two pictures at most; of the words before a plot.
WIDE, WIDEST, MARGIN = 80, 128, 11
#: Columns of each column of the table.
_CELL = 12


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture of the film that is shown."""

    number: int
    boxes: tuple[Box, ...]


def typical(found: Findings) -> Shown:
    """Return the picture in the middle, by how much moves in them."""
    order = sorted(range(len(found.film)), key=lambda number: found.now.trial.motions[number].share)
    return shown_in(found.now, order[len(order) // 2])


def busiest(found: Findings) -> Shown:
    """Return the picture in which most moves."""
    motions = found.now.trial.motions
    told = [each.share if len(each.boxes) else 0.0 for each in motions]
    return shown_in(found.now, max(range(len(told)), key=told.__getitem__))


def calmest(found: Findings) -> int:
    """Return the number of the picture in which least moves, of the film's second half: what is always there shows."""
    late = range(len(found.film) // 2, len(found.film))
    return min(late, key=lambda number: found.now.trial.motions[number].share)


def passing(found: Findings) -> list[bool]:
    """Return of each picture whether something passes through it."""
    return [any(number in each.places for each in found.journeys) for number in range(len(found.film))]


def lines(proposed: Proposed, *, hint: bool) -> Iterator[str]:
    """Yield the lines.

    Args:
        hint: Whether to say how it is written.
    """
    colours, width = coloured(), min(WIDEST, width_of(sys.stdout) or WIDE)
    yield proposed.heading
    if colours:
        yield from _pictures(proposed, width)
    yield ""
    yield from _plot(proposed, width - MARGIN - 5)
    yield ""
    yield from _table(proposed, colours)
    yield ""
    yield from _proposal(proposed, colours, hint=hint)


def shown_in(outcome: Outcome, number: int) -> Shown:
    """Return a picture with what a tuning tells of it."""
    return Shown(number, tuple(boxes_of(outcome.trial, number)))


def _pictures(proposed: Proposed, width: int) -> Iterator[str]:
    """Yield four pictures, two by two: a typical and the busiest one, where it flickers, and what would be told."""
    from engine.commands.vision.terminal_picture import Marks, half_blocks, rows_for

    found = proposed.found
    film, some, most = found.film, typical(found), busiest(found)
    ignored = tuple(tuple(each) for each in found.best.trial.tuning.ignore)
    present = tuple(tuple(each) for each in found.now.trial.tuning.ignore)
    columns = (width - 2) // 2
    rows = rows_for(columns, film.width / film.height)
    four = (
        ("vision.typical", some.number, Marks(some.boxes, present)),
        ("vision.busiest", most.number, Marks(most.boxes, present)),
        ("vision.flickering", calmest(found), Marks((), ignored, found.now.flicker.rate)),
        ("vision.proposed", most.number, Marks(shown_in(found.best, most.number).boxes, ignored)),
    )
    made = [half_blocks(film.pictures[number], each, columns, rows) for _, number, each in four]
    titles = [proposed.say(code, at=_at(found, number)) for code, number, _ in four]
    for pair in (0, 2):
        yield ""
        yield f"{titles[pair][:columns]:<{columns}}  {titles[pair + 1][:columns]}"
        for left, right in zip(made[pair], made[pair + 1], strict=True):
            yield f"{left}  {right}"


def _at(found: Findings, number: int) -> str:
    return clock(found.film.times[number])


def _plot(proposed: Proposed, width: int) -> Iterator[str]:
    found = proposed.found
    motions = found.now.trial.motions
    shares = [each.share if len(each.boxes) else 0.0 for each in motions]
    counts = [len(each.boxes) for each in motions]
    rows = (
        ("vision.row_share", bars(shares, width), f"{percent(max(shares))} %"),
        ("vision.row_regions", bars(counts, width), str(max(counts))),
        ("vision.row_now", marks(found.now, passing(found), width), ""),
        ("vision.row_then", marks(found.best, passing(found), width), ""),
    )
    for code, drawn, most in rows:
        yield f"{proposed.say(code):<{MARGIN}}{drawn} {fraction(most, proposed.language)}".rstrip()
    yield f"{'':<{MARGIN}}{axis(found.film.times[-1], width)}"
    yield f"{'':<{MARGIN}}{proposed.say('vision.legend')}"


def _table(proposed: Proposed, colours: bool) -> Iterator[str]:
    """Yield what each sensitivity tells, and what the proposal does."""
    found = proposed.found
    heads = ("vision.head_sensitivity", "vision.head_told", "vision.head_flickers", "vision.head_passed")
    yield "  " + "".join(f"{proposed.say(each):>{_CELL + 1}}" for each in heads)
    for each in found.tried:
        yield _row(proposed, each, "* " if each is found.now else "  ")
    if found.changes:
        yield paint(_row(proposed, found.best, "> "), "1", colours)
    yield "  " + proposed.say("vision.marks")


def _row(proposed: Proposed, outcome: Outcome, mark: str) -> str:
    kept = f"{sum(outcome.kept)}/{len(outcome.kept)}" if outcome.kept else "-"
    cells = (
        str(outcome.trial.tuning.sensitivity),
        f"{percent(outcome.trial.told)} %",
        f"{percent(outcome.restless)} %",
        kept,
    )
    return mark + "".join(f"{fraction(each, proposed.language):>{_CELL + 1}}" for each in cells)


def _proposal(proposed: Proposed, colours: bool, *, hint: bool) -> Iterator[str]:
    if proposed.found.changes:
        yield paint(proposed.say("vision.proposal"), "1", colours)
        for each in proposed.yaml.split("\n"):
            yield f"    {line(each)}"
    for each in proposed.reasons:
        yield f"- {each}"
    if proposed.found.changes and hint:
        yield proposed.say("vision.to_write", camera=proposed.settings.id)

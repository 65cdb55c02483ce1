"""Which tuning to choose: the least change that silences what flickers and keeps all that passed through."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.vision.motion.tuning import Tuning
from engine.vision.tuner.film import Film
from engine.vision.tuner.flicker import Corners, Flicker, confined, flicker, polygons
from engine.vision.tuner.journey import Journey, agreed, journeys
from engine.vision.tuner.trial import Trial, tried
from rules.geometry import surface

#: Sensitivities that are tried beside the present one.
SENSITIVITIES = (20, 35, 50, 65, 80)
#: Part of the pictures that may flicker without anything being done about it.
QUIET = 0.02
#: A journey is kept where something is told in so much of its pictures.
KEPT = 0.6
#: What a proposal costs beside flicker (in points of 1 % of the pictures): a journey that is told now and would not
#: be; one that is not told; the pictures in which one is not, all of them; 15 of sensitivity down (what else it makes
#: blind to is not on the film) and up; the whole picture ignored; a least size; anything at all that is changed.
LOST, MISSED, UNSHOWN, DOWN, UP, IGNORED, LEAST, CHANGED = 100.0, 5.0, 5.0, 3.0, 1.5, 25.0, 1.0, 1.0
#: Most of the picture that a proposal ignores.
MOST_IGNORED = 0.4
#: Part of the smallest journey's size up to which a least size may go.
SMALLER = 0.4


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a film with one tuning.

    Attributes:
        flicker: Motion that no journey explains.
        shown: In which part of its pictures each journey was told, in their order.
    """

    trial: Trial
    flicker: Flicker
    shown: tuple[float, ...]

    @property
    def kept(self) -> tuple[bool, ...]:
        """Whether each journey is told."""
        return tuple(each >= KEPT for each in self.shown)

    @property
    def restless(self) -> float:
        """Part of the pictures that flicker, 0..1."""
        return len(self.flicker.numbers) / max(1, len(self.trial.motions))


@dataclass(frozen=True, slots=True)
class Findings:
    """What a film showed, and what is proposed.

    Attributes:
        journeys: What passed through.
        now: What the present tuning makes of the film; `best`: what the proposed one does.
        tried: By sensitivity, the lowest first, all else as at present.
    """

    film: Film
    journeys: tuple[Journey, ...]
    now: Outcome
    best: Outcome
    tried: tuple[Outcome, ...]

    @property
    def added(self) -> tuple[Corners, ...]:
        """What is to be ignored beside what is already."""
        return self.best.trial.tuning.ignore[len(self.now.trial.tuning.ignore) :]  # type: ignore[return-value]

    @property
    def changes(self) -> bool:
        """Whether anything is to be changed."""
        return self.best.trial.tuning != self.now.trial.tuning


def examine(film: Film, present: Tuning, progress: Callable[[int], None] = lambda _: None) -> Findings:
    """Try tunings on a film, and return what was found.

    Args:
        progress: Told of the number of trials so far.
    """
    sensitivities = sorted({*SENSITIVITIES, present.sensitivity})
    trials = []
    for number, each in enumerate(sensitivities, 1):
        trials.append(tried(film, replace(present, sensitivity=each)))
        progress(number)
    known = _real(trials, agreed([journeys(each, film.times) for each in trials]))
    outcomes = [_outcome(each, known) for each in trials]
    now = outcomes[sensitivities.index(present.sensitivity)]
    every = [*outcomes]
    for tuning in _variants(outcomes, now, known):
        every.append(_outcome(tried(film, tuning), known))
        progress(len(every))
    calm = [each for each in every if each.restless <= now.restless + QUIET]  # nothing is bought with flicker
    best = min(calm, key=lambda each: _cost(each, now))
    return Findings(film, known, now, best, tuple(outcomes))


def _real(trials: Sequence[Trial], known: Sequence[Journey]) -> tuple[Journey, ...]:
    """Return the journeys without those that only the flicker of a place made up."""
    outcomes = [_outcome(each, known) for each in trials]
    first = [next((each for each in outcomes if each.kept[n]), None) for n in range(len(known))]
    pairs = zip(known, first, strict=True)
    return tuple(each for each, seen in pairs if seen is None or not confined(each, seen.flicker))


def _outcome(trial: Trial, known: Sequence[Journey]) -> Outcome:
    return Outcome(trial, flicker(trial, known), tuple(each.shown(trial) for each in known))


def _variants(outcomes: Sequence[Outcome], now: Outcome, known: Sequence[Journey]) -> Iterator[Tuning]:
    """Yield what else could be tried where something flickers: what is small left out, restless places, both."""
    for each in outcomes:
        if each.restless <= QUIET or _lost(each, now):
            continue
        tuning, least = each.trial.tuning, _least(each, known)
        places = _ignorable(each.flicker)
        if least > tuning.least:
            yield replace(tuning, least=least)
        for count in sorted({1, len(places)} if places else set()):
            ignore = (*tuning.ignore, *places[:count])
            yield replace(tuning, ignore=ignore)
            if least > tuning.least:
                yield replace(tuning, least=least, ignore=ignore)


def _ignorable(found: Flicker) -> tuple[Corners, ...]:
    """Return the restless places, as many of the most restless as may be ignored."""
    places, whole = list[Corners](), 0.0
    for each in polygons(found):
        whole += surface(each)
        if whole > MOST_IGNORED:
            break
        places.append(each)
    return tuple(places)


def _least(outcome: Outcome, known: Sequence[Journey]) -> float:
    """Return a least size above most of what flickers and well below all that travels; 0: there is none."""
    if not outcome.flicker.areas or not known:
        return 0.0
    small = float(np.quantile(outcome.flicker.areas, 0.95)) * 1.05
    return float(f"{small:.2g}") if small < SMALLER * min(each.size for each in known) else 0.0


def _lost(outcome: Outcome, now: Outcome) -> int:
    """Return how many journeys that are told now would not be."""
    return sum(before and not after for before, after in zip(now.kept, outcome.kept, strict=True))


def _cost(outcome: Outcome, now: Outcome) -> float:
    tuning, present = outcome.trial.tuning, now.trial.tuning
    steps = (tuning.sensitivity - present.sensitivity) / 15
    ignored = sum(map(surface, tuning.ignore)) - sum(map(surface, present.ignore))
    return (
        100 * max(0.0, outcome.restless - QUIET)
        + LOST * _lost(outcome, now)
        + MISSED * outcome.kept.count(False)
        + UNSHOWN * sum(1 - each for each in outcome.shown)
        + (UP * steps if steps > 0 else -DOWN * steps)
        + IGNORED * ignored
        + LEAST * (tuning.least != present.least)
        + CHANGED * (tuning != present)
    )

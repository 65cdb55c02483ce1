"""Why a tuning is proposed and what it changes, as sentences. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.vision.model import Disturbance
from engine.vision.tuner.flicker import Corners
from engine.vision.tuner.proposal import QUIET, Findings
from rules.model import Sentence

#: Moments that are named at most.
NAMED = 6
#: Part of the pictures from which a disturbance of the whole picture is worth telling.
WORTH = 0.01
_ACROSS, _DOWN = ("left", "middle", "right"), ("top", "centre", "bottom")


def reasons(found: Findings, names: Sequence[str]) -> Iterator[Sentence]:
    """Yield what was found and what the proposal does about it, the most important first.

    Args:
        names: Of the polygons that are to be added.
    """
    now, best = found.now, found.best
    if found.changes:
        yield Sentence("vision.would", {"now": percent(now.trial.told), "then": percent(best.trial.told)})
        yield from _changes(found, names)
    else:
        code = "vision.leave" if now.restless <= QUIET else "vision.no_better"
        yield Sentence(code, {"now": percent(now.trial.told), "idle": percent(now.restless)})
    yield from _passed(found)
    yield from _disturbed(found)


def _changes(found: Findings, names: Sequence[str]) -> Iterator[Sentence]:
    before, after = found.now.trial.tuning, found.best.trial.tuning
    idle = {"idle": percent(found.now.restless)}
    for name, corners in zip(names, found.added, strict=True):
        yield Sentence(
            f"vision.flickers+vision_place.{place_of(corners)}+vision.ignored", {"name": name, **idle}
        )
    if after.sensitivity < before.sensitivity:
        yield Sentence("vision.less", {"value": after.sensitivity, **idle})
    if after.sensitivity > before.sensitivity:
        yield Sentence("vision.more", {"value": after.sensitivity})
    if after.least != before.least:
        yield Sentence("vision.least", {"value": percent(after.least)})


def _passed(found: Findings) -> Iterator[Sentence]:
    """Yield what is with those that passed through: the one thing that nobody may lose."""
    if not found.journeys:
        yield Sentence("vision.nobody")
    fates = list(zip(found.journeys, found.now.kept, found.best.kept, strict=True))
    times = [clock(found.film.times[journey.first]) for journey in found.journeys]
    groups = {
        "vision.stays": [at for at, (_, before, after) in zip(times, fates, strict=True) if before and after],
        "vision.gained": [at for at, (_, before, after) in zip(times, fates, strict=True) if after > before],
        "vision.lost": [at for at, (_, _, after) in zip(times, fates, strict=True) if not after],
    }
    for code, moments in groups.items():
        if moments:
            told = ", ".join(moments[:NAMED]) + (" …" if len(moments) > NAMED else "")
            yield Sentence(code, {"times": told, "count": len(moments)})


def _disturbed(found: Findings) -> Iterator[Sentence]:
    motions = found.best.trial.motions
    for kind in (Disturbance.LIGHT, Disturbance.SHAKE, Disturbance.VIEW):
        share = sum(each.disturbance is kind for each in motions) / max(1, len(motions))
        if share >= WORTH:
            yield Sentence(f"vision.disturbed_{kind.value}", {"share": percent(share)})


def place_of(corners: Corners) -> str:
    """Return in which of nine parts of the picture a polygon's middle is, as the second half of a code."""
    x, y = (sum(each) / len(corners) for each in zip(*corners, strict=True))
    return f"{_DOWN[min(2, int(y * 3))]}_{_ACROSS[min(2, int(x * 3))]}"


def percent(share: float) -> str:
    """Return a part of 1 as a number of percent, with digits where it is small."""
    if 0 < share < 0.001:
        return f"{share * 100:.2g}"
    return f"{share * 100:.1f}" if 0 < share < 0.01 else str(round(share * 100))


def clock(seconds: float) -> str:
    """Return a time of a film: minutes and seconds."""
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"

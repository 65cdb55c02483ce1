"""A proposal as it is told: named, in a language, as YAML and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any

from engine.config import spelling
from engine.config.edit import Edit, Set
from engine.config.settings import CameraSettings
from engine.text import Language, render
from engine.vision.tuner.flicker import Corners
from engine.vision.tuner.proposal import Findings, Outcome
from engine.vision.tuner.reasons import clock, place_of, reasons


@dataclass(frozen=True)
class Proposed:
    """What was found of one camera or clip, for people in one language."""

    settings: CameraSettings
    found: Findings
    language: Language

    def say(self, code: str, **values: object) -> str:
        """Return a sentence."""
        return render(code, values, self.language)

    @property
    def heading(self) -> str:
        """What was watched, and how long."""
        film, name = self.found.film, self.settings.name or self.settings.id
        size, fps = f"{film.width}x{film.height}", f"{film.fps:g}"
        values = {"name": name, "pictures": len(film), "seconds": round(film.times[-1]), "size": size}
        return self.say("vision.heading", fps=fps, **values)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The polygons that are to be added: called by where they are, as no other is."""
        taken, names = set(self.settings.motion.ignore), list[str]()
        for corners in self.found.added:
            word = self.say(f"vision_slug.{place_of(corners)}")
            name = next(each for each in _numbered(word) if each not in taken)
            taken.add(name)
            names.append(name)
        return tuple(names)

    @property
    def added(self) -> dict[str, list[list[float]]]:
        """The polygons that are to be added, by name."""
        return dict(zip(self.names, map(_written, self.found.added), strict=True))

    @property
    def motion(self) -> dict[str, object]:
        """The whole of `motion:` as it is to be; what says nothing is left out."""
        tuning = self.found.best.trial.tuning
        kept = {name: _written(tuple(corners)) for name, corners in self.settings.motion.ignore.items()}
        told = {"sensitivity": tuning.sensitivity, "least": tuning.least, "ignore": kept | self.added}
        return {key: value for key, value in told.items() if value or key == "sensitivity"}

    @property
    def yaml(self) -> str:
        """The same as it stands in a file, to be put below a camera."""
        return spelling.key("motion", self.motion, 0)

    def edits(self, place: tuple[str | int, ...]) -> Iterator[Edit]:
        """Yield what is to be changed of the camera that stands at a place of a file."""
        before, after = self.found.now.trial.tuning, self.found.best.trial.tuning
        here = (*place, "motion")
        if after.sensitivity != before.sensitivity:
            yield Set((*here, "sensitivity"), after.sensitivity)
        if after.least != before.least:
            yield Set((*here, "least"), after.least)
        for name, corners in self.added.items():
            yield Set((*here, "ignore", name), corners)

    @property
    def reasons(self) -> list[str]:
        """Why, sentence by sentence."""
        return [self.say(each.code, **each.values) for each in reasons(self.found, self.names)]

    def json(self) -> str:
        """Return all of it as one JSON object."""
        film, found = self.found.film, self.found
        told: dict[str, Any] = {
            "source": self.settings.id,
            "seconds": round(film.times[-1], 1),
            "pictures": len(film),
            "fps": film.fps,
            "width": film.width,
            "height": film.height,
            "passed": [_passed(found, number) for number in range(len(found.journeys))],
            "now": _outcome(found.now),
            "proposed": _outcome(found.best) | {"motion": self.motion, "changes": found.changes},
            "tried": [_outcome(each) for each in found.tried],
            "reasons": self.reasons,
        }
        return json.dumps(told, ensure_ascii=False)


def _outcome(outcome: Outcome) -> dict[str, Any]:
    tuning = outcome.trial.tuning
    return {
        "sensitivity": tuning.sensitivity,
        "least": tuning.least,
        "ignored": len(tuning.ignore),
        "told": round(outcome.trial.told, 4),
        "flickers": round(outcome.restless, 4),
        "shown": [round(each, 2) for each in outcome.shown],
    }


def _passed(found: Findings, number: int) -> dict[str, Any]:
    journey, times = found.journeys[number], found.film.times
    return {
        "from": round(times[journey.first], 1),
        "to": round(times[journey.last], 1),
        "at": clock(times[journey.first]),
        "size": round(journey.size, 4),
        "kept": found.best.kept[number],
    }


def _written(corners: Corners) -> list[list[float]]:
    return [list(each) for each in corners]


def _numbered(word: str) -> Iterator[str]:
    yield word
    yield from (f"{word}-{number}" for number in count(2))

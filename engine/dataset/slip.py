"""What a stored picture's slip says of it, and what becomes of that when people have judged. Pure.

A slip lies beside each picture that the action ``snapshot`` keeps (`engine.actions.snapshot`). A person's word makes
a box sure (score 1), or takes it away; what nobody judged keeps the machine's score, below 1, by which the trainer
trusts it less. What nobody said of a picture is never taken for "nothing is there".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.models.known import ours

#: Classes of the trainer, by number.
CLASSES = ours()
_NUMBERS = frozenset(str(number) for number in range(len(CLASSES)))
#: Most that the machine is believed.
_MACHINE = 0.99
#: As `engine.fleet.translate` names a track: the stream's beginning, and the number in it.
_TRACK = re.compile(r"\btrack:(?:[0-9a-f]+\.)?(\d+)(?![\w.])")

Box = tuple[float, float, float, float]  #: x0, y0, x1, y1 in 0..1 of the picture


@dataclass(frozen=True, slots=True)
class Object:
    """Something in a picture; a score of 1: a person says so."""

    label: str
    score: float
    box: Box
    track: int | None = None


@dataclass(frozen=True, slots=True)
class Slip:
    """A stored picture.

    Attributes:
        alert: The firing's id, by which people judge it; `decision`: the decision's own.
        key: What the rule kept apart; `cause`: what its event was about. Either may name the track.
        objects: What the machine told of this very picture; None: the slip is older than 0.9 and does not say.
    """

    camera: str
    alert: str
    decision: str
    rule: str
    key: str
    at: datetime
    objects: tuple[Object, ...] | None
    cause: str = ""

    @property
    def subject(self) -> int | None:
        """The track that the decision was about; None: it was about none, or nobody knows which."""
        found = _TRACK.search(self.key) or _TRACK.search(self.cause)
        return int(found[1]) if found else None


def read(text: str) -> Slip:
    """Read a slip.

    Raises:
        ValueError: It is no slip.
    """
    try:
        told: Mapping[str, Any] = json.loads(text)
        objects = told.get("objects")
        return Slip(
            str(told["camera"]),
            str(told.get("alert") or told["decision"]),
            str(told["decision"]),
            str(told["rule"]),
            str(told.get("key", "")),
            datetime.fromisoformat(told["decided"]),
            None if objects is None else tuple(_object(each) for each in objects),
            str(told.get("cause", "")),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no slip of a picture: {error!r}") from error


def _object(told: Mapping[str, Any]) -> Object:
    x0, y0, x1, y1 = (min(max(float(side), 0.0), 1.0) for side in told["box"])
    return Object(str(told["label"]), float(told["score"]), (x0, y0, x1, y1), int(told["track"]))


def judged(slip: Slip, verdict: str | None) -> tuple[Object, ...] | None:
    """Return what is in a picture by what a person said of its alert; None: it would teach what nobody knows.

    ``true``: what the alert was about is there. ``false``: it is not, and the picture teaches just that; where
    nobody knows which object it was about, or it has gone since, nothing. None: nobody said anything. What the
    alert was not about stays the machine's word. A picture without boxes says that nothing is there: only a
    person's ``false`` may say so.
    """
    objects = [each for each in slip.objects or () if each.label in CLASSES]
    about = [each for each in objects if slip.subject is not None and each.track == slip.subject]
    rest = tuple(_doubted(each) for each in objects if each not in about)
    if verdict == "false":
        return rest if about else None
    if slip.subject is not None and not about:  # it was told, and is not labelled: the picture would deny it
        return None
    return (*map(_sure if verdict == "true" else _doubted, about), *rest) or None


def _sure(told: Object) -> Object:
    return Object(told.label, 1.0, told.box, told.track)


def _doubted(told: Object) -> Object:
    return Object(told.label, min(told.score, _MACHINE), told.box, told.track)


def lines(objects: Sequence[Object]) -> str:
    """Return a label file: ``class cx cy w h score``, a line for each object."""
    return "".join(_line(each) + "\n" for each in objects)


def _line(told: Object) -> str:
    x0, y0, x1, y1 = told.box
    place = ((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0)
    return " ".join([str(CLASSES.index(told.label)), *(f"{side:.5f}" for side in place), f"{told.score:.3f}"])


def of_lines(text: str) -> tuple[Object, ...]:
    """Return the objects of a label file; a line of another form, or of a class that we do not have, is none."""
    rows = (line.split() for line in text.splitlines())
    return tuple(_of_line(words) for words in rows if len(words) == 6 and words[0] in _NUMBERS)


def _of_line(words: Sequence[str]) -> Object:
    cx, cy, wide, high, score = (float(each) for each in words[1:])
    return Object(CLASSES[int(words[0])], score, (cx - wide / 2, cy - high / 2, cx + wide / 2, cy + high / 2))

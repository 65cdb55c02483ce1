"""What is the matter with a camera beside its state: deaf, blind, impaired, noisy, a wrong clock. Each has an end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from engine import text
from engine.draft import Draft
from engine.fleet import translate
from engine.runtime import log
from rules.model import CONDITIONS, CameraId, Change, Fact, Sentence

logger = log.get(__name__)
#: Hands drafts over to the judge.
Tell = Callable[[Iterable[Draft]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something is the matter since a time."""

    sentence: Sentence
    since: datetime


@dataclass(slots=True)
class Conditions:
    """One camera's; told as events once at the beginning and once at the end. Read from anywhere.

    Attributes:
        standing: What is the matter now, by its label.
    """

    camera: CameraId
    standing: dict[str, Trouble] = field(default_factory=dict)
    _recalled: set[str] = field(default_factory=set)

    def recall(self, labels: Iterable[str]) -> None:
        """Take up what an earlier run told the beginning of: nobody knows whether it is so, but it must end."""
        self._recalled.update(CONDITIONS.intersection(labels))

    def begin(self, label: str, sentence: Sentence, wall: datetime, **facts: Fact) -> list[Draft]:
        """Note that something is the matter, or is otherwise than was said; return it as a draft when it is news."""
        before = self.standing.get(label)
        self.standing[label] = Trouble(sentence, before.since if before else wall)
        if before is not None or label in self._recalled:
            self._recalled.discard(label)
            return []
        why = text.render(sentence.code, sentence.values, "en")
        logger.warning("something is the matter", camera=self.camera, what=label, reason=why)
        return [translate.health(self.camera, label, Change.BEGAN, wall, **facts)]

    def end(self, label: str, wall: datetime, **facts: Fact) -> list[Draft]:
        """Note that it is over; return that as a draft where its beginning was told."""
        stood = self.standing.pop(label, None) is not None or label in self._recalled
        self._recalled.discard(label)
        if not stood:
            return []
        logger.info("all right again", camera=self.camera, what=label)
        return [translate.health(self.camera, label, Change.ENDED, wall, **facts)]

    def note(self, label: str, sentence: Sentence, wall: datetime) -> None:
        """Note that something is the matter that only people are told, no rule: it is no event."""
        before = self.standing.get(label)
        if before is None or before.sentence.code != sentence.code:
            why = text.render(sentence.code, sentence.values, "en")
            logger.warning("something is the matter", camera=self.camera, what=label, reason=why)
        self.standing[label] = Trouble(sentence, before.since if before else wall)

    def drop(self, label: str) -> None:
        """Note that it is over, or not known any more; see `note`."""
        if self.standing.pop(label, None) is not None:
            logger.info("all right again", camera=self.camera, what=label)

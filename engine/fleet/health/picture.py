"""Whether a camera's picture can be relied upon: what is seen in it and what the camera says of it, as one fact.

Pure apart from remembering what it told last: time comes in. Told in the stream's thread alone; what the camera says
is handed over from the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.draft import Draft
from engine.fleet import translate
from engine.fleet.health.conditions import Conditions
from engine.vision.model import Cause, Impairment, Sight
from rules.model import CameraId, Change, Fact, Sentence

LABEL = "impaired"
#: Seconds of a stream before which nothing amiss in it is no sign that nothing is: some causes take half a minute.
SETTLE = 40.0
#: By how much surer it must be than what was told to be told anew, and another cause than the one that was told.
SURER = 0.2


@dataclass(frozen=True, slots=True)
class Hint:
    """What a camera may mean by a property that is on.

    Attributes:
        causes: What it is called where the picture says nothing first; the others agree with it.
        confidence: How far it is believed alone, 0..1: cameras alarm about the picture as a whole easily.
        looks: What the picture alone may be taken for: the camera's word is the stronger one then.
    """

    causes: tuple[Cause, ...]
    confidence: float
    looks: tuple[Cause, ...] = ()


_COVERED = Hint(
    (Cause.COVERED, Cause.SPRAYED, Cause.TURNED, Cause.DEFOCUSED, Cause.DARK), 0.7, (Cause.SIGNAL_LOSS,)
)
_ELSEWHERE = Hint((Cause.TURNED, Cause.COVERED, Cause.SPRAYED, Cause.DEFOCUSED), 0.5)
_LOST = Hint((Cause.SIGNAL_LOSS, Cause.FROZEN), 0.9)
#: By steps of topics (ONVIF Imaging and Media service specifications, annexes of events; the others as makers call
#: them): Axis' ``VideoSource/Tampering``, Hikvision's ``shelteralarm`` and ``videoloss``, Dahua's ``VideoBlind``.
HINTS: Mapping[str, Hint] = {
    "SignalLoss": _LOST,
    "VideoLoss": _LOST,
    "ImageTooDark": Hint((Cause.DARK, Cause.COVERED, Cause.SPRAYED), 0.7),
    "ImageTooBright": Hint((Cause.BRIGHT,), 0.7),
    "ImageTooBlurry": Hint((Cause.DEFOCUSED, Cause.SPRAYED, Cause.COVERED), 0.7),
    "Defocus": Hint((Cause.DEFOCUSED, Cause.SPRAYED, Cause.COVERED), 0.7),
    "GlobalSceneChange": _ELSEWHERE,
    "SceneChange": _ELSEWHERE,
    "TamperDetector": _COVERED,
    "Tampering": _COVERED,
    "VideoBlind": _COVERED,
    "ShelterAlarm": _COVERED,
}
_HINTS = {step.lower(): hint for step, hint in HINTS.items()}
#: What a topic about the picture begins with: a casing that is opened is tampered with too, and shows what it did.
_ROOTS = frozenset({"videosource", "videoanalytics", "ruleengine"})


def hint_of(topic: str) -> Hint | None:
    """Return what a camera means by a property of this topic (normalised) that is on; None: nothing of its picture.

    >>> hint_of("VideoSource/ImageTooDark/ImagingService").causes[0].value
    'dark'
    """
    root, *steps = topic.lower().split("/")
    if root not in _ROOTS:
        return None
    return next((_HINTS[step] for step in steps if step in _HINTS), None)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is the matter with the picture, how sure that is (0..1), and who says so: picture, camera or both."""

    cause: Cause
    confidence: float
    source: str

    @property
    def facts(self) -> dict[str, Fact]:
        """What the event says."""
        return {"cause": str(self.cause), "confidence": self.confidence, "source": self.source}

    @property
    def sentence(self) -> Sentence:
        """What people are told."""
        values = {"sure": round(100 * self.confidence)}
        return Sentence(f"picture.{self.cause}+picture.by_{self.source}", values)


def united(
    seen: Sequence[Impairment],
    hints: Sequence[Hint],
    told: Cause | None = None,
    said: Sequence[Hint] = (),
) -> Verdict | None:
    """Return the surest of what is seen and said; None: nothing is the matter.

    What both say is surer than what one says: each alone would have to be wrong, ``1 - (1 - a)(1 - b)``.

    Args:
        seen: In the picture.
        hints: By the camera.
        told: What it was called last: it stays so unless another cause is clearly surer.
        said: By the camera since it began, what is over too: it takes its word back before the picture is well again.
    """
    verdicts = [_seen(each, hints, said) for each in seen]
    verdicts += [Verdict(each.causes[0], each.confidence, "camera") for each in hints]
    verdicts.sort(key=lambda each: -each.confidence)
    surest = next(iter(verdicts), None)
    before = next((each for each in verdicts if each.cause is told), None)
    if surest is None or before is None:
        return surest
    return surest if surest.confidence - before.confidence >= SURER else before


def _seen(impairment: Impairment, hints: Sequence[Hint], said: Sequence[Hint]) -> Verdict:
    """Return what is seen, called as the camera calls it where it knows better."""
    sure, cause = float(impairment.confidence), impairment.cause
    same = [(each.confidence, cause) for each in hints if cause in each.causes]
    like = [(each.confidence, each.causes[0]) for each in hints if cause in each.looks]
    if not (agrees := same or like):
        called = next((each.causes[0] for each in said if cause in each.looks), cause)
        return Verdict(called, round(sure, 2), "picture")
    believed, called = max(agrees)
    return Verdict(called, round(1 - (1 - sure) * (1 - believed), 2), "both")


class PictureWatch:
    """One camera's: tells that its picture is impaired once at the beginning and once at the end.

    In between it is told again where the cause is another one, or it has become much surer. It is over where
    neither the picture nor the camera says so any more; while the camera is lost nobody knows, and nothing is told.

    Args:
        away: Returns whether the PTZ head moves, or was sent elsewhere than home: then it looks elsewhere for a reason.
    """

    def __init__(self, camera: CameraId, conditions: Conditions, away: Callable[[], bool]) -> None:
        self._camera, self._conditions, self._away = camera, conditions, away
        self._hints: tuple[Hint, ...] = ()
        self._said: tuple[Hint, ...] = ()  # since it began
        self._told: Verdict | None = None
        self._now: Verdict | None = None
        self._since: float | None = None

    def hear(self, topics: Iterable[str]) -> None:
        """Take the topics of the camera's own properties that are on; callable from any thread."""
        hints = (hint_of(each) for each in topics)
        self._hints = tuple(dict.fromkeys(each for each in hints if each is not None))

    def begin(self) -> None:
        """A stream begins: of its picture nothing is known yet."""
        self._since = None

    def accept(self) -> None:
        """Somebody says that it is meant to look as it does now: what is not amiss any more is over at once."""
        self._since = float("-inf")

    def look(self, sight: Sight, wall: datetime) -> list[Draft]:
        """Return what is news after an analysed picture."""
        self._since = sight.at if self._since is None else self._since
        seen, hints = sight.impairments, self._hints
        if (seen or hints or self._told) and self._away():
            if self._told and self._told.cause is Cause.TURNED:
                return []  # nobody knows where it would look
            seen = tuple(each for each in seen if each.cause is not Cause.TURNED)
            hints = tuple(each for each in hints if each.causes[0] is not Cause.TURNED)
        self._said = tuple(dict.fromkeys((*self._said, *hints)))
        verdict = united(seen, hints, self._told.cause if self._told else None, self._said)
        if verdict is not None:
            return self._impaired(verdict, wall)
        return self._clear(wall) if sight.at - self._since >= SETTLE else []

    def _impaired(self, verdict: Verdict, wall: datetime) -> list[Draft]:
        if verdict == self._now:
            return []
        self._now = verdict
        began = self._conditions.begin(LABEL, verdict.sentence, wall, **verdict.facts)
        if not began and not _news(verdict, self._told):
            return []
        self._told = verdict
        return began or [translate.health(self._camera, LABEL, Change.GOES_ON, wall, **verdict.facts)]

    def _clear(self, wall: datetime) -> list[Draft]:
        facts = self._told.facts if self._told else {}
        self._told, self._now, self._said = None, None, ()
        return self._conditions.end(LABEL, wall, **facts)


def _news(verdict: Verdict, told: Verdict | None) -> bool:
    """Return whether a verdict says so much else than what was told; of an earlier run nobody knows what was told."""
    if told is None or verdict.cause is not told.cause:
        return True
    return verdict.confidence - told.confidence >= SURER or (
        verdict.source == "both" and told.source != "both"
    )

"""What a device says by itself, as event drafts: told when it is news, and no more than can be kept.

Pure apart from remembering what was told: time comes in. Devices tell the state of every property on each
subscription, some repeat it for ever, some invent a new one each time; ``docs/design/cameras.md`` says what is made
of that and why.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2s
from typing import TypeVar

from drivers.contract import Signal
from engine.draft import Draft
from engine.fleet.events.property import TOPIC, subject, topic_of
from engine.fleet.events.token_bucket import TokenBucket
from rules import plates
from rules.model import CameraId, Change, Fact, Kind

#: A device clock further off than this is not believed.
SUSPECT = timedelta(seconds=5)
#: Properties, and notes, that are remembered of one camera.
MOST = 512
#: Seconds between two events of what only goes on or repeats itself: never more than one a minute, the first included.
AGAIN = 61.0
#: Seconds within which a note that says the same as the last one repeats it.
REPEAT = 5.0
#: Seconds of a new subscription after which what was on and was not told again counts as over.
GRACE = 30.0
#: Items of one signal that are kept as facts, and characters of each.
ITEMS, LONGEST = 32, 256
#: Items in which devices tell a plate that they read (ONVIF Profile M and older firmware).
PLATE_ITEMS = ("PlateNumber", "LicensePlate", "plateNumber", "Plate")
T = TypeVar("T")
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Property:
    """A property: what the device said of it last, and what was told.

    Attributes:
        told: Whether an event says that it is on; None: none said anything of it.
        shown: Items as they were told last.
        heard: Number of the subscription that mentioned it last.
    """

    said: Signal
    at: datetime
    suspect: bool = False
    told: bool | None = None
    told_at: float = 0.0
    shown: Mapping[str, str] = field(default_factory=dict)
    heard: int = 0
    assumed: bool = False


@dataclass(slots=True)
class _Note:
    """Something without a state that was said: when last, when told last, and how often since."""

    draft: Draft
    heard_at: float
    told_at: float
    repeats: int = 0


@dataclass(slots=True)
class Signals:
    """One camera's signals.

    Attributes:
        camera: For which they are told.
        now: Monotonic seconds.
        budget: What is kept of them.
    """

    camera: CameraId
    now: Callable[[], float] = time.monotonic
    budget: TokenBucket = field(default_factory=TokenBucket)
    _known: dict[str, _Property] = field(default_factory=dict)
    _notes: dict[bytes, _Note] = field(default_factory=dict)
    _plates: dict[bytes, float] = field(default_factory=dict)
    _waiting: dict[str, None] = field(default_factory=dict)
    _leaving: list[Draft] = field(default_factory=list)
    _subscription: int = 0
    _begun: float | None = None

    # -- subscriptions ----------------------------------------------------------------------------

    def begin(self) -> None:
        """A subscription begins: the device tells every property that it has."""
        self._subscription += 1
        self._begun = self.now()

    def lost(self) -> None:
        """The subscription is over: nothing is known of what is not told."""
        self._begun = None

    def recall(self, subjects: Iterable[str]) -> None:
        """Take up what an earlier run told as on and did not see the end of, by its subjects."""
        for told in subjects:
            before = Signal(topic_of(told), "", True, {}, _LONG_AGO)
            self._known[told] = _Property(before, _LONG_AGO, told=True, heard=-1)

    def leave(self, wall: datetime) -> list[Draft]:
        """Return the end of everything that was told as on: nobody looks after it any more."""
        told = [(about, known) for about, known in self._known.items() if known.told]
        self._known.clear()
        self._waiting.clear()
        return self._took_leave() + [
            self._draft(about, replace(known.said, state=False), Change.ENDED, wall, False, assumed=True)
            for about, known in told
        ]

    # -- what is told -----------------------------------------------------------------------------

    def hear(self, signal: Signal, wall: datetime) -> list[Draft]:
        """Return what a signal adds to the story: itself, and the plate that it tells."""
        drafts = [self.tell(signal, wall), self._plate(signal, wall)]
        return [*self._took_leave(), *(draft for draft in drafts if draft is not None)]

    def tell(self, signal: Signal, wall: datetime) -> Draft | None:
        """Return a signal as a draft, None where it says nothing new.

        A device time that is far off is marked and not used.
        """
        suspect = abs(signal.at - wall) > SUSPECT
        at = wall if suspect or signal.initial else signal.at
        suspect = suspect and not signal.initial
        about = subject(signal)
        if signal.state is None:
            return self._note(self._draft(about, signal, Change.NOTED, at, suspect))
        known = self._known.pop(about, None) or self._new(signal, at)
        self._known[about] = known  # the last that was mentioned stands last
        known.said, known.at, known.suspect, known.assumed = signal, at, suspect, False
        known.heard = self._subscription
        return self._news(about, known)

    def on(self) -> list[str]:
        """Return the topics of the properties that were told as on and not as off."""
        return [topic_of(about) for about, known in self._known.items() if known.told]

    def due(self, wall: datetime) -> list[Draft]:
        """Return what had to wait and may be told now; asked about once a second."""
        self._judge_silent(wall)
        drafts: list[Draft | None] = [*self._took_leave()]
        for about in sorted(
            self._waiting, key=lambda each: self._change(self._known[each]) is not Change.ENDED
        ):
            if self.budget.empty(self.now()):
                break
            drafts.append(self._news(about, self._known[about]))
        drafts += [self._repeated(note) for note in self._notes.values() if note.repeats]
        return [draft for draft in drafts if draft is not None]

    # -- states -----------------------------------------------------------------------------------

    def _new(self, said: Signal, at: datetime) -> _Property:
        """Return a property that was not known; what is merely read as off on subscription has not ended."""
        self._make_room()
        return _Property(said, at, told=False if said.initial and not said.state else None)

    def _news(self, about: str, known: _Property) -> Draft | None:
        """Return what is to be told of a property now; what must wait is noted."""
        change, now = self._change(known), self.now()
        if change is None:
            self._waiting.pop(about, None)
            return None
        early = change is Change.GOES_ON and now - known.told_at < AGAIN
        if early or (change is not Change.ENDED and self._owes(Change.ENDED)) or not self.budget.take(now):
            self._waiting[about] = None
            return None
        self._waiting.pop(about, None)
        known.told, known.told_at, known.shown = bool(known.said.state), now, known.said.items
        return self._draft(about, known.said, change, known.at, known.suspect, assumed=known.assumed)

    @staticmethod
    def _change(known: _Property) -> Change | None:
        said, told = known.said, known.told
        if said.state and told:
            return Change.GOES_ON if dict(said.items) != dict(known.shown) and not said.initial else None
        if said.state:
            return Change.BEGAN
        return None if told is False else Change.ENDED

    def _owes(self, *changes: Change) -> bool:
        """Return whether such a change waits for its place in the budget: it has the next one."""
        return any(self._change(self._known[about]) in changes for about in self._waiting)

    def _judge_silent(self, wall: datetime) -> None:
        """End what was on and is not told again by a subscription that has had its time: its end was lost."""
        if self._begun is None or self.now() - self._begun < GRACE:
            return
        self._begun = None
        for about, known in self._known.items():
            if known.told and known.heard != self._subscription:
                known.said = replace(known.said, state=False, initial=False)
                known.at, known.suspect, known.assumed = wall, False, True
                self._waiting[about] = None

    def _make_room(self) -> None:
        """Forget what was mentioned longest ago where there are too many: what nobody was told of first."""
        if len(self._known) < MOST:
            return
        about = next((each for each, known in self._known.items() if not known.told), next(iter(self._known)))
        known = self._known.pop(about)
        self._waiting.pop(about, None)
        if known.said.state:
            self.budget.drop(self.now())
        if known.told:  # whoever was told that it began must be told that nobody looks after it any more
            over = replace(known.said, state=False)
            self._leaving.append(
                self._draft(about, over, Change.ENDED, known.at, known.suspect, assumed=True)
            )

    def _took_leave(self) -> list[Draft]:
        leaving, self._leaving = self._leaving, []
        return leaving

    # -- notes ------------------------------------------------------------------------------------

    def _note(self, draft: Draft) -> Draft | None:
        """Return what has no state: told at once, and what repeats itself once a minute with how often."""
        key, now = _digest(draft.subject, draft.facts), self.now()
        known = self._notes.pop(key, None)
        if known is not None and now - known.heard_at < REPEAT:
            self._notes[key] = known
            known.heard_at, known.draft, known.repeats = now, draft, known.repeats + 1
            return self._repeated(known)
        if self._owes(Change.BEGAN, Change.ENDED):  # what has a state goes before what has none
            self.budget.drop(now)
            return None
        if not self.budget.take(now):
            return None
        repeats = known.repeats if known is not None else 0
        self._notes[key] = _Note(draft, now, now)
        _keep(self._notes, MOST)
        return _with_repeats(draft, repeats)

    def _repeated(self, note: _Note) -> Draft | None:
        now = self.now()
        if now - note.told_at < AGAIN or not self.budget.take(now):
            return None
        repeats, note.repeats, note.told_at = note.repeats, 0, now
        return _with_repeats(note.draft, repeats)

    def _plate(self, said: Signal, wall: datetime) -> Draft | None:
        """Return the plate that a signal tells, None where it only repeats the last one."""
        read = plate(self.camera, said, wall)
        if read is None:
            return None
        key, now = _digest(read.subject, said.items), self.now()
        before = self._plates.pop(key, None)
        self._plates[key] = now
        _keep(self._plates, MOST)
        fresh = before is None or now - before >= REPEAT
        return read if fresh and self.budget.take(now) else None

    # -- drafts -----------------------------------------------------------------------------------

    def _draft(
        self,
        about: str,
        said: Signal,
        change: Change,
        at: datetime,
        suspect: bool,
        *,
        assumed: bool = False,
    ) -> Draft:
        kept = list(said.items.items())[:ITEMS]
        facts: dict[str, Fact] = {name[:LONGEST]: value[:LONGEST] for name, value in kept}
        facts["initial"] = said.initial
        if said.state is not None:
            facts["state"] = said.state
        if assumed:
            facts["assumed"] = True
        return Draft(
            Kind.SIGNAL,
            change,
            self.camera,
            at,
            subject=about,
            label=said.topic[:TOPIC],
            facts=facts,
            clock_suspect=suspect,
        )


def plate(camera: CameraId, signal: Signal, wall: datetime) -> Draft | None:
    """Return the plate that a device read and told in a signal, None where it told none."""
    text = next((signal.items[name] for name in PLATE_ITEMS if name in signal.items), "")
    read = plates.plain(text)
    if not read or signal.initial:
        return None
    facts: dict[str, Fact] = {"plate": read}
    return Draft(
        Kind.PLATE,
        Change.NOTED,
        camera,
        wall,
        subject=f"plate:{read}",
        label=read,
        score=_likelihood(signal.items.get("Likelihood", "")),
        facts=facts,
    )


def _likelihood(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None


def _with_repeats(draft: Draft, repeats: int) -> Draft:
    return replace(draft, facts={**draft.facts, "repeats": repeats}) if repeats else draft


def _digest(about: str, items: Mapping[str, Fact] | Mapping[str, str]) -> bytes:
    """Return a key of what was said: 16 bytes, however long it is."""
    return blake2s(repr((about, sorted(items.items()))).encode(errors="replace"), digest_size=16).digest()


def _keep(shelf: dict[bytes, T], most: int) -> None:
    """Forget the oldest beyond a bound."""
    while len(shelf) > most:
        del shelf[next(iter(shelf))]

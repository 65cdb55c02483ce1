"""The cameras of one device, and whose is what it says: one's, or the device's as a whole (inputs, relays, disks).

There is one subscription. A signal whose source is one of the device's video sources belongs to the cameras that look
at that source; what belongs to none of them is told once, in the name of the first. Pure: time comes in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from drivers.contract import Signal
from engine.draft import Draft
from engine.fleet.events.property import is_motion, is_of, subject
from engine.fleet.events.signals import MOST, Signals
from engine.fleet.events.token_bucket import TokenBucket
from engine.fleet.health.conditions import Conditions
from rules.model import CameraId


def concerns_all(signal: Signal, sources: Sequence[str]) -> bool:
    """Return whether a signal is about a device as a whole.

    Args:
        sources: The device's video sources. Of a device with one, everything is taken to be about that one, unless
            the device names something else and no picture.
    """
    if signal.source in sources:
        return False
    return len(sources) > 1 or (not signal.source and bool(signal.about))


def _as_it_is(draft: Draft) -> Draft:
    return draft


def _nothing(_: Iterable[str]) -> None:
    """Tell nobody."""


def _not_at_all(_: bool | None) -> None:
    """Wake nobody."""


@dataclass(slots=True, eq=False)
class Listener:
    """One camera's part in what its device says.

    Attributes:
        source: The video source that it looks at; None: the device's first.
        aimed: Puts into a draft how the camera's PTZ unit is.
        on: Told now and then the topics of its properties that are on.
        called: Told whether it says that something moves; None: it is not heard any more. Called in the loop.
        recalled: Subjects that an earlier run told as on, until the device's sources are known.
        watching: Whether its picture is there or asked for: a camera that is lost is not deaf as well.
    """

    camera: CameraId
    source: str | None
    signals: Signals
    conditions: Conditions
    aimed: Callable[[Draft], Draft] = _as_it_is
    on: Callable[[Iterable[str]], None] = _nothing
    called: Callable[[bool | None], None] = _not_at_all
    recalled: tuple[str, ...] = ()
    watching: bool = False


class DeviceGroup:
    """One device's configured cameras, in the order of the configuration.

    Attributes:
        signals: What was told of the device as a whole, in the name of the first.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._listeners: list[Listener] = []
        self._sources: tuple[str, ...] | None = None
        self._states: dict[str, Signal] = {}
        self.signals = Signals(CameraId(""), now)

    def __iter__(self) -> Iterator[Listener]:
        return iter(tuple(self._listeners))

    def arrange(self, listeners: Sequence[Listener], wall: datetime) -> list[Draft]:
        """Let these be the device's cameras from now on; return what that ends and what it begins.

        Whoever goes hears the end of everything that it was told as on; whoever comes is told how it is.
        """
        before, after = self._listeners, list(listeners)
        gone = [each for each in before if each not in after]
        drafts = [each.aimed(draft) for each in gone for draft in each.signals.leave(wall)]
        self._listeners = after
        if after and after[0].camera != self.signals.camera:
            drafts += self.signals.leave(wall)
            self.signals = Signals(after[0].camera, self._now)
            drafts += self._tell_all(
                (said for said in self._states.values() if self._concerns_all(said)), wall
            )
        for each in after:
            if each not in before:
                drafts += self._introduce(each, wall)
        return drafts

    def _introduce(self, new: Listener, wall: datetime) -> list[Draft]:
        if self._sources is None:
            return []
        self._sort(new)
        new.signals.begin()
        own = [said for said in self._states.values() if self._is_of(said, new)]
        told = (new.signals.tell(replace(said, initial=True), wall) for said in own)
        return [new.aimed(draft) for draft in told if draft is not None]

    def meet(self, sources: Sequence[str]) -> None:
        """Take the video sources of the device, which is open now."""
        self._sources = tuple(sources)
        for each in self._listeners:
            self._sort(each)

    def _sort(self, listener: Listener) -> None:
        """Give each recalled subject to whom it belongs: only now the device's video sources are known."""
        sources = self._sources or ()
        own = [
            each
            for each in listener.recalled
            if len(sources) == 1 or any(is_of(each, one) for one in sources)
        ]
        listener.signals.recall(own)
        self.signals.recall(each for each in listener.recalled if each not in own)
        listener.recalled = ()

    def begin(self) -> None:
        """A subscription begins: the device tells every property that it has."""
        self._states.clear()
        for each in self._all():
            each.begin()

    def lost(self) -> None:
        """The subscription is over: nothing is known of what is not told."""
        for each in self._all():
            each.lost()
        for listener in self._listeners:
            listener.called(None)

    def hear(self, said: Signal, wall: datetime) -> list[Draft]:
        """Return what a signal adds to the story of each camera that it is about."""
        if said.state is not None:
            self._states.pop(about := subject(said), None)
            self._states[about] = said
            while len(self._states) > MOST * max(1, len(self._listeners)):
                del self._states[next(iter(self._states))]
        if self._concerns_all(said):
            return self._aimed_by_first(self.signals.hear(said, wall))
        own = [each for each in self._listeners if self._is_of(said, each)]
        if said.state is not None and is_motion(said.topic):
            for each in own:
                each.called(self._moves(each))
        return [each.aimed(draft) for each in own for draft in each.signals.hear(said, wall)]

    def _moves(self, listener: Listener) -> bool:
        """Return whether any property says that something moves before a camera."""
        known = self._states.values()
        return any(said.state and is_motion(said.topic) and self._is_of(said, listener) for said in known)

    def due(self, wall: datetime) -> list[Draft]:
        """Return what had to wait and may be told now; asked about once a second."""
        own = [each.aimed(draft) for each in self._listeners for draft in each.signals.due(wall)]
        return own + self._aimed_by_first(self.signals.due(wall))

    def budgets(self, listener: Listener) -> list[TokenBucket]:
        """Return what is kept of the signals that are told in a camera's name."""
        first = bool(self._listeners) and self._listeners[0] is listener
        return [listener.signals.budget, *([self.signals.budget] if first else [])]

    def _tell_all(self, signals: Iterable[Signal], wall: datetime) -> list[Draft]:
        self.signals.begin()
        told = (self.signals.tell(replace(said, initial=True), wall) for said in signals)
        return self._aimed_by_first([draft for draft in told if draft is not None])

    def _aimed_by_first(self, drafts: list[Draft]) -> list[Draft]:
        return [self._listeners[0].aimed(draft) for draft in drafts] if self._listeners else drafts

    def _all(self) -> list[Signals]:
        return [*(each.signals for each in self._listeners), self.signals]

    def _concerns_all(self, said: Signal) -> bool:
        return concerns_all(said, self._sources or ())

    def _is_of(self, said: Signal, listener: Listener) -> bool:
        sources = self._sources or ()
        if self._concerns_all(said):
            return False
        looks_at = listener.source or (sources[0] if sources else "")
        return len(sources) <= 1 or said.source == looks_at

"""Operators' acts and silences as clients tell them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from engine.api import present
from engine.api.resources.acts import Act, BeginSilence, EndSilence, Silence
from engine.api.resources.events import Event
from engine.api.services.runners import runner_of
from engine.duty.acts import Act as DutyAct
from engine.duty.acts import Acts
from engine.duty.silencing import Silenced
from engine.errors import Because, Refusal
from engine.identity.access import Reach, Where
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.web.permission import permit
from rules.silence import Target

if TYPE_CHECKING:
    from engine.duty.silencing import Silencing
    from engine.fleet.camera import CameraRunner
    from engine.judging.judge import Judge
    from engine.runtime.clock import Clock


class ActService:
    """Implements `engine.api.resources.acts.ActPort`."""

    def __init__(self, acts: Acts, cameras: Mapping[str, CameraRunner]) -> None:
        self._acts, self._cameras = acts, cameras

    async def act(self, caller: Caller, asked: Act, key: str = "") -> Event:
        """Hand an operator's act to the rules; return the event, which is durable then."""
        if asked.camera is not None:
            runner_of(self._cameras, asked.camera, caller)
        act = DutyAct(asked.name, asked.camera, caller.named(asked.by), asked.facts)
        return present.event(await self._acts.hand_in(act, caller.user, key))


class SilenceService:
    """Implements `engine.api.resources.acts.SilencePort`."""

    def __init__(
        self,
        silencing: Silencing,
        judge: Judge,
        cameras: Mapping[str, CameraRunner],
        groups: Callable[[], Mapping[str, Sequence[str]]],
        clock: Clock,
    ) -> None:
        self._silencing, self._judge, self._cameras, self._clock = silencing, judge, cameras, clock
        self._groups = groups

    async def silences(self, caller: Caller) -> list[Silence]:
        """Return what is silenced now, of the cameras that whoever asks may see."""
        found = self._silencing.now(self._judge.rules)
        return [_shown(each) for each in found if all(map(caller.sees, each.silence.target.cameras))]

    async def silence(self, caller: Caller, asked: BeginSilence) -> Silence:
        """Silence something; return it, which is durable then."""
        target = self._target(asked)
        _permit(caller, target.cameras)
        now = self._clock.now().wall
        until = asked.until or now + timedelta(seconds=asked.lasts or 0.0)
        made = await self._silencing.begin(
            target, until, caller.named(asked.by), asked.why, caller.user, self._known()
        )
        return _shown(Silenced(made, now))

    async def unsilence(self, caller: Caller, id: str, asked: EndSilence) -> Event:
        """EndSilence a silence; return the event of it."""
        found = next((each for each in self._silencing.now(self._judge.rules) if each.silence.id == id), None)
        if found is not None:
            _permit(caller, found.silence.target.cameras)
            if found.declared:
                raise Refusal(Because.CONFLICT, "silence.declared", id=id)
        return present.event(await self._silencing.lift(id, caller.named(asked.by), caller.user))

    def _target(self, asked: BeginSilence) -> Target:
        """Return what is meant: groups stand for the cameras that they have now."""
        groups = self._groups()
        for name in asked.groups:
            if name not in groups:
                known = ", ".join(sorted(groups)) or "–"
                raise Refusal(Because.INVALID, "silence.unknown_groups", name=name, known=known)
        cameras = {*asked.cameras, *(camera for name in asked.groups for camera in groups[name])}
        return Target(
            frozenset(asked.rules), frozenset(cameras), frozenset(asked.zones), frozenset(asked.tags)
        )

    def _known(self) -> Mapping[str, Collection[str]]:
        """Return the names that there are."""
        rules = self._judge.rules
        return {
            "rules": rules.named.keys(),
            "cameras": self._cameras.keys(),
            "zones": {zone for each in self._cameras.values() for zone in each.settings.zones},
            "tags": {tag for rule in rules.rules for tag in rule.tags},
        }


def _permit(caller: Caller, cameras: Iterable[str]) -> None:
    """Let whoever may silence all that is named; what names no camera is of the whole site.

    Raises:
        HttpProblem: 403, with the grant that is missing.
    """
    places: list[Where] = [*sorted(cameras)] or [Reach.SITE]
    for where in places:
        permit(caller, Permission.SILENCE, where)


def _shown(each: Silenced) -> Silence:
    silence, target = each.silence, each.silence.target
    return Silence(
        id=silence.id,
        rules=tuple(sorted(target.rules)),
        cameras=tuple(sorted(target.cameras)),
        zones=tuple(sorted(target.zones)),
        tags=tuple(sorted(target.tags)),
        since=each.since,
        until=silence.until,
        by=silence.by,
        why=silence.why,
        declared=each.declared,
        muted=dict(each.counts),
    )

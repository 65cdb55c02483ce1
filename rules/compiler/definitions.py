"""What all rule files of a site define together: names, hours, lists, counters, who is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Self
from zoneinfo import ZoneInfo

from rules.compiler.ruleset import ActiveHours, DutyRota
from rules.compiler.telling import Receiver, Telling, Tier, taken
from rules.dates import DayRule
from rules.language.actions import Call
from rules.language.expressions.expr import Names
from rules.language.expressions.fact_readers import timely
from rules.language.hours import Hours, Maintenance
from rules.language.names import World
from rules.language.schema import Counter, Duty, Escalation, ListEntry, RuleFile, RuleSpec
from rules.language.telling import Chosen, Route
from rules.model import ActionCall, Fact
from rules.register import Register
from rules.schedule import Almanac, Window


@dataclass
class Definitions:
    """What all files of a site define together."""

    world: World | None
    names: Names
    almanac: Almanac
    schedules: Mapping[str, tuple[Window, ...]]
    whole: bool = True
    maintenance: Mapping[str, Maintenance] = field(default_factory=dict)
    duty: Duty | None = None
    counters: Mapping[str, Counter] = field(default_factory=dict)
    telling: Telling = field(default_factory=Telling)
    specs: Sequence[RuleSpec] = ()
    disable: Sequence[Chosen] = ()
    _hours: dict[ActiveHours, ActiveHours] = field(default_factory=dict)
    _actions: dict[tuple[object, ...], tuple[ActionCall, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, files: Sequence[RuleFile], world: World | None, whole: bool) -> Self:
        """Return what files define."""
        groups: dict[str, Sequence[str]] = dict(world.groups) if world else {}
        values: dict[str, Fact] = {}
        entries: dict[str, Sequence[ListEntry]] = {}
        schedules: dict[str, tuple[Window, ...]] = {}
        holidays: set[date] = set(world.holidays) if world else set()
        feasts = set(world.feasts) if world else set()
        for file in files:
            groups = {**file.groups, **groups}
            values = {**file.vars, **values}
            entries = {**file.lists, **entries}
            schedules = {**{name: each.windows() for name, each in file.schedules.items()}, **schedules}
            feasts |= set(map(DayRule.of, file.holidays))
        zone = world.timezone if world else ZoneInfo("UTC")
        almanac = Almanac(zone, frozenset(holidays), world.location if world else None, frozenset(feasts))
        registers = {
            name: Register.of(name, [each.entry(zone) for each in listed])
            for name, listed in entries.items()
            if any(each.model_fields_set - {"value"} for each in listed)
        }
        lists = {name: [each.value for each in listed] for name, listed in entries.items()}
        for name, register in registers.items():
            lists[name] = list(register.entries)
        names = Names(timely(almanac), values, lists, groups, registers=registers)
        maintenance = {name: each for file in reversed(files) for name, each in file.maintenance.items()}
        duty = next((file.duty for file in files if file.duty is not None), None)
        counters = {name: each for file in reversed(files) for name, each in file.counters.items()}
        names = replace(names, counters=frozenset(counters))
        telling = Telling.of(files)
        specs = [spec for file in files for spec in file.rules]
        off = [each for file in files for each in file.disable]
        return cls(world, names, almanac, schedules, whole, maintenance, duty, counters, telling, specs, off)

    def off(self, spec: RuleSpec) -> bool:
        """Return whether a rule is switched off by name, tag or severity."""
        return any(each.about(spec.name, spec.tags, spec.severity) for each in self.disable)

    def rota(self) -> DutyRota:
        """Return when shifts change."""
        if self.duty is None:
            return DutyRota(self.almanac)
        return DutyRota(self.almanac, tuple(self.duty.shifts), self.calls(self.duty.do))

    def applies(self, spec: RuleSpec) -> ActiveHours | None:
        """Return when a rule applies."""
        return self._within(spec.between, spec.not_between, spec.during, spec.not_during)

    def _within(
        self,
        between: Sequence[Hours] | None,
        free: Sequence[Hours] | None,
        during: Sequence[str] | None,
        not_during: Sequence[str] | None,
    ) -> ActiveHours | None:
        """Return hours that are written; those that are the same are one."""
        if not (between or free or during or not_during):
            return None
        windows = [hours.window() for hours in free or ()]
        windows += [window for name in not_during or () for window in self.schedules.get(name, ())]
        named = tuple(window for name in during or () for window in self.schedules.get(name, ()))
        made = ActiveHours(
            self.almanac, tuple(hours.window() for hours in between or ()), tuple(windows), named
        )
        return self._hours.setdefault(made, made)

    def _receiver(self, name: str, route: Route | None = None) -> Receiver | None:
        """Return somebody who is told, as a route limits it; None: nobody of this name."""
        written = self.telling.receivers.get(name)
        if written is None:
            return None
        cameras: frozenset[str] | None = None
        if route is not None and (route.cameras or route.groups):
            grouped = [camera for each in route.groups or () for camera in self.names.groups.get(each, ())]
            cameras = frozenset([*(route.cameras or ()), *grouped])
        hours = self._within(written.between, None, written.during, written.not_during)
        return Receiver(name, self.calls(written.do), hours, cameras, written.resolved)

    def receivers_of(self, spec: RuleSpec) -> Iterator[Receiver]:
        """Yield who is told of a rule."""
        for name, route in taken(spec, self.telling.routes):
            if (found := self._receiver(name, route)) is not None:
                yield found

    def tier(self, written: Escalation) -> Tier:
        """Return a step of an escalation."""
        found = (self._receiver(name) for name in written.tell or ())
        receivers = tuple([each for each in found if each is not None])
        return Tier(written.after, self.calls(written.do or ()), receivers, written.every or 0.0)

    def calls(self, written: Sequence[Call]) -> tuple[ActionCall, ...]:
        """Return the actions; rules that ask for the same share them."""
        if not written:
            return ()
        look = tuple((call.name, *sorted(call.params.items())) for call in written)
        if look not in self._actions:
            made = (ActionCall(call.name, MappingProxyType(dict(call.params))) for call in written)
            self._actions[look] = tuple(made)
        return self._actions[look]

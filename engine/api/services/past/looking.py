"""What somebody asks for, as what is looked for in the index, of all that they may look back at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.api.resources.past.grammar import Named, read
from engine.api.resources.past.narrowed import Narrowed
from engine.api.services.runners import lookable
from engine.errors import Refusal
from engine.fleet.camera import CameraRunner
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.runtime.clock import Clock
from engine.store.db import Store
from engine.store.search.finding import Found
from engine.store.search.search import NotReady, NoWords, Search
from engine.store.search.sought import Sought, fold, term
from engine.web.refusals import refusal, refused
from rules.model import Decision, Event

#: Pages that an answer which has to be whole may take.
PAGES = 100
Entries = list[tuple[int, Event | Decision]]


@dataclass(frozen=True, slots=True)
class Looking:
    """Looks back for whoever asks.

    Attributes:
        groups: Returns the cameras of each group.
        zone: In which a time is meant that somebody types.
    """

    search: Search
    store: Store
    cameras: Mapping[str, CameraRunner]
    groups: Callable[[], Mapping[str, Sequence[str]]]
    clock: Clock
    zone: ZoneInfo

    async def sought(
        self, caller: Caller, which: Narrowed, camera: str | None, *, typed: str = "", only: str | None = None
    ) -> Sought:
        """Return what is looked for: never more than somebody may look back at.

        Raises:
            HttpProblem: 422, a time is none; 503, there is no index now.
        """
        try:
            said = read(typed, self.clock.now().wall, self.zone)
            told = read(which.text or "", self.clock.now().wall, self.zone)
        except Refusal as error:
            raise refused(error) from error
        every = [*self._places(caller, camera), *self._exact(which)]
        every += [frozenset({f"is:{only}"})] if only else []
        never = set[str]()
        for each in (*said.fields, *told.fields):
            terms = frozenset(await self._meant(each))
            if each.never:
                never |= terms
            else:
                every.append(terms)
        return Sought(
            _later(which.since, said.since),
            _earlier(which.until, said.until),
            tuple(every),
            frozenset(never),
            (*said.words, *told.words),
            (*said.without, *told.without),
        )

    async def page(self, sought: Sought, before: int | None, limit: int) -> tuple[Found, Entries]:
        """Return one page of what is looked for.

        Raises:
            HttpProblem: 503, there is no index now, or texts cannot be searched.
        """
        try:
            found = await self.search.find(sought, before, limit)
        except NoWords:
            raise refusal(503, "search.no_words") from None
        except NotReady:
            raise refusal(503, "search.not_ready") from None
        return found, await self.store.entries(found.seqs)

    async def whole(self, sought: Sought, before: int | None, limit: int) -> Entries:
        """Return as many as are wanted, or all there are: a list that says nothing else must not end too early.

        Raises:
            HttpProblem: As `page`; 503 as well where what is older is not yet in the index.
        """
        entries: Entries = []
        for _ in range(PAGES):
            found, more = await self.page(sought, before, limit - len(entries))
            entries += more
            if found.next is None or len(entries) >= limit:
                return entries
            if found.waits:
                break
            before = found.next
        progress = await self.search.progress()
        raise refusal(503, "search.unfinished", percent=int(100 * progress.share))

    def _places(self, caller: Caller, camera: str | None) -> Iterator[frozenset[str]]:
        places = lookable(caller, camera, self.cameras)
        if None not in places:
            yield frozenset(term("camera", each) for each in places)

    def _exact(self, which: Narrowed) -> Iterator[frozenset[str]]:
        for field in ("zone", "kind", "label", "rule", "severity"):
            if (value := getattr(which, field)) is not None:
                yield frozenset({term(field, value)})
        if which.group is not None:
            yield frozenset(term("camera", each) for each in self.groups().get(which.group, ()))

    async def _meant(self, named: Named) -> Iterator[str]:
        """Return the terms that are meant by what somebody typed: values that have it in them, cameras by name too."""
        if named.field == "is":
            return iter([f"is:{fold(each)}" for each in named.values])
        if named.field == "group":
            groups = self.groups()
            return (term("camera", one) for value in named.values for one in _group(groups, value))
        known = await self._known(named.field)
        found = {
            each
            for value in named.values
            for each in (
                [term(named.field, value)]
                if term(named.field, value) in known
                else [name for name, told in known.items() if fold(value) in told]
            )
        }
        if named.field == "kind":  # as in the log's filter
            found |= {"is:decision" for value in named.values if value == "decision"}
        return iter(found)

    async def _known(self, field: str) -> dict[str, str]:
        """Return each term of a field with what is looked through of it."""
        try:
            terms = await self.search.terms(field)
        except NotReady:
            raise refusal(503, "search.not_ready") from None
        known = {each: fold(each.partition(":")[2]) for each in terms}
        if field == "camera":
            for id_, runner in self.cameras.items():
                known[term("camera", id_)] = fold(f"{id_} {runner.settings.name}")
        return known


def permitted(caller: Caller, camera: str | None) -> bool:
    """Return whether somebody may look back at a camera, or at the site as a whole."""
    return caller.sees(camera, Permission.HISTORY)


def _group(groups: Mapping[str, Sequence[str]], value: str) -> Sequence[str]:
    return next((each for name, each in groups.items() if fold(name) == fold(value)), ())


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(filter(None, (one, other)), default=None)

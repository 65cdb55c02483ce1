"""Plates and people of a recording under other names: the same one each time, and none that really was there.

A pseudonym is made of the form of a plate and of its turn, never of the plate itself: nobody can reckon it back.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import count
from random import Random

from rules import plates
from rules.model import Event, Kind

#: Facts that name a person.
PEOPLE = ("by", "user")
_LETTERS, _DIGITS = "ABCDEFGHKLMNPRSTUVXYZ", "0123456789"
_WRITTEN = rf"(?<![^\W_])(?:{plates.VIETNAMESE.pattern})(?![^\W_])"


class Pseudonyms:
    """Gives other names.

    Args:
        events: All that will be told of: what is a plate in one is hidden in every other.
        kept: Plates that keep their names.
    """

    def __init__(self, events: Iterable[Event], kept: Collection[str] = ()) -> None:
        seen = list(events)
        self.people = {name: f"officer-{n}" for n, name in enumerate(_once(map(_people, seen)), start=1)}
        read = [*_once(map(_read, seen))]
        self._known = re.compile(
            "|".join([*map(_whole, sorted(read, key=len, reverse=True)), _WRITTEN]), re.I
        )
        real = dict.fromkeys([*read, *_once(self._written(event) for event in seen)])
        self._plates = _others(real, kept)

    @property
    def plates(self) -> frozenset[str]:
        """Every plate that was met, in its plain form."""
        return frozenset(self._plates)

    def hide(self, text: str) -> str:
        """Return a text without the plates and the people that are known."""
        hidden = self._known.sub(lambda found: self._respelt(found[0]), text)
        for name, officer in self.people.items():
            hidden = re.sub(_whole(name), officer, hidden)
        return hidden

    def _respelt(self, written: str) -> str:
        """Return a plate's pseudonym, parted and in the case as the plate was."""
        signs = iter(self._plates.get(plates.plain(written), written))
        told = "".join(next(signs, "0") if sign.isalnum() else sign for sign in written)
        return told.lower() if written.islower() else told

    def _written(self, event: Event) -> Iterator[str]:
        texts = (event.subject, event.label or "", *(str(value) for value in event.facts.values()))
        return (plates.plain(found[0]) for text in texts for found in self._known.finditer(text))


def _others(real: Iterable[str], kept: Collection[str]) -> dict[str, str]:
    """Return a pseudonym for each plate: of its form, and the name of no other."""
    found = {plate: plate for plate in real if plate in kept}
    taken = {*real, *kept}
    for turn, plate in enumerate(each for each in real if each not in kept):
        found[plate] = next(each for each in _shaped(plate, turn) if each not in taken)
        taken.add(found[plate])
    return found


def _shaped(plate: str, turn: int) -> Iterator[str]:
    """Yield plates of the same form; where the short ones run out, longer ones."""
    random = Random(turn)  # noqa: S311 - nothing of it is secret: what it hides does not go into it
    for tried in count():
        more = "0" * (tried // 100)
        yield "".join(random.choice(_DIGITS if each.isdigit() else _LETTERS) for each in plate + more)


def _read(event: Event) -> Iterator[str]:
    found = (event.label if event.kind is Kind.PLATE else None, event.facts.get("plate"))
    return (plain for each in found if each is not None and (plain := plates.plain(str(each))))


def _people(event: Event) -> Iterator[str]:
    return (str(event.facts[name]) for name in PEOPLE if event.facts.get(name))


def _once(each: Iterable[Iterable[str]]) -> dict[str, None]:
    return dict.fromkeys(name for names in each for name in names)


def _whole(name: str) -> str:
    return rf"(?<![^\W_]){re.escape(name)}(?![^\W_])"

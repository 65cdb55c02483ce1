"""What there is to say of one kind of event: the row of the table (`rules.kinds.table`).

Grammar, compiler, evaluator, linter, explanations and trials ask here and name no kind themselves, except where
they are about what one kind alone has: the movement of objects, decisions of other rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rules.document.scalars import value_at
from rules.document.source import Path
from rules.kinds.conditions import Condition, OneOf, Telling
from rules.kinds.fact_types import Reader
from rules.kinds.pattern import Pattern
from rules.kinds.shorthand import Shorthand
from rules.kinds.value_ranges import Domain, Known
from rules.model import Change, Event, Fact, Kind
from rules.text import catalogue

#: Where a pattern contradicts itself: the place, what stands there, what it excludes.
Contradiction = tuple[Path, str, str]
NO_FACTS: frozenset[str] = frozenset()
ON = frozenset({Change.BEGAN, Change.GOES_ON})
OFF = frozenset({Change.ENDED})
ANY_CHANGE = frozenset(Change)


@dataclass(slots=True)
class Demands:
    """What a pattern asks of an event besides its kind, change, label and camera.

    Attributes:
        equal: Facts with the values of which they must be one: the index decides.
        indexed: The conditions that the index decides, for the reason alone.
        tested: Those that are left to test.
    """

    equal: list[tuple[str, frozenset[Fact]]] = field(default_factory=list)
    indexed: list[Condition] = field(default_factory=list)
    tested: list[Condition] = field(default_factory=list)

    def one_of(self, fact: str, values: Iterable[Fact]) -> None:
        """Ask for one of some values of a fact: the index finds it by them."""
        wanted = frozenset(values)
        self.equal.append((fact, wanted))
        self.indexed.append(OneOf(fact, fact, wanted))


def named(code: str) -> Callable[[Event], Telling]:
    """Return how a reason names an event by its label: a sentence's code, with ``{label}``."""
    return lambda event: (code, {"label": event.label or "?"})


def labelled(code: str) -> Callable[[Event], Telling]:
    """Return how a reason names an event by its label: in its language where it has a word for it."""

    def subject(event: Event) -> Telling:
        word = f"label.{event.label}"
        return (word if word in catalogue("en") else code), {"label": event.label or "?"}

    return subject


def _nothing(_: object) -> frozenset[str]:
    return NO_FACTS


@dataclass(frozen=True, slots=True)
class EventKind:
    """All that is known of one kind of event.

    What takes a pattern takes one of `pattern`. Grammar:

    Attributes:
        kind: Its name in events and, as a key under ``when:``, in rules.
        pattern: The grammar of a pattern; what it is about stands under the key that is called as the kind.
        meant_by: Words that people write for that key.
        any_is_offered: ``any`` under that key is in the grammar: every one.
        any_is_one: There, ``any`` is a name of its own: all together.
        foreign: Keys whose names devices and people have given.
        filters: Its names may be MQTT filters, which stand for several.
        detected: Its labels are those of the detector.
        lasts: Its events begin and end; else it is a moment.
        momentary: Of what lasts: whether a pattern means a moment of it.
        changes: Which changes a pattern admits.
        demands: Adds what else a pattern asks.
        subject: How a reason names what an event is about.
        facts: Every fact that its events can have, with the type by which expressions name it, see `fact_types`.
        open: Whoever makes its events names further facts as they like.
        further: Facts that come with some labels alone; labels that are not here are never told.
        readers: Facts that are reckoned and not carried, with type and reader.
        ranges: What its facts can be; others can be anything, or are numbers of every event.
        aliases: Facts that are the label or the score by another name.
        label_form: What a text must look like to be a label; None: anything.
        label_fact: The name by which the label is a fact too that others may carry, and a key of ``by``; empty: none.
        always: Facts that every event has.
        surely: Facts that every event has which a pattern matches.
        never: Facts that no event has which a pattern matches.
        leaves: What a pattern leaves of facts.
        asks: The facts that the keys of a pattern ask for.
        keys: By what its events can be kept apart: track, zone, label, camera, and what is a `label_fact`.
        pictured: This engine sees it in pictures: nobody knows of it while a camera is lost.
        of_site: It comes from no camera, or need not: it is of the site unless it is told otherwise.
        own_camera: It comes of a camera of the site, if of any.
        stranger: Whether an event that a pattern matches may be of a camera that the site does not have.
        wants_cooldown: It comes anew for each of many things: a rule about it that does something wants a cooldown.
        contradictions: Where a pattern contradicts itself.
        excludes: The key in which two patterns of one subject exclude each other; empty: in none.
        shorthand: How a trial writes it; None: the rules make it.
        keyword: The key under ``when:`` that says what a pattern of it is about.
    """

    kind: Kind
    pattern: type[Pattern]
    changes: Callable[[Any], frozenset[Change]]
    subject: Callable[[Event], Telling]
    facts: Mapping[str, str]
    keys: frozenset[str]
    meant_by: tuple[str, ...] = ()
    any_is_offered: bool = False
    any_is_one: bool = False
    foreign: tuple[str, ...] = ()
    filters: bool = False
    detected: bool = False
    lasts: bool = True
    momentary: Callable[[Any], bool] = lambda _: False
    demands: Callable[[Any, Demands], None] = lambda _pattern, _demands: None
    open: bool = False
    further: Mapping[str, frozenset[str]] = field(default_factory=dict)
    readers: Mapping[str, tuple[str, Reader]] = field(default_factory=dict)
    ranges: Mapping[str, Domain] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    label_form: Callable[[str], bool] | None = None
    label_fact: str = ""
    always: frozenset[str] = NO_FACTS
    surely: Callable[[Any], frozenset[str]] = _nothing
    never: Callable[[Any], frozenset[str]] = _nothing
    leaves: Callable[[Any], Iterator[tuple[str, Known]]] = lambda _: iter(())
    asks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pictured: bool = False
    of_site: bool = False
    own_camera: bool = False
    stranger: Callable[[Any], bool] = lambda _: False
    wants_cooldown: bool = False
    contradictions: Callable[[Any], Iterator[Contradiction]] = lambda _: iter(())
    excludes: Callable[[Any, Any], str] = lambda _first, _later: ""
    shorthand: Shorthand | None = None
    keyword: str = field(init=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "keyword", str(self.kind))  # asked for each pattern of thousands of rules

    def names(self, pattern: Pattern) -> list[str] | None:
        """Return the labels that a pattern names; None: events of this kind have none."""
        written = value_at(pattern, self.keyword)
        return written if isinstance(written, list) else None

    def alias(self, fact: str) -> str:
        """Return the name by which a fact is known of this kind: some are its label or its score."""
        return "label" if fact and fact == self.label_fact else self.aliases.get(fact, fact)

    def every(self, names: Sequence[str]) -> bool:
        """Return whether names stand for every label."""
        return "any" in names and not self.any_is_one

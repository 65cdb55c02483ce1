"""What explanations name, in words that a language has: things, moments, lengths of time.

A sentence is code and values. A value like ``word.speed`` or ``label.person`` is said in the reader's language
(`rules.text`); here such values are made, and the parts that sentences of explanations share.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rules.compiler import reasons
from rules.compiler.ruleset import Telling
from rules.evaluator.step_context import subject_key
from rules.kinds.lookup import OF_KIND
from rules.model import Event, Fact, Sentence
from rules.text import catalogue

#: Facts that are lengths of time, in seconds.
TIMES = frozenset({"still", "alone", "dwell", "age", "stood"})
#: Where a part of a key begins that says by what something is kept apart; topics have slashes of their own.
_PART = re.compile(
    r"/(?=(?:track|zone|plate|label|signal|crowd|mqtt|operator|engine|camera|motion|decision)(?::|$)|[^/:=]+=)"
)
_MARKS = "~!#+"
_ANYWHERE = ("*", "")


def word(name: str, table: str = "word") -> str:
    """Return a name as a value that is said in the reader's language; itself where no language has a word for it."""
    code = f"{table}.{name}"
    return code if code in catalogue("en") else name


def words(names: Iterable[object], table: str = "word") -> str:
    """Return several names as one value."""
    return ", ".join(word(name, table) for name in sorted(map(str, names)))


def figure(value: float, fact: str = "") -> Fact:
    """Return a number as people read it: whole where it is, a length of time where it is one."""
    if fact in TIMES:
        return reasons.duration(value)
    return int(value) if float(value).is_integer() else round(value, 4)


def clock(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return a moment as the clock on the wall shows it; with its date where that is not today's."""
    there = (at + timedelta(seconds=0.5)).astimezone(zone).replace(microsecond=0)
    time = f"{there:%H:%M:%S}" if there.second else f"{there:%H:%M}"
    return time if there.date() == now.astimezone(zone).date() else f"{there:%Y-%m-%d} {time}"


def joined(parts: Iterable[Sentence | Telling]) -> Sentence:
    """Return sentences and parts of some as one; each keeps its own values."""
    told: list[Telling] = []
    for number, part in enumerate(parts, start=1):
        whole = part if isinstance(part, Sentence) else Sentence(*part)
        told += reasons.step(whole, number)
    return reasons.sentence(told)


def listed(sentences: Sequence[Sentence], joint: str = "explain.comma") -> Sentence:
    """Return several sentences as one, with a joint between them."""
    parts: list[Sentence | Telling] = []
    for each in sentences:
        parts += [(joint, {})] if parts else []
        parts.append(each)
    return joined(parts)


def who(key: str) -> Sentence:
    """Return whom a row's key is about, e.g. ``c1/track:7``: somebody, somewhere, or the whole site."""
    if key.startswith(
        "+"
    ):  # the number of a pattern stands before what holds of it, and after it what it counts for
        key = key.partition(":")[2].partition("|")[0]
    first, *rest = _PART.split(key.lstrip(_MARKS))
    if rest and rest[0].startswith("decision:"):
        return who(key.partition("decision:")[2])
    named = [
        _thing(part) for part in rest if not part.startswith("camera")
    ]  # what is the matter with it, not who
    if not rest and ":" in first and first.partition(":")[0] in ("plate", "zone", "label", "track"):
        return Sentence(*_thing(first))  # a cooldown per plate, zone or label
    if first not in _ANYWHERE:
        named.append(("explain.who_camera", {"camera": first.partition("/")[0]}))
    return listed([Sentence(*each) for each in named]) if named else Sentence("explain.who_site")


def about(event: Event) -> Sentence:
    """Return what an event is about, and whom."""
    code, values = OF_KIND[event.kind].subject(event)
    named = {name: word(each, "label") if isinstance(each, str) else each for name, each in values.items()}
    return listed([Sentence(code, named), who(subject_key(event))])


def _thing(part: str) -> Telling:
    name, _, value = part.partition(":")
    if "=" in name:
        fact, _, told = part.partition("=")
        return "explain.ask", {"what": word(fact), "wanted": told}
    if name == "label":
        return "explain.who_label", {"label": word(value, "label")}
    if name == "crowd":
        zone, _, label = value.partition(":")
        return "explain.who_crowd", {"label": word(label, "label"), "zone": zone}
    if name == "signal":
        topic, _, source = value.rpartition(":")
        value = f"{topic or value} ({source})" if source and topic else topic or value
    code = f"explain.who_{name}"
    return (
        (code, {name: value})
        if value and code in catalogue("en")
        else ("explain.who_thing", {"thing": word(name)})
    )

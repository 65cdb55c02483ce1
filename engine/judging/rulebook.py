"""Rules with the texts that they were made of: what is adopted, kept in the store, and judged by again in a replay.

A body is all that compiling needs: the texts, and of the site's world what gives rules their meaning. What only
checks names (labels, lines, actions) is left out: the texts were good when they were adopted.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

from rules.compiler.compile import World, compile_rules
from rules.compiler.ruleset import RuleSet
from rules.dates import DayRule

#: Name and text of each rule file, in order.
Files = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A rule set and what it was compiled from.

    Attributes:
        digest: Changes with the texts, with what the site gives them for a meaning, and with how this program
            understands them (`Rule.edition`); not with where the files lie.
        body: What `reopened` makes the same rules of.
    """

    rules: RuleSet
    digest: str
    body: bytes


def bound(files: Files, world: World, rules: RuleSet) -> Rulebook:
    """Return rules with the texts and the world that they were compiled from."""
    meaning = _meaning(world)
    told = json.dumps([[text for _, text in files], meaning, [rule.edition for rule in rules.rules]])
    body = json.dumps({"files": [list(file) for file in files], **meaning}, ensure_ascii=False)
    digest = blake2b(told.encode(), digest_size=12).hexdigest()
    return Rulebook(rules, digest, zlib.compress(body.encode()))


def _meaning(world: World) -> dict[str, Any]:
    return {
        "zones": None if world.zones is None else {name: sorted(has) for name, has in world.zones.items()},
        "timezone": world.timezone.key,
        "groups": {name: list(cameras) for name, cameras in world.groups.items()},
        "holidays": sorted(day.isoformat() for day in world.holidays),
        "feasts": sorted(map(str, world.feasts)),
        "location": world.location,
    }


def reopened(body: bytes) -> RuleSet:
    """Return the rules of a body.

    Raises:
        RuleError: This program no longer takes the texts.
        ValueError: It is no body.
    """
    try:
        told = json.loads(zlib.decompress(body))
        return compile_rules([(name, text) for name, text in told["files"]], _world(told))
    except (zlib.error, KeyError, TypeError) as error:
        raise ValueError(f"no rules in it: {error}") from error


def _world(told: dict[str, Any]) -> World:
    zones, place = told["zones"], told["location"]
    return World(
        zones=None if zones is None else {name: frozenset(has) for name, has in zones.items()},
        timezone=ZoneInfo(told["timezone"]),
        groups=told["groups"],
        holidays=frozenset(map(date.fromisoformat, told["holidays"])),
        feasts=frozenset(map(DayRule.of, told.get("feasts", ()))),
        location=(place[0], place[1]) if place else None,
    )

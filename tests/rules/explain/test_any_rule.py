"""Whatever rule of the grammar, whatever happened: it can be explained, and never in the words of the code."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from random import Random

import pytest

from rules.compiler.compile import examine
from rules.document.source import Gravity
from rules.explain.explain import Focus, explain
from rules.explain.playback import Arrival
from rules.model import Instant
from rules.text import render
from tests.rules.explain.test_cases import CODE, sentences
from tests.rules.explain.test_tree import check
from tests.rules.linter.author import Author
from tests.rules.linter.worlds import BASE, NAMED, SITE, Trying

#: What authors and devices wrote themselves: expressions, topics.
OWN = re.compile(r"“.*?”|\[[^\]]*\]|\b(?:topic|message|chủ đề|tin nhắn) [^ ]+")


def told(seed: int) -> list[str]:
    """Return what is told of a random rule, in both languages, after a part of a world in which it may fire."""
    random = Random(seed)
    body = Author(random).rule()
    checked = examine([("f", json.dumps({"rules": [*BASE, body], **NAMED}))], SITE)
    if any(each.severity is Gravity.ERROR for each in checked.problems):
        return []
    (written,) = [each for each in checked.written if each.spec.name == "r"]
    trying = Trying(written, checked, random, json.dumps([body, NAMED]))
    world = sorted(trying._world(), key=lambda each: each[0])[: random.choice([1, 2, 3, 100])]
    seen = [Arrival(event, Instant(trying.start + timedelta(seconds=at), at)) for at, event in world]
    lasts = random.choice([0.5, 1.0]) * trying._lasts()
    end = Instant(trying.start + timedelta(seconds=lasts), lasts)
    story = explain(checked.rules, trying.rule, seen, Focus(), end)
    check(story)
    return [render(each.code, each.values, lang) for each in sentences(story) for lang in ("en", "vi")]


@pytest.mark.parametrize("first", [0, 100])
def test_any_rule_is_explained_in_words(first: int) -> None:
    found = {seed: told(seed) for seed in range(first, first + 100)}
    assert sum(map(bool, found.values())) > 50
    wrong = [(seed, each) for seed, all_ in found.items() for each in all_ if CODE.search(OWN.sub("", each))]
    assert wrong == []

"""What a reload says of each rule: every edit is seen, and what was not touched is not."""

from __future__ import annotations

import pytest

from rules.compiler.compile import World, compile_rules
from rules.compiler.edition import _COSMETIC
from rules.compiler.ruleset import RuleSet
from rules.evaluator.adoption import RuleChanges, compare

TEXT = """
receivers: {lan: {do: [log]}, an: {do: [log], between: 22:00-05:00}}
routes: [{tags: t, to: lan}]
inhibit: [{by: {rules: other}, of: {tags: t}}]
maintenance: {stage: {tags: t, between: 04:00-04:10, why: a stage}}
rules:
  - {name: other, when: {object: car}}
  - name: it
    when: {object: person}
    between: 22:00-05:00
    unless: {happened: {operator: patrol}, within: 1h}
    tags: t
"""
#: What may be written beside the rule's other keys, without another meaning.
KEYS = {
    "title": "It", "message": "There", "do": "[log]", "escalate": "{after: 5m, do: [log]}", "severity": "critical",
    "dry_run": "true", "dedup": "x", "limit": "7", "suspend": "{between: 01:00-02:00, why: x}", "tell": "an",
    "resolved": "{do: [log]}", "what_to_do": "Call",
}  # fmt: skip
#: Elsewhere in the files: what is written, and what instead.
ELSEWHERE = {
    "tags": ("    tags: t", "    tags: [t, u]"),
    "receiver": ("lan: {do: [log]}", "lan: {do: [log], resolved: true}"),
    "receiver's hours": ("to: lan", "to: an"),
    "inhibitor": ("same: site", "same: camera"),
    "maintenance": ("04:00-04:10", "04:00-04:20"),
}
#: Told nobody: `enabled` and `name` are another rule, the rest is for authors.
NOBODY = {"enabled", "name", "author", "version", "references", "false_positives"}


def compiled(text: str) -> RuleSet:
    return compile_rules([("r.yaml", text)], World())


def changed(before: str, after: str) -> RuleChanges:
    return compare(compiled(before), compiled(after))


def test_nothing_that_was_not_touched_is_edited() -> None:
    assert changed(TEXT, TEXT).same == ("other", "it")


@pytest.mark.parametrize("key", KEYS)
def test_every_key_that_keeps_the_meaning_is_an_edit(key: str) -> None:
    found = changed(TEXT, f"{TEXT}    {key}: {KEYS[key]}\n")
    assert (found.edited, found.same) == (("it",), ("other",))


@pytest.mark.parametrize("where", ELSEWHERE)
def test_what_is_written_elsewhere_is_an_edit_of_the_rule(where: str) -> None:
    text = TEXT.replace("of: {tags: t}}", "of: {tags: t}, same: site}")
    assert "it" in changed(text, text.replace(*ELSEWHERE[where])).edited


def test_every_key_without_a_meaning_is_tried_here() -> None:
    assert {*KEYS, "tags"} | NOBODY == _COSMETIC

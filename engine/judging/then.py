"""Why a rule decided, as it was then: the events before a decision, judged again by the rules of that time."""

from __future__ import annotations

from typing import Final

from engine.judging.replay import Recorded
from rules.compiler.ruleset import Each, RuleSet
from rules.explain.explain import Focus, Story, explain
from rules.model import Decision, Instant

#: Events before a decision that are judged again: about a second of work beside the loop, hours of a calm site.
MOST: Final = 5000


def as_it_was(
    recorded: Recorded, present: RuleSet, made: Decision, *, most: int = MOST, alone: bool = True
) -> Story | None:
    """Return how a rule stood when it decided; None: the rules of that time have no such rule.

    Args:
        present: Judges where nobody knows the rules of that time.
        alone: Only what happened at the decision's own camera is told: whoever asks may see no other. Without it,
            what a combination joins from several cameras is told too.

    Raises:
        StoreError: The store cannot be read.
    """
    rules = recorded.rules_of(made) or present
    rule = rules.named.get(made.rule)
    if rule is None:
        return None
    focus = Focus(camera=made.camera if alone or isinstance(rule.trigger, Each) else None)
    arrivals = recorded.before(made, most)
    if not arrivals:
        return explain(rules, rule, (), focus)
    last = arrivals[-1].now
    end = Instant(made.at, last.engine + max(0.0, (made.at - last.wall).total_seconds()))
    return explain(rules, rule, arrivals, focus, end)


def again(story: Story, made: Decision) -> bool:
    """Return whether a decision came out again: else what the rule remembered reaches further back."""
    return any(each.id == made.id or (each.at, each.key) == (made.at, made.key) for each in story.decisions)

"""What a rule's rows mean: it changes with everything that they depend on."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

from rules.compiler import build
from rules.kinds.decision import DecisionPattern
from rules.language import correlation
from rules.language.expressions.expr import Names
from rules.language.schema import RuleSpec, patterns
from rules.language.when import parts

#: Keys of a rule that do not change what it remembers.
_COSMETIC = {
    "title", "message", "do", "escalate", "severity", "enabled", "dry_run", "dedup", "name", "limit", "tags",
    "suspend", "tell", "resolved", "author", "version", "references", "false_positives", "what_to_do",
}  # fmt: skip


def edition_of(spec: RuleSpec, names: Names, schedules: Mapping[str, object]) -> str:
    """Return the edition of a rule; titles, actions and lists may change without another one."""
    told = spec.model_dump_json(exclude=_COSMETIC, exclude_defaults=True)
    if '"if' in told or spec.until or '"groups":[' in told or "during" in told:
        # No lists: whoever edits one goes on with what rules remember.
        told += repr((names.values, names.groups, schedules))
    if correlation.keys_of(spec.when) == ("site",):  # also where it is not written
        told += "by site"
    if spec.if_ and any(build.negative(spec.when, role) for role in range(len(parts(spec.when)))):
        told += "if without not"
    if any(isinstance(pattern, DecisionPattern) for _, pattern in patterns(spec)):
        told += "decisions by what they are about"
    return blake2b(told.encode(), digest_size=6).hexdigest()

"""Rules: how each does, why it fired or did not, and reading them again."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Protocol

from pydantic import Field

from engine.api.explanation import Explanation
from engine.api.question import Inquiry, Named, Query, Question, Resource
from engine.identity.access import Reach
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.identity.record import Deed
from engine.web.payload import Wire
from engine.web.problem_details import FileProblem

#: Seconds for reading thousands of rules again on a slow machine; the server gives up a little earlier.
RELOAD_TIMEOUT: Final = 35.0


class Rule(Wire):
    """A rule that is judged. Counters are since the engine's start.

    Attributes:
        error: What it raised since the rules were loaded; empty: it is healthy. `failed` is when.
        firing: Subjects of which it fires now; `pending`: of which its `for` or cooldown runs.
        rows: Everything it remembers; at most `limit`, then it gives up the oldest (`evicted`).
        visits: Events that the index brought to it, about.
        cpu: Seconds of processor time, about: one event of each turn is weighed.
    """

    name: str
    title: dict[str, str] = Field(default_factory=dict)
    severity: str
    dry_run: bool = False
    error: str = ""
    failed: datetime | None = None
    firing: int = 0
    pending: int = 0
    rows: int = 0
    limit: int = 0
    evicted: int = 0
    fired: int = 0
    last_fired: datetime | None = None
    visits: int = 0
    cpu: float = 0.0


class RulesReloaded(Wire):
    """The rules were read again, and are good.

    Attributes:
        adopted: Whether other rules than before are judged by; else nothing had changed.
        rules: How many are judged by now.
        changed: Names of rules that mean something else now; what they remembered is gone.
        edited: Other texts, actions, severity or limits; they go on with what they remember.
        kept: How many rules go on with what they remember, `edited` ones included; `remembered`: their rows.
        restart: Keys of the configuration that have changed too: they take effect at a restart.
        cameras_added: Cameras that watch from now on; `cameras_changed`: that begin anew with other settings;
            `cameras_removed`: that are gone. All others watch on.
    """

    adopted: bool
    rules: int
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    kept: int = 0
    remembered: int = 0
    warnings: tuple[FileProblem, ...] = ()
    restart: tuple[str, ...] = ()
    cameras_added: tuple[str, ...] = ()
    cameras_changed: tuple[str, ...] = ()
    cameras_removed: tuple[str, ...] = ()


class RuleQuery(Query):
    """Of what a rule is explained."""

    camera: Named | None = Field(None, description="Only of this camera, and of what belongs to none.")


RULES = Question(
    "GET", "/v1/rules", "Every rule and how it does", Permission.STATE, list[Rule], where=Reach.ANYWHERE
)
EXPLAIN = Question(
    "GET", "/v1/rules/{name}", "Why a rule fired lately, and why it did not", Permission.STATE, Explanation, of="query",
    query=RuleQuery,
)  # fmt: skip
THEN = Question(
    "GET", "/v1/decisions/{id}/explanation", "Why a rule decided, as it was then", Permission.HISTORY, Explanation,
    where=Reach.ANYWHERE, deed=Deed.HISTORY,
)  # fmt: skip
RELOAD = Question(
    "POST", "/v1/rules/reload", "Read the rules again", Permission.RULES, RulesReloaded, deed=Deed.RELOAD,
    within=RELOAD_TIMEOUT,
)  # fmt: skip


class RulePort(Protocol):
    """What is asked of the engine."""

    def rules(self, caller: Caller) -> list[Rule]:
        """Return every rule and how it does, in the order of their files."""
        ...

    async def explain(self, caller: Caller, rule: str, camera: str | None) -> Explanation:
        """Return why a rule fired lately, and why it did not; 404 ``rules.no_rule`` for an unknown name."""
        ...

    async def explain_decision(self, caller: Caller, decision: str) -> Explanation:
        """Return why a rule decided, as it was then; 404 ``decision.unknown``, ``rules.no_rule``."""
        ...

    async def reload_rules(self, caller: Caller) -> RulesReloaded:
        """Read the rules again; ``HttpProblem(422, "rules.not_adopted")`` with every problem where they are bad."""
        ...


def resource(known: RulePort) -> Resource:
    """Return the questions about rules."""

    async def rules(asked: Inquiry[None, None]) -> list[Rule]:
        return known.rules(asked.caller)

    async def explain(asked: Inquiry[RuleQuery, None]) -> Explanation:
        return await known.explain(asked.caller, asked.name, asked.query.camera)

    async def then(asked: Inquiry[None, None]) -> Explanation:
        return await known.explain_decision(asked.caller, asked.name)

    async def reload(asked: Inquiry[None, None]) -> RulesReloaded:
        return await known.reload_rules(asked.caller)

    return Resource("rules", (RULES.by(rules), EXPLAIN.by(explain), THEN.by(then), RELOAD.by(reload)))

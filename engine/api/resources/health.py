"""Health: whether all is well, for watchdogs."""

from __future__ import annotations

from importlib.metadata import version
from typing import Literal, Protocol

from engine.api.question import Inquiry, Question, Resource
from engine.api.resources.state import StatePort
from engine.api.sentence import Sentence
from engine.identity.access import Reach
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.web.payload import Wire

#: Read once: each look opens files, and there may be no descriptor left for one.
VERSION = version("matthan")
#: What a person should know, and a watchdog need not bark at.
NOTICES = {"door.crowded", "engine.no_model", "judge.rule_forgets", "rules.restart_needed"}


class Health(Wire):
    """The API answers.

    Attributes:
        problems: What a person must look at, none when all is well.
        garbage: Requests that were not HTTP, or came too slowly, since the start.
        refused: Requests that were answered with 4xx, since the start.
        clients: Streams open now.
    """

    status: Literal["ok", "degraded"]
    version: str
    problems: tuple[Sentence, ...] = ()
    garbage: int = 0
    refused: int = 0
    clients: int = 0


HEALTH = Question("GET", "/v1/health", "Whether all is well", Permission.STATE, Health, where=Reach.ANYWHERE)


class DoorCounts(Protocol):
    """What the doors count; implemented by `engine.web.problems.Garbage`."""

    count: int
    refused: int


def resource(site: StatePort, garbage: DoorCounts) -> Resource:
    """Return the question about health."""

    async def health(asked: Inquiry[None, None]) -> Health:
        return of(site, garbage, asked.caller)

    return Resource("health", (HEALTH.by(health),))


def of(site: StatePort, garbage: DoorCounts, caller: Caller) -> Health:
    """Return whether all is well, in few words."""
    problems = site.state(caller).engine.problems
    return Health(
        status="degraded" if {each.code for each in problems} - NOTICES else "ok",
        version=VERSION,
        problems=problems,
        garbage=garbage.count,
        refused=garbage.refused,
        clients=len(site.hub),
    )

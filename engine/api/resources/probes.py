"""Whether the engine lives and is ready, as Kubernetes, load balancers and Prometheus' blackbox exporter ask it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from engine.api.question import Blob, Inquiry, Question, Resource
from engine.identity.access import Reach
from engine.identity.permission import Permission

PLAIN: Final = "text/plain; charset=utf-8"
HEALTHZ = Question(
    "GET", "/healthz", "Whether the engine moves", Permission.STATE, Blob, media=PLAIN, where=Reach.ANYWHERE
)
READYZ = Question(
    "GET",
    "/readyz",
    "Whether the engine can do its work",
    Permission.STATE,
    Blob,
    media=PLAIN,
    where=Reach.ANYWHERE,
)

#: Returns, by the name of what is checked, whether it is well.
Checks = Callable[[], Mapping[str, bool]]


def resource(alive: Checks, ready: Checks) -> Resource:
    """Return both questions; each is answered 200 where every check is well, else 503, with a line for each."""

    async def healthz(asked: Inquiry[None, None]) -> Blob:
        return outcome(alive())

    async def readyz(asked: Inquiry[None, None]) -> Blob:
        return outcome(ready())

    return Resource("probes", (HEALTHZ.by(healthz), READYZ.by(readyz)))


def outcome(checks: Mapping[str, bool]) -> Blob:
    """Return what came of checks, as Kubernetes' own servers tell it."""
    lines = [f"[+]{name} ok" if well else f"[-]{name} failed" for name, well in checks.items()]
    status = 200 if all(checks.values()) else 503
    return Blob("".join(f"{line}\n" for line in lines).encode(), {"Cache-Control": "no-store"}, status)

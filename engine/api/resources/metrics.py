"""Figures of the engine for Prometheus, in its text format."""

from __future__ import annotations

from typing import Final, Protocol

from engine.api.question import Blob, Inquiry, Question, Resource
from engine.identity.caller import Caller
from engine.identity.permission import Permission

#: The text format's media type.
TEXT_FORMAT: Final = "text/plain; version=0.0.4; charset=utf-8"

METRICS = Question("GET", "/metrics", "Figures for Prometheus", Permission.STATE, Blob, media=TEXT_FORMAT)


class MetricsPort(Protocol):
    """What is asked of the engine."""

    async def exposition(self, caller: Caller) -> bytes:
        """Return every figure as it is now, in Prometheus' text format."""
        ...


def resource(metrics: MetricsPort) -> Resource:
    """Return the question about figures."""

    async def exposition(asked: Inquiry[None, None]) -> Blob:
        return Blob(await metrics.exposition(asked.caller), {"Cache-Control": "no-store"})

    return Resource("metrics", (METRICS.by(exposition),))

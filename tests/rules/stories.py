"""What happens, in a few words: events of devices, cameras and plates for a bench, and what was decided of them."""

from __future__ import annotations

from typing import Any

from rules.evaluator.evaluator import settle
from rules.model import CameraId, Change, Decision, Kind
from rules.text import render

GONE = {"change": Change.ENDED, "zones": ()}


def on(topic: str, **more: Any) -> dict[str, Any]:
    told = {"kind": Kind.SIGNAL, "subject": f"signal:{topic}:", "label": topic, "zones": (), "score": None}
    return told | {"change": Change.BEGAN} | more


def plate(text: str, camera: str, **more: Any) -> dict[str, Any]:
    told = {
        "kind": Kind.PLATE,
        "change": Change.NOTED,
        "subject": f"plate:{text}",
        "label": text,
        "zones": (),
    }
    return told | {"camera": CameraId(camera)} | more


GAP = {
    "kind": Kind.ENGINE,
    "change": Change.NOTED,
    "camera": None,
    "label": "engine.gap",
    "subject": "engine",
}
LOST = {"kind": Kind.CAMERA, "label": "lost", "change": Change.ENDED, "subject": "camera", "zones": ()}
ONLINE = LOST | {"label": "online", "change": Change.BEGAN}


def begin(b: Any, at: float = 0.0) -> tuple[Decision, ...]:
    done = settle(b.rules, b.memory, b.now(at))
    b.memory.apply(done.changes)
    return done.decisions


def keys(decisions: tuple[Decision, ...]) -> list[tuple[str, str]]:
    return [(each.phase.value, each.key) for each in decisions]


def why(decision: Decision) -> str:
    return render(decision.reason.code, decision.reason.values, "en")

"""What is the matter with the cameras of a site, in few sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from engine.fleet.state import CameraState
from rules.model import Sentence

if TYPE_CHECKING:
    from engine.fleet.camera import CameraRunner

#: Cameras that one sentence names.
NAMED = 5
#: What may be the matter with a camera beside its state, the worst first.
WORST = ("blind", "impaired", "deaf", "noisy", "clock", "home", "reference", "behind", "slowed")


def troubled(runners: Iterable[CameraRunner]) -> Iterator[Sentence]:
    """Yield what is the matter with cameras, each kind with the names of those that it is about."""
    about: dict[str, list[str]] = {}
    for runner in runners:
        if runner.status.state is CameraState.REFUSED:
            about.setdefault("refused", []).append(runner.id)
        for label in list(runner.conditions.standing):
            about.setdefault(label, []).append(runner.id)
    for label in ("refused", *WORST):
        if names := about.get(label):
            more = f", … (+{len(names) - NAMED})" if len(names) > NAMED else ""
            told = ", ".join(names[:NAMED]) + more
            yield Sentence(f"cameras.{label}", {"count": len(names), "cameras": told})


def unseen(runners: Iterable[CameraRunner]) -> Iterator[Sentence]:
    """Yield why viewers of a camera do not see what they should, camera by camera."""
    for runner in runners:
        if (said := runner.preview_trouble) is not None:
            yield Sentence(f"preview.trouble+{said.code}", {**said.values, "camera": runner.id})

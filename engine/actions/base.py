"""What actions share: reading their parameters, and knowing when it is too late."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from pydantic import ValidationError

from engine.actions.contract import Job
from engine.config.action_params import Params, complaints
from engine.errors import Never
from engine.runtime.clock import Clock

P = TypeVar("P", bound=Params)


def params_of(model: type[P], job: Job) -> P:
    """Return a job's parameters.

    Raises:
        Never: They are wrong: the rule was written for another version.
    """
    try:
        return model.model_validate(dict(job.params))
    except ValidationError as error:
        raise Never(f"wrong parameters: {'; '.join(complaints(error))}") from None


def camera_of(chosen: str | None, job: Job) -> str:
    """Return the camera to act on: the one chosen, else the one decided about.

    Raises:
        Never: There is neither.
    """
    camera = chosen or job.decision.camera
    if not camera:
        raise Never("no camera: the decision is about none, and the rule names none")
    return camera


def in_time(job: Job, late: float, clock: Clock) -> None:
    """Refuse what would show or do something about another moment.

    Raises:
        Never: The decision is older than `late` seconds.
    """
    age = (clock.now().wall - job.decision.at).total_seconds()
    if age > late:
        raise Never(f"too late: decided {age:.0f} s ago, allowed {late:g} s")


def leaving() -> bool:
    """Return whether this task was cancelled, even if a library swallowed it.

    `asyncio.wait_for` of Python 3.11 does when its awaitable ends at the same moment, and aiomqtt uses it.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0

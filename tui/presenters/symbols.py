"""Symbol and tone of every state: a symbol says the same as its colour. Pure."""

from __future__ import annotations

from typing import Final

from engine.api.resources.commissioning.jobs import Outcome, StepState
from engine.api.wire import CameraState
from tui.model.rules import RuleState

#: Symbol and tone of each state: the symbol alone tells them apart.
CAMERA_STATES: Final[dict[CameraState, tuple[str, str]]] = {
    CameraState.ONLINE: ("●", "good"),
    CameraState.CONNECTING: ("◌", "warn"),
    CameraState.LOST: ("▲", "bad"),
    CameraState.REFUSED: ("■", "bad"),
    CameraState.FAILED: ("✖", "critical"),
    CameraState.DISABLED: ("○", "dim"),
}

#: Symbol and tone of a camera that is online while something is the matter with it.
TROUBLED: Final = ("◐", "warn")

#: Symbol and tone of whatever nobody knows, because the engine is gone.
UNKNOWN: Final = ("?", "dim")

#: What may be the matter with a camera, as texts know it; an engine may know more.
CONDITIONS: Final = ("blind", "impaired", "deaf", "noisy", "clock", "home", "reference", "behind", "slowed")

#: Symbol and tone of how a rule does; one that fires has its severity's tone.
RULE_STATES: Final[dict[RuleState, tuple[str, str]]] = {
    RuleState.FAILED: ("✖", "critical"),
    RuleState.FIRING: ("●", "text"),
    RuleState.PENDING: ("◌", "text"),
    RuleState.QUIET: ("○", "dim"),
}

#: Symbol and tone of each severity; anything unknown counts as information.
SEVERITIES: Final[dict[str, tuple[str, str]]] = {
    "info": ("·", "blue"),
    "warning": ("!", "warn"),
    "critical": ("‼", "critical"),
}

#: Symbol and tone of how far a step of a commissioning is.
STEP_STATES: Final[dict[StepState, tuple[str, str]]] = {
    StepState.DONE: ("✓", "good"),
    StepState.FAILED: ("✗", "bad"),
    StepState.NEEDS_YES: ("!", "warn"),
    StepState.RUNNING: ("…", "blue"),
    StepState.WAITING: ("·", "faint"),
    StepState.SKIPPED: ("–", "dim"),
}

#: Symbol and tone of how a check ended.
OUTCOMES: Final[dict[Outcome, tuple[str, str]]] = {
    Outcome.FAIL: ("✗", "bad"),
    Outcome.WARN: ("!", "warn"),
    Outcome.PASS: ("✓", "good"),
    Outcome.NOT_TESTED: ("–", "dim"),
}

#: Symbol and tone of how a whole commissioning is.
JOB_STATES: Final[dict[str, tuple[str, str]]] = {
    "running": ("…", "blue"),
    "cut": ("!", "warn"),
    "ended": ("✓", "good"),
}


def severity(name: str) -> tuple[str, str]:
    """Return a severity's symbol and tone."""
    return SEVERITIES.get(name, SEVERITIES["info"])

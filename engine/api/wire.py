"""What goes over the local API, version 1, by one name: for the TUI and for other clients.

Everything is JSON. Times are RFC 3339 UTC. A sentence arrives as its code and values, rendered in
both languages. Additions are allowed within v1; a client ignores keys it does not know. Each type is made
where its resource is (`engine.api.resources`); a new one need not stand here.
"""

from __future__ import annotations

from engine.api.person import Line, Name
from engine.api.resources.acts import Act, Silence
from engine.api.resources.alerts import Alert
from engine.api.resources.cameras import (
    Box,
    Camera,
    CameraUpdate,
    MotionSignal,
    Preset,
    PtzCommand,
    Tracked,
    Trouble,
    Watcher,
)
from engine.api.resources.decisions import Acknowledge, Acknowledgement, Decision, Withdraw
from engine.api.resources.deliveries import Delivery, Letter, Resend
from engine.api.resources.events import Event
from engine.api.resources.health import Health
from engine.api.resources.preview import PreviewLink
from engine.api.resources.rules import Rule, RulesReloaded
from engine.api.resources.state import Engine, EngineUpdate, Gap, State, Update
from engine.api.sentence import Sentence
from engine.fleet.state import CameraState, TrackState
from engine.severity import RANK
from engine.web.payload import KEY, LINE, NAME, Fact, Wire
from engine.web.problem_details import FileProblem, Problem

__all__ = [
    "KEY", "LINE", "NAME", "RANK", "Acknowledge", "Acknowledgement", "Act", "Alert", "Box", "Camera", "CameraState",
    "CameraUpdate", "Decision", "Delivery", "Engine", "EngineUpdate", "Event", "Fact", "FileProblem", "Gap", "Health",
    "Letter", "Line", "MotionSignal", "Name", "Preset", "PreviewLink", "Problem", "PtzCommand", "Resend", "Rule",
    "RulesReloaded", "Sentence", "Silence", "State", "TrackState", "Tracked", "Trouble", "Update", "Watcher", "Wire",
    "Withdraw",
]  # fmt: skip

"""The table of event kinds: whoever adds a kind adds its record here, and its name to `rules.model.Kind`."""

from __future__ import annotations

from rules.kinds.camera import CAMERA
from rules.kinds.crowd import CROWD
from rules.kinds.decision import DECISION
from rules.kinds.engine import ENGINE
from rules.kinds.motion import MOTION
from rules.kinds.mqtt import MQTT
from rules.kinds.object import OBJECT
from rules.kinds.operator import OPERATOR
from rules.kinds.plate import PLATE
from rules.kinds.record import EventKind
from rules.kinds.signal import SIGNAL

#: In the order in which the grammar tells them.
TABLE: tuple[EventKind, ...] = (
    OBJECT,
    CROWD,
    MOTION,
    PLATE,
    SIGNAL,
    CAMERA,
    MQTT,
    ENGINE,
    OPERATOR,
    DECISION,
)

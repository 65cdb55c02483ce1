"""Every question that a module of resources declares, and what can be sent with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

from engine.api import resources
from engine.api.question import Question
from tests.fakes.engine import CAMERA

#: Bodies that are right in form, by the name of their model.
BODIES: Mapping[str, Any] = {
    "Judge": {"verdict": "true"},
    "Act": {"name": "patrol", "camera": CAMERA},
    "PtzCommand": {"op": "stop"},
    "FeatureValue": {"value": 1},
    "OutputState": {"on": True},
    "ZoneChange": {"revision": "0" * 64, "points": [[0, 0], [1, 0], [1, 1]]},
    "LineChange": {"revision": "0" * 64, "points": [[0, 0], [1, 0]]},
    "MetresChange": {"revision": "0" * 64, "metres_per_width": 12},
    "BeginSilence": {"cameras": [CAMERA], "lasts": "1h", "why": "a stage"},
    "Withdraw": {"at": "2026-03-01T12:00:00Z"},
    "NewPerson": {"id": "moi"},
    "PersonChange": {"name": "x"},
    "NewGrant": {"person": "nobody", "role": "viewer"},
    "NewToken": {"person": "nobody", "purpose": "x"},
    "Login": {"name": "nobody", "password": "x"},
    "Setup": {"code": "x", "password": "x"},
    "PasswordChange": {"old": "x", "new": "x"},
}


def declared() -> Iterator[Question[Any, Any, Any]]:
    """Yield every question that a module of resources has."""
    for module in walk_packages(resources.__path__, f"{resources.__name__}."):
        for value in vars(import_module(module.name)).values():
            if isinstance(value, Question):
                yield value

"""A day of a commune's 25 cameras, by chance but from a seed: who comes and goes, doors, a camera that is lost.

Traffic follows the hours; every object is told once a second while it is seen, as tracks are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from engine.api.present import event as shown
from rules.model import CameraId, Change, Event, EventId, Fact, Kind

CAMERAS = 25
#: The cameras that the sample rules name, with their zones; the others have the last one's.
ZONES = {
    "cong-ubnd": ("cong", "san-trong"),
    "nga-tu-cho": ("long-duong", "via-he"),
    "nha-van-hoa": ("cua-chinh", "san-trong"),
    "atm-buu-dien": ("truoc-may", "via-he"),
}
#: Midnight in Việt Nam.
START = datetime(2026, 2, 28, 17, 0, tzinfo=UTC)
#: Objects that a camera sees in each hour of the day.
HOURLY = (1, 1, 1, 1, 2, 8, 25, 40, 35, 25, 22, 25, 25, 20, 22, 25, 35, 45, 35, 25, 18, 10, 5, 2)
LABELS = ("person", "person", "two_wheeler", "two_wheeler", "car", "heavy", "dog")
RULES = Path(__file__).parents[1] / "configs" / "rules"


def rules() -> list[tuple[str, str]]:
    """Return the sample rules of configs/rules, without their trials."""
    files = sorted(path for path in RULES.glob("*.yaml") if not path.name.endswith(".trial.yaml"))
    return [(path.name, path.read_text("utf-8")) for path in files]


def _objects(camera: str, random: Random) -> Iterator[tuple[float, dict[str, Any]]]:
    """Yield what one camera sees of objects: (second of the day, what)."""
    track = 0
    for hour, count in enumerate(HOURLY):
        for _ in range(count):
            track += 1
            second, stays = 3600 * (hour + random.random()), min(300, 2 + round(random.expovariate(1 / 12)))
            zones = ZONES.get(camera, ZONES["atm-buu-dien"])
            label, zone = random.choice(LABELS), random.choice((*zones, ""))
            for age in range(stays + 1):
                change = Change.BEGAN if age == 0 else Change.ENDED if age == stays else Change.GOES_ON
                facts: dict[str, Fact] = {"age": float(age), "speed": round(random.random() / 5, 3)}
                facts |= {f"dwell:{zone}": float(age)} if zone else {}
                yield (
                    second + age,
                    {
                        "kind": Kind.OBJECT,
                        "change": change,
                        "camera": camera,
                        "subject": f"track:{track}",
                        "label": label,
                        "zones": (zone,) if zone and change is not Change.ENDED else (),
                        "score": round(random.uniform(0.3, 0.95), 2),
                        "facts": facts,
                    },
                )


def _others(camera: str, random: Random) -> Iterator[tuple[float, dict[str, Any]]]:
    """Yield what else one camera tells: a door signal now and then, and seldom that it is lost."""
    for _ in range(20):
        at = random.random() * 86000
        told = {
            "kind": Kind.SIGNAL, "camera": camera, "subject": "signal:Device/Trigger/DigitalInput:1",
            "label": "Device/Trigger/DigitalInput",
        }  # fmt: skip
        yield at, told | {"change": Change.BEGAN, "facts": {"state": True}}
        yield at + 30, told | {"change": Change.ENDED, "facts": {"state": False}}
    if random.random() < 0.2:
        at = random.random() * 86000
        told = {"kind": Kind.CAMERA, "camera": camera, "subject": "camera"}
        yield at, told | {"change": Change.ENDED, "label": "lost"}
        yield at + 90, told | {"change": Change.BEGAN, "label": "online"}


def happened(random: Random) -> list[Event]:
    """Return the day's events, in order."""
    found: list[tuple[float, dict[str, Any]]] = []
    for camera in (*ZONES, *(f"cam-{number}" for number in range(len(ZONES) + 1, CAMERAS + 1))):
        found += [*_objects(camera, random), *_others(camera, random)]
    found.sort(key=lambda each: each[0])
    events = []
    for seq, (second, told) in enumerate(found, start=1):
        at = START + timedelta(seconds=second)
        camera = CameraId(str(told.pop("camera")))
        events.append(
            Event(
                EventId(f"e{seq}"), "bench", seq, camera=camera, at=at, received_at=at, judged=second, **told
            )
        )
    return events


def lines(events: Sequence[Event]) -> list[str]:
    """Return events as ``matthan events --json`` prints them."""
    return [shown(event).model_dump_json() for event in events]

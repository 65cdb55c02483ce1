"""What a device can do and what of it can be set, described so that programs can go through it.

A feature is an *ability* (a way that the contract has: PTZ, stills) or a *value*: the clock, an encoder's bitrate, a
relay. Values are checked here, by their description, so that every driver refuses the same in the same words.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, TypeAlias

from drivers.errors import Unsupported
from drivers.redaction import HIDDEN

Value: TypeAlias = bool | int | float | str | datetime
#: Signs of a text where its description says nothing.
LONGEST_TEXT = 256
#: Password of the account that the session is logged in with. Whoever writes it must keep the new one where the next
#: session looks for it: a general way to set features refuses it.
OWN_PASSWORD = "account.password"  # noqa: S105 - an id


class FeatureKind(StrEnum):
    """What a feature's value is."""

    ABILITY = "ability"
    """None: there are methods for it."""
    FLAG = "flag"
    NUMBER = "number"
    TEXT = "text"
    CHOICE = "choice"
    MOMENT = "moment"
    """A time, aware."""


class FeatureCategory(StrEnum):
    """What a feature is about: where a person looks for it."""

    CAMERA = "camera"
    PTZ = "ptz"
    AUDIO = "audio"
    EVENTS = "events"
    IO = "io"
    TIME = "time"
    NETWORK = "network"
    ENCODER = "encoder"
    IMAGING = "imaging"
    USERS = "users"


@dataclass(frozen=True, slots=True)
class Feature:
    """One ability, or one value that can be read, written or heard of.

    Attributes:
        id: Stable and unique within the device: words joined by points, ``time.ntp``, ``encoder.main.bitrate``.
        unit: Of a number, as it is written behind it: ``kbit/s``, ``fps``; empty: none.
        least: Smallest number; None: not told. Likewise `most`: largest number, or a text's longest length.
        whole: Whether a number has no fraction.
        choices: What a `CHOICE` may be.
        source: Video source that it belongs to; empty: the whole device.
        signal: Topic by which `Device.signals` tells its state (`Signal.topic`); empty: by none.
        pulse: Seconds after which a relay falls back by itself; 0: it stays.
        readable: Whether `Configurable.read` takes it; likewise `writable`.
        secret: Whether its value is a password: written, never read, and named in no error.
    """

    id: str
    kind: FeatureKind = FeatureKind.ABILITY
    category: FeatureCategory = FeatureCategory.CAMERA
    unit: str = ""
    least: float | None = None
    most: float | None = None
    whole: bool = False
    choices: tuple[str, ...] = ()
    source: str = ""
    signal: str = ""
    pulse: float = 0.0
    readable: bool = False
    writable: bool = False
    secret: bool = False

    #: The abilities that this contract has methods for.
    PTZ: ClassVar[Feature]
    SIGNALS: ClassVar[Feature]
    SNAPSHOT: ClassVar[Feature]
    SPEAKER: ClassVar[Feature]

    def check(self, value: Value) -> Value:
        """Return a value that may be written.

        Raises:
            Unsupported: ``driver.value``: of another kind, out of range, or nothing that can be written at all.
        """
        if not (self.writable and self.fits(value)):
            shown = HIDDEN if self.secret else str(value)[:80]
            raise Unsupported("driver.value", feature=self.id, value=shown, range=self.range)
        return value

    @property
    def range(self) -> str:
        """What it may be, in signs that are no language: ``1..30 fps``, ``on|off``."""
        match self.kind:
            case FeatureKind.NUMBER:
                least, most = ("" if each is None else f"{each:g}" for each in (self.least, self.most))
                return f"{least}..{most} {self.unit}".rstrip()
            case FeatureKind.CHOICE:
                return "|".join(self.choices)
            case FeatureKind.FLAG:
                return "on|off"
            case FeatureKind.TEXT:
                return f"<= {self.most or LONGEST_TEXT:g}"
            case _:
                return str(self.kind)

    def fits(self, value: Value) -> bool:
        """Return whether a value is as described."""
        match self.kind:
            case FeatureKind.FLAG:
                return isinstance(value, bool)
            case FeatureKind.NUMBER:
                return self._is_within(value)
            case FeatureKind.TEXT:
                most = self.most or LONGEST_TEXT
                return isinstance(value, str) and len(value) <= most and (not value or value.isprintable())
            case FeatureKind.CHOICE:
                return value in self.choices
            case FeatureKind.MOMENT:
                return isinstance(value, datetime) and value.utcoffset() is not None
            case FeatureKind.ABILITY:
                return False

    def _is_within(self, value: Value) -> bool:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            return False
        least, most = -math.inf if self.least is None else self.least, self.most
        return least <= value <= (math.inf if most is None else most) and not (self.whole and value % 1)


Feature.PTZ = Feature("ptz", category=FeatureCategory.PTZ)
Feature.SIGNALS = Feature("signals", category=FeatureCategory.EVENTS)
Feature.SNAPSHOT = Feature("snapshot")
Feature.SPEAKER = Feature("speaker", category=FeatureCategory.AUDIO)


def relay_output(token: str, *, pulse: float = 0.0, signal: str = "") -> Feature:
    """Return a relay: written on or off; what it is, a device tells by a signal, if at all.

    Args:
        pulse: Seconds after which it falls back by itself; 0: it stays.
    """
    return Feature(
        f"output.{token}", FeatureKind.FLAG, FeatureCategory.IO, signal=signal, pulse=pulse, writable=True
    )


def digital_input(token: str, *, signal: str) -> Feature:
    """Return a digital input: neither read nor written, its state comes by signals."""
    return Feature(f"input.{token}", FeatureKind.FLAG, FeatureCategory.IO, signal=signal)


def named(features: Iterable[Feature], wanted: str, host: str) -> Feature:
    """Return a feature by its id.

    Raises:
        Unsupported: ``driver.no_feature``: it is not among them.
    """
    known = {each.id: each for each in features}
    if wanted not in known:
        raise Unsupported("driver.no_feature", host=host, feature=wanted[:80], known=", ".join(known)[:400])
    return known[wanted]


def accounts(features: Collection[Feature]) -> set[str]:
    """Return the ids of the features that are accounts."""
    return {feature.id for feature in features if feature.category is FeatureCategory.USERS}


def unfit(feature: Feature) -> Value:
    """Return what a feature cannot be: whoever writes it must be refused."""
    if feature.kind is FeatureKind.NUMBER and feature.most is not None:
        return feature.most + 1
    return "no such choice" if feature.kind is not FeatureKind.TEXT else 7

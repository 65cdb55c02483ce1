"""The cameras of one device, and what it says of itself as a whole: alarm inputs, relays, disks.

Every camera of a recorder opens the device for itself and hears all of it. What belongs to none of them is told once,
in the name of the first; which of them it was heard by may change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from drivers.contract import Signal
from engine.config.settings import CameraSettings
from engine.draft import Draft
from engine.fleet.events.property import subject
from engine.fleet.events.signals import MOST, Signals
from rules.model import CameraId


def concerns_all(signal: Signal, sources: Sequence[str]) -> bool:
    """Return whether a signal is about a device as a whole.

    Args:
        sources: The device's video sources. Of a device with one, everything is taken to be about that one, unless
            the device names something else and no picture.
    """
    if signal.source in sources:
        return False
    return len(sources) > 1 or (not signal.source and bool(signal.about))


class DeviceGroup:
    """One device's configured cameras.

    Args:
        cameras: In the order of the configuration; everything is told in the name of the first.

    Attributes:
        signals: What was told of the device as a whole.
    """

    def __init__(self, cameras: Sequence[CameraId], now: Callable[[], float]) -> None:
        self.signals = Signals(cameras[0], now)
        self._order = tuple(cameras)
        self._listening: dict[CameraId, dict[str, Signal]] = {}
        self._speaker: CameraId | None = None

    def join(self, camera: CameraId) -> None:
        """A camera's subscription says something: from now on it may speak for the device."""
        if camera in self._listening:
            return
        self._listening[camera] = {}
        if self._speaker == camera:  # it subscribed anew before another could take over
            self._speaker = None

    def leave(self, camera: CameraId) -> None:
        """A camera hears nothing any more."""
        self._listening.pop(camera, None)

    def hear(self, camera: CameraId, signal: Signal, wall: datetime) -> list[Draft]:
        """Return what a signal that one camera heard adds to the device's story: nothing, unless it speaks for it."""
        self.join(camera)
        drafts, known = self._take_over(wall), self._listening[camera]
        if signal.state is not None:
            known[subject(signal)] = signal
            while len(known) > MOST:
                del known[next(iter(known))]
        return drafts + (self.signals.hear(signal, wall) if self.speaks(camera) else [])

    def due(self, camera: CameraId, wall: datetime) -> list[Draft]:
        """Return what had to wait, to the camera that speaks."""
        drafts = self._take_over(wall)
        return drafts + (self.signals.due(wall) if self.speaks(camera) else [])

    def speaks(self, camera: CameraId) -> bool:
        """Return whether a camera is the first that listens now."""
        return camera == next((each for each in self._order if each in self._listening), None)

    def _take_over(self, wall: datetime) -> list[Draft]:
        """Let another camera speak where the first that listens is another: what it knows holds from now on."""
        speaker = next((each for each in self._order if each in self._listening), None)
        if speaker is None or speaker == self._speaker:
            return []
        self._speaker = speaker
        self.signals.begin()
        known = list(self._listening[speaker].values())
        told = (self.signals.tell(replace(each, initial=True), wall) for each in known)
        return [draft for draft in told if draft is not None]


def device_groups(
    cameras: Iterable[CameraSettings], now: Callable[[], float]
) -> Mapping[CameraId, DeviceGroup]:
    """Return each camera's household: those that are enabled and have host, port and account in common."""
    devices: dict[object, list[CameraId]] = {}
    for camera in cameras:
        devices.setdefault(_device(camera), []).append(CameraId(camera.id))
    made = [(names, DeviceGroup(names, now)) for names in devices.values()]
    return {name: household for names, household in made for name in names}


def _device(camera: CameraSettings) -> object:
    parts = urlsplit(camera.url)
    if not parts.hostname or not camera.enabled:  # a file; or switched off: nobody hears it
        return camera.id
    user = camera.login.username if camera.login else ""
    port = parts.port or {"https": 443, "rtsp": 554, "rtsps": 322}.get(parts.scheme, 80)
    return parts.hostname, port, user

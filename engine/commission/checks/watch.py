"""One profile, read for a while in a thread of its own: its packets counted, a picture or two looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drivers.contract import Camera, CodecParameters, Profile, Stream
from drivers.errors import DriverError
from engine.commission.checks.packets import Packets
from engine.runtime.thread import in_thread

if TYPE_CHECKING:
    from engine.commission.checks.glances import Glances, Seen

#: Whole groups of pictures after which the quick set has seen enough, and seconds before which it has not.
GROUPS, LEAST = 1, 2.0
#: Seconds that a thread gets to end.
STOP = 4.0


@dataclass(slots=True)
class Watched:
    """What came of one profile.

    Attributes:
        profile: As the camera advertises it.
        fault: Why it could not be opened or ended early; None: it was read as long as was wanted.
        codec: What the stream says it is coded with.
        opened: Seconds from asking for it to its first whole picture; None: none came.
        read: Seconds for which it was read.
        seen: Its first picture; `compared`, `same`: of how many pictures, and whether they are all the same.
    """

    profile: Profile
    fault: DriverError | TimeoutError | OSError | None = None
    codec: CodecParameters | None = None
    packets: Packets | None = None
    opened: float | None = None
    read: float = 0.0
    seen: Seen | None = None
    compared: int = 0
    same: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to watch.

    Attributes:
        seconds: After the first picture.
        enough: Whether fewer do once two groups of pictures came.
        patience: Seconds until the first picture.
    """

    seconds: float
    enough: bool
    patience: float


async def watched(camera: Camera, profile: Profile, plan: Plan, monotonic: Callable[[], float]) -> Watched:
    """Read a profile; faults are noted, not raised. Cancelled, its thread ends and the stream is closed."""
    found = Watched(profile)
    try:
        async with asyncio.timeout(plan.patience + plan.seconds + STOP):
            begun = monotonic()
            stream = await camera.open_stream(profile.token)
            reader = _Reader(found, plan, monotonic, begun)
            try:
                await in_thread(f"check[{profile.token}]", lambda: reader.run(stream), stream.close, STOP)
            finally:
                stream.close()
    except (DriverError, TimeoutError, OSError) as error:
        found.fault = error
    return found


class _Reader:
    """Reads in its thread."""

    def __init__(self, found: Watched, plan: Plan, monotonic: Callable[[], float], begun: float) -> None:
        self._found, self._plan, self._monotonic, self._begun = found, plan, monotonic, begun
        self._first = 0.0

    def run(self, stream: Stream) -> None:
        """Read until enough was seen."""
        from engine.commission.checks.glances import Glances

        found = self._found
        found.codec = codec = stream.start()
        found.packets = packets = Packets(codec.time_base)
        glances = Glances(codec)
        while not self._is_done(packets):
            packet = stream.read()
            if packet.track:
                continue
            if packets.pts or packet.keyframe:  # what comes before the first keyframe belongs to nobody
                packets.add(packet, self._monotonic())
            glances.feed(packet)
            self._note(glances)

    def _note(self, glances: Glances) -> None:
        found, now = self._found, self._monotonic()
        if found.seen is None and glances.seen is not None:
            found.seen, found.opened, self._first = glances.seen, now - self._begun, now
        found.compared, found.same = glances.compared, glances.same
        found.read = now - self._first if found.seen else 0.0

    def _is_done(self, packets: Packets) -> bool:
        found, plan = self._found, self._plan
        if found.seen is None:
            return self._monotonic() - self._begun > plan.patience
        if found.read >= plan.seconds:
            return True
        return plan.enough and len(packets.keyframes) > GROUPS and found.read >= min(LEAST, plan.seconds)

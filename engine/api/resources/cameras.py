"""Cameras: how each does, its picture, its head."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, Literal, Protocol
from urllib.parse import quote

from pydantic import Field

from engine.api.question import Blob, Inquiry, Query, Question, Resource
from engine.api.sentence import Sentence
from engine.fleet.state import CameraState, TrackState
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.identity.record import Deed
from engine.text import Language, render
from engine.web.payload import Wire

if TYPE_CHECKING:
    from engine.fleet.stills import Still
    from engine.fleet.tracked import TrackedObject

Box = tuple[float, float, float, float]
#: Headers of a still: where it came from, its size, why it is no better one (a sentence, percent-encoded UTF-8),
#: when it was seen, and what was seen in it (JSON).
STILL_SOURCE, STILL_SIZE, STILL_LACKS, STILL_AT, STILL_TRACKS = (
    "X-Matthan-Still-Source", "X-Matthan-Still-Size", "X-Matthan-Still-Lacks",
    "X-Matthan-Still-At", "X-Matthan-Still-Tracks",
)  # fmt: skip
#: Characters of the tracks at most: clients refuse headers of 8 kB. The surest are told.
TRACKS_LIMIT: Final = 7000
#: Where the picture that is told with its tracks came from.
ANALYSIS: Final = "analysis"


class Tracked(Wire):
    """An object, its `box` x0, y0, x1, y1 in 0..1: where it is seen; `predicted`: should be; `unknown`: was last."""

    track: int
    label: str
    score: float
    box: Box
    zones: tuple[str, ...] = ()
    state: TrackState = TrackState.SEEN


class Trouble(Wire):
    """What is the matter with a camera beside its state; `label` as rules call it, and more of them may come."""

    label: str
    since: datetime
    said: Sentence


class Watcher(Wire):
    """Somebody who watches a camera's live picture; `since` with the first of their pages."""

    name: str
    since: datetime


class MotionSignal(Wire):
    """What a camera says by itself of motion, beside what is seen.

    Attributes:
        trusted: Whether its word lets the decoder rest longer than from one keyframe to the next.
        hits: Times in a row that it said so when something moved; `missed`: times that it did not (counter).
    """

    trusted: bool = False
    hits: int = 0
    missed: int = 0


class Camera(Wire):
    """One camera's state.

    Attributes:
        reason: Why it is not online, else the first of what is the matter.
        troubles: What is the matter beside its state, the worst first.
        advice: What a person can do about a refused login; `retry`: when it is tried again by itself.
        clock_offset: Seconds that its clock is ahead of the engine's; None: it does not tell.
        fps: Pictures analysed per second, over the last few seconds.
        stream_fps: Pictures received per second.
        resting: Whether nothing moves, so that keyframes alone are decoded.
        wakeful: Why it cannot rest, so that everything is decoded always; None: it can, or nobody knows yet.
        keyframes: Seconds between two keyframes of its stream, the longest lately; None: not known.
        signal: How far what it says of motion is relied upon; None: it has said nothing yet.
        skipped: Pictures not analysed because the machine was busy (counter).
        motion: 0..1, moving share of the last analysed picture.
        watched: Who watches its live picture, who began first first.
        features: What it can do, by the ids of `drivers.features.Feature`, sorted; empty while it is not connected.
    """

    id: str
    site: str = ""
    name: str
    state: CameraState
    reason: Sentence | None = None
    since: datetime
    model: str = ""
    address: str = ""
    width: int = 0
    height: int = 0
    codec: str = ""
    fps: float = 0.0
    stream_fps: float = 0.0
    resting: bool = False
    wakeful: Sentence | None = None
    keyframes: float | None = None
    signal: MotionSignal | None = None
    skipped: int = 0
    motion: float = 0.0
    ptz: bool = False
    features: tuple[str, ...] = ()
    preview: bool = False
    tracks: tuple[Tracked, ...] = ()
    zones: dict[str, tuple[tuple[float, float], ...]] = Field(default_factory=dict)
    last_event: datetime | None = None
    last_event_kind: str = ""
    troubles: tuple[Trouble, ...] = ()
    advice: Sentence | None = None
    retry: datetime | None = None
    clock_offset: float | None = None
    watched: tuple[Watcher, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether it is tried again some time, and may be tried now: it is not connected, or does not hear."""
        well = (CameraState.ONLINE, CameraState.CONNECTING, CameraState.DISABLED)
        return self.state not in well or any(each.label in ("deaf", "blind") for each in self.troubles)


class CameraUpdate(Wire):
    """A camera changed."""

    type: Literal["camera"] = "camera"
    camera: Camera


class Preset(Wire):
    """A PTZ preset."""

    token: str
    name: str


class PtzCommand(Wire):
    """What a PTZ head is to do. Velocities are -1..1; `seconds` bounds a move."""

    op: Literal["move", "stop", "goto", "set"]
    pan: Annotated[float, Field(ge=-1, le=1)] = 0.0
    tilt: Annotated[float, Field(ge=-1, le=1)] = 0.0
    zoom: Annotated[float, Field(ge=-1, le=1)] = 0.0
    seconds: Annotated[float, Field(gt=0, le=10)] = 1.0
    preset: str = ""


class StillQuery(Query):
    """Which picture, and how large."""

    width: Annotated[int, Field(ge=16, le=4096)] = Field(640, description="At most so many pixels wide.")
    of: Literal["analysis", "best"] = Field(
        "analysis",
        description="The last analysed picture, at once; or the best: the camera's own still, else its main stream.",
    )


STILL = Question(
    "GET", "/v1/cameras/{id}/still.jpg", "The last picture", Permission.STILL, Blob,
    query=StillQuery, media="image/jpeg", of="path", deed=Deed.STILL,
)  # fmt: skip
PRESETS = Question(
    "GET", "/v1/cameras/{id}/presets", "A PTZ head's presets", Permission.STATE, list[Preset], of="path"
)
PTZ = Question(
    "POST", "/v1/cameras/{id}/ptz", "Move, stop, go to or set a preset", Permission.PTZ, body=PtzCommand,
    of="path", deed=Deed.PTZ,
)  # fmt: skip
RETRY = Question(
    "POST", "/v1/cameras/{id}/retry", "Try a camera again at once", Permission.RETRY, Camera,
    of="path", deed=Deed.RETRY,
)  # fmt: skip


class CameraPort(Protocol):
    """What is asked of the engine.

    Every method raises 404 ``camera.unknown`` for an unknown id and 409 (``camera.offline``, ``ptz.unsupported``, ...)
    where it cannot be done now.
    """

    async def still(self, caller: Caller, camera: str, width: int, best: bool) -> Still:
        """Return a JPEG at most `width` pixels wide, without boxes.

        Args:
            best: The best that can be had (seconds, and the camera is asked); else the last analysed picture.
        """
        ...

    async def presets(self, caller: Caller, camera: str) -> list[Preset]:
        """Return a PTZ camera's presets."""
        ...

    async def ptz(self, caller: Caller, camera: str, command: PtzCommand) -> None:
        """Carry out a PTZ command; returns when the camera has accepted it."""
        ...

    def retry(self, caller: Caller, camera: str) -> Camera:
        """Try at once what a camera waits with; return it as it is now: what comes of it is told on the stream.

        Raises:
            HttpProblem: 409 ``camera.held`` while its device must not be sent a login, ``camera.disabled``.
        """
        ...


def resource(cameras: CameraPort) -> Resource:
    """Return the questions about cameras."""

    async def still(asked: Inquiry[StillQuery, None]) -> Blob:
        best = asked.query.of == "best"
        found = await cameras.still(asked.caller, asked.name, asked.query.width, best)
        return Blob(found.jpeg, still_headers(found, asked.language))

    async def presets(asked: Inquiry[None, None]) -> list[Preset]:
        return await cameras.presets(asked.caller, asked.name)

    async def ptz(asked: Inquiry[None, PtzCommand]) -> None:
        await cameras.ptz(asked.caller, asked.name, asked.body)

    async def retry(asked: Inquiry[None, None]) -> Camera:
        return cameras.retry(asked.caller, asked.name)

    return Resource("cameras", (STILL.by(still), PRESETS.by(presets), PTZ.by(ptz), RETRY.by(retry)))


def still_headers(still: Still, language: Language) -> dict[str, str]:
    """Return what is told beside a picture."""
    headers = {
        "Cache-Control": "no-store",
        STILL_SOURCE: still.source.value,
        STILL_SIZE: f"{still.width}x{still.height}",
    }
    if still.lacks is not None:
        headers[STILL_LACKS] = quote(render(still.lacks.code, still.lacks.values, language), safe=" ")
    if still.at is not None:
        headers[STILL_AT] = still.at.isoformat()
    if still.source == ANALYSIS:
        headers[STILL_TRACKS] = _one_line(tracked(still.tracks))
    return headers


def tracked(objects: Iterable[TrackedObject]) -> tuple[Tracked, ...]:
    """Return the objects of one picture."""
    return tuple(
        Tracked(
            track=each.track,
            label=each.label,
            score=each.score,
            box=each.box,
            zones=each.zones,
            state=each.state,
        )
        for each in objects
    )


def _one_line(tracks: Sequence[Tracked]) -> str:
    """Return tracks as one line of ASCII JSON, the surest first, as many as a header holds."""
    kept, left = [], TRACKS_LIMIT
    for track in sorted(tracks, key=lambda each: -each.score):
        rounded = track.model_copy(update={"box": tuple(round(edge, 4) for edge in track.box)})
        text = json.dumps(rounded.model_dump(), separators=(",", ":"))
        left -= len(text) + 1
        if left < 0:
            break
        kept.append(text)
    return f"[{','.join(kept)}]"

"""One camera's eye: packets in, what was seen out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from math import inf

import av
import numpy as np
from numpy.typing import NDArray

from drivers.contract import CodecParameters, Packet
from drivers.kit.upright import Upright
from engine.vision import crops
from engine.vision.attention import Attention, Restraint
from engine.vision.boxes import overlap, suppress
from engine.vision.decode import Decoder
from engine.vision.hardware import Hardware
from engine.vision.model import Boxes, Detections, Disturbance, Impairment, Luma, Motion, Sight
from engine.vision.motion.detector import MotionDetector
from engine.vision.motion.tuning import STANDARD, Tuning
from engine.vision.objects import SAME
from engine.vision.picture import chroma, colours, jpeg, luma, rgb
from engine.vision.pool import DetectorPool
from engine.vision.quality.watch import Watch
from engine.vision.sampler import Pace
from engine.vision.stages import Stages
from engine.vision.tracking.tracker import Tracker

#: What a track is called where no detector classified it.
MOVING = "moving"
#: Seconds after which a picture is looked at though by the stream's clock none is due: the clock stands still.
STALLED = 2.0
#: A motion share from which the whole picture is looked at.
LARGE = 0.3
_NOWHERE: Boxes = np.empty((0, 4), np.float32)
_EVERYWHERE: Boxes = np.array([[0, 0, 1, 1]], np.float32)
_TURNING = Motion(0.0, _NOWHERE, Disturbance.VIEW)
_NOTHING = Detections(_NOWHERE, np.empty(0, np.float32), np.empty(0, np.int32), ())


class Glance(Enum):
    """Why nothing is concluded from a picture alone."""

    STIRS = "something moves, or all is other than it was"
    UNCLEAR = "the next picture has to say whether something moves"
    BLIND = "this picture did not come out"


class Analyzer:
    """Watches one stream; `feed` belongs to one thread, everything else may be called from any.

    Every packet that it is fed is decoded (pictures build on each other), but only pictures that are due are
    analysed: motion in all of those; objects where something moves, where a known object is to be seen
    again, and everywhere after a start or a cut. Who leaves packets out: `engine.vision.rest`.

    Args:
        codec: What the stream is coded with.
        fps: Pictures analysed per second, at most.
        pool: Detectors; None: moving regions are followed under the label `MOVING`.
        score: Least score of a detection that may begin a track.
        name: Who asks, where the pool counts what it could not do.
        reference: How the camera should look, (height, width); None: what it sees is learnt.
        moving: Returns whether the camera's head moves now (PTZ), from any thread: nothing is told to move meanwhile,
            and what is there is learned anew when it rests.
        away: Returns whether it looks elsewhere than it should, by right.
        tuning: What counts as motion.
        loop_filter: False saves 20 to 40 % of the decoding at the price of the stills' quality.
        hardware: What is to decode.

    Attributes:
        wanted: Pictures in which something was to be looked at (counter).
        skipped: Of those, pictures in which nobody could: the detectors were busy (counter).
        lively: Whether the last picture showed something that must be watched on.
        stages: What it costs.
    """

    def __init__(
        self,
        codec: CodecParameters,
        *,
        fps: float,
        pool: DetectorPool | None,
        score: float,
        name: str = "",
        reference: Luma | None = None,
        moving: Callable[[], bool] = lambda: False,
        away: Callable[[], bool] = lambda: False,
        tuning: Tuning = STANDARD,
        loop_filter: bool = True,
        hardware: Hardware = Hardware.SOFTWARE,
    ) -> None:
        self._decoder = Decoder(codec, skip_loop_filter=not loop_filter, hardware=hardware)
        self._time_base = float(codec.time_base)
        self._fps = self._most = fps
        self._pool, self._name = pool, name
        self._tuning = tuning
        self._pace = Pace(fps)
        self._score = score
        self._attention, self._restraint = Attention(), Restraint(1 / fps)
        self._tracker = Tracker(score=score if pool else 0.0)
        self._motion: MotionDetector | None = None
        self._turning, self._away = moving, away
        self.refer(reference)
        self._fresh = True
        self._shown: Upright | None = None
        self._lock = threading.Lock()
        self._analysed = self._looks = self._keyframes = self._refreshed = self.wanted = self.skipped = 0
        self._media, self._looked = 0.0, -inf
        self.lively = True
        self.stages = Stages()

    @property
    def counters(self) -> Mapping[str, int]:
        """What was done, by name: decoded, analysed, wanted, looked (detector), skipped, doubted, errors, corrupt."""
        return {
            "decoded": self._decoder.pictures,
            "analysed": self._analysed,
            "wanted": self.wanted,
            "looked": self._looks,
            "skipped": self.skipped,
            "doubted": self._tracker.doubted,
            "errors": self._decoder.errors,
            "corrupt": self._decoder.corrupt,
        }

    @property
    def decoded_by(self) -> Hardware:
        """What decodes."""
        return self._decoder.by

    @property
    def period(self) -> float:
        """Seconds between two pictures that are analysed."""
        return 1 / self._fps

    def pace(self, fps: float | None) -> None:
        """Analyse so many pictures a second from now on; None: as many as was wished first. As `feed`."""
        fps = min(fps or self._most, self._most)
        if fps == self._fps:
            return
        self._fps = fps
        self._pace.change(fps)
        if self._motion is not None:
            self._motion.pace(fps)

    def feed(self, packet: Packet) -> Sight | None:
        """Decode a packet; return what the newest due picture that came out of it shows.

        Blocks for the analysis: under 1 ms for motion, and for the pool's answer where it is asked.
        """
        late = packet.received - self._looked > STALLED
        wanted = late or self._pace.due(packet.pts * self._time_base)
        due = None
        if not wanted and self._decoder.independent:
            return None
        self.stages.begin()
        for frame in self._decoder.feed(packet, wanted=wanted):
            pts = packet.pts if frame.pts is None else frame.pts
            self._keyframes += frame.key_frame
            if self._pace.take(pts * self._time_base) or late:
                due, self._media = frame, pts * self._time_base
        self.stages.end("decode")
        if due is None:
            return None
        self._looked = packet.received
        shown = self._decoder.upright(due)
        refreshed, self._refreshed = self._keyframes > self._refreshed, self._keyframes
        motion, cut = self._move(shown.frame, refreshed=refreshed)
        return self._conclude(shown, packet.received, motion, cut)

    def skim(self, packet: Packet) -> None:
        """Decode a packet whose picture is known already, so that those after it can be decoded."""
        self.stages.begin()
        self._decoder.feed(packet)
        self.stages.end("decode")

    def glance(self, packet: Packet) -> Sight | Glance:
        """Look at a picture without those before it: a keyframe, or what comes right after the last glance.

        Where nothing moves in it, it is a picture as any other. Else nothing is concluded yet: what was left out is to
        be fed first, in its order, and then this packet anew.
        """
        self.stages.begin()
        frame = next((each for each in self._decoder.feed(packet) if each.pts == packet.pts), None)
        self.stages.end("decode")
        if frame is None:  # none, or an earlier one: this stream's pictures come out late
            return Glance.BLIND
        shown = self._decoder.upright(frame)
        motion, cut = self._move(shown.frame, refreshed=frame.key_frame)
        if len(motion.boxes) or cut or motion.disturbance not in (Disturbance.NONE, Disturbance.LIGHT):
            self.stages.end("motion")
            return Glance.STIRS
        if motion.disturbance or (self._motion and self._motion.doubtful):
            self.stages.end("motion")
            return Glance.UNCLEAR
        self._media = packet.pts * self._time_base
        self._pace.take(self._media)
        self._looked = packet.received
        self._keyframes += frame.key_frame
        self._refreshed = self._keyframes
        return self._conclude(shown, packet.received, motion, cut)

    def refer(self, reference: Luma | None) -> None:
        """Take a new picture of how the camera should look; what is the matter is judged anew."""
        self._watch = Watch(reference, self._turning, self._away)

    def still(self, width: int) -> bytes:
        """Return the last analysed picture as JPEG, at most `width` pixels wide.

        Raises:
            LookupError: No picture has been analysed yet, or the stream is closed.
        """
        return jpeg(self.shown(), width)

    def shown(self) -> Upright:
        """Return the last analysed picture.

        Raises:
            LookupError: As for `still`.
        """
        with self._lock:
            shown = self._shown
        if shown is None:
            raise LookupError("no picture has been analysed yet")
        return shown

    def close(self) -> None:
        """Let go of the last picture; idempotent."""
        with self._lock:
            self._shown = None

    def _conclude(self, shown: Upright, received: float, motion: Motion, cut: bool) -> Sight:
        """Return what a picture shows of which it is known what moves."""
        with self._lock:
            self._shown = shown
        self._analysed += 1
        self.stages.end("motion")
        found, looked = self._seek(shown, motion, cut)
        self.stages.end("detect")
        moving = None if cut or motion.disturbance else motion.boxes
        tracked = self._tracker.update(self._pace.time, found, looked, moving)
        self.stages.end("track")
        flaws = self._judge(shown.frame, received)
        self.stages.end("quality")
        self.lively = self._is_lively(motion, cut)
        return Sight(
            received,
            shown.width,
            shown.height,
            motion,
            tracked.tracks,
            tracked.ended,
            cut,
            tracked.unknown,
            flaws,
        )

    def _is_lively(self, motion: Motion, cut: bool) -> bool:
        stirs = cut or len(motion.boxes) > 0 or bool(motion.disturbance)
        unseen = self._fresh and self._pool is not None
        learns = self._motion is None or self._motion.learning
        return stirs or unseen or learns or self._watch.suspects or self._tracker.restless(self._pace.time)

    def _judge(self, frame: av.VideoFrame, received: float) -> tuple[Impairment, ...]:
        return self._watch.look(
            luma(frame), chroma(frame), at=received, media=self._media, keyframes=self._keyframes
        )

    def _move(self, frame: av.VideoFrame, *, refreshed: bool) -> tuple[Motion, bool]:
        if self._motion is None or self._motion.size != (frame.width, frame.height):
            self._motion = MotionDetector(frame.width, frame.height, fps=self._fps, tuning=self._tuning)
            self._fresh = True
        if self._turning():
            self._motion.forget()
            self._fresh = True
            return _TURNING, False
        return self._motion.feed(luma(frame), refreshed=refreshed), self._motion.cut

    def _seek(self, shown: Upright, motion: Motion, cut: bool) -> tuple[Detections, Boxes]:
        """Return what is there, and where was looked for it."""
        if motion is _TURNING:
            return _NOTHING, _NOWHERE
        if self._pool is None:
            return _moving(motion), _NOWHERE if cut or motion.disturbance else _EVERYWHERE
        now = self._pace.time
        moving, unclear = self._attention.due(now, motion.boxes), self._tracker.unclear(now)
        regions = np.concatenate([moving, self._tracker.due(now), unclear])
        if not (self._fresh or cut or len(regions)):
            return _NOTHING, _NOWHERE
        self.wanted += 1
        if self._restraint.holds(now):
            self.skipped += 1
            return _NOTHING, _NOWHERE
        parts = self._parts(self._pool, shown.size, regions, cut=cut, large=motion.share >= LARGE)
        parts = crops.closer(parts, unclear.tolist(), shown.size, self._pool.sizes)
        found, looked = self._ask(self._pool, shown, parts, urgent=len(moving) > 0)
        if len(looked):
            self._attention.learn(now, motion.boxes, looked, found.boxes[found.scores >= self._score / 2])
        return found, looked

    def _parts(
        self, pool: DetectorPool, size: crops.Size, regions: Boxes, *, cut: bool, large: bool
    ) -> list[crops.Part]:
        if self._fresh or cut:
            return [crops.finest(size, pool.sizes)]
        return [crops.whole(size, pool.sizes)] if large else crops.plan(regions, size, pool.sizes)

    def _ask(
        self, pool: DetectorPool, shown: Upright, parts: Sequence[crops.Part], *, urgent: bool
    ) -> tuple[Detections, Boxes]:
        pictures = [rgb(shown.frame, _coded(part.rect, shown.scale), part.size) for part in parts]
        wait = max(1 / self._fps, 0.1)
        found = pool.detect(pictures, owner=self._name, priority=int(urgent), wait=wait)
        if found is None:
            self.skipped += 1
            self._restraint.refused(self._pace.time)
            return _NOTHING, _NOWHERE
        self._restraint.served()
        self._fresh = False
        self._looks += len(parts)
        gathered, looked = _gathered(found, parts, shown.size, pool.sizes, self._score)
        return replace(gathered, colours=colours(shown.frame, gathered.boxes)), looked


def _coded(part: crops.Rect, scale: tuple[float, float]) -> crops.Rect:
    """Return a part of the picture as it is seen in pixels of its frame."""
    across, down = scale
    return part[0] * across, part[1] * down, part[2] * across, part[3] * down


def _moving(motion: Motion) -> Detections:
    count = len(motion.boxes)
    return Detections(motion.boxes, np.zeros(count, np.float32), np.zeros(count, np.int32), (MOVING,))


def _gathered(
    found: Sequence[Detections],
    parts: Sequence[crops.Part],
    picture: crops.Size,
    sizes: Sequence[crops.Size],
    sure: float,
) -> tuple[Detections, Boxes]:
    """Return the parts' detections in coordinates of the picture, each object once, and the parts."""
    scale = np.array(picture * 2, np.float32)
    areas = np.array([part.rect for part in parts], np.float32)
    boxes = (
        np.concatenate([_spread(each.boxes, area) for each, area in zip(found, areas, strict=True)]) / scale
    )
    inside = np.clip(boxes, 0, 1).astype(np.float32)
    scores = np.concatenate([each.scores for each in found])
    labels = np.concatenate([each.labels for each in found])
    source = [part for each, part in zip(found, parts, strict=True) for _ in range(len(each))]
    shown = [
        score >= sure and crops.is_close(part, tuple(box), picture, sizes)
        for part, box, score in zip(source, inside.tolist(), scores.tolist(), strict=True)
    ]
    kept = suppress(inside, scores, labels, SAME)
    close = _confirmed(inside, labels, np.array(shown, bool), kept)
    detections = Detections(inside[kept], scores[kept], labels[kept], found[0].names, close=close)
    return detections, np.clip(areas / scale, 0, 1)


def _confirmed(
    boxes: Boxes, labels: NDArray[np.int32], close: NDArray[np.bool_], kept: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which of the detections that are kept were seen closely, by themselves or by one that is not kept."""
    sure = [(label, tuple(box)) for label, box in zip(labels[close], boxes[close].tolist(), strict=True)]
    told = [
        any(label == name and overlap(tuple(box), other) >= SAME for name, other in sure)
        for label, box in zip(labels[kept], boxes[kept].tolist(), strict=True)
    ]
    return np.array(told, bool)


def _spread(boxes: Boxes, area: Boxes) -> Boxes:
    origin, extent = np.tile(area[:2], 2), np.tile(area[2:] - area[:2], 2)
    return np.asarray(boxes * extent + origin, np.float32)

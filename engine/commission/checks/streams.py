"""Whether each stream opens, is what the camera says of it, and is what the site wants."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from drivers.contract import Codec, Profile
from engine.commission.checks.look import Look, label, rounded, step, text
from engine.commission.checks.watch import Plan, Watched, watched
from engine.commission.plan.streams import choose
from engine.commission.plan.wish import Offer
from engine.commission.record import CheckResult
from engine.commission.standard import StreamSettings
from engine.errors import reason_of
from rules.model import Sentence as Told

#: What is checked of each profile.
NAMES = ("open", "codec", "resolution", "fps", "plan", "gop", "bframes", "bitrate", "continuity")
#: Streams of one camera that are looked at, the largest first, and those that are read at a time.
MOST, AT_ONCE = 4, 2
#: What encoders call a codec, by what decoders do.
_WORDS = {"h264": "h264", "avc": "h264", "h265": "hevc", "hevc": "hevc", "jpeg": "mjpeg", "mjpeg": "mjpeg"}


def checks(look: Look) -> tuple[str, ...]:
    """Return the ids of what is checked of a camera's profiles."""
    return tuple(f"stream.{label(each)}.{name}" for each in _profiles(look) for name in NAMES)


async def streams(look: Look) -> list[CheckResult]:
    """Read the profiles, two at a time: more sessions at once some cameras do not have."""
    profiles, room = _profiles(look), asyncio.Semaphore(AT_ONCE)

    async def watch(profile: Profile) -> None:
        async with room:
            plan = _plan(look)
            camera, monotonic = look.subject.camera, look.subject.clock.monotonic
            look.watched[profile.token] = await watched(camera, profile, plan, monotonic)

    async with asyncio.TaskGroup() as group:
        for each in profiles:
            group.create_task(watch(each), name=f"check[{each.token}]")
    return [result for each in profiles for result in _of(look, look.watched[each.token])]


def _profiles(look: Look) -> tuple[Profile, ...]:
    return look.subject.camera.profiles[:MOST]


def _plan(look: Look) -> Plan:
    durations = look.acceptance.durations
    seconds = durations.continuity if look.thorough else durations.stream
    return Plan(seconds, not look.thorough, durations.patience)


def _of(look: Look, seen: Watched) -> Iterator[CheckResult]:
    """Yield what is to be thought of one profile."""
    each = _Stream(look, seen)
    if seen.seen is None:
        yield each.unopened()
        for name in NAMES[1:]:
            yield each.untested(name, "check.no_stream")
        return
    yield from (each.open(), each.codec(), each.resolution(), each.fps(), each.plan(), each.gop())
    yield from (each.bframes(), each.bitrate(), each.continuity())


class _Stream:
    """One profile that was watched, held against what was told and what was wanted."""

    def __init__(self, look: Look, seen: Watched) -> None:
        self._look, self._seen, self._profile = look, seen, seen.profile

    def _id(self, name: str) -> str:
        return f"stream.{label(self._profile)}.{name}"

    def untested(self, name: str, code: str, value: float | None = None, **values: float) -> CheckResult:
        """Return that something was not found out."""
        return self._look.untested(self._id(name), code, value, **values)

    def _told(self, knob: str) -> str | float | None:
        """Return what the configuration says of the encoder."""
        found = self._look.value(f"encoder.{step(self._profile.token)}.{knob}")
        return found if found is None or isinstance(found, (str, float)) else float(found)

    # -- whether it comes ------------------------------------------------------------------------

    def unopened(self) -> CheckResult:
        """Return that no picture came, and why."""
        seen, check = self._seen, self._id("open")
        if seen.fault is not None:
            why = reason_of(seen.fault) or Told("check.off")
            return self._look.bad(check, f"check.stream_shut+{why.code}", **why.values)
        if seen.packets is not None and seen.packets.keyframes:
            return self._look.bad(check, "check.stream_damaged", pictures=len(seen.packets.pts))
        return self._look.bad(check, "check.stream_empty")

    def open(self) -> CheckResult:
        """Judge how long the first picture took."""
        return self._look.measured(self._id("open"), self._seen.opened or 0.0, "check.open", "check.open_bad")

    # -- whether it is what is told --------------------------------------------------------------

    def codec(self) -> CheckResult:
        """Compare the codec: of what decodes, not of what a description says."""
        assert self._seen.codec is not None  # noqa: S101 - a picture came
        found, told = self._seen.codec.codec.value, self._codec_told()
        if told is None:
            return self._look.untested(self._id("codec"), "check.codec_untold", found)
        if found != told:
            return self._look.bad(self._id("codec"), "check.lie", found, measured=found, told=told)
        return self._look.good(self._id("codec"), "check.codec", found, measured=found)

    def _codec_told(self) -> str | None:
        told = self._told("codec") or (self._profile.codec.value if self._profile.codec else None)
        return _WORDS.get(str(told).lower().replace(".", ""), str(told)) if told else None

    def resolution(self) -> CheckResult:
        """Compare the size of a decoded picture."""
        found, told = self._size(), self._size_told()
        if not told:
            return self._look.untested(self._id("resolution"), "check.untold_stream", found)
        if found != told:
            return self._look.bad(self._id("resolution"), "check.lie", found, measured=found, told=told)
        return self._look.good(self._id("resolution"), "check.resolution", found, measured=found)

    def _size(self) -> str:
        seen = self._seen.seen
        return f"{seen.width}x{seen.height}" if seen else ""

    def _size_told(self) -> str:
        profile = self._profile
        advertised = f"{profile.width}x{profile.height}" if profile.width else ""
        return str(self._told("resolution") or advertised)

    def fps(self) -> CheckResult:
        """Compare the rate, by the pictures' own stamps, or by our clock where those cannot be true."""
        found, told = rounded(self._fps()), float(self._told("fps") or self._profile.fps)
        if found <= 0:
            return self.untested("fps", "check.too_few")
        if told <= 0:
            return self.untested("fps", "check.untold_stream", found)
        return self._look.measured(
            self._id("fps"),
            100 * found / told,
            "check.fps",
            "check.fps_bad",
            measured=found,
            told=rounded(told),
        )

    def _fps(self) -> float:
        packets = self._seen.packets
        if packets is None:
            return 0.0
        return packets.pace if packets.late else packets.fps

    # -- whether it is what is wanted ------------------------------------------------------------

    def plan(self) -> CheckResult:
        """Compare codec, size and rate with the site's standard."""
        wanted = self._wanted()
        if wanted is None:
            return self._look.untested(self._id("plan"), "check.stream_unplanned")
        assert self._seen.codec is not None  # noqa: S101 - a picture came
        found = _spoken(self._seen.codec.codec.value, self._size(), self._fps())
        plan = _spoken(wanted.codec, f"{wanted.width}x{wanted.height}", wanted.fps)
        same = (
            self._seen.codec.codec.value == wanted.codec and self._size() == f"{wanted.width}x{wanted.height}"
        )
        if same and not self._fps():
            return self.untested("plan", "check.too_few")
        if same and abs(self._fps() / wanted.fps - 1) <= _NEAR:
            return self._look.good(self._id("plan"), "check.plan", found, measured=found)
        return self._look.bad(self._id("plan"), "check.plan_bad", found, measured=found, wanted=plan)

    def _wanted(self) -> StreamSettings | None:
        """Return what the site wants of this profile; the same is set by the same choice."""
        standard, look = self._look.subject.standard, self._look
        offer = Offer(tuple(look.features.values()), look.subject.values)
        found = choose(offer, look.subject.camera.profiles, standard.main, standard.sub)
        wanted = {found.sub: standard.sub, found.main: standard.main}  # of one alone: what is recorded
        return wanted.get(self._profile.token)

    def gop(self) -> CheckResult:
        """Judge how long nobody can join."""
        packets, check = self._seen.packets, self._id("gop")
        assert packets is not None  # noqa: S101 - a picture came
        if self._seen.codec and self._seen.codec.codec is Codec.MJPEG:
            return self._look.untested(check, "check.every_picture")
        if packets.group is not None:
            return self._look.measured(check, packets.group, "check.gop", "check.gop_bad")
        limit, least = self._look.acceptance.stream.gop, packets.since_keyframe
        if limit.most is not None and least > limit.most:
            return self._look.measured(check, least, "check.gop", "check.gop_longer")
        return self.untested("gop", "check.gop_unseen", rounded(least), seconds=rounded(least))

    def bframes(self) -> CheckResult:
        """Judge whether pictures are built on later ones."""
        packets = self._seen.packets
        if packets is not None and packets.reordered:
            return self._look.bad(self._id("bframes"), "check.bframes_bad", True)
        if packets is None or len(packets.pts) < _FEW:
            return self.untested("bframes", "check.too_few")
        return self._look.good(self._id("bframes"), "check.bframes", False)

    # -- what takes minutes ----------------------------------------------------------------------

    def bitrate(self) -> CheckResult:
        """Compare the bitrate with the limit that is set, over a time that says something."""
        packets, least = self._seen.packets, self._look.acceptance.durations.bitrate
        assert packets is not None  # noqa: S101 - a picture came
        found, told = rounded(packets.kbits), float(self._told("bitrate") or self._profile.bitrate)
        if packets.seconds < least:
            return self.untested("bitrate", "check.bitrate_short", measured=found, seconds=least)
        if told <= 0:
            return self.untested("bitrate", "check.bitrate_unlimited", measured=found)
        return self._look.measured(
            self._id("bitrate"),
            100 * found / told,
            "check.bitrate",
            "check.bitrate_bad",
            measured=found,
            told=told,
        )

    def continuity(self) -> CheckResult:
        """Judge gaps, stamps that run back, and a stream that ended by itself."""
        packets, seen, check = self._seen.packets, self._seen, self._id("continuity")
        assert packets is not None  # noqa: S101 - a picture came
        minutes = rounded(packets.seconds / 60)
        if seen.fault is not None:
            return self._look.bad(check, "check.ended", minutes=minutes)
        if packets.backwards:
            return self._look.bad(check, "check.backwards", times=packets.backwards, minutes=minutes)
        if packets.late:
            took, stamped = rounded(packets.last - packets.first), rounded(packets.seconds)
            return self._look.bad(check, "check.behind", stamped, seconds=took, stamped=stamped)
        if not self._look.thorough:
            seconds = self._look.acceptance.durations.continuity
            return self.untested("continuity", "check.long_set", seconds=seconds)
        if len(packets.pts) < _FEW:
            return self.untested("continuity", "check.too_few")
        return self._look.measured(
            check, packets.widest_gap, "check.continuity", "check.continuity_bad", minutes=minutes
        )


#: By how much a rate may differ from the plan, as a share.
_NEAR = 0.15
#: Pictures below which nothing is said of their order and of gaps between them.
_FEW = 5


def _spoken(codec: str, size: str, fps: float) -> str:
    return text(f"{codec} {size} {rounded(fps):g} fps")

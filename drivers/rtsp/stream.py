"""A camera's video over RTSP, read by the one thread that owns it; no library sees address or login."""

from __future__ import annotations

import time
from collections.abc import Set as AbstractSet
from dataclasses import replace
from fractions import Fraction
from math import inf

from drivers.contract import VIDEO_ONLY, Codec, CodecParameters, Packet, Track, TrackKind
from drivers.errors import DriverError, Unreachable, Unsupported
from drivers.kit.reader import Guarded
from drivers.kit.stamps import Stamps
from drivers.rtsp import rtp
from drivers.rtsp.connection import Late, RtpSockets
from drivers.rtsp.jpeg import JpegDepacketizer
from drivers.rtsp.message import Message
from drivers.rtsp.rate_limit import pictures
from drivers.rtsp.sdp import START, Description, Video
from drivers.rtsp.session import OtherTransport, RtspSession
from drivers.rtsp.source import RtspSource
from drivers.rtsp.tracks import CompanionTrack

#: Seconds that `read` may take without a picture.
READ_SECONDS = 10.0
#: Seconds between two transports: some servers answer 503 when asked again at once.
TRANSPORT_PAUSE = 2.0
#: Share of the opening time that a video gets to send its first picture, where there is another one.
_SILENT = 0.4
#: Seconds between two reports over UDP.
_REPORT = 5.0
#: Seconds over UDP after which what is missing is looked after.
_LOOK = 0.1
#: Pictures that are taken over UDP at once.
_AHEAD = 64
#: Seconds after a goodbye in which more pictures make it none: cameras say it to a changed source only, too.
_GOODBYE = 2.0
#: Payloads that tell at most which codec it is.
_SNIFF = 8


class RtspStream(Guarded):
    """One RTSP session; see :class:`drivers.contract.Stream`.

    Attributes:
        receiver: Counters of what came; None before `start`.
        wanted: Kinds of tracks to ask for in `start`; beside the video they come over TCP alone.
        tracks: What comes, once it has started; see :class:`drivers.contract.Tracked`.
    """

    def __init__(self, source: RtspSource) -> None:
        super().__init__(source.host)
        self._source = source
        self._session: RtspSession | None = None
        self._stamps = Stamps(Fraction(1, 90_000))
        self._pictures = pictures(self._host)
        self._report_at = 0.0
        self._leaving = inf  # when the stream has ended, if nothing more comes
        self._packets = 0  # that had come when it said goodbye
        self.receiver: rtp.Receiver | None = None
        self.wanted: AbstractSet[TrackKind] = VIDEO_ONLY
        self.tracks: tuple[Track, ...] = ()
        self._companions: dict[int, CompanionTrack] = {}  # by channel

    # -- the contract ------------------------------------------------------------------------------

    def start(self) -> CodecParameters:
        """Connect within the source's `seconds`.

        Raises:
            Refused: The server wants another login, or one in a way that would give it away.
            Unreachable: No answer in time, busy, or closed meanwhile.
            Unsupported: No such stream, moved elsewhere, or a codec that we do not take.
            Malformed: The answer is not RTSP, absurdly large, or far too much.
        """
        with self._inside:
            try:
                video = self._open(time.monotonic() + self._source.seconds)
                first = Track(TrackKind.VIDEO, video.codec, video.time_base, video.extradata)
                self.tracks = (first, *(each.track for each in self._companions.values()))
                return video
            except BaseException:
                self._end_session()
                raise

    def read(self) -> Packet:
        """Return the next picture within `READ_SECONDS`.

        Raises:
            Unreachable: The stream stalled, ended or was closed.
            Malformed: Far too much came.
        """
        with self._inside:
            receiver, session = self.receiver, self._session
            if receiver is None or session is None:
                raise Unreachable("driver.ended", host=self._host)
            self._until_picture(session, receiver, time.monotonic() + READ_SECONDS)
            if self._companions and (beside := self._beside()):
                return beside
            unit = receiver.units.popleft()
            self._pictures.take()
            pts, dts = self._stamps.repair(unit.at, unit.decode)
            return Packet(unit.data, pts, dts, unit.keyframe, time.monotonic())

    def _beside(self) -> Packet | None:
        """Return what has come of another track than the video."""
        for number, companion in enumerate(self._companions.values(), 1):
            if companion.done:
                at, data = companion.done.popleft()
                pts, dts = companion.stamps.repair(at, at)
                return Packet(data, pts, dts, keyframe=True, received=time.monotonic(), track=number)
        return None

    def _interrupt(self) -> None:
        if (session := self._session) is not None:
            session.end()

    def _free(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    # -- opening -----------------------------------------------------------------------------------

    def _open(self, deadline: float) -> CodecParameters:
        failure: DriverError | None = None
        for transport in self._source.transports():
            if failure is not None and self._stop.wait(
                min(TRANSPORT_PAUSE, max(0.0, deadline - time.monotonic()))
            ):
                self._check_open()
            try:
                return self._open_over(transport, deadline)
            except Late:
                raise Unreachable("driver.timeout", host=self._host, seconds=self._source.seconds) from None
            except OtherTransport as other:
                self._end_session()
                failure = failure or other.failure  # the first one says more: it was the better try
        raise failure or Unsupported("driver.no_video", host=self._host)

    def _open_over(self, transport: str, deadline: float) -> CodecParameters:
        """Play the first video that sends pictures; of a single one none need have come."""
        number = 0
        while True:
            session = self._begin()
            described = session.describe(deadline)
            videos = self._videos(described)
            video, last = videos[min(number, len(videos) - 1)], number + 1 >= len(videos)
            session.set_up(video, transport, deadline)
            self._companions = self._set_up_companions(session, described, transport, deadline)
            session.play(deadline)
            wait = deadline if last else time.monotonic() + _SILENT * (deadline - time.monotonic())
            codec = self._first(session, video, wait)
            if codec is not None or last:
                self._source.works = transport
                return codec or CodecParameters(video.codec, video.sets, Fraction(1, video.clock))
            self._end_session()
            number += 1

    def _set_up_companions(
        self, session: RtspSession, described: Description, transport: str, deadline: float
    ) -> dict[int, CompanionTrack]:
        found: dict[int, CompanionTrack] = {}
        for told in described.companions if transport == "tcp" else ():
            if told.kind in self.wanted:
                channel = session.set_up_companion(told, len(found) + 1, deadline)
                if channel is not None:
                    found[channel] = CompanionTrack(told)
        return found

    def _begin(self) -> RtspSession:
        session = self._session = RtspSession(self._source, self._stop)
        self._leaving = inf
        self._check_open()  # `close` may have missed it
        return session

    def _end_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.end()
            session.close()

    def _videos(self, described: Description) -> tuple[Video, ...]:
        if described.videos:
            return described.videos
        if described.others:
            raise Unsupported("driver.codec", host=self._host, codec=", ".join(described.others)[:80])
        raise Unsupported("driver.no_video", host=self._host)

    def _first(self, session: RtspSession, video: Video, deadline: float) -> CodecParameters | None:
        """Wait for the first pictures and return what they are; None where none came.

        The description is believed only as far as the pictures agree.
        """
        self.receiver = receiver = rtp.Receiver(video)
        self._stamps = Stamps(Fraction(1, video.clock))
        try:
            seen = self._seen(session, receiver, video.codec, deadline)
            actual = rtp.codec_of(seen, video.codec)
            if actual is not video.codec:
                video = replace(video, codec=actual, sets=b"", numbered=False)
                self.receiver = receiver = receiver.instead(video, seen)
            self._until_picture(session, receiver, deadline, opening=True)
        except Late:
            return None
        return _parameters(video, receiver)

    def _seen(
        self, session: RtspSession, receiver: rtp.Receiver, told: Codec, deadline: float
    ) -> list[bytes]:
        """Return the first payloads: so many that they tell their codec."""
        seen: list[bytes] = []
        receiver.watch = seen.append
        try:
            while len(seen) < _SNIFF and not (receiver.units and rtp.agree(seen, told)):
                self._pump(session, receiver, deadline)
        finally:
            receiver.watch = None
        return seen

    # -- receiving ---------------------------------------------------------------------------------

    def _until_picture(
        self, session: RtspSession, receiver: rtp.Receiver, deadline: float, *, opening: bool = False
    ) -> None:
        try:
            while not receiver.units and (opening or not self._has_beside()):
                self._pump(session, receiver, deadline)
        except Late:
            if opening:
                raise
            raise Unreachable("driver.stalled", host=self._host, seconds=READ_SECONDS) from None

    def _has_beside(self) -> bool:
        return any(each.done for each in self._companions.values())

    def _pump(self, session: RtspSession, receiver: rtp.Receiver, deadline: float) -> None:
        """Take whatever comes next, and show that we are there.

        Raises:
            Late: Nothing did until the deadline.
        """
        now = time.monotonic()
        if now >= session.alive_at:
            session.keep_alive()
        if now >= self._leaving:
            raise Unreachable("driver.ended", host=self._host)
        if now >= deadline:  # something comes, but no picture
            raise Late("driver.stalled", host=self._host, seconds=READ_SECONDS)
        until = min(deadline, session.alive_at, self._leaving)
        try:
            if session.datagrams is not None:
                self._take_datagrams(session, session.datagrams, receiver, until)
            else:
                self._take(session, receiver, until)
        except Late:
            if time.monotonic() >= deadline:
                raise
        if receiver.packets > self._packets:
            self._leaving = inf

    def _take(self, session: RtspSession, receiver: rtp.Receiver, deadline: float) -> None:
        """Take what comes next over TCP, and what has come with it, to the end of a picture."""
        connection = session.connection
        came: Message | tuple[int, memoryview] | None = connection.next(deadline)
        while came is not None:
            if isinstance(came, Message):
                session.hear(came)
                return
            if rtp.is_rtcp(came[1]):
                self._hear_rtcp(came[1], receiver)
            else:
                self._take_packet(session, receiver, *came)
                if receiver.units or receiver.watch is not None:
                    return
            came = connection.packet()

    def _take_packet(
        self, session: RtspSession, receiver: rtp.Receiver, channel: int, packet: memoryview
    ) -> None:
        """Take a packet of the video's channel; some send on another than they told."""
        if channel not in session.channels:
            if (companion := self._companions.get(channel)) is not None:
                companion.feed(packet)
                return
            if receiver.packets or not receiver.announced(packet):
                return
            session.channels = (channel, channel + 1)
        receiver.feed(packet)

    def _take_datagrams(
        self, session: RtspSession, datagrams: RtpSockets, receiver: rtp.Receiver, deadline: float
    ) -> None:
        came = datagrams.wait(min(deadline, time.monotonic() + _LOOK))
        now = time.monotonic()
        self._report(datagrams, receiver, now)
        for held in receiver.reorder.late(now):
            receiver.feed(memoryview(held))
        if not came:
            if now >= deadline:
                raise Late("driver.timeout", host=self._host, seconds=0)
            return
        self._take_pictures(session, datagrams, receiver, now)
        for packet in datagrams.take(datagrams.rtcp, session.hosts, session.connection.bucket):
            self._hear_rtcp(packet, receiver)
        if session.connection.readable():
            said = session.connection.next(now)
            if isinstance(said, Message):
                session.hear(said)

    def _take_pictures(
        self, session: RtspSession, datagrams: RtpSockets, receiver: rtp.Receiver, now: float
    ) -> None:
        for packet in datagrams.take(datagrams.rtp, session.hosts, session.connection.bucket):
            if rtp.is_rtcp(packet):
                self._hear_rtcp(packet, receiver)
                continue
            for each in receiver.reorder.feed(bytes(packet), now):
                receiver.feed(memoryview(each))
            if len(receiver.units) >= _AHEAD:
                return

    def _report(self, datagrams: RtpSockets, receiver: rtp.Receiver, now: float) -> None:
        """Tell the server that its pictures arrive."""
        if now >= self._report_at and receiver.source:
            self._report_at = now + _REPORT
            datagrams.send_report(rtp.report(receiver.source))

    def _hear_rtcp(self, packet: memoryview, receiver: rtp.Receiver) -> None:
        if rtp.says_bye(packet):
            self._packets = receiver.packets
            self._leaving = min(self._leaving, time.monotonic() + _GOODBYE)


def _parameters(video: Video, receiver: rtp.Receiver) -> CodecParameters:
    """Return what a decoder needs, completed by what the first picture says."""
    unit = receiver.units[0]
    base = Fraction(1, video.clock)
    if isinstance(receiver.depacketizer, JpegDepacketizer):
        return CodecParameters(
            video.codec, b"", base, receiver.depacketizer.width, receiver.depacketizer.height
        )
    sets = video.sets or _sets_in(unit.data, video.codec)
    width, height = size_of(video.codec, sets + unit.data)
    return CodecParameters(video.codec, sets, base, width, height)


def _sets_in(data: bytes, codec: Codec) -> bytes:
    """Return the parameter sets within a picture, as Annex B."""
    wanted = {7, 8} if codec is Codec.H264 else {32, 33, 34}
    shift, mask = (0, 0x1F) if codec is Codec.H264 else (1, 0x3F)
    nals = (nal for nal in data.split(START) if nal)
    return b"".join(START + nal for nal in nals if nal[0] >> shift & mask in wanted)


def size_of(codec: Codec, data: bytes) -> tuple[int, int]:
    """Return width and height that a bitstream tells, zeros where it does not."""
    import av
    import av.error
    from av.video.codeccontext import VideoCodecContext

    context = av.CodecContext.create(codec.value, "r")
    assert isinstance(context, VideoCodecContext)  # noqa: S101 - by its name; told to the type checker
    try:
        context.parse(data)
        context.parse()
    except (av.error.FFmpegError, ValueError):
        return 0, 0
    return context.width or 0, context.height or 0

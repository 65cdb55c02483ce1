"""A camera's video over RTSP, read by the one thread that owns it; no library sees address or login."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from fractions import Fraction
from types import TracebackType

from drivers.contract import Codec, CodecParameters, Packet
from drivers.errors import DriverError, Unreachable, Unsupported
from drivers.rtsp import rtp
from drivers.rtsp.jpeg import Jpeg
from drivers.rtsp.message import Message
from drivers.rtsp.sdp import START, Description, Video
from drivers.rtsp.session import OtherTransport, Session
from drivers.rtsp.source import RtspSource
from drivers.rtsp.wire import Datagrams, Late
from drivers.stamps import Stamps

#: Seconds that `read` may take without a picture.
READ_SECONDS = 10.0
#: Seconds between two transports: some servers answer 503 when asked again at once.
TRANSPORT_PAUSE = 2.0
#: Share of the opening time that a video gets to send its first picture, where there is another one.
_SILENT = 0.4
#: Seconds between two reports over UDP.
_REPORT = 5.0
#: Payloads that tell at most which codec it is.
_SNIFF = 8


class RtspStream:
    """One RTSP session; see :class:`drivers.contract.Stream`.

    Attributes:
        receiver: Counters of what came; None before `start`.
    """

    def __init__(self, source: RtspSource) -> None:
        self._source = source
        self._host = source.host
        self._stop = threading.Event()
        self._busy = threading.Lock()  # held while a thread is inside
        self._inside = _Inside(self)
        self._session: Session | None = None
        self._stamps = Stamps(Fraction(1, 90_000))
        self._report_at = 0.0
        self.receiver: rtp.Receiver | None = None

    # -- the contract ------------------------------------------------------------------------------

    def start(self) -> CodecParameters:
        """Connect within the source's `seconds`.

        Raises:
            Refused: The server wants another login, or one in a way that would give it away.
            Unreachable: No answer in time, busy, or closed meanwhile.
            Unsupported: No such stream, moved elsewhere, or a codec that we do not take.
            Malformed: The answer is not RTSP, or absurdly large.
        """
        with self._inside:
            try:
                return self._open(time.monotonic() + self._source.seconds)
            except BaseException:
                self._end_session()
                raise

    def read(self) -> Packet:
        """Return the next picture within `READ_SECONDS`.

        Raises:
            Unreachable: The stream stalled, ended or was closed.
        """
        with self._inside:
            receiver, session = self.receiver, self._session
            if receiver is None or session is None:
                raise Unreachable("driver.ended", host=self._host)
            self._until_picture(session, receiver, time.monotonic() + READ_SECONDS)
            unit = receiver.units.popleft()
            pts, dts = self._stamps.repair(unit.at, unit.decode)
            return Packet(unit.data, pts, dts, unit.keyframe, time.monotonic())

    def close(self) -> None:
        """Take leave, end a blocked call and release everything; idempotent, from any thread."""
        self._stop.set()
        if (session := self._session) is not None:
            session.end()
        self._release()

    def _check_open(self) -> None:
        if self._stop.is_set():
            raise Unreachable("driver.closed", host=self._host) from None

    def _release(self) -> None:
        if not self._busy.acquire(blocking=False):
            return
        try:
            session, self._session = self._session, None
            if session is not None:
                session.close()
        finally:
            self._busy.release()

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
            videos = self._videos(session.describe(deadline))
            video, last = videos[min(number, len(videos) - 1)], number + 1 >= len(videos)
            session.set_up(video, transport, deadline)
            session.play(deadline)
            wait = deadline if last else time.monotonic() + _SILENT * (deadline - time.monotonic())
            codec = self._first(session, video, wait)
            if codec is not None or last:
                self._source.works = transport
                return codec or CodecParameters(video.codec, video.sets, Fraction(1, video.clock))
            self._end_session()
            number += 1

    def _begin(self) -> Session:
        session = self._session = Session(self._source, self._stop)
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

    def _first(self, session: Session, video: Video, deadline: float) -> CodecParameters | None:
        """Wait for the first pictures and return what they are; None where none came.

        The description is believed only as far as the pictures agree.
        """
        self.receiver = receiver = rtp.Receiver(video)
        seen: list[bytes] = []
        receiver.watch = seen.append
        try:
            while len(seen) < _SNIFF and not (receiver.units and rtp.agree(seen, video.codec)):
                self._pump(session, receiver, deadline)
            actual = rtp.codec_of(seen, video.codec)
            if actual is not video.codec:
                video = replace(video, codec=actual, sets=b"", numbered=False)
                self.receiver = receiver = receiver.instead(video, seen)
            self._until_picture(session, receiver, deadline, opening=True)
        except Late:
            self._stamps = Stamps(Fraction(1, video.clock))
            return None
        finally:
            receiver.watch = None
        self._stamps = Stamps(Fraction(1, video.clock))
        return _parameters(video, receiver)

    # -- receiving ---------------------------------------------------------------------------------

    def _until_picture(
        self, session: Session, receiver: rtp.Receiver, deadline: float, *, opening: bool = False
    ) -> None:
        try:
            while not receiver.units:
                self._pump(session, receiver, deadline)
        except Late:
            if opening:
                raise
            raise Unreachable("driver.stalled", host=self._host, seconds=READ_SECONDS) from None

    def _pump(self, session: Session, receiver: rtp.Receiver, deadline: float) -> None:
        """Take whatever comes next, and show that we are there.

        Raises:
            Late: Nothing did until the deadline.
        """
        now = time.monotonic()
        if now >= session.alive_at:
            session.keep_alive()
        if now >= deadline:  # something comes, but no picture
            raise Late("driver.stalled", host=self._host, seconds=READ_SECONDS)
        try:
            if session.datagrams is not None:
                self._take_datagrams(session, session.datagrams, receiver, min(deadline, session.alive_at))
            else:
                self._take(session, receiver, min(deadline, session.alive_at))
        except Late:
            if time.monotonic() >= deadline:
                raise

    def _take(self, session: Session, receiver: rtp.Receiver, deadline: float) -> None:
        """Take what comes next over TCP, and what has come with it, to the end of a picture."""
        wire, (pictures, control) = session.wire, session.channels
        came: Message | tuple[int, memoryview] | None = wire.next(deadline)
        while came is not None:
            if isinstance(came, Message):
                session.hear(came)
                return
            if came[0] == pictures:
                receiver.feed(came[1])
                if receiver.units:
                    return
            elif came[0] == control:
                self._hear_rtcp(came[1])
            came = wire.packet()

    def _take_datagrams(
        self, session: Session, datagrams: Datagrams, receiver: rtp.Receiver, deadline: float
    ) -> None:
        came = datagrams.wait(min(deadline, time.monotonic() + _REPORT))
        now = time.monotonic()
        if now >= self._report_at and receiver.source:
            self._report_at = now + _REPORT
            datagrams.send_report(rtp.report(receiver.source))
        if not came:
            if now >= deadline:
                raise Late("driver.timeout", host=self._host, seconds=0)
            return
        for packet in datagrams.take(datagrams.rtp, session.hosts):
            for each in receiver.shuffle.feed(bytes(packet)):
                receiver.feed(memoryview(each))
        for packet in datagrams.take(datagrams.rtcp, session.hosts):
            self._hear_rtcp(packet)
        if session.wire.readable():
            said = session.wire.next(time.monotonic() + 1)
            if isinstance(said, Message):
                session.hear(said)

    def _hear_rtcp(self, packet: memoryview) -> None:
        if rtp.says_bye(packet):
            raise Unreachable("driver.ended", host=self._host)


class _Inside:
    """Keeps a stream's session while its thread is in it, and frees it if it was closed meanwhile.

    A class and no generator: it is entered for every picture.
    """

    def __init__(self, stream: RtspStream) -> None:
        self._stream = stream

    def __enter__(self) -> None:
        """Go in.

        Raises:
            Unreachable: ``driver.closed`` after `close`.
        """
        self._stream._busy.acquire()
        try:
            self._stream._check_open()
        except Unreachable:
            self._leave()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Go out; a call that `close` interrupted says that it ended: tell the true reason."""
        stopped = self._leave()
        if stopped and isinstance(error, Unreachable):
            self._stream._check_open()

    def _leave(self) -> bool:
        """Let others in; return whether the stream was closed meanwhile."""
        self._stream._busy.release()
        if not self._stream._stop.is_set():
            return False
        self._stream._release()
        return True


def _parameters(video: Video, receiver: rtp.Receiver) -> CodecParameters:
    """Return what a decoder needs, completed by what the first picture says."""
    unit = receiver.units[0]
    base = Fraction(1, video.clock)
    if isinstance(receiver.joiner, Jpeg):
        return CodecParameters(video.codec, b"", base, receiver.joiner.width, receiver.joiner.height)
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

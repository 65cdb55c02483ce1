"""One RTSP session: asking, signing, setting up and keeping alive. Blocking; one thread's property.

FFmpeg's client follows redirects to any host, answers Basic, knows no SHA-256 and takes descriptions of any
size; this one asks instead of it (docs/design/rtsp.md).
"""

from __future__ import annotations

import re
import threading
import time
from contextlib import suppress
from urllib.parse import urlsplit

from drivers.challenge import Signer, Verdict
from drivers.errors import DriverError, Forbidden, Malformed, Refused, Unreachable, Unsupported
from drivers.logins import SOON, Attempt, Busy
from drivers.rtsp.message import Message, request
from drivers.rtsp.sdp import Description, Video, read
from drivers.rtsp.source import Place, RtspSource, split_login
from drivers.rtsp.wire import Datagrams, Late, Wire

#: Signings of one request: a new nonce is no refusal, but three in a row are a circle.
_SIGNINGS = 3
_REDIRECTS = 3
#: Seconds that a session lives unasked where the server does not tell, and between two signs of life at least.
LIFETIME, LEAST_ALIVE = 60.0, 5.0
#: Answers that mean: later.
_BUSY = frozenset({408, 429, 453, 500, 502, 503, 504})
_PAIR = re.compile(r"(\d+)(?:-(\d+))?")


class OtherTransport(Exception):
    """The server does not want this transport; another may do.

    Attributes:
        failure: What to say where there is no other one.
    """

    def __init__(self, failure: DriverError) -> None:
        super().__init__(failure.code)
        self.failure = failure


class Session:
    """One conversation about one stream.

    Args:
        source: Where it is.
        stop: Set by whoever closes.
    """

    def __init__(self, source: RtspSource, stop: threading.Event) -> None:
        self.source, self._stop = source, stop
        self.wire = Wire(source.host, stop)
        self.channels = (0, 1)
        self.datagrams: Datagrams | None = None
        self.hosts: frozenset[str] = frozenset()
        self._url = source.url
        self._aggregate = source.url
        self._number = 0
        self._signer = Signer(source.login, source.basic) if source.login else None
        self._let_in = False
        self._id = ""
        self._public = ""
        self._alive_every = LIFETIME / 2
        self._alive_at = float("inf")

    # -- opening -----------------------------------------------------------------------------------

    def describe(self, deadline: float) -> Description:
        """Connect and ask what there is.

        Raises:
            DriverError: As `drivers.rtsp.stream.RtspStream.start`.
        """
        for _ in range(_REDIRECTS + 1):
            self._connect(deadline)
            answer = self._ask("DESCRIBE", self._url, deadline, ("Accept", "application/sdp"))
            if 300 <= answer.status < 400:
                self._redirect(answer.header("location"))
                continue
            if answer.status != 200:
                raise self._failure(answer)
            base = answer.header("content-base") or answer.header("content-location")
            described = read(answer.body.decode("utf-8", "replace"))
            self._aggregate = _joined(base or self._url, described.control)
            return described
        raise Unreachable("driver.moved", host=self.source.host, to=self._url)

    def set_up(self, video: Video, transport: str, deadline: float) -> None:
        """Ask for one video over one transport.

        Raises:
            OtherTransport: The server does not want this one.
            DriverError: Anything else.
        """
        if transport == "udp":
            self.datagrams = self._open_datagrams()
            ports = self.datagrams.ports
            wanted = f"RTP/AVP;unicast;client_port={ports[0]}-{ports[1]}"
        else:
            wanted = "RTP/AVP/TCP;unicast;interleaved=0-1"
        try:
            answer = self._ask(
                "SETUP", _joined(self._aggregate, video.control), deadline, ("Transport", wanted)
            )
        except Late:
            raise
        except Unreachable as error:
            if error.code != "driver.ended":
                raise
            raise OtherTransport(error) from None
        self._granted(answer, transport)

    def play(self, deadline: float) -> None:
        """Let it begin.

        Raises:
            DriverError: It does not.
        """
        answer = self._ask("PLAY", self._aggregate, deadline, ("Range", "npt=0.000-"))
        if answer.status != 200:
            raise self._failure(answer)
        self._alive_at = time.monotonic() + self._alive_every

    def _connect(self, deadline: float) -> None:
        """Connect and ask for the server's abilities; what it answers to that is not held against it."""
        for asked in (True, False):
            self.wire.close()
            self.wire = Wire(self.source.host, self._stop)
            place = Place.of(self._url)
            self.wire.connect(place.host, place.port, secure=place.secure, deadline=deadline)
            if not asked:
                return
            try:
                self._public = self._ask("OPTIONS", self._url, deadline).header("public").upper()
            except Late:
                raise
            except Unreachable as error:
                if error.code != "driver.ended":
                    raise
                continue  # it hangs up on OPTIONS: ask without
            return

    def _redirect(self, location: str) -> None:
        """Follow a redirect within the server; elsewhere only where a person has said so, and never out of TLS.

        Raises:
            Unsupported: ``driver.moved``.
        """
        try:
            url, _ = split_login(location)
            there, here = Place.of(url), Place.of(self._url)
        except Malformed:
            raise Unsupported("driver.moved", host=self.source.host, to=location[:200]) from None
        elsewhere = (there.host, there.port) != (here.host, here.port)
        if (elsewhere and not self.source.told) or (here.secure and not there.secure):
            raise Unsupported("driver.moved", host=self.source.host, to=url)
        if elsewhere and self.source.login is not None:
            self._signer = Signer(self.source.login, basic=False)
        self._url = url

    def _open_datagrams(self) -> Datagrams:
        try:
            return Datagrams(*self.wire.local)
        except OSError as error:
            raise Unreachable(host=self.source.host, detail=str(error.strerror or error)) from None

    def _granted(self, answer: Message, transport: str) -> None:
        """Read what SETUP granted."""
        if answer.status in (401, 403, 404):
            raise self._failure(answer)
        if answer.status in _BUSY:
            raise OtherTransport(self._failure(answer))
        told = answer.header("transport").split(",")[0]
        over_tcp = "tcp" in told.lower() or "interleaved" in told.lower()
        if answer.status != 200 or (told and over_tcp != (transport == "tcp")):
            detail = f"no RTP over {transport}: {answer.told}"
            raise OtherTransport(Unsupported(host=self.source.host, detail=detail))
        self._id, _, rest = answer.header("session").partition(";")
        if match := re.search(r"timeout\s*=\s*(\d+)", rest):
            self._alive_every = max(LEAST_ALIVE, min(int(match[1]), 3600) / 2)
        parts = (part.partition("=") for part in told.split(";"))
        parameters = {name.strip().lower(): value.strip() for name, _, value in parts}
        if transport == "tcp":
            self.channels = self.wire.channels = _pair(parameters.get("interleaved", ""), (0, 1))
        elif self.datagrams is not None:
            self._reach(self.datagrams, parameters)

    def _reach(self, datagrams: Datagrams, parameters: dict[str, str]) -> None:
        """Note who may send."""
        peer, source = self.wire.peer, parameters.get("source", "")
        self.hosts = frozenset(filter(None, (peer, source)))
        datagrams.watch(self.wire)
        datagrams.aim(peer, _pair(parameters.get("server_port", ""), (0, 0)))

    # -- while it plays ----------------------------------------------------------------------------

    @property
    def alive_at(self) -> float:
        """When the next sign of life is due, monotonic seconds."""
        return self._alive_at

    def keep_alive(self) -> None:
        """Tell the server that we are there; its answer comes among the packets, see `hear`."""
        now = time.monotonic()
        self._alive_at = now + self._alive_every
        method = "GET_PARAMETER" if "GET_PARAMETER" in self._public else "OPTIONS"
        self.wire.send(self._signed(method, self._aggregate)[0], now + LEAST_ALIVE)

    def hear(self, said: Message) -> None:
        """Take what the server says while it plays.

        Raises:
            Unreachable: ``driver.ended``: it ended the session.
        """
        if said.status == 0:
            if said.reason in ("TEARDOWN", "REDIRECT"):
                raise Unreachable("driver.ended", host=self.source.host)
            number = said.header("cseq")[:16]
            self.wire.send(
                f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n\r\n".encode(), time.monotonic() + LEAST_ALIVE
            )
        elif said.status == 401 and self._signer is not None:
            self._signer.hear(said.every("www-authenticate"), "")  # a newer nonce, for the next sign of life
        elif said.status in (405, 454, 501, 551) and "GET_PARAMETER" in self._public:
            self._public = ""  # announced, and not known: OPTIONS from now on

    def end(self) -> None:
        """Take leave without waiting, from any thread: some cameras have few places."""
        last = b""
        if self._id:
            with suppress(DriverError):
                last, _ = self._signed("TEARDOWN", self._aggregate)
        self.wire.farewell(last)

    def close(self) -> None:
        """Free everything; only by the thread that reads, or when none does."""
        self.wire.close()
        datagrams, self.datagrams = self.datagrams, None
        if datagrams is not None:
            datagrams.close()

    # -- asking ------------------------------------------------------------------------------------

    def _ask(self, method: str, url: str, deadline: float, *headers: tuple[str, str]) -> Message:
        """Ask and return the answer, signed where it is wanted.

        Raises:
            Refused: The login is wrong, missing, or may not be sent in the way that is wanted.
            Unreachable, Malformed: As `Wire`.
        """
        data, sent = self._signed(method, url, *headers)
        if sent and not self._let_in:
            with self._place(deadline) as attempt:
                return self._answer(method, url, deadline, headers, data, sent, attempt)
        answer = self._exchange(data, deadline)
        if answer.status != 401:
            return answer
        if self._signer is None:
            raise Refused("driver.no_login", host=self.source.host)
        self._judge(answer, sent)
        with self._place(deadline) as attempt:
            data, sent = self._signed(method, url, *headers)
            return self._answer(method, url, deadline, headers, data, sent, attempt)

    def _answer(
        self,
        method: str,
        url: str,
        deadline: float,
        headers: tuple[tuple[str, str], ...],
        data: bytes,
        sent: str,
        attempt: Attempt,
    ) -> Message:
        """Send a signed request, again with a newer nonce, and note how the login was met."""
        for _ in range(_SIGNINGS):
            answer = self._exchange(data, deadline)
            if answer.status != 401:
                if answer.status != 403:  # which some say to a wrong login, too
                    self._welcome(sent)
                    attempt.right()
                return answer
            self._judge(answer, sent)
            data, sent = self._signed(method, url, *headers)
        raise Refused(host=self.source.host, user=self.source.user)

    def _welcome(self, sent: str) -> None:
        self._let_in = True
        if self._signer is not None:
            self._signer.let_in(sent)

    def _judge(self, answer: Message, sent: str) -> None:
        """Take a challenge.

        Raises:
            Refused: It cannot be answered, or was answered already.
        """
        host, user = self.source.host, self.source.user
        assert self._signer is not None  # noqa: S101 - told to the type checker; nothing is signed without
        match self._signer.hear(answer.every("www-authenticate"), sent):
            case Verdict.SIGN:
                return
            case Verdict.BASIC:
                raise Refused("driver.basic", host=host)
            case Verdict.UNKNOWN if not sent:
                raise Refused("driver.challenge", host=host)
        self._let_in = False
        raise Refused(host=host, user=user)

    def _place(self, deadline: float) -> Attempt:
        """Take one of the device's places for a login.

        Raises:
            Refused: The device has refused too many lately.
            Unreachable: No place became free.
        """
        login = self.source.login
        assert login is not None  # noqa: S101 - likewise
        while True:
            try:
                return self.source.logins.begin(login, self.source.host)
            except Busy:
                if time.monotonic() + SOON > deadline:
                    raise
            if self._stop.wait(SOON):
                raise Unreachable("driver.closed", host=self.source.host)

    def _signed(self, method: str, url: str, *headers: tuple[str, str]) -> tuple[bytes, str]:
        """Return a request and its ``Authorization``, empty before any challenge."""
        self._number += 1
        sent = self._signer.authorize(method, url) if self._signer is not None else ""
        more = [*headers, ("Session", self._id), ("Authorization", sent)]
        return request(method, url, self._number, more), sent

    def _exchange(self, data: bytes, deadline: float) -> Message:
        self.wire.send(data, deadline)
        number = self._number
        while True:
            answer = self.wire.message(deadline)
            told = answer.header("cseq")
            if answer.status and not (told.isdecimal() and int(told) < number):
                return answer  # an older number answers an older question

    def _failure(self, answer: Message) -> DriverError:
        host, user = self.source.host, self.source.user
        if answer.status == 401:
            return Refused(host=host, user=user)
        if answer.status == 403:
            return Forbidden(host=host, user=user, detail=answer.told)
        if answer.status == 404:
            return Unsupported("driver.no_stream", host=host)
        if answer.status in _BUSY:
            return Unreachable("driver.busy", host=host, detail=answer.told)
        return Unsupported(host=host, detail=answer.told)


def _joined(base: str, control: str) -> str:
    """Return what a control attribute asks for (RFC 2326, C.1.1; joined as clients do, not as URLs are)."""
    if control in ("", "*"):
        return base
    if urlsplit(control).scheme.lower() in ("rtsp", "rtsps"):
        return control
    return base + control if base.endswith("/") else f"{base}/{control.lstrip('/')}"


def _pair(text: str, otherwise: tuple[int, int]) -> tuple[int, int]:
    match = _PAIR.match(text.strip())
    if match is None:
        return otherwise
    first = int(match[1][:6])
    return first, int(match[2][:6]) if match[2] else first + 1

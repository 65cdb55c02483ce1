"""One RTSP session: asking, signing, setting up and keeping alive. Blocking; one thread's property.

FFmpeg's client follows redirects to any host, answers Basic, knows no SHA-256 and takes descriptions of any
size; this one asks instead of it (docs/design/rtsp.md).
"""

from __future__ import annotations

import re
import threading
import time
from contextlib import ExitStack, suppress
from urllib.parse import quote

from drivers.errors import DriverError, Forbidden, Malformed, Refused, Unreachable, Unsupported
from drivers.kit.challenge import Signer, Verdict
from drivers.logins import SOON, Attempt, Busy
from drivers.rtsp.connection import Late, RtpSockets, RtspConnection
from drivers.rtsp.message import Message, number, request
from drivers.rtsp.sdp import Companion, Description, Video, read
from drivers.rtsp.source import Endpoint, RtspSource, split_login

#: How often one request is sent: unsigned, signed, and once more where the nonce was too old.
_SIGNINGS = 3
_REDIRECTS = 3
#: Seconds that a session lives unasked where the server does not tell, and between two signs of life at least.
LIFETIME, LEAST_ALIVE = 60.0, 5.0
#: Refusals that end the opening already at OPTIONS: a login was sent, or may not be.
_SENT = frozenset({"driver.refused", "driver.held"})
#: What a server may ask in the time between two signs of life, and is answered.
_ANSWERS = 16
#: Answers that mean: later.
_BUSY = frozenset({408, 429, 453, 500, 502, 503, 504})
#: What no request line can hold, and what no address of ours holds.
_UNFIT, _USER = re.compile(r"[\x00-\x20\x7f]"), re.compile(r"(?<=://)[^/?#]*@")
_PAIR = re.compile(r"(\d+)(?:-(\d+))?")


class OtherTransport(Exception):
    """The server does not want this transport; another may do.

    Attributes:
        failure: What to say where there is no other one.
    """

    def __init__(self, failure: DriverError) -> None:
        super().__init__(failure.code)
        self.failure = failure


class RtspSession:
    """One conversation about one stream.

    Args:
        source: Where it is.
        stop: Set by whoever closes.
    """

    def __init__(self, source: RtspSource, stop: threading.Event) -> None:
        self.source, self._stop = source, stop
        self.connection = RtspConnection(source.host, stop)
        self.channels = (0, 1)
        self.datagrams: RtpSockets | None = None
        self.hosts: frozenset[str] = frozenset()
        self._url = source.url
        self._aggregate = source.url
        self._number = 0
        self._signer = Signer(source.login, source.basic) if source.login else None
        self._login = source.login
        self._renewals = (
            source.logins.renewals()
        )  # passwords that are replaced later are news to this session
        self._let_in = False
        self._alive: list[Attempt] = []  # places of signs of life that were not let in yet
        self._sent = ""  # what the last one was signed with
        self._mute = self._resigned = False  # signed no more; signed again at once
        self._answers = _ANSWERS
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
            described = read(answer.body.decode("utf-8", "replace"))
            self._aggregate = _joined(_base(answer) or self._url, described.control)
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
        except Unreachable as error:
            if error.code != "driver.ended":
                raise
            raise OtherTransport(error) from None
        self._granted(answer, transport)

    def set_up_companion(self, companion: Companion, number: int, deadline: float) -> int | None:
        """Ask for sound or metadata beside the video, over TCP; return its channel, None where it is not given.

        Args:
            number: Which track it is; the video is 0.

        Raises:
            DriverError: The connection is lost, or the login is refused.
        """
        asked = (2 * number, 2 * number + 1)
        wanted = ("Transport", f"RTP/AVP/TCP;unicast;interleaved={asked[0]}-{asked[1]}")
        answer = self._ask("SETUP", _joined(self._aggregate, companion.control), deadline, wanted)
        match = re.search(r"interleaved\s*=\s*([0-9-]+)", answer.header("transport"), re.IGNORECASE)
        granted = _pair(match[1], asked) if match else asked
        if answer.status != 200 or set(granted) & set(self.connection.channels):
            return None
        self.connection.channels = (*self.connection.channels, *granted)
        return granted[0]

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
            self.connection.close()
            self.connection = RtspConnection(self.source.host, self._stop)
            place = Endpoint.of(self._url)
            self.connection.connect(place.host, place.port, secure=place.secure, deadline=deadline)
            if not asked:
                return
            try:
                self._public = self._ask("OPTIONS", self._url, deadline).header("public").upper()
            except Unreachable as error:
                if error.code != "driver.ended":
                    raise
                continue  # it hangs up on OPTIONS: ask without
            except Refused as error:
                if error.code in _SENT:
                    raise
            return

    def _redirect(self, location: str) -> None:
        """Follow a redirect within the server; elsewhere only where a person has said so, and never out of TLS.

        Raises:
            Unsupported: ``driver.moved``.
        """
        try:
            url, _ = split_login(location)
            there, here = Endpoint.of(url), Endpoint.of(self._url)
        except Malformed:
            raise Unsupported("driver.moved", host=self.source.host, to=location[:200]) from None
        elsewhere = (there.host, there.port) != (here.host, here.port)
        if (elsewhere and not self.source.trust_hosts) or (here.secure and not there.secure):
            raise Unsupported("driver.moved", host=self.source.host, to=url)
        if elsewhere and self.source.login is not None:
            self._signer, self._let_in = Signer(self.source.login, basic=False), False
        self._url = url

    def _open_datagrams(self) -> RtpSockets:
        try:
            return RtpSockets(*self.connection.local)
        except OSError as error:
            raise Unreachable(host=self.source.host, detail=str(error.strerror or error)) from None

    def _granted(self, answer: Message, transport: str) -> None:
        """Read what SETUP granted."""
        if answer.status in (403, 404):
            raise self._failure(answer)
        if answer.status in _BUSY:
            raise OtherTransport(self._failure(answer))
        told = answer.header("transport").partition(",")[0]
        over_tcp = "tcp" in told.lower() or "interleaved" in told.lower()
        if answer.status != 200 or (told and over_tcp != (transport == "tcp")):
            detail = f"no RTP over {transport}: {answer.status_line}"
            raise OtherTransport(Unsupported(host=self.source.host, detail=detail))
        told_id, _, rest = answer.header("session").partition(";")
        self._id = told_id.strip()
        if match := re.search(r"timeout\s*=(.*)", rest, re.IGNORECASE):
            self._alive_every = max(LEAST_ALIVE, min(number(match[1]), 3600) / 2)
        parts = (part.partition("=") for part in told.split(";"))
        parameters = {name.strip().lower(): value.strip() for name, _, value in parts}
        if transport == "tcp":
            self.channels = self.connection.channels = _pair(parameters.get("interleaved", ""), (0, 1))
        elif self.datagrams is not None:
            self._reach(self.datagrams, parameters)

    def _reach(self, datagrams: RtpSockets, parameters: dict[str, str]) -> None:
        """Note who may send."""
        peer, source = self.connection.peer, parameters.get("source", "")
        self.hosts = frozenset(filter(None, (peer, source)))
        datagrams.watch(self.connection)
        datagrams.set_peer(peer, _pair(parameters.get("server_port", ""), (0, 0)))

    # -- while it plays ----------------------------------------------------------------------------

    @property
    def alive_at(self) -> float:
        """When the next sign of life is due, monotonic seconds."""
        return self._alive_at

    def keep_alive(self) -> None:
        """Tell the server that we are there; its answer comes among the packets, see `hear`."""
        if len(self._alive) > self._resigned:  # the last one was never answered: it may still be refused
            self._settle()
            self._mute = True
        now = time.monotonic()
        self._alive_at = now + self._alive_every
        self._answers = _ANSWERS
        method = "GET_PARAMETER" if "GET_PARAMETER" in self._public else "OPTIONS"
        known = self._follow_login()
        self._sent = "" if self._mute or not known else self._authorization(method, self._aggregate)
        if self._sent:
            try:
                self._alive.append(self._begin())
            except (Busy, Refused) as error:
                if isinstance(error, Busy) and not self._alive:
                    self._alive_at = now + SOON
                    return
                self._silence()  # better the session ends than that the account is locked
        self.connection.send(self._request(method, self._aggregate, self._sent), now + LEAST_ALIVE)

    def _follow_login(self) -> bool:
        """Sign with the password that replaced ours, where one did; return whether it is known which one holds."""
        book = self.source.logins
        if self._login is None or self._signer is None:
            return True
        there = book.present(self._login, self._renewals)
        if there is not None and there != self._login:
            self._signer.log_in_as(there)
            self._login, self._renewals = there, book.renewals()
        return there is not None

    def hear(self, message: Message) -> None:
        """Take what the server says while it plays.

        Raises:
            Unreachable: ``driver.ended``: it ended the session.
        """
        if message.status == 0:
            self._oblige(message)
        elif message.status == 401:
            self._heard_refusal(message)
        elif 200 <= message.status < 300:
            self._settle(right=True)
        elif message.status in (405, 454, 501, 551):
            self._public = ""  # announced, and not known: OPTIONS from now on

    def _oblige(self, asked: Message) -> None:
        """Answer what the server asks; not so often that it could keep us busy."""
        if asked.reason in ("TEARDOWN", "REDIRECT"):
            raise Unreachable("driver.ended", host=self.source.host)
        self._answers -= 1
        if self._answers >= 0:
            head = f"RTSP/1.0 200 OK\r\nCSeq: {asked.sequence or 0}\r\n\r\n"
            try:
                self.connection.send(head.encode(), time.monotonic() + 1)
            except Late:  # it does not read
                raise Unreachable("driver.ended", host=self.source.host) from None

    def _heard_refusal(self, said: Message) -> None:
        """Take a 401 to a sign of life: it wants a newer nonce, at once, or no longer knows the login."""
        if self._signer is None or self._mute:
            return
        outlived = not self._sent or self._signer.proven(self._sent)
        again = self._signer.hear(said.every("www-authenticate"), self._sent) is Verdict.SIGN
        if not (again and outlived):
            self._silence()
        elif not self._resigned:
            self._resigned, self._alive_at = True, time.monotonic()

    def _silence(self) -> None:
        """Sign no more in this session: the login is refused."""
        self._settle(right=False)
        self._mute, self._sent = True, ""

    def _settle(self, *, right: bool | None = None) -> None:
        """Give back the places of the last signs of life, with what became of the login."""
        alive, self._alive, self._resigned = self._alive, [], False
        if right and alive and self._signer is not None:
            self._signer.let_in(self._sent)
        for attempt in alive:
            settle = {True: attempt.right, False: attempt.wrong, None: attempt.dropped}
            settle[right]()

    def end(self) -> None:
        """Take leave without waiting, from any thread: some cameras have few places.

        Unsigned: nobody would hear that the login is wrong by now. Whoever wants one sees the connection end.
        """
        last = self._request("TEARDOWN", self._aggregate, "") if self._id else b""
        self.connection.farewell(last)

    def close(self) -> None:
        """Free everything; only by the thread that reads, or when none does."""
        self._settle()
        self.connection.close()
        datagrams, self.datagrams = self.datagrams, None
        if datagrams is not None:
            datagrams.close()

    # -- asking ------------------------------------------------------------------------------------

    def _ask(self, method: str, url: str, deadline: float, *headers: tuple[str, str]) -> Message:
        """Ask and return the answer, signed where it is wanted.

        Each login that this session was not let in with takes a place of the device's, one for each signing: what
        a server calls stale for ever is wrong, too.

        Raises:
            Refused: The login is wrong, missing, or may not be sent in the way that is wanted.
            Unreachable, Malformed: As `RtspConnection`.
        """
        with ExitStack() as places:
            held: list[Attempt] = []
            for _ in range(_SIGNINGS):
                sent = self._authorization(method, url)
                if sent and not self._let_in:
                    held.append(places.enter_context(self._place(deadline, again=bool(held))))
                self.connection.send(self._request(method, url, sent, *headers), deadline)
                answer = self._answer(deadline)
                if answer.status != 401:
                    self._welcome(answer, sent, held)
                    return answer
                if sent and not held:  # it took none: a place afterwards, for what may have been the login
                    with suppress(Busy, Refused):
                        held.append(places.enter_context(self._begin()))
                self._judge(answer, sent, held)
            raise Refused(host=self.source.host, user=self.source.user)

    def _welcome(self, answer: Message, sent: str, held: list[Attempt]) -> None:
        """Note that a login was let in; only good news says so: 403 and 503 are said to wrong ones, too."""
        if self._signer is not None and sent and 200 <= answer.status < 300:
            self._let_in = True
            self._signer.let_in(sent)
            for attempt in held:
                attempt.right()

    def _judge(self, answer: Message, sent: str, held: list[Attempt]) -> None:
        """Take a challenge.

        Raises:
            Refused: It cannot be answered, or was answered already.
        """
        if self._signer is None:
            raise Refused("driver.no_login", host=self.source.host)
        verdict = self._signer.hear(answer.every("www-authenticate"), sent)
        self._let_in = False
        if verdict is Verdict.SIGN:
            return
        if verdict is Verdict.BASIC:
            raise Refused("driver.basic", host=self.source.host)
        if verdict is Verdict.UNKNOWN:
            raise Refused("driver.challenge", host=self.source.host)
        if not held and self._login is not None:
            self.source.logins.wrong(self._login)
        raise Refused(host=self.source.host, user=self.source.user)

    def _place(self, deadline: float, *, again: bool) -> Attempt:
        """Take one of the device's places for a login.

        Raises:
            Refused: The device has refused too many lately; or it has just refused this one, and no other place is
                free.
            Unreachable: No place became free.
        """
        while True:
            try:
                return self._begin()
            except (Busy, Refused) as error:
                if again:
                    raise Refused(host=self.source.host, user=self.source.user) from None
                if isinstance(error, Refused) or time.monotonic() + SOON > deadline:
                    raise
            if self._stop.wait(SOON):
                raise Unreachable("driver.closed", host=self.source.host)

    def _begin(self) -> Attempt:
        assert self._login is not None  # noqa: S101 - told to the type checker; nothing is signed without
        return self.source.logins.begin(self._login, self.source.host)

    def _authorization(self, method: str, url: str) -> str:
        """Return what signs a request, empty before any challenge."""
        return self._signer.authorize(method, url) if self._signer is not None else ""

    def _request(self, method: str, url: str, sent: str, *headers: tuple[str, str]) -> bytes:
        self._number += 1
        more = [*headers, ("Session", self._id), ("Authorization", sent)]
        return request(method, url, self._number, more)

    def _answer(self, deadline: float) -> Message:
        """Return the next final answer, whatever its number: some cameras count wrongly."""
        while (answer := self.connection.message(deadline)).status < 200:
            self.connection.in_time(deadline)
        return answer

    def _failure(self, answer: Message) -> DriverError:
        host, user = self.source.host, self.source.user
        if 300 <= answer.status < 400:
            return Unsupported("driver.moved", host=host, to=answer.header("location")[:200])
        if answer.status == 403:
            return Forbidden(host=host, user=user, detail=answer.status_line)
        if answer.status == 404:
            return Unsupported("driver.no_stream", host=host)
        if answer.status in _BUSY:
            return Unreachable("driver.busy", host=host, detail=answer.status_line)
        return Unsupported(host=host, detail=answer.status_line)


def _base(answer: Message) -> str:
    """Return the address that controls are added to, as told; empty where it is none."""
    told = (answer.header("content-base"), answer.header("content-location"))
    return next(filter(_is_address, told), "")


def _is_address(text: str) -> bool:
    return text.lower().startswith(("rtsp://", "rtsps://"))


def _joined(base: str, control: str) -> str:
    """Return what a control attribute asks for (RFC 2326, C.1.1; joined as clients do, not as URLs are)."""
    if control in ("", "*"):
        told = base
    elif _is_address(control):
        told = control
    else:
        told = base + control if base.endswith("/") else f"{base}/{control.lstrip('/')}"
    return _UNFIT.sub(lambda match: quote(match[0]), _USER.sub("", told.strip()))


def _pair(text: str, otherwise: tuple[int, int]) -> tuple[int, int]:
    match = _PAIR.match(text.strip())
    if match is None:
        return otherwise
    first = int(match[1][:6])
    return first, int(match[2][:6]) if match[2] else first + 1

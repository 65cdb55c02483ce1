"""How doors are encrypted: TLS 1.2 and later, ciphers that authenticate what they encrypt, certificates kept fresh."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from engine.config.addresses import is_loopback
from engine.config.settings import DoorSettings, Settings
from engine.runtime import log
from engine.runtime.clock import Clock
from engine.web.fingerprint import Fingerprints
from engine.web.listening import Closed
from engine.web.names import addresses, host_names
from rules.model import Fact, Sentence

logger = log.get(__name__)

#: With forward secrecy, and none that encrypts first and checks later; TLS 1.3 has no others.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:!PSK:!aNULL"
#: Seconds between two looks at certificates.
LOOK = 3600.0
#: Before the end of a certificate that somebody else has to renew, people are told.
TOLD = timedelta(days=14)


class Made(Protocol):
    """A certificate that is made here; implemented by `engine.web.certificate.OwnCertificate`.

    Attributes:
        path: Where it is, with its key.
    """

    path: Path

    @property
    def trouble(self) -> Sentence | None:
        """What people must know of it."""
        ...

    def ready(self) -> bool:
        """Make or renew it where it is time; return whether it is another one now."""
        ...


@dataclass(slots=True)
class DoorTls:
    """How one door is encrypted.

    Attributes:
        kind: ``own`` or ``files``.
        fingerprints: Of the certificate that is shown now; `until`: when it ends (aware UTC).
        stale: Its files are others now, and bad: what was read before is shown.
    """

    door: str
    kind: str
    context: ssl.SSLContext
    files: tuple[Path, Path]
    fingerprints: Fingerprints
    until: datetime
    written: tuple[int, ...]
    stale: str = ""

    def follow(self) -> None:
        """Show from now on what the files hold, where they have changed; connections that are open stay."""
        written = _written(*self.files)
        if written == self.written:
            return
        self.written = written
        try:
            _load(
                self.door, server_context(), *self.files
            )  # whole and right, before it touches the one in use
            _load(self.door, self.context, *self.files)
            self.fingerprints, self.until = _leaf(self.door, self.files[0])
            self.stale = ""
            logger.info("tls.followed", door=self.door, fingerprint=self.fingerprints.certificate)
        except Closed as error:
            self.stale = str(error.said.values["detail"])
            logger.error("tls.stale", door=self.door, reason=self.stale)


class Encryption:
    """How the doors of one engine are encrypted.

    Args:
        own: The certificate that is made here; None: there is none, doors that need it stay closed.
        clock: Where time is read.
    """

    def __init__(self, own: Made | None, clock: Clock) -> None:
        self._own, self._clock = own, clock
        self._doors: list[DoorTls] = []
        self._failed = ""

    def of(
        self, door: str, settings: DoorSettings, host: str, client_ca: str | None = None
    ) -> DoorTls | None:
        """Return how a door at a host is encrypted; None: it is not, and others than this machine cannot reach it.

        Raises:
            Closed: It may not be open like that, or there is no certificate.
        """
        kind = settings.tls or ("files" if settings.certificate else "off" if is_loopback(host) else "own")
        if kind == "off":
            if not is_loopback(host):
                raise Closed("tls.plain", door=door, where=host)
            return None
        made = self._made(door, kind, self._files(door, kind, settings, host), client_ca)
        self._doors.append(made)
        return made

    def door(self, name: str) -> DoorTls | None:
        """Return how a door is encrypted, None where it is not, or is not open."""
        return next((each for each in self._doors if each.door == name), None)

    def _files(self, door: str, kind: str, settings: DoorSettings, host: str) -> tuple[Path, Path]:
        if kind == "files":
            if not settings.certificate or not settings.key:
                raise Closed("tls.files", door=door)
            return Path(settings.certificate), Path(settings.key)
        if self._own is None:
            raise Closed("tls.none", door=door, where=host)
        try:
            self._own.ready()
        except OSError as error:
            raise Closed("tls.certificate", door=door, detail=error.strerror or str(error)) from None
        return self._own.path, self._own.path

    def _made(self, door: str, kind: str, files: tuple[Path, Path], client_ca: str | None) -> DoorTls:
        context = server_context(door, client_ca)
        _load(door, context, *files)
        fingerprints, until = _leaf(door, files[0])
        logger.info(
            "tls.door", door=door, certificate=kind, fingerprint=fingerprints.certificate, key=fingerprints.key,
            until=until.isoformat(),
        )  # fmt: skip
        return DoorTls(door, kind, context, files, fingerprints, until, _written(*files))

    async def run(self) -> None:
        """Renew and follow certificates, for ever; a supervised child."""
        while True:
            await asyncio.sleep(LOOK)
            await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Renew the own certificate where it is time, and show what files hold now. Blocking."""
        try:
            if self._own is not None and any(each.kind == "own" for each in self._doors):
                self._own.ready()
            self._failed = ""
        except OSError as error:
            self._failed = error.strerror or str(error)
            logger.error("tls.not_renewed", reason=self._failed)
        for each in self._doors:
            each.follow()

    def problems(self) -> Iterator[Sentence]:
        """Yield what a person must do about certificates."""
        if self._own is not None and self._own.trouble is not None:
            yield self._own.trouble
        for each in self._doors:
            if each.stale:
                yield Sentence("tls.stale", {"door": each.door, "detail": each.stale})
            left = each.until - self._clock.now().wall
            if left < TOLD:
                told: dict[str, Fact] = {"door": each.door, "days": max(0, left.days), "detail": self._failed}
                code = "tls.not_renewed" if self._failed and each.kind == "own" else "tls.ends"
                yield Sentence(code, told)


def encryption_of(settings: Settings, folder: Path, clock: Clock) -> Encryption:
    """Return how the doors of a site are encrypted.

    Args:
        folder: Of the certificate that is made here.
    """
    told = (*settings.api.names, *settings.preview.names, settings.preview.host)
    return Encryption(_Late(folder, told, clock), clock)


class _Late:
    """Implements `Made`; loads what makes certificates only where one is needed: that takes a quarter of a second."""

    def __init__(self, folder: Path, names: Iterable[str], clock: Clock) -> None:
        self.path = folder / "own.pem"
        self._names, self._clock = tuple(names), clock
        self._own: Made | None = None

    @property
    def trouble(self) -> Sentence | None:
        return self._own.trouble if self._own else None

    def ready(self) -> bool:
        """Make or renew it where it is time."""
        if self._own is None:
            from engine.web.certificate import Names, OwnCertificate

            def names() -> Names:
                return Names(host_names(self._names), addresses())

            self._own = OwnCertificate(self.path.parent, names, lambda: self._clock.now().wall)
        return self._own.ready()


def server_context(door: str = "api", client_ca: str | None = None) -> ssl.SSLContext:
    """Return TLS as a server speaks it here, still without a certificate.

    Args:
        client_ca: Authorities (PEM) whose clients may show a certificate; none has to.

    Raises:
        Closed: There are no such authorities.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    if client_ca is not None:
        try:
            context.load_verify_locations(client_ca)
        except (OSError, ssl.SSLError) as error:
            raise Closed("tls.client_ca", door=door, detail=error.strerror or str(error)) from None
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _load(door: str, context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise Closed("tls.certificate", door=door, detail=error.strerror or str(error)) from None


def _leaf(door: str, certificate: Path) -> tuple[Fingerprints, datetime]:
    from engine.web.certificate import leaf  # an engine without TLS does without the library

    try:
        return leaf(certificate)
    except (OSError, ValueError) as error:
        raise Closed("tls.certificate", door=door, detail=str(error)) from None


def _written(*files: Path) -> tuple[int, ...]:
    """Return when files were written; 0 where one is not there."""
    return tuple(each.stat().st_mtime_ns if each.exists() else 0 for each in files)

"""How doors are encrypted: which may be plain, with what, and that a certificate is renewed while they are open."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.config.settings import ApiSettings, PreviewSettings
from engine.runtime.clock import ManualClock
from engine.web.certificate import Names, OwnCertificate
from engine.web.fingerprint import Fingerprints
from engine.web.listening import Closed
from engine.web.names import LOOPBACK
from engine.web.tls import DoorTls, Encryption

#: Where others reach it.
ANY = "0.0.0.0"  # noqa: S104 - nothing is bound there
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(BEGIN)


@pytest.fixture
def own(tmp_path: Path, clock: ManualClock) -> OwnCertificate:
    return OwnCertificate(tmp_path / "tls", lambda: Names(("localhost",), LOOPBACK), lambda: clock.now().wall)


@pytest.fixture
def encryption(own: OwnCertificate, clock: ManualClock) -> Encryption:
    return Encryption(own, clock)


@pytest.mark.parametrize(
    ("written", "host", "kind"),
    [
        ({}, "127.0.0.1", None),
        ({}, "::1", None),
        ({}, "localhost", None),
        ({}, ANY, "own"),
        ({}, "192.0.2.7", "own"),
        ({}, "gate-pc", "own"),
        ({"tls": "own"}, "127.0.0.1", "own"),
        ({"tls": "off"}, "127.0.0.1", None),
    ],
)
def test_beyond_this_machine_it_is_on(
    encryption: Encryption, written: dict[str, str], host: str, kind: str | None
) -> None:
    found = encryption.of("preview", PreviewSettings.model_validate(written), host)
    assert (found and found.kind) == kind


@pytest.mark.parametrize("host", [ANY, "::", "192.0.2.7", "gate-pc"])
def test_a_plain_door_beyond_this_machine_is_refused(encryption: Encryption, host: str) -> None:
    with pytest.raises(Closed) as refused:
        encryption.of("preview", PreviewSettings(tls="off"), host)
    assert (refused.value.said.code, refused.value.said.values["where"]) == ("tls.plain", host)


def test_files_are_taken_where_they_are_given(
    encryption: Encryption, own: OwnCertificate, tmp_path: Path
) -> None:
    own.ready()
    written = {"certificate": str(own.path), "key": str(own.path)}
    for host in ("127.0.0.1", ANY):
        found = encryption.of("api", ApiSettings.model_validate(written), host)
        assert found is not None
        assert found.kind == "files"
    with pytest.raises(Closed, match=r"api\.tls: files needs"):
        encryption.of("api", ApiSettings(tls="files"), "127.0.0.1")
    with pytest.raises(Closed, match=r"api\.certificate: No such file"):
        encryption.of("api", ApiSettings(certificate=str(tmp_path / "none"), key="x"), "127.0.0.1")
    with pytest.raises(Closed, match=r"api\.client_ca: No such file"):
        encryption.of("api", ApiSettings(tls="own"), "127.0.0.1", str(tmp_path / "none"))


def test_an_engine_without_a_certificate_keeps_the_door_closed(clock: ManualClock) -> None:
    with pytest.raises(Closed, match=r"api\.certificate and api\.key are required"):
        Encryption(None, clock).of("api", ApiSettings(), ANY)


@asynccontextmanager
async def served(tls: DoorTls) -> AsyncIterator[int]:
    """Greet whoever shakes hands."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=tls.context)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


def shake(port: int, **limits: object) -> tuple[str, str, str | None, Fingerprints]:
    """Shake hands as a client with limits; return version, cipher, protocol and whom it met."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    ciphers = limits.pop("ciphers", None)
    if ciphers:
        context.set_ciphers(str(ciphers))
    for name, value in limits.items():
        setattr(context, name, value)
    with socket.create_connection(("127.0.0.1", port)) as plain, context.wrap_socket(plain) as safe:
        der = safe.getpeercert(binary_form=True)
        assert der is not None
        return str(safe.version()), safe.cipher()[0], safe.selected_alpn_protocol(), Fingerprints.of(der)  # type: ignore[index]


async def test_what_is_spoken(encryption: Encryption) -> None:
    tls = encryption.of("api", ApiSettings(), ANY)
    assert tls is not None
    async with served(tls) as port:
        version, _, protocol, met = await asyncio.to_thread(shake, port)
        assert (version, protocol, met) == ("TLSv1.3", "http/1.1", tls.fingerprints)
        old = {"maximum_version": ssl.TLSVersion.TLSv1_2}
        version, cipher, _, _ = await asyncio.to_thread(shake, port, **old)
        assert version == "TLSv1.2"
        assert cipher.startswith("ECDHE-ECDSA-")
        assert "GCM" in cipher or "POLY1305" in cipher
        for weak in ("ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA", "AES128-GCM-SHA256"):
            with pytest.raises(ssl.SSLError):
                await asyncio.to_thread(shake, port, ciphers=f"{weak}:@SECLEVEL=0", **old)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
async def test_what_is_not_spoken(encryption: Encryption, version: ssl.TLSVersion) -> None:
    tls = encryption.of("api", ApiSettings(), ANY)
    assert tls is not None
    async with served(tls) as port:
        with pytest.raises(ssl.SSLError):
            await asyncio.to_thread(
                shake, port, ciphers="ALL:@SECLEVEL=0", minimum_version=version, maximum_version=version
            )


async def test_a_certificate_is_renewed_while_the_door_is_open(
    encryption: Encryption, clock: ManualClock
) -> None:
    tls = encryption.of("api", ApiSettings(), ANY)
    assert tls is not None
    async with served(tls) as port:
        *_, before = await asyncio.to_thread(shake, port)
        clock.advance(timedelta(days=360).total_seconds())
        encryption.look()
        assert (await asyncio.to_thread(shake, port))[-1] == before
        clock.advance(timedelta(days=10).total_seconds())
        encryption.look()
        *_, after = await asyncio.to_thread(shake, port)
    assert after.key == before.key
    assert after.certificate != before.certificate
    assert tls.fingerprints == after
    assert not list(encryption.problems())


def test_what_cannot_be_renewed_is_told_and_the_old_one_is_shown(
    encryption: Encryption, own: OwnCertificate, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = encryption.of("api", ApiSettings(), ANY)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.runtime.whole_file.put", full)
    clock.advance(timedelta(days=390).total_seconds())
    encryption.look()
    (told,) = encryption.problems()
    assert told.code == "tls.not_renewed"
    assert told.values["detail"] == "No space left on device"
    monkeypatch.undo()
    encryption.look()
    assert tls is not None
    assert not list(encryption.problems())


def test_files_that_others_renew_are_followed(
    encryption: Encryption, own: OwnCertificate, clock: ManualClock, tmp_path: Path
) -> None:
    own.ready()
    file = tmp_path / "files.pem"
    file.write_bytes(own.path.read_bytes())
    tls = encryption.of("api", ApiSettings(certificate=str(file), key=str(file)), ANY)
    assert tls is not None
    before = tls.fingerprints
    file.write_bytes(b"half of")
    encryption.look()
    assert [each.code for each in encryption.problems()] == ["tls.stale"]
    assert tls.fingerprints == before
    clock.advance(timedelta(days=390).total_seconds())
    assert [each.code for each in encryption.problems()] == ["tls.stale", "tls.ends"]
    own.ready()
    file.write_bytes(own.path.read_bytes())
    encryption.look()
    assert tls.fingerprints != before
    assert not list(encryption.problems())


def test_a_site_without_open_doors_does_not_even_load_what_makes_certificates(tmp_path: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from engine.config.settings import Settings
from engine.runtime.clock import SystemClock
from engine.web.tls import encryption_of
settings, clock = Settings(), SystemClock()
doors = encryption_of(settings, Path({str(tmp_path)!r}), clock)
assert doors.of("preview", settings.preview, "127.0.0.1") is None
assert "engine.web.certificate" not in sys.modules
assert doors.of("preview", settings.preview, "0.0.0.0").kind == "own"
assert not list(doors.problems())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "own.pem").exists()

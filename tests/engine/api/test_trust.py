"""Clients know an engine by its key: told, or remembered; another one is refused before anything is sent."""

from __future__ import annotations

import asyncio
import json
import ssl
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner, Result

from engine.api.client import ApiError, Client
from engine.api.link.trust import VARIABLE, KnownEngines, meet, place
from engine.api.resources import doors as wire
from engine.api.resources import sessions
from engine.api.resources.sessions import ME
from engine.api.server import serve
from engine.api.services.doors import DoorService
from engine.api.services.sessions import SessionService
from engine.commands import client as client_commands
from engine.commands import doors
from engine.commands.output import talk
from engine.config.settings import ApiSettings
from engine.runtime.clock import ManualClock
from engine.web.certificate import Names, OwnCertificate, leaf
from engine.web.connection_limit import ConnectionLimiter
from engine.web.names import LOOPBACK
from engine.web.tls import Encryption
from tests.fakes.engine import FakeEngine

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


class Place:
    """A served engine with a certificate of its own."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(datetime.now(UTC))
        names = Names(("localhost",), LOOPBACK)
        self.own = OwnCertificate(folder / "tls", lambda: names, lambda: self.clock.now().wall)
        self.encryption = Encryption(self.own, self.clock)
        self.limiters = ConnectionLimiter("api"), ConnectionLimiter("api.tcp")
        self.url, self.socket = "", folder / "s"

    @property
    def key(self) -> str:
        return leaf(self.own.path)[0].key

    @property
    def certificate(self) -> str:
        return leaf(self.own.path)[0].certificate

    def anew(self, days: float = 0) -> None:
        """Let another certificate be shown: after some days a renewed one, else one with another key."""
        if days:
            self.clock.advance(timedelta(days=days).total_seconds())
        else:
            self.own.path.unlink()
        self.encryption.look()

    async def site(self, **rest: Any) -> str:
        async with Client.connect(self.url, token="secret", **rest) as client:
            return (await client.state()).engine.site


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """An authority of client certificates, and one of Lan's that it signed (``lan.pem``)."""
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
    own = x509.CertificateBuilder(ca, ca, key.public_key(), 1).add_extension(
        x509.BasicConstraints(True, 0), True
    )
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lan")])
    made = x509.CertificateBuilder(ca, name, other.public_key(), 2)
    signed = []
    for each in (own, made):
        dated = each.not_valid_before(BEGIN - timedelta(days=500)).not_valid_after(
            BEGIN + timedelta(days=5000)
        )
        signed.append(dated.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    private = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "lan.pem").write_bytes(private + signed[1])
    (tmp_path / "ca.pem").write_bytes(signed[0])
    return tmp_path / "ca.pem"


@pytest.fixture
async def engine(service: FakeEngine, tmp_path: Path, authority: Path) -> AsyncIterator[Place]:
    made = Place(tmp_path)
    shown = wire.resource(DoorService(lambda: made.limiters, made.encryption))
    settings = ApiSettings(tcp="127.0.0.1:0", tls="own", client_ca=str(authority))
    async with serve(
        service.api(shown, sessions.resource(SessionService(service.porter))),
        settings,
        socket=made.socket,
        token="secret",
        limiters=made.limiters,
        encryption=made.encryption,
    ) as opened:
        assert opened.tcp is not None
        made.url = f"https://127.0.0.1:{opened.tcp[1]}"
        yield made


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path / "home" / "matthan" / "known_engines.json"


async def refused(engine: Place, **rest: Any) -> str:
    with pytest.raises(ApiError) as caught:
        await engine.site(**rest)
    return str(getattr(caught.value, "cause", caught.value.code))


async def test_nobody_is_trusted_unasked(engine: Place) -> None:
    assert await refused(engine) == "link.untrusted"
    async with Client.connect(engine.url) as client:
        told = await anext(client.updates())
    assert getattr(told, "cause", "") == "link.untrusted"


async def test_by_either_fingerprint_it_is_known(engine: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for told in (engine.key, engine.certificate, engine.key.lower().replace(":", "")):
        assert await engine.site(fingerprint=told) == "ngo-12"
    monkeypatch.setenv(VARIABLE, engine.certificate)
    assert await engine.site() == "ngo-12"
    monkeypatch.setenv(VARIABLE, "nonsense")
    assert await refused(engine) == "api.fingerprint"


async def test_what_is_remembered_is_known_and_survives_a_renewal(engine: Place, home: Path) -> None:
    found = await asyncio.to_thread(meet, engine.url)
    KnownEngines().remember(engine.url, found.key)
    assert await engine.site() == "ngo-12"
    engine.anew(days=370)
    assert engine.certificate != found.certificate
    assert await engine.site() == "ngo-12"
    assert stat.S_IMODE(home.stat().st_mode) == 0o600


async def test_another_key_is_refused_before_anything_is_sent(engine: Place, service: FakeEngine) -> None:
    KnownEngines().remember(engine.url, engine.key)
    engine.anew()
    before = service.garbage.refused
    assert await refused(engine) == "link.another"
    assert service.garbage.refused == before  # it saw no request
    KnownEngines().remember(engine.url, engine.key)
    assert await engine.site() == "ngo-12"


@pytest.mark.parametrize("content", ["", "[]", "{", '{"127.0.0.1:1": 5}', '"x"'])
def test_a_damaged_memory_is_none(home: Path, content: str) -> None:
    home.parent.mkdir(parents=True)
    home.write_text(content)
    known = KnownEngines()
    assert known.of("https://127.0.0.1:1") is None
    known.remember("https://127.0.0.1:1", "ab" * 32)
    assert known.of("https://127.0.0.1:1/x") == "ab" * 32
    assert known.forget("https://127.0.0.1:1")
    assert not known.forget("https://127.0.0.1:1")


def test_one_address_has_one_place() -> None:
    assert place("https://Gate-PC.:8581/x") == place("https://gate-pc:8581") == "gate-pc:8581"
    assert place("https://[2001:db8::7]") == "[2001:db8::7]:443"


async def test_a_certificate_of_a_person_is_that_person(
    engine: Place, tmp_path: Path, service: FakeEngine
) -> None:
    trust = ssl.create_default_context(cafile=str(engine.own.path))
    trust.load_cert_chain(tmp_path / "lan.pem")
    async with Client.connect(engine.url, tls=trust) as client:
        me = await client.ask(ME)
    assert (me.principal, me.means) == ("certificate", "lan")


async def test_a_certificate_that_nobody_vouches_for_is_not_even_heard(engine: Place, tmp_path: Path) -> None:
    trust = ssl.create_default_context(cafile=str(engine.own.path))
    trust.load_cert_chain(engine.own.path)  # a good key, and not signed by the authority
    with pytest.raises(ApiError) as caught:
        async with Client.connect(engine.url, tls=trust) as client:
            await client.ask(ME)
    assert caught.value.status == 0


class TestCommands:
    async def run(self, *words: str, input: str | None = None) -> Result:
        return await asyncio.to_thread(
            lambda: CliRunner().invoke(doors.app, ["doors", *words, "--lang", "en"], input=input)
        )

    async def test_doors_tells_the_fingerprints(self, engine: Place) -> None:
        shown = await self.run("--socket", str(engine.socket))
        assert shown.exit_code == 0, shown.output
        assert f"SHA-256 {engine.certificate}" in shown.output
        assert f"key     {engine.key}" in shown.output
        assert f"{engine.url}" in shown.output
        assert "its own certificate" in shown.output
        assert "this machine only" in shown.output
        told = await self.run("--socket", str(engine.socket), "--json")
        by = {each["name"]: each for each in map(json.loads, told.output.splitlines())}
        assert by["api.tcp"]["fingerprint"] == engine.certificate
        assert by["api"]["tls"] == ""

    async def test_trust_remembers_what_was_compared(self, engine: Place) -> None:
        done = await self.run("trust", engine.url, "--fingerprint", engine.certificate)
        assert done.exit_code == 0, done.output
        assert KnownEngines().of(engine.url) == engine.key
        assert "already" in (await self.run("trust", engine.url)).output
        shown = await asyncio.to_thread(
            lambda: CliRunner().invoke(
                client_commands.app,
                ["status", "--socket", engine.url, "--lang", "en"],
                env={"MATTHAN_TOKEN": "secret"},
            )
        )
        assert "Ngõ 12" in shown.output, shown.output
        assert "not known any more" in (await self.run("forget", engine.url)).output
        assert KnownEngines().of(engine.url) is None

    async def test_what_is_not_that_engine_is_not_remembered(self, engine: Place) -> None:
        done = await self.run("trust", engine.url, "--fingerprint", "00" * 32)
        assert (done.exit_code, "is not that engine" in done.output) == (1, True)
        assert (await self.run("trust", engine.url, "--fingerprint", "x")).exit_code == 2
        assert (await self.run("trust", "http://127.0.0.1:1")).exit_code == 2
        assert (await self.run("trust", "https://127.0.0.1:1")).exit_code == 3
        assert KnownEngines().of(engine.url) is None

    async def test_without_a_person_nothing_is_trusted(self, engine: Place) -> None:
        done = await self.run("trust", engine.url, input="y\n")
        assert (done.exit_code, engine.key in done.output) == (1, True)
        assert "Nobody is here" in done.output
        assert KnownEngines().of(engine.url) is None

    async def test_a_person_is_asked(self, engine: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(doors, "ask", lambda *_: None)
        assert (await self.run("trust", engine.url)).exit_code == 0
        assert KnownEngines().of(engine.url) == engine.key

    async def test_whoever_asks_an_engine_that_is_not_known_is_told_what_to_do(self, engine: Place) -> None:
        shown = await asyncio.to_thread(
            lambda: CliRunner().invoke(
                client_commands.app, ["status", "--socket", engine.url, "--lang", "en"]
            )
        )
        assert (shown.exit_code, "matthan doors trust" in shown.output) == (3, True)

    async def test_at_a_terminal_one_is_introduced_and_then_answered(
        self, engine: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def introduced(error: ApiError, lang: Any) -> bool:
            doors.introduce(engine.url, lang, engine.key)
            return True

        monkeypatch.setattr(talk, "_introduced", introduced)
        monkeypatch.setenv("MATTHAN_TOKEN", "secret")
        words = ["status", "--socket", engine.url, "--lang", "en"]
        shown = await asyncio.to_thread(lambda: CliRunner().invoke(client_commands.app, words))
        assert (shown.exit_code, "Ngõ 12" in shown.output) == (0, True), shown.output
        assert KnownEngines().of(engine.url) == engine.key

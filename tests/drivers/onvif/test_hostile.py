"""The onvif driver against hostile and broken answers, over TLS, and what its library does beside."""

from __future__ import annotations

import asyncio
import gzip
import logging
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from drivers.contract import Login, Target
from drivers.errors import DriverError, Malformed, Unreachable, Unsupported
from drivers.onvif import driver

LOGIN = Login("operator", "Chim-7f3a")


async def opens(scripted: Any) -> None:
    async with driver.open(Target(scripted.url), LOGIN):
        pass


async def error_of(scripted: Any) -> DriverError:
    with pytest.raises(DriverError) as caught:
        await opens(scripted)
    return caught.value


# -- hostile and broken answers --------------------------------------------------------------------

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(
        b'<!ENTITY a%d "%s">' % (n, b"&a;" * 10 if n == 0 else b"&a%d;" % (n - 1) * 10) for n in range(9)
    )
    + b']><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>&a8;</s:Body></s:Envelope>'
)


@pytest.mark.parametrize("operation", ["GetSystemDateAndTime", "GetProfiles"])
async def test_entity_bombs_are_not_expanded(scripted: Any, operation: str) -> None:
    scripted.answers[operation] = BOMB
    if operation == "GetProfiles":
        assert isinstance(await error_of(scripted), Malformed)
    else:
        await opens(scripted)  # as if it had no clock


@pytest.mark.parametrize("kind", ["dtd", "entity", "parameter"])
async def test_nothing_outside_is_fetched(scripted: Any, kind: str) -> None:
    canary = f"{scripted.root}/canary"
    head = {
        "dtd": f'<!DOCTYPE s:Envelope SYSTEM "{canary}">',
        "entity": f'<!DOCTYPE x [<!ENTITY e SYSTEM "{canary}">]>',
        "parameter": f'<!DOCTYPE x [<!ENTITY % e SYSTEM "{canary}"> %e;]>',
    }[kind]
    body = "&e;" if kind == "entity" else ""
    told = f'<?xml version="1.0"?>{head}<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">'
    told += f"<s:Body>{body}</s:Body></s:Envelope>"
    for operation in ("GetSystemDateAndTime", "GetDeviceInformation", "GetServices", "GetProfiles"):
        scripted.answers[operation] = told
    assert isinstance(await error_of(scripted), Malformed)
    assert "/canary" not in {asked.path for asked in scripted.asked}


@pytest.mark.parametrize("zipped", [False, True])
async def test_large_answers_are_cut_off(scripted: Any, zipped: bool) -> None:
    told = b"<s:Envelope>" + b" " * (16 << 20)
    head = {"Content-Encoding": "gzip"} if zipped else {}
    body = gzip.compress(told, 1) if zipped else told
    scripted.answers["GetProfiles"] = lambda _: web.Response(body=body, headers=head)
    error = await error_of(scripted)
    assert error.code == "driver.large"
    assert isinstance(error, Malformed)
    assert len(error.raw) <= 4096


@pytest.mark.parametrize(
    "told",
    [
        b"not xml at all",
        b"<html><body>Welcome</body></html>",
        b"<s:Envelope>",
        b"<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body/></s:Envelope>",
        b"\x00\x01\x02Envelope\xff\xfe",
        b"<Envelope>" + b"<a>" * 5000,
        b"<?xml version='1.0'?><s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body>"
        b"<trt:GetProfilesResponse xmlns:trt='http://www.onvif.org/ver10/media/wsdl'><trt:Profiles token='x'/>"
        b"</trt:GetProfilesResponse></s:Body></s:Envelope>",
    ],
)
async def test_nonsense_is_our_error(scripted: Any, told: bytes) -> None:
    scripted.answers["GetProfiles"] = told
    assert isinstance(await error_of(scripted), (Malformed, Unsupported))


async def test_wrong_types_do_not_hurt(scripted: Any, onvif: Any) -> None:
    told = onvif.PROFILE.format(token="x", source="s", width="wide", height="-1", more="<tt:Odd/>")
    told = told.replace("<tt:FrameRateLimit>25", "<tt:FrameRateLimit>NaN").replace(
        'fixed="true"', 'fixed="maybe"'
    )
    scripted.answers["GetProfiles"] = onvif.envelope(
        f"<trt:GetProfilesResponse>{told}</trt:GetProfilesResponse>"
    )
    async with driver.open(Target(scripted.url), LOGIN) as device:
        (profile,) = device.cameras[0].profiles
        assert (profile.width, profile.height, profile.fps) == (0, 0, 0.0)


async def test_a_redirect_is_told_and_not_followed(scripted: Any) -> None:
    head = {"Location": "https://u:secret@10.0.0.1/onvif"}
    scripted.answers["GetProfiles"] = web.Response(status=302, headers=head)
    error = await error_of(scripted)
    assert error.code == "driver.moved"
    assert "secret" not in str(error)


async def test_a_server_that_never_answers(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from drivers.onvif.soap.http_session import HttpSession

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    monkeypatch.setattr(HttpSession.post, "__defaults__", (0.2, True))
    port = await serve(silent)
    with pytest.raises(Unreachable) as caught:
        async with driver.open(Target(f"http://127.0.0.1:{port}"), LOGIN):
            pass
    assert (caught.value.code, caught.value.values["seconds"]) == ("driver.timeout", 0.2)


async def test_an_answer_that_drips_is_bounded_as_a_whole(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from drivers.onvif.soap.http_session import HttpSession

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not writer.is_closing():
            writer.write(b"X-Drip: 1\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    monkeypatch.setattr(HttpSession.post, "__defaults__", (0.2, True))
    port = await serve(drip)
    with pytest.raises(Unreachable) as caught:
        async with driver.open(Target(f"http://127.0.0.1:{port}"), LOGIN):
            pass
    assert (caught.value.code, caught.value.values["seconds"]) == ("driver.timeout", 0.2)


async def test_a_connection_cut_in_the_answer(serve: Any) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n<s:Envelope")
        await writer.drain()
        writer.close()

    port = await serve(cut)
    with pytest.raises(Unreachable):
        async with driver.open(Target(f"http://127.0.0.1:{port}"), LOGIN):
            pass


async def test_garbage_for_http(serve: Any) -> None:
    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(os.urandom(2000))
        await writer.drain()
        writer.close()

    port = await serve(garbage)
    with pytest.raises((Unreachable, Malformed)):
        async with driver.open(Target(f"http://127.0.0.1:{port}"), LOGIN):
            pass


# -- what the library does beside -------------------------------------------------------------------


def test_the_library_leaves_no_trace() -> None:
    """Neither the root logger nor the environment nor the home folder change; nothing is imported early."""
    script = (
        "import logging, os, sys; os.environ['http_proxy'] = 'http://127.0.0.1:9'\n"
        "from drivers.onvif import driver\n"
        "assert not {'zeep', 'onvif', 'aiohttp'} & set(sys.modules), 'imported early'\n"
        "import drivers.onvif.device\n"
        "assert not {'zeep', 'onvif', 'aiohttp'} & set(sys.modules), 'only PTZ needs them'\n"
        "import drivers.onvif.soap.zeep_library\n"
        "assert logging.getLogger().handlers == [] and logging.getLogger().level == logging.WARNING\n"
        "assert os.environ['http_proxy'] == 'http://127.0.0.1:9'\n"
        "logging.basicConfig(level=1); logging.getLogger('zeep.xsd').error('noise')\n"
        "logging.getLogger('onvif').error('noise')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "noise" not in done.stderr


async def test_a_bad_date_makes_no_noise(scripted: Any, onvif: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await opens(scripted)
    assert [record for record in caplog.records if record.name.startswith(("zeep", "onvif"))] == []
    assert LOGIN.password not in caplog.text


# -- TLS -------------------------------------------------------------------------------------------


@pytest.fixture
async def tls_port(scripted: Any, tmp_path: Path) -> AsyncIterator[int]:
    """The scripted device over https with a certificate that it signed itself, as cameras do."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "camera")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1)
    )
    pem = tmp_path / "camera.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", scripted.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    yield int(runner.addresses[0][1])
    await runner.cleanup()


async def test_https_is_never_left(scripted: Any, tls_port: int) -> None:
    """The device announces http addresses: following them would send the signatures in clear."""
    secure: list[bool] = []
    real = scripted.default

    def note(asked: Any) -> Any:
        secure.append(asked.headers["Host"] == f"127.0.0.1:{tls_port}")
        return real(asked.operation)

    for operation in (
        "GetDeviceInformation",
        "GetServices",
        "GetCapabilities",
        "GetProfiles",
        "GetStreamUri",
    ):
        scripted.answers[operation] = note
    async with driver.open(Target(f"https://127.0.0.1:{tls_port}"), LOGIN) as device:
        await device.cameras[0].open_stream("main")
    assert secure == [True] * 5


async def test_a_certificate_nobody_knows_is_refused_where_asked(tls_port: int) -> None:
    target = Target(f"https://127.0.0.1:{tls_port}", {"verify_tls": True})
    with pytest.raises(Unreachable) as caught:
        async with driver.open(target, LOGIN):
            pass
    assert caught.value.values["detail"] == "TLS"

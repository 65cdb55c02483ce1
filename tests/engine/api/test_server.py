"""Every route over a real socket, and every way to be refused."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import stat
import tempfile
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine.api import wire
from engine.api.client import Client
from engine.api.errors import ApiError
from engine.api.server import serve
from engine.config.settings import ApiSettings
from engine.text import render
from engine.web.listening import Closed, bind_unix
from engine.web.refusals import refusal


@pytest.fixture
async def raw(door: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """What a foreign program would use."""
    connector = aiohttp.UnixConnector(str(door))
    async with aiohttp.ClientSession("http://localhost", connector=connector) as session:
        yield session


async def test_everything_can_be_asked(client: Client, service: Any) -> None:
    first, _ = service.happen(1), service.happen(2, "san")
    decision = service.decide(1)
    assert (await client.state()).revision == 2
    assert [event.seq for event in await client.events()] == [2, 1]
    assert await client.events(before=2, limit=5) == [first]
    assert await client.events(camera="cong") == [first]
    assert await client.decisions() == [decision]
    assert [rule.fired for rule in await client.rules()] == [3]
    assert (await client.explain("đêm")).events == 7
    assert (await client.explain("đêm", camera="cong")).events == 0
    assert (await client.still("cong", 320)).endswith(b"320")
    assert (await client.picture("cong")).jpeg.endswith(b"4096")
    assert [preset.name for preset in await client.presets("cong")] == ["Cổng"]
    command = wire.PtzCommand(op="move", pan=-0.5, seconds=2)
    await client.ptz("cong", command)
    assert service.commands == [("cong", command)]
    assert "token=" in (await client.preview_link("cong")).url


async def test_a_still_says_where_it_came_from_and_why_it_is_no_better_one(door: Path) -> None:
    async with Client.connect(door, language="vi") as client:
        best = await client.picture("cong", 640)
        analysed = await client.picture("cong", 640, best=False)
    assert (best.source, best.size, best.lacks) == ("camera", "1280x720", "")
    assert (analysed.source, analysed.size) == ("analysis", "352x288")
    assert analysed.lacks == "cổng không cung cấp ảnh chụp"


async def test_a_still_tells_when_and_what_was_seen_in_it(client: Client, service: Any) -> None:
    zones = ("cổng", "sân sau nhà văn hoá")
    box = (0.123456, 0.2, 0.3, 0.4)
    service.tracks = tuple(
        wire.Tracked(track=n, label="người", score=1 / (1 + n), box=box, zones=zones) for n in range(500)
    )
    told = await client.picture("cong", best=False)
    assert told.at == service.state().engine.now
    assert 20 < len(told.tracks) < 500  # the surest, as many as a header holds
    assert [each.track for each in told.tracks] == list(range(len(told.tracks)))
    assert (told.tracks[0].box[0], told.tracks[0].zones) == (0.1235, zones)
    best = await client.picture("cong")
    assert (best.at, best.tracks) == (None, ())


async def test_whoever_polls_asks_no_camera(raw: aiohttp.ClientSession) -> None:
    """The TUI asks several times a second."""
    async with raw.get("/v1/cameras/cong/still.jpg?width=320") as answer:
        assert answer.headers["X-Matthan-Still-Source"] == "analysis"


async def test_health_says_when_a_person_is_needed(client: Client, service: Any) -> None:
    assert (await client.health()).status == "ok"
    service.problems = (wire.Sentence(code="store.full", en="The disk is full."),)
    health = await client.health()
    assert health.status == "degraded"
    assert health.problems[0].en == "The disk is full."


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/v1/nowhere", None, 404, "api.not_found"),
        ("DELETE", "/v1/state", None, 405, "api.method"),
        ("GET", "/v1/events?limit=0", None, 400, "api.invalid"),
        ("GET", "/v1/events?sort=up", None, 400, "api.invalid"),
        ("GET", "/v1/cameras/cong/still.jpg?width=99999", None, 400, "api.invalid"),
        ("GET", "/v1/cameras/cong/still.jpg?of=all", None, 400, "api.invalid"),
        ("GET", "/v1/rules/nobody", None, 404, "rules.no_rule"),
        ("GET", "/v1/cameras/nobody/presets", None, 404, "camera.unknown"),
        ("POST", "/v1/cameras/cong/ptz", "{", 400, "api.invalid"),
        ("POST", "/v1/cameras/cong/ptz", '{"op": "move", "pan": 7, "seconds": -1}', 400, "api.invalid"),
        ("POST", "/v1/cameras/cong/ptz", "x" * 100_000, 413, "api.too_large"),
    ],
)
async def test_every_refusal_is_a_problem(
    raw: aiohttp.ClientSession, method: str, path: str, body: str | None, status: int, code: str
) -> None:
    async with raw.request(method, path, data=body) as answer:
        assert answer.content_type == "application/problem+json"
        problem = wire.Problem.model_validate_json(await answer.read())
    assert (answer.status, problem.status, problem.code) == (status, status, code)
    assert problem.detail
    assert problem.title


async def test_every_bad_field_is_named(raw: aiohttp.ClientSession) -> None:
    body = '{"op": "jump", "pan": 7, "seconds": -1}'
    async with raw.post("/v1/cameras/cong/ptz", data=body) as answer:
        problem = wire.Problem.model_validate_json(await answer.read())
    assert sorted(error.partition(":")[0] for error in problem.errors) == ["op", "pan", "seconds"]


async def test_a_refused_method_names_the_allowed_ones(raw: aiohttp.ClientSession) -> None:
    async with raw.delete("/v1/state") as answer:
        assert "GET" in answer.headers["Allow"]


async def test_problems_are_told_in_vietnamese_when_asked(raw: aiohttp.ClientSession) -> None:
    async with raw.get("/v1/nowhere", headers={"Accept-Language": "vi-VN,en;q=0.5"}) as answer:
        assert "Không có gì" in (await answer.json(content_type=None))["detail"]


async def test_a_bug_is_answered_without_its_details(raw: aiohttp.ClientSession, service: Any) -> None:
    service.bug = RuntimeError("rtsp://user:secret@10.0.0.1/")
    async with raw.get("/v1/state") as answer:
        text = await answer.text()
    assert answer.status == 500
    assert json.loads(text)["code"] == "api.fault"
    assert "secret" not in text


async def test_the_schema_resolves(raw: aiohttp.ClientSession) -> None:
    async with raw.get("/v1/openapi.json") as answer:
        document = await answer.json()
    text = json.dumps(document)
    known = document["components"]["schemas"]
    references = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert references
    assert references <= set(known)
    assert set(document["paths"]) >= {"/v1/state", "/v1/stream", "/v1/cameras/{id}/ptz"}
    parameters = document["paths"]["/v1/events"]["get"]["parameters"]
    assert {each["name"] for each in parameters} >= {"before", "limit", "camera", "since", "until", "text"}


async def test_the_stream_begins_with_the_state_and_loses_nothing(client: Client, service: Any) -> None:
    async with aclosing(client.updates()) as updates:
        state = await anext(updates)
        assert isinstance(state, wire.State)
        told = [service.happen(seq) for seq in range(1, 6)]
        assert [await anext(updates) for _ in told] == told


async def test_a_slow_client_is_told_what_it_missed_and_gets_a_fresh_state(door: Path, service: Any) -> None:
    async with Client.connect(door) as client, aclosing(client.updates()) as updates:
        await anext(updates)
        # Nothing lets go of the loop here: the mailbox overflows before the server can send.
        for seq in range(1, 1001):
            service.happen(seq)
        seen: list[int] = []
        gap: wire.Gap | None = None
        while not isinstance(message := await anext(updates), wire.State):
            if isinstance(message, wire.Gap):
                gap = message
            elif isinstance(message, wire.Event):
                seen.append(message.seq)
        assert gap is not None
        assert gap.missed + len(seen) == 1000
        assert message.revision == 1000
        after = service.happen(1001)
        assert await anext(updates) == after


async def test_streams_leave_nothing_behind(door: Path, service: Any) -> None:
    before = len(asyncio.all_tasks())
    async with Client.connect(door) as client:
        for _ in range(5):
            async with aclosing(client.updates()) as updates:
                await anext(updates)
        while len(service.hub) or len(asyncio.all_tasks()) > before + 1:
            await asyncio.sleep(0.01)


async def test_the_server_stops_under_open_streams(service: Any, tmp_path: Path) -> None:
    async with Client.connect(tmp_path / "s") as client:
        async with serve(service.api(), ApiSettings(), socket=tmp_path / "s"):
            updates = client.updates()
            await anext(updates)
        await updates.aclose()
    assert not (tmp_path / "s").exists()
    assert not len(service.hub)


class TestDoors:
    async def test_the_socket_is_for_owner_and_group(self, door: Path) -> None:
        assert stat.S_IMODE(door.stat().st_mode) == 0o660

    def test_a_dead_servers_socket_is_replaced(self, tmp_path: Path) -> None:
        dead = bind_unix(tmp_path / "s")
        dead.socket.close()
        door = bind_unix(tmp_path / "s")
        assert door.inode == (tmp_path / "s").stat().st_ino
        door.close()
        assert not (tmp_path / "s").exists()

    async def test_a_live_servers_socket_is_refused(self, service: Any, door: Path) -> None:
        with pytest.raises(Closed, match="another engine is running"):
            async with serve(service.api(), ApiSettings(), socket=door):
                pass
        async with Client.connect(door) as client:
            assert (await client.health()).status == "ok"

    def test_a_file_in_the_way_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "s").write_text("precious")
        with pytest.raises(Closed, match="not a socket"):
            bind_unix(tmp_path / "s")
        assert (tmp_path / "s").read_text() == "precious"

    def test_a_successors_socket_stays(self, tmp_path: Path) -> None:
        first = bind_unix(tmp_path / "s")
        (tmp_path / "s").unlink()
        second = bind_unix(tmp_path / "s")
        first.close()
        assert (tmp_path / "s").exists()
        second.close()

    @pytest.mark.parametrize(
        ("tcp", "token", "match"),
        [
            ("nonsense", "t", "HOST:PORT"),
            ("127.0.0.1:99999", "t", "HOST:PORT"),
            ("0.0.0.0:0", "t", "certificate"),
        ],
    )
    async def test_unsafe_tcp_is_refused(
        self, service: Any, tmp_path: Path, tcp: str, token: str | None, match: str
    ) -> None:
        with pytest.raises(Closed, match=match):
            async with serve(service.api(), ApiSettings(tcp=tcp), socket=tmp_path / "s", token=token):
                pass
        assert not (tmp_path / "s").exists()

    @pytest.mark.parametrize(
        ("language", "told"), [("vi", "đang bị chương trình khác dùng"), ("en", "is in use")]
    )
    async def test_a_taken_port_is_a_sentence_of_ours(
        self, service: Any, tmp_path: Path, language: Literal["vi", "en"], told: str
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            where = f"127.0.0.1:{other.getsockname()[1]}"
            with pytest.raises(Closed) as caught:
                async with serve(service.api(), ApiSettings(tcp=where), socket=tmp_path / "s", token="t"):
                    pass
        said = caught.value.said
        assert (said.code, said.values["where"]) == ("door.taken", where)
        assert f"{where} {told}" in render(said.code, said.values, language)
        assert not (tmp_path / "s").exists()


class TestTcp:
    @pytest.fixture
    async def url(self, service: Any, tmp_path: Path) -> AsyncIterator[str]:
        settings = ApiSettings(tcp="127.0.0.1:0")
        async with serve(service.api(), settings, socket=tmp_path / "s", token="right") as doors:
            assert doors.tcp is not None
            yield f"http://{doors.tcp[0]}:{doors.tcp[1]}"

    async def test_the_token_opens(self, url: str) -> None:
        async with Client.connect(url, token="right") as client:
            assert (await client.state()).engine.site == "ngo-12"

    @pytest.mark.parametrize("token", [None, "", "wrong", "righ", "right2"])
    async def test_nothing_else_does(self, url: str, token: str | None) -> None:
        async with Client.connect(url, token=token) as client:
            with pytest.raises(ApiError) as caught:
                await client.state()
            assert (caught.value.status, caught.value.code) == (401, "api.unauthorized")
            with pytest.raises(ApiError) as caught:
                await anext(client.updates())
            assert (caught.value.status, caught.value.code) == (401, "api.unauthorized")
            assert (
                "matthan login" in caught.value.message
            )  # what to do, not what aiohttp thinks of the status


def certificate(folder: Path) -> tuple[str, str]:
    """Make a certificate for localhost; return its file and its key's."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "c.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    plain = serialization.NoEncryption()
    (folder / "k.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return str(folder / "c.pem"), str(folder / "k.pem")


async def test_tls_carries_calls_and_the_stream(service: Any, tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    settings = ApiSettings(tcp="127.0.0.1:0", certificate=cert, key=key)
    trust = ssl.create_default_context(cafile=cert)
    async with serve(service.api(), settings, socket=tmp_path / "s", token="right") as doors:
        assert doors.tcp is not None
        url = f"https://localhost:{doors.tcp[1]}"
        async with (
            Client.connect(url, token="right", tls=trust) as client,
            aclosing(client.updates()) as updates,
        ):
            assert (await client.state()).engine.site == "ngo-12"
            assert isinstance(await anext(updates), wire.State)
        async with Client.connect(url, token="right") as stranger:
            with pytest.raises(ApiError) as caught:
                await stranger.state()
    assert caught.value.code == "api.unreachable"


async def test_a_missing_certificate_is_named(service: Any, tmp_path: Path) -> None:
    settings = ApiSettings(tcp="127.0.0.1:0", certificate=str(tmp_path / "none"), key=str(tmp_path / "none"))
    with pytest.raises(Closed, match=r"api\.certificate: No such file"):
        async with serve(service.api(), settings, socket=tmp_path / "s", token="right"):
            pass


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
async def test_another_user_is_refused(door: Path) -> None:
    door.chmod(0o666)
    for parent in door.parents:
        if parent.is_relative_to(tempfile.gettempdir()) and parent != Path(tempfile.gettempdir()):
            parent.chmod(0o755)
    code = (
        "import os, socket, sys; os.setgroups([]); os.setgid(65534); os.setuid(65534);"
        "s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
        "s.sendall(b'GET /v1/state HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n');"
        "print(s.makefile().read())"
    )
    process = await asyncio.create_subprocess_exec(
        "python3", "-c", code, str(door), stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    assert b"403" in told
    assert b"api.forbidden" in told
    assert b"ngo-12" not in told


async def test_rules_reloaded_tell_what_changed(client: Client, service: Any) -> None:
    told = wire.RulesReloaded(adopted=True, rules=3, added=("a",), kept=2, remembered=5)
    service.reloads.append(told)
    assert await client.reload_rules() == told


async def test_bad_rules_are_a_problem_that_lists_all_of_theirs(
    client: Client, raw: aiohttp.ClientSession, service: Any
) -> None:
    found = wire.FileProblem(
        source="a.yaml",
        line=3,
        column=7,
        key="rules.0.for",
        code="problem.duration",
        values={"value": "soon"},
    )
    service.reloads += [refusal(422, "rules.not_adopted", (found,), count=1)] * 2
    with pytest.raises(ApiError) as caught:
        await client.reload_rules()
    assert (caught.value.status, caught.value.code) == (422, "rules.not_adopted")
    assert caught.value.problems == (found,)
    async with raw.post("/v1/rules/reload", headers={"Accept-Language": "vi"}) as answer:
        problem = wire.Problem.model_validate_json(await answer.read())
    assert "vẫn dùng bộ cũ" in problem.detail
    assert problem.problems == (found,)
    (line,) = problem.errors
    assert line.startswith("a.yaml:3:7: rules.0.for: ")


async def test_availability_is_answered_and_asked_for_by_the_client(client: Client) -> None:
    noon = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    (told,) = await client.availability("cong", noon - timedelta(days=2), None, "day")
    assert (told.camera, told.share, told.seconds) == ("cong", 1.0, {"up": 172800.0})
    assert [each.name for each in told.periods] == ["2026-02-27", "2026-02-28", "2026-03-01"]
    with pytest.raises(ApiError):
        await client.availability("cong", datetime(2026, 3, 1), None)  # without a zone it is no moment

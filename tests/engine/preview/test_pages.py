"""The pages to log in and out, over HTTP as a browser speaks it, and as one who attacks it does."""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest

from engine.config.settings import PreviewSettings
from engine.fleet.tap import Tap
from engine.preview.forms import LONGEST
from engine.preview.server import Preview
from engine.runtime.clock import SystemClock
from engine.web.certificate import Names, OwnCertificate
from engine.web.manners import HEADERS
from engine.web.names import LOOPBACK
from engine.web.tls import Encryption
from tests.engine.previewing import FakeEntrance, link, showing

PASSWORD = "a long sentence"
PAGES = ("/", "/login", "/setup")


class Browser:
    """What a person does with pages: cookies are kept, redirects are looked at."""

    def __init__(self, preview: Preview, entrance: FakeEntrance, web: aiohttp.ClientSession) -> None:
        self.preview, self.entrance, self._web = preview, entrance, web
        self.base = preview.address
        self.text, self.headers, self.status = "", {}, 0  # type: tuple[str, Any, int]

    async def go(self, path: str, method: str = "GET", **rest: Any) -> int:
        async with self._web.request(method, self.base + path, allow_redirects=False, **rest) as answer:
            self.text, self.headers, self.status = await answer.text(), answer.headers, answer.status
        return self.status

    async def send(self, path: str, _proof: str | None = None, **fields: str) -> int:
        """Look at a page, then send its form."""
        if _proof is None:
            await self.go("/" if path == "/logout" else path)
            found = re.search(r'name="proof" value="(\w+)"', self.text)
            assert found is not None
            _proof = found[1]
        return await self.go(path, "POST", data={"proof": _proof, **fields})

    async def login(self) -> int:
        return await self.send("/login", name="lan", password=PASSWORD)

    @property
    def cookies(self) -> dict[str, str]:
        return {each.key: each.value for each in self._web.cookie_jar}


def preview_of(tap: Tap, entrance: FakeEntrance, **rest: Any) -> Preview:
    return Preview(PreviewSettings(port=0, **rest), showing(tap, entrance=entrance), language="en")


@pytest.fixture
async def browser(tap: Tap) -> AsyncIterator[Browser]:
    entrance = FakeEntrance("cong")
    preview = preview_of(tap, entrance)
    jar = aiohttp.CookieJar(unsafe=True)
    async with preview.serve(), aiohttp.ClientSession(cookie_jar=jar) as web:
        yield Browser(preview, entrance, web)


async def test_a_person_logs_in_watches_and_logs_out(browser: Browser) -> None:
    assert await browser.go("/") == 303
    assert browser.headers["Location"] == "/login"
    assert await browser.login() == 303
    assert browser.headers["Location"] == "/"
    assert await browser.go("/") == 200
    assert "Cổng &lt;chính&gt; &amp; ngõ" in browser.text
    assert "Lan" in browser.text
    assert await browser.go("/camera/cong") == 200
    assert 'action="/logout"' in browser.text
    assert await browser.send("/logout") == 303
    assert browser.headers["Clear-Site-Data"]
    assert not browser.entrance.sessions
    assert await browser.go("/camera/cong") == 303
    assert browser.headers["Location"] == "/login?camera=cong&lang=en"


async def test_from_the_login_one_comes_back_to_the_camera_and_nowhere_else(browser: Browser) -> None:
    assert await browser.send("/login?camera=cong", name="lan", password=PASSWORD, camera="cong") == 303
    assert browser.headers["Location"] == "/camera/cong"
    for elsewhere in ("//evil.example", "https://evil.example", "../x", "cong\r\nX: y"):
        await browser.send("/login", name="lan", password=PASSWORD, camera=elsewhere)
        assert browser.headers["Location"] == "/"


async def test_only_cameras_that_one_may_watch_are_listed(browser: Browser) -> None:
    await browser.login()
    browser.entrance.grants.cameras.clear()
    await browser.go("/")
    assert "Cổng" not in browser.text
    assert "no camera that you may watch" in browser.text
    assert await browser.go("/camera/cong") == 403
    assert "no role that allows" in browser.text


async def test_the_session_cookie_is_out_of_reach(browser: Browser) -> None:
    await browser.login()
    (cookie,) = [each for each in browser.headers.getall("Set-Cookie") if each.startswith("matthan=")]
    assert cookie.endswith("; HttpOnly; Path=/; SameSite=Strict")
    assert "Max-Age" not in cookie
    assert "Domain" not in cookie
    assert browser.cookies["matthan"] not in browser.text


async def test_a_wrong_password_is_told_and_the_name_is_kept(browser: Browser) -> None:
    assert await browser.send("/login", name="<lan>", password="wrong") == 401
    assert "do not belong together" in browser.text
    assert 'value="&lt;lan&gt;"' in browser.text
    assert "wrong" not in browser.text
    assert not browser.entrance.sessions


async def test_every_login_is_a_new_session_and_the_old_one_is_over(browser: Browser) -> None:
    await browser.login()
    before = browser.cookies["matthan"]
    await browser.login()
    assert browser.cookies["matthan"] != before
    assert list(browser.entrance.sessions) == [browser.cookies["matthan"]]


async def test_a_code_sets_a_password(browser: Browser) -> None:
    fields = {"name": "lan", "password": PASSWORD, "again": PASSWORD}
    assert await browser.send("/setup", code="wrong", **fields) == 401
    assert PASSWORD not in browser.text
    assert await browser.send("/setup", code=" right ", **fields) == 303
    assert browser.cookies["matthan"] in browser.entrance.sessions
    assert await browser.send("/setup", code="right", **{**fields, "again": "another one"}) == 422
    assert "not the same" in browser.text


class TestForgery:
    @pytest.mark.parametrize("path", ["/login", "/logout", "/setup"])
    @pytest.mark.parametrize("proof", ["", "0" * 64, "ü"])
    async def test_a_form_without_its_proof_does_nothing(
        self, browser: Browser, path: str, proof: str
    ) -> None:
        await browser.login()
        asked = len(browser.entrance.asked)
        status = await browser.send(path, proof, name="lan", password=PASSWORD, code="right", again=PASSWORD)
        assert status == 403
        assert len(browser.entrance.asked) == asked

    async def test_a_proof_of_another_browser_does_nothing(self, browser: Browser) -> None:
        await browser.go("/login")
        found = re.search(r'name="proof" value="(\w+)"', browser.text)
        assert found is not None
        browser._web.cookie_jar.clear()
        await browser.go("/login")
        assert await browser.send("/login", found[1], name="lan", password=PASSWORD) == 403

    @pytest.mark.parametrize(
        "headers",
        [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}],
    )
    @pytest.mark.parametrize("path", ["/login", "/logout", "/setup", "/whep/cong"])
    async def test_what_another_site_sends_does_nothing(
        self, browser: Browser, headers: dict[str, str], path: str
    ) -> None:
        await browser.login()
        asked = len(browser.entrance.asked)
        assert await browser.go(path, "POST", headers=headers, data={"proof": "x"}) == 403
        assert len(browser.entrance.asked) == asked

    async def test_a_websocket_of_another_site_is_not_opened(self, browser: Browser) -> None:
        await browser.login()
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await browser._web.ws_connect(f"{browser.base}/fmp4/cong", origin="https://evil.example")
        assert refused.value.status == 403

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (b"{}", "application/json"),
            (b"\xff", "application/x-www-form-urlencoded"),
            (b"name=" + b"x" * (LONGEST + 1), "application/x-www-form-urlencoded"),
            (b"&".join(b"a=b" for _ in range(99)), "application/x-www-form-urlencoded"),
            (b"--x\r\n\r\n", "multipart/form-data; boundary=x"),
        ],
    )
    async def test_what_is_no_form_is_refused(self, browser: Browser, body: bytes, kind: str) -> None:
        assert await browser.go("/login", "POST", data=body, headers={"Content-Type": kind}) == 400
        assert not browser.entrance.asked


async def test_no_form_is_so_odd_that_a_page_breaks(browser: Browser) -> None:
    random = Random(1)
    pieces = [
        b"name",
        b"password",
        b"code",
        b"proof",
        b"=",
        b"&",
        b"%",
        b"%00",
        b"%ff",
        b"+",
        b";",
        b"\x00",
        b"\xc3",
    ]
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for _ in range(100):
        body = b"".join(random.choices(pieces, k=random.randrange(12)))
        path = random.choice(["/login", "/setup", "/logout"]) + random.choice(
            ["", "?lang=xx", "?camera=%2e%2e", "?why=%0a"]
        )
        assert await browser.go(path, "POST", data=body, headers=headers) in (400, 403), body
    assert not browser.entrance.asked


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_every_page_is_whole_in_both_languages(browser: Browser, language: str) -> None:
    for path in ("/login", "/setup"):
        assert await browser.go(f"{path}?lang={language}") == 200
        assert f'lang="{language}"' in browser.text
        assert "$" not in browser.text
        assert not re.search(r'(src|href)="(?!/|data:,)', browser.text)
        assert 'type="password"' in browser.text
        assert "onpaste" not in browser.text
    await browser.login()
    await browser.go(f"/?lang={language}")
    assert {"vi": "Đăng xuất", "en": "Log out"}[language] in browser.text


ROUTES = [
    ("GET", "/"), ("GET", "/login"), ("POST", "/login"), ("POST", "/logout"), ("GET", "/setup"), ("POST", "/setup"),
    ("GET", "/camera/cong"), ("GET", "/camera/none"), ("GET", "/page/page.js"), ("GET", "/page/site.css"),
    ("GET", "/page/none"), ("POST", "/whep/cong"), ("DELETE", "/whep/cong/x"), ("GET", "/meanwhile/cong"),
    ("GET", "/watched/cong"), ("GET", "/nowhere"), ("PUT", "/"), ("OPTIONS", "/login"), ("TRACE", "/"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_every_answer_has_its_headers(browser: Browser, method: str, path: str) -> None:
    await browser.go(path, method)
    for name, value in HEADERS.items():
        if name == "Referrer-Policy":
            value = (
                "same-origin" if browser.headers.get("Content-Type", "").startswith("text/html") else value
            )
        if name == "Content-Security-Policy":
            value = browser.headers[name]
            assert {
                "default-src 'none'",
                "object-src 'none'",
                "base-uri 'none'",
                "frame-ancestors 'none'",
            } <= set(value.split("; "))
            assert "unsafe" not in value
        assert browser.headers.getall(name) == [value]
    assert browser.headers["Server"] == "matthan"
    assert not [each for each in browser.headers if each.lower().startswith("access-control")]


def test_that_was_every_route(browser: Browser) -> None:
    told = {
        (route.method, route.resource.canonical)
        for route in browser.preview._application().router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    names = {"cong/x": "{id}/{session}", "cong": "{id}", "page.js": "{name}"}
    tried = {
        (method, re.sub("cong/x|cong|page[.]js", lambda found: names[found[0]], path))
        for method, path in ROUTES
    }
    assert told - tried == {("GET", "/fmp4/{id}")}  # a WebSocket: test_viewing


async def test_over_tls_the_cookie_is_bound_to_host_and_encryption(tap: Tap, tmp_path: Path) -> None:
    entrance = FakeEntrance("cong")
    own = OwnCertificate(tmp_path, lambda: Names(("localhost",), LOOPBACK), lambda: datetime.now(UTC))
    preview = Preview(
        PreviewSettings(port=0, tls="own"),
        showing(tap, entrance=entrance),
        encryption=Encryption(own, SystemClock()),
    )
    async with preview.serve():
        trust = ssl.create_default_context(cafile=str(own.path))
        connector = aiohttp.TCPConnector(ssl=trust)
        async with aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True), connector=connector
        ) as web:
            browser = Browser(preview, entrance, web)
            assert browser.base.startswith("https://127.0.0.1:")
            assert link(preview).startswith(browser.base)
            assert await browser.login() == 303
            (cookie,) = [each for each in browser.headers.getall("Set-Cookie") if "__Host-matthan=" in each]
            assert cookie.endswith("; HttpOnly; Path=/; SameSite=Strict; Secure")
            assert browser.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
            assert await browser.go("/") == 200


async def test_without_people_there_are_links_only(tap: Tap) -> None:
    preview = Preview(PreviewSettings(port=0), showing(tap))
    async with preview.serve(), aiohttp.ClientSession() as web:
        for path in PAGES:
            async with web.get(preview.address + path) as answer:
                assert answer.status == 404
        async with web.get(preview.address + "/camera/cong") as answer:
            assert answer.status == 403

"""Redaction: what is secret never stays, in whatever shape it stands; what is harmless stays as it is."""

from __future__ import annotations

import base64
import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import Malformed, Refused, redact
from drivers.redaction import holds_login

#: What people have in passwords, and what makes readers of URLs stumble.
SIGNS = "aZ0_-.~!$*()+:=@/#?%&;,^|é"
PASSWORDS = st.text(SIGNS, min_size=1, max_size=12)
#: Part of every password that the tests look for.
CANARY = "cA9NaRy"

#: Shapes in which a password stands as it is.
RAW = [
    "rtsp://admin:{}@10.9.0.5:554/live",
    "rtsp://admin:{}@10.9.0.5/live?channel=1 cannot be opened",
    "rtsp://admin:{}@[2001:db8::5]:554/live",
    "rtsp://admin:{}@localhost/live",
    "http://admin:{}@cam.example:8080/onvif/device_service",
    "//admin:{}@10.9.0.5/x",
    'Connection to "rtsp://admin:{}@10.9.0.5:554/" failed',
    "log in as admin:{}@10.9.0.5 to see",
    "('rtsp://admin:{}@10.9.0.5:554/x', 5)",
    '{{"url":"rtsp:\\/\\/admin:{}@10.9.0.5:554\\/x"}}',
    "http://proxy.example/rtsp://admin:{}@10.9.0.5/",
]
#: Shapes in which it may hold anything but what separates values.
VALUES = [
    "rtsp://10.9.0.5:554/user=admin_password={}_channel=1_stream=0.sdp",
    "rtsp://10.9.0.5:554/user=admin_password={}_channel=1_stream=0.sdp?real_stream--rtp-caching=100",
    "rtsp://10.9.0.5:554/user=admin&password={}&channel=1&stream=0.sdp",
    "/cgi-bin/CGIProxy.fcgi?cmd=snapPicture2&usr=admin&pwd={}",
    "/snapshot.cgi?loginuse=admin&loginpas={}&next=1",
    "http://10.9.0.5/x?psw={}&a=1",
    "http://10.9.0.5/x?pass={}",
    "http://10.9.0.5/x?passwd={}",
    "http://10.9.0.5/x?access_token={}&a=1",
    "http://10.9.0.5/x?auth={}&a=1",
    "http://10.9.0.5/x?api_key={}",
    "http://10.9.0.5/x?key={}&x=1",
    "adminPass={} port=554",
    "PASSWORD={}",
    "password = {}",
    "<Uri>http://10.9.0.5/x?pwd={}&amp;channel=1</Uri>",
    "'http://10.9.0.5/x?password={}': no answer",
    "wrong option --password {}",
    "driver.refused(host=cam, password={}, detail=x)",
]
#: Shapes that put it into quotes or tags, or end it with the line.
QUOTED = [
    '{{"user": "admin", "password": "{}", "channel": 1}}',
    "{{'passwd': '{}', 'channel': 1}}",
    '{{\\"password\\": \\"{}\\"}}',
    "Login(username='admin', password='{}')",
    "password: {}",
    'password: "{}"',
    "login: {{username: admin, password: {}}}",
    '<wsse:Password Type="x#PasswordText">{}</wsse:Password>',
    "<Password>{}</Password>",
    "<User name='admin' password='{}' level='1'/>",
    "Authorization: Bearer {}",
    "Cookie: session={}; a=b",
    "X-Auth-Token: {}{}",
]


def safe(password: str, without: str) -> str:
    return "".join(char for char in password if char not in without)


@given(st.sampled_from(RAW), PASSWORDS, PASSWORDS)
def test_a_password_before_an_at_is_hidden(shape: str, before: str, after: str) -> None:
    """Whatever it holds: more at-signs, slashes, colons; only a ``//`` may begin another address."""
    password = re.sub("//+", "/", f"{before}{CANARY}{after}")
    assert CANARY not in redact(shape.format(password))


@given(st.sampled_from(VALUES), PASSWORDS, PASSWORDS)
def test_the_password_of_a_key_is_hidden_whole(shape: str, before: str, after: str) -> None:
    password = f"{before}x{CANARY}y{after}"
    shown = redact(shape.format(safe(password, "=%&,;")))
    assert CANARY not in shown
    assert "***" in shown
    for kept in ("channel=1", "stream=0.sdp", "next=1", "cmd=snapPicture2", "a=1"):
        assert (kept in shown) == (kept in shape)


@pytest.mark.parametrize(
    "password", ["s3_cr3t", "a_b_c_", "_x", "a&cr3t", "it's_cr3t", 'a"cr3t', "cr3t_user"]
)
def test_no_tail_of_a_password_stays(password: str) -> None:
    shown = redact(f"rtsp://10.9.0.5:554/user=admin_password={password}_channel=1_stream=0.sdp")
    assert shown == "rtsp://10.9.0.5:554/user=***_password=***_channel=1_stream=0.sdp"


@given(st.sampled_from(VALUES), st.text(SIGNS, max_size=8), st.integers(1, 2))
def test_it_is_hidden_when_everything_is_percent_encoded(shape: str, more: str, times: int) -> None:
    text = shape.format(f"{CANARY}{safe(more, '=&,;%')}")
    for _ in range(times):
        text = quote(text, safe=" '\"(),")
    if "<" not in shape and "--" not in shape and " = " not in shape:
        assert CANARY not in redact(text)


@given(st.sampled_from(RAW[:5]), st.text("aZ0_-.:@", max_size=8))
def test_a_url_within_a_url_is_one_too(shape: str, more: str) -> None:
    assert CANARY not in redact("http://10.9.0.5/?next=" + quote(shape.format(f"{CANARY}{more}"), safe=""))


@given(st.sampled_from(QUOTED), st.text("aZ0_-.:@/&", max_size=8), st.text("aZ0_-.:@/&", max_size=8))
def test_it_is_hidden_in_quotes_tags_and_headers(shape: str, before: str, after: str) -> None:
    assert CANARY not in redact(shape.format(f"{before}{CANARY}long enough".replace(" ", "-"), after))


@given(st.text(SIGNS.replace(":", ""), max_size=10))
def test_headers_of_logins(password: str) -> None:
    told = base64.b64encode(f"admin:{CANARY}{password}".encode()).decode()
    digest = (
        'Digest username="admin", realm="x", nonce="n", uri="/", response="0123456789abcdef0123456789abcdef"'
    )
    for text in (
        f"Authorization: Basic {told}",
        f"{{'Authorization': 'Basic {told}', 'Host': 'x'}}",
        f"the header Basic {told} was sent",
        f"Proxy-Authorization: Basic {told}\r\nHost: x",
    ):
        assert told not in redact(text)
    assert "Host: x" in redact(f"Authorization: Basic {told}\r\nHost: x")
    assert "0123456789abcdef" not in redact(f"Authorization: {digest}\r\n")
    assert "0123456789abcdef" not in redact(digest)


HARMLESS = [
    "passed=3 failed=0 keyframe=1 monkey=1 bypass=1 compass=2 turkey=4 users=3 user_id=4 author=x keys=5",
    "Check the password; on many cameras the ONVIF account is separate from the web account.",
    "Basic authentication is not offered; a bearer token is needed",
    "rtsp://10.0.0.5:554/live@main",
    "rtsp://camera:554/h264@1.sdp",
    "rtsp://camera/live@main.sdp",
    "https://medium.example/@user.name/x",
    "rtsp://10.0.0.5/channel=1_stream=0.sdp?real_stream",
    "http://10.0.0.5/onvif/device_service?profile=1&subtype=0",
    "mail bob@example.com or mailto:bob@example.com",
    "at 12:30@gate",
    "file:clips/gate@night.mp4",
    "login: {username: matthan, password: file:secrets/camera}",
    'password: "env:CAMERA"'.replace('"', ""),
    "ProfileToken=main SourceToken=s0 <tt:ProfileToken>main</tt:ProfileToken>",
    "GET_PARAMETER rtsp://10.0.0.5:554/ RTSP/1.0",
    "rules/gate.yaml:12:5: user: unknown key",
    "[2001:db8::5]:554 does not answer",
    "Cổng chính: mật khẩu sai",
    "",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


@given(st.sampled_from([*RAW, *VALUES, *QUOTED]), st.text(SIGNS, max_size=10))
def test_twice_is_once(shape: str, password: str) -> None:
    once = redact(shape.format(password, password))
    assert redact(once) == once


@given(st.text(SIGNS + "<>'\"\\ \n{}[]", max_size=80))
def test_no_text_breaks_it(text: str) -> None:
    redact(text)


def test_an_error_hides_what_it_is_given() -> None:
    told = Refused(host="cam", user="u", detail="/user=admin_password=s3_cr3t_channel=1")
    assert "cr3t" not in str(told)


@pytest.mark.parametrize(
    ("url", "held"),
    [
        ("rtsp://10.0.0.5/live", False),
        ("rtsp://10.0.0.5/live@main", False),
        ("rtsp://admin@10.0.0.5/live", True),
        ("rtsp://admin:x@10.0.0.5/live", True),
        ("rtsp://admin:x/y@10.0.0.5/live", True),
        ("rtsp://10.0.0.5/user=admin_password=_channel=1", True),
        ("rtsp://10.0.0.5/password=_channel=1", False),
        ("http://10.0.0.5/x.cgi?loginuse=admin&loginpas=x", True),
        ("http://10.0.0.5/x.cgi?psw=x", True),
        ("https://hooks.example/x?token=x", True),
        (
            "https://hooks.example/x?key=x&auth=y",
            False,
        ),  # what the address needs, and nowhere else to write it
        ("rtsp://10.0.0.5/x?keyframe=1&bypass=1", False),
        ("file:clips/gate@night.mp4", False),
    ],
)
def test_a_login_in_an_address(url: str, held: bool) -> None:
    assert holds_login(url) is held


def test_an_error_holds_nothing_that_no_log_or_terminal_can_bear() -> None:
    error = Malformed(host="cam\x1b[2J", detail="403 K\udcffche \x00 Đông", seconds=3)
    assert error.values == {"host": "cam\ufffd[2J", "detail": "403 K\ufffdche \ufffd Đông", "seconds": 3}
    assert str(error).encode()

"""RTSP messages, read whatever a small server forgets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.rtsp import message
from drivers.rtsp.message import Message


def test_a_head_is_read_whatever_the_small_server_forgets() -> None:
    head = b"RTSP/1.0 200\nCSeq : 3\r\nTue, 12 Jun 2012\n: no name\nnonsense\nWWW-Authenticate: a\nwww-authenticate:b\n"
    said = message.read_head(head + b"Content-Length: 4\r\nContent-Length: 7\r\n")
    assert (said.status, said.reason) == (200, "")
    assert said.every("www-authenticate") == ["a", "b"]
    assert (said.header("cseq"), said.length) == ("3", 7)
    assert message.read_head(b"OPTIONS * RTSP/1.0\r\nCSeq: 1").reason == "OPTIONS"
    with pytest.raises(ValueError, match="not RTSP"):
        message.read_head(b"HTTP/1.1 200 OK\r\n")


@given(st.binary(max_size=300))
def test_a_head_of_any_bytes_is_read_or_refused(data: bytes) -> None:
    try:
        assert isinstance(message.read_head(b"RTSP/1.0 200 OK\r\n" + data), Message)
    except ValueError:
        pytest.fail("the first line is good")


def test_a_request_holds_no_line_ends_of_the_servers() -> None:
    said = message.request("PLAY", "rtsp://h/\rX: y\n", 1, [("Session", "1\r\nZ: 1"), ("Empty", "")])
    assert said == b"PLAY rtsp://h/X: y RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: matthan\r\nSession: 1Z: 1\r\n\r\n"


@pytest.mark.parametrize(
    ("told", "wanted"),
    [("12", 12), ("12 x", 12), ("", None), ("x", None), ("٣", None), ("9" * 5000, 999_999_999)],
)
def test_numbers_of_a_head(told: str, wanted: int | None) -> None:
    said = message.read_head(f"RTSP/1.0 200 OK\r\nCSeq: {told}\r\nContent-Length: {told}".encode())
    assert said.sequence == said.length == wanted

"""A glance at an engine says what the whole client says, also where it is told no."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from engine.api.client import Client
from engine.api.errors import ApiError, Unreachable
from engine.api.link import glance as module
from engine.api.link.glance import glance
from tests.engine.serving import one_camera, served


@contextmanager
def answering(door: Path, answer: bytes | None) -> Iterator[Path]:
    """Answer one question with these bytes; None: never."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(door))
        listener.listen()
        gone = Thread(target=lambda: _answer(listener, answer))
        gone.start()
        yield door
        gone.join()


def _answer(listener: socket.socket, answer: bytes | None) -> None:
    with listener.accept()[0] as line:
        line.recv(1 << 16)
        if answer is None:
            line.recv(1)  # until they give up
        else:
            line.sendall(answer)


def refused(door: Path) -> ApiError:
    with pytest.raises(ApiError) as caught:
        glance(door)
    return caught.value


def test_it_is_the_same_state(tmp_path: Path) -> None:
    async def whole(door: Path) -> str:
        async with Client.connect(door) as client:
            return (await client.state()).model_dump_json()

    with served(one_camera().api(), tmp_path / "s") as doors:
        seen, told = glance(doors.socket), asyncio.run(whole(doors.socket))
    assert json.loads(seen) == json.loads(told)
    assert "\n" not in seen


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", 0, "api.malformed"),
        (b"HTTP/1.0 200 OK\r\n\r\n{}", 0, "api.malformed"),
        (b'HTTP/1.0 200 OK\r\n\r\n{"engine": {}, "came', 0, "api.malformed"),
        (b"HTTP/1.0 200 OK\r\n\r\n[]", 0, "api.malformed"),
        (b'HTTP/1.0 401 No\r\n\r\n{"code": "api.unauthorized", "detail": "log in"}', 401, "api.unauthorized"),
        (b"HTTP/1.0 502 Bad Gateway\r\n\r\n<html>", 502, "api.problem"),
        (b"HTTP/1.0 500 No\r\n\r\n[1]", 500, "api.problem"),
        (b"", 0, "api.unreachable"),
    ],
)
def test_what_is_no_state(tmp_path: Path, answer: bytes, status: int, code: str) -> None:
    with answering(tmp_path / "s", answer) as door:
        error = refused(door)
    assert (error.status, error.code) == (status, code)


def test_nobody_there_and_nobody_who_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    absent = refused(tmp_path / "none")
    assert isinstance(absent, Unreachable)
    assert absent.cause == "link.absent"
    monkeypatch.setattr(module, "PATIENCE", 1)
    with answering(tmp_path / "s", None) as door:
        assert refused(door).code == "api.timeout"

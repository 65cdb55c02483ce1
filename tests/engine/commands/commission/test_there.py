"""A job that an engine does, and an engine that is gone in the middle of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import typer

from engine.api.resources.commissioning.jobs import Job
from engine.commands.commission import there
from engine.commands.commission.showing import Show
from engine.commands.output.talk import NO_ENGINE
from engine.commission.request import Request


@pytest.mark.parametrize("began", [True, False])
def test_an_engine_that_is_gone_leaves_a_job_that_can_be_gone_on_with(
    began: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Client:
        async def ask(self, *_: object, **__: object) -> Job:
            nonlocal began
            if not began:
                raise ConnectionError
            began = False
            return Job(name="20261130-0812-abcd", running=True)

    def reach(_socket: str, _token: None, _lang: object, talk: Callable[[Any], Awaitable[Job]]) -> None:
        with pytest.raises(ConnectionError):
            asyncio.run(talk(Client()))  # type: ignore[arg-type]
        raise typer.Exit(NO_ENGINE)

    monkeypatch.setattr(there, "reach", reach)
    monkeypatch.setattr(there, "EVERY", 0.0)
    told = began
    with pytest.raises(typer.Exit) as end:
        there.There("socket", "vi").begin(Request(name="x.csv", content=""), Show("vi", as_json=False))
    assert end.value.exit_code == NO_ENGINE
    assert ("matthan commission resume 20261130-0812-abcd" in capsys.readouterr().err) is told

"""`matthan vision top`: what looking costs a running engine."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from importlib import import_module
from os import terminal_size
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from engine.api.errors import Unreachable
from engine.api.resources import vision
from engine.api.resources.vision import CameraCost, Vision
from engine.api.server import serve
from engine.commands.vision import app
from engine.commands.vision.cost import STAGES, lately
from engine.config.settings import ApiSettings
from engine.identity.caller import Caller
from engine.text import render
from tests.fakes.engine import FakeEngine

if TYPE_CHECKING:
    from engine.commands.output.talk import Speaker

module = import_module("engine.commands.vision.top")  # the package's own name `top` is the command
live = module._live


class Costs:
    """Each time that it is asked, two seconds have gone by."""

    def __init__(self) -> None:
        self.asked = 0

    def vision(self, caller: Caller) -> Vision:
        self.asked += 1
        spent = dict.fromkeys(STAGES, 0.01 * self.asked)
        return Vision(
            at=2.0 * self.asked,
            cores=2.0,
            cpu=1.0 * self.asked,
            detector="matthan-nano",
            cameras=(
                CameraCost(
                    camera="cheap", fps=5, wanted=5, resting=True, seconds={}, counters={"decoded": 1}
                ),
                CameraCost(
                    camera="dear", fps=2.5, wanted=5, seconds=spent, counters={"decoded": 20 * self.asked}
                ),
            ),
        )


@pytest.fixture
async def socket(tmp_path: Path) -> AsyncIterator[Path]:
    engine = FakeEngine()
    async with serve(engine.api(vision.resource(Costs())), ApiSettings(), socket=tmp_path / "s"):
        yield tmp_path / "s"


async def top(socket: Path, *words: str, lang: str = "en") -> Result:
    given_words = ["vision", "top", "--every", "0.5", "--socket", str(socket), "--lang", lang, *words]
    return await asyncio.to_thread(CliRunner().invoke, app, given_words)


async def test_a_table_names_the_dearest_first(socket: Path) -> None:
    done = await top(socket, "--once")
    assert done.exit_code == 0, done.output
    head, first, second, last = done.stdout.splitlines()
    assert head.split()[:3] == ["camera", "ms/s", "decode"]
    assert first.split()[:4] == ["!", "dear", "25.0", "5.0"]
    assert second.split()[:3] == ["~", "cheap", "0.0"]
    assert "25 % of 2 cores" in last
    assert "\x1b" not in done.stdout


async def test_for_programs(socket: Path) -> None:
    told = json.loads((await top(socket, "--once", "--json")).stdout)
    assert told["busy"] == 0.25
    assert told["cameras"][0]["camera"] == "dear"
    assert told["cameras"][0]["per_second"]["decoded"] == 10.0
    assert told["cameras"][0]["ms"]["decode"] == 5.0


async def test_in_vietnamese(socket: Path) -> None:
    assert "đang nghỉ" in (await top(socket, "--once", lang="vi")).stdout


async def test_where_no_engine_answers_it_says_so(tmp_path: Path) -> None:
    done = await top(tmp_path / "nobody")
    assert done.exit_code == 3
    assert len(done.stderr.splitlines()) == 1


class Ending:
    """An engine of many cameras that ends after two answers; speaks English."""

    def __init__(self) -> None:
        self.client, self._asked = self, 0

    async def vision(self) -> Vision:
        self._asked += 1
        if self._asked > 2:
            raise Unreachable("/s", "gone", "")
        cameras = tuple(CameraCost(camera=f"cam-{each}", fps=5, wanted=5) for each in range(40))
        return Vision(at=2.0 * self._asked, cores=2, cpu=1.0, cameras=cameras)

    def say(self, code: str, **values: object) -> str:
        return render(code, values, "en")


async def test_when_the_engine_ends_the_terminal_is_put_back_and_one_cause_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(Unreachable):
        await live(cast("Speaker", Ending()), every=0)
    assert capsys.readouterr().out.endswith("\x1b[?1049l")


@pytest.mark.parametrize("size", [(80, 24), (160, 50), (40, 10)])
async def test_the_screen_is_never_wider_or_higher_than_the_terminal(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[list[str]] = []
    monkeypatch.setattr(module, "get_terminal_size", lambda: terminal_size(size))
    monkeypatch.setattr(module, "perform", lambda shown, _: drawn.append(list(shown)))
    with pytest.raises(Unreachable):
        await live(cast("Speaker", Ending()), every=0)
    screen = drawn[-1]
    assert len(screen) <= size[1]
    assert all(width(each) <= size[0] for each in screen)
    assert "of 2 cores" in " ".join(screen[-4:])


def width(text: str) -> int:
    return len(re.sub(r"\x1b[0-9a-f]*\[[0-9;]*m", "", text))


@given(st.integers(0, 1000), st.integers(0, 1000), st.booleans())
def test_a_stream_that_began_anew_costs_no_less_than_nothing(before: int, now: int, known: bool) -> None:
    def answer(at: float, count: int) -> Vision:
        cost = CameraCost(
            camera="a", fps=5, wanted=5, seconds={"decode": count / 100}, counters={"decoded": count}
        )
        return Vision(at=at, cores=2, cpu=at, cameras=(cost,) if known or at else ())

    (rate,) = lately(answer(0.0, before), answer(2.0, now)).rates
    assert rate.whole >= 0
    assert rate.counters["decoded"] == (now - before if known and now >= before else now) / 2

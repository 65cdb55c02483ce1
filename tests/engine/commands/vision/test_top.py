"""`matthan vision top`: what looking costs a running engine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from engine.api.resources import vision
from engine.api.resources.vision import CameraCost, Vision
from engine.api.server import serve
from engine.commands.vision import app
from engine.commands.vision.cost import STAGES, lately
from engine.config.settings import ApiSettings
from engine.identity.caller import Caller
from tests.fakes.engine import FakeEngine


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

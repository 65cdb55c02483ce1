"""``rules explain --watch``, and what is told of rules that are disabled or not there."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.api import explanation, wire
from engine.api.server import serve
from engine.commands.rules.watching import news
from engine.config.settings import ApiSettings
from rules.model import Sentence
from tests.engine.commands.rule_site import RULES, lay_out, run
from tests.fakes.engine import FakeEngine

ENV = {"LANG": "C.UTF-8", "MATTHAN_LANG": "en"}


def line(code: str, **values: str | int) -> explanation.Told:
    return explanation.Told(said=wire.Sentence.of(Sentence(code, values)))


def told(*lines: explanation.Told) -> explanation.Explanation:
    return explanation.Explanation(rule="night", live=True, lines=lines)


def count(number: int) -> explanation.Told:
    return line("explain.counts_none", seen=number)


def held(seconds: str) -> explanation.Told:
    return line("explain.state_pending", held=seconds, hold="30 s", due="22:00:30")


def test_what_only_goes_on_is_no_news() -> None:
    assert news(told(count(1), held("1 s"))) == news(told(count(2), held("2 s")))
    assert news(told(count(1), held("1 s"))) != news(told(count(1)))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return lay_out(tmp_path)


@pytest.fixture
async def engine(site: Path) -> AsyncIterator[FakeEngine]:
    """An engine that answers for the site."""
    fake = FakeEngine(rules=[wire.Rule(name="night", severity="warning")])
    socket = site.parent / "s"
    site.write_text(f"{site.read_text()}api: {{socket: {socket}}}\n")
    async with serve(fake.api(), ApiSettings(), socket=socket):
        yield fake


async def test_it_tells_anew_what_changed_and_ends_quietly(site: Path, engine: FakeEngine) -> None:
    engine.explained = lambda rule, camera: told(count(1), held("1 s"))
    command = (sys.executable, "-m", "engine", "rules", "explain", "night", "--config", str(site), "--watch")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe, env=os.environ | ENV)
    assert process.stdout is not None
    first = [await asyncio.wait_for(process.stdout.readline(), 60) for _ in range(2)]
    assert b": held 1 s of 30 s; fires at 22:00:30 unless it ends" in first[1]
    engine.explained = lambda rule, camera: told(count(9), held("3 s"))  # no news
    await asyncio.sleep(2.5)
    engine.explained = lambda rule, camera: told(line("explain.fired", rule="night"))
    again = [await asyncio.wait_for(process.stdout.readline(), 60) for _ in range(2)]
    assert again == [b"\n", b"night fired:\n"]
    process.send_signal(signal.SIGINT)
    rest, errors = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, rest, errors) == (130, b"", b"")
    assert b"\x1b" not in b"".join(first)


async def test_what_the_engine_refuses_is_the_end(site: Path, engine: FakeEngine) -> None:
    done = await asyncio.to_thread(run, "explain", "nigth", "--config", site, "--watch")
    assert done.exit_code == 1
    assert "no rule “nigth”" in done.stderr


def test_only_a_running_engine_can_be_watched(site: Path) -> None:
    assert run("explain", "night", "--config", site, "--watch").exit_code == 3
    assert run("explain", "night", "--config", site, "--watch", "--since", "1h").exit_code == 2


def test_a_rule_that_is_disabled_says_so(site: Path) -> None:
    rules = site.parent / "rules" / "night.yaml"
    rules.write_text(RULES.replace("name: night\n", "name: night\n    enabled: false\n"))
    done = run("explain", "night", "--config", site)
    assert (done.exit_code, done.stdout) == (
        0,
        "night is disabled (enabled: false): it is not judged, so nothing is known of what it would have done.\n",
    )
    assert (
        "night đang tắt (enabled: false): nó không được xét"
        in run("explain", "night", "--config", site, lang="vi").stdout
    )


def test_the_nearest_names_are_told(site: Path) -> None:
    rules = site.parent / "rules" / "night.yaml"
    more = RULES.replace("rules:\n", "").replace("name: night", "name: nights")
    off = RULES.replace("rules:\n", "").replace("name: night\n", "name: nightly\n    enabled: false\n")
    rules.write_text(
        RULES + more + off + RULES.replace("rules:\n", "").replace("name: night", "name: patrol")
    )
    done = run("explain", "nigth", "--config", site)
    assert done.exit_code == 2
    assert "there is no rule “nigth”; known: night, nights, nightly" in done.stderr

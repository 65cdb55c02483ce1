"""``kill -9`` of the whole engine, again and again, while people act and a target is told.

No act that was answered is lost, none is two events, and what the target hears of twice is what it had answered to an
engine that was killed before it could note that.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from itertools import count
from math import inf
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiohttp import web

from engine.api.client import Client
from engine.api.errors import ApiError
from engine.judging.replay import Period, Recorded, replay
from rules.compiler.ruleset import RuleSet

Programs = Any  # the class is in conftest.py
PEOPLE = 4
RULES = """
rules:
  - {name: told, when: {operator: call}, do: [{webhook: {target: desk}}]}
  - {name: quiet, when: {absent: {operator: call}, for: 200ms}, do: [{webhook: {target: desk}}], severity: info}
"""


@dataclass
class Target:
    """Hears of decisions, and takes some time to answer.

    Attributes:
        heard: By idempotency key, during which run of the engine each request came; `last` the last one of each run.
        acts: The acts that it heard of.
    """

    random: Random
    run: int = 0
    heard: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    last: dict[int, str] = field(default_factory=dict)
    acts: set[object] = field(default_factory=set)

    async def take(self, request: web.Request) -> web.Response:
        key = self.last[self.run] = request.headers["Idempotency-Key"]
        self.heard[key].append(self.run)
        told = await request.json()
        self.acts.add(told["data"]["cause"].get("facts", {}).get("n"))
        await asyncio.sleep(self.random.uniform(0, 0.03))
        return web.Response(status=204)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/hook", self.take)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        finally:
            await runner.cleanup()


@dataclass
class People:
    """They act, and say it again where nobody answered.

    Attributes:
        answered: The acts that were; `open`: those that were not, or not yet.
    """

    socket: Path
    answered: set[int] = field(default_factory=set)
    open: set[int] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=count)

    def answered_more(self) -> Callable[[], bool]:
        """Return what says whether more acts are answered than now."""
        now = len(self.answered)
        return lambda: len(self.answered) > now

    async def act(self) -> None:
        """Act for ever, as far as an engine answers."""
        async with Client.connect(self.socket) as client:
            while True:
                number = self.open.pop() if self.open else next(self.numbers)
                try:
                    event = await client.act("call", facts={"n": number}, key=f"act-{number}")
                except (ApiError, asyncio.CancelledError) as error:
                    self.open.add(number)
                    if isinstance(error, asyncio.CancelledError):
                        raise
                    await asyncio.sleep(0.02)
                else:
                    assert event.facts["n"] == number
                    self.answered.add(number)
                    await asyncio.sleep(0.1)


@pytest.fixture
def site() -> Iterator[Path]:
    """A folder with a short path: a socket's may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="mt-") as folder:
        yield Path(folder)


def _configure(site: Path, url: str) -> Path:
    document = {
        "site": "kills",
        "language": "en",
        "state": f"{site}/state",
        "rules": ["rules.yaml"],
        "preview": {"enabled": False},
        "detector": {"model": "none"},
        "actions": {"webhooks": {"desk": {"url": url}}},
    }
    (site / "matthan.yaml").write_text(json.dumps(document))
    (site / "rules.yaml").write_text(RULES)
    return site / "matthan.yaml"


async def killed(programs: Programs, site: Path, kills: int) -> str:
    random, people = Random(kills), People(site / "state" / "api.sock")
    target, log = Target(random), site / "log"
    async with target.listening() as url, asyncio.TaskGroup() as group:
        config = _configure(site, url)
        tasks = [group.create_task(people.act(), name=f"person-{n}") for n in range(PEOPLE)]
        for target.run in range(kills):
            async with programs.matthan("run", "--config", str(config), log=log) as engine:
                if random.random() < 0.9:
                    await programs.until("acts are answered", people.answered_more(), log.read_text)
                await asyncio.sleep(random.uniform(0, 0.5))
                engine.kill()
                await programs.ended(engine)
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)
        target.run = kills
        async with programs.matthan("run", "--config", str(config), log=log):
            await _delivered(programs, people)
    return _judge(site / "state" / "matthan.db", people, target, kills)


async def _silence_told(programs: Programs, client: Client) -> None:
    """Wait for the decision that nobody acts any more: it is due after the last act, and nothing comes after it."""
    newest = ""
    async with asyncio.timeout(programs.patience):
        while newest != "quiet":
            await asyncio.sleep(0.1)
            with suppress(ApiError):
                newest = (await client.decisions(limit=1))[0].rule


async def _delivered(programs: Programs, people: People) -> None:
    """Wait until an engine owes nothing any more, as long as it becomes less."""
    owed, left = inf, inf
    async with Client.connect(people.socket) as client:
        await _silence_told(programs, client)
        while left:
            async with asyncio.timeout(programs.patience):
                while left >= owed:
                    await asyncio.sleep(0.1)
                    with suppress(ApiError):
                        left = (await client.state()).engine.outbox
            owed = left


def _judge(database: Path, people: People, target: Target, kills: int) -> str:
    """Hold what is kept against what was said and heard; return the figures."""
    with closing(sqlite3.connect(database)) as db:
        log = [seq for (seq,) in db.execute("SELECT seq FROM log ORDER BY seq")]
        owed = db.execute(
            "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM dead_letter)"
        ).fetchone()
        kept = [
            n for (n,) in db.execute("SELECT json_extract(body, '$.facts.n') FROM event") if n is not None
        ]
        promised = {
            f"{id}/0" for (id,) in db.execute("SELECT id FROM decision WHERE body LIKE '%\"firing\"%'")
        }
    assert len(people.answered) > 2 * kills
    assert people.answered <= set(kept), "answered, and then lost"
    assert len(kept) == len(set(kept)), "told again, and two events"
    assert log == [*range(1, len(log) + 1)]
    assert owed == (0, 0)
    assert set(target.heard) == promised, "every decision was told, and nothing else"
    assert people.answered <= target.acts
    again = {key: runs for key, runs in target.heard.items() if len(runs) > 1}
    for key, runs in again.items():
        assert len(runs) == len(set(runs)), "twice by one engine"
        assert {target.last[run] for run in runs[:-1]} == {key}, (
            "it was not on its way when the engine was killed"
        )
    recorded = Recorded(database)
    done = replay(RuleSet(), recorded.arrivals(Period()), end=recorded.end(), library=recorded.rules)
    assert done.decisions == recorded.decisions(Period())
    return f"{len(people.answered)} acts answered, {len(promised)} decisions, {len(again)} told twice"


async def test_3_kills(programs: Programs, site: Path) -> None:
    await killed(programs, site, 3)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_100_kills(programs: Programs, site: Path) -> None:
    await killed(programs, site, 100)

"""The real program: what somebody takes care of does not escalate, also over a kill -9; the rest does."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from engine.api import wire
from engine.api.client import Client

PATIENCE = 120.0
RULES = """
rules:
  - name: taken
    title: {vi: "Nút bấm một", en: "Button one"}
    message: {vi: "Gọi An", en: "Call An"}
    when: {operator: button-one}
    severity: critical
    escalate: {after: 10s, do: [log]}
  - name: left
    when: {operator: button-two}
    escalate: {after: 10s, do: [log]}
  - name: tried
    dry_run: true
    when: {operator: button-two}
    do: [log]
    escalate: {after: 10s, do: [log]}
"""


@asynccontextmanager
async def engine(config: Path, log: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, Client]]:
    """Run the engine until the end of the context; a socket of a killed one does not count."""
    with log.open("ab") as messages:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "engine", "run", "--config", str(config)),
            stdout=messages,
            stderr=messages,
            env={**os.environ, "MATTHAN_MODELS": str(config.parent / "none")},
        )
    try:
        async with Client.connect(config.parent / "state" / "api.sock") as client:
            async with asyncio.timeout(PATIENCE), aclosing(client.updates()) as updates:
                async for update in updates:
                    assert process.returncode is None, log.read_text()
                    if isinstance(update, wire.State):
                        break
            yield process, client
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), PATIENCE)


@pytest.mark.timeout(900)
async def test_who_acknowledges_stops_the_escalation_for_good(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULES)
    config, log = tmp_path / "matthan.yaml", tmp_path / "engine.log"
    document = {
        "site": "e2e",
        "state": str(tmp_path / "state"),
        "rules": ["rules.yaml"],
        "cameras": [],
        "discovery": {"interfaces": ["127.0.0.1"]},
        "preview": {"enabled": False},
    }
    config.write_text(json.dumps(document))
    async with engine(config, log) as (process, client):
        await client.act("button-one", by="Bảo vệ")
        (alert,) = await client.alerts()
        assert (alert.decision.message["vi"], alert.decision.acknowledged) == ("Gọi An", None)
        taken = await client.acknowledge(alert.id, by="An", note="đang đến")
        assert taken.acknowledged is not None
        assert await client.alerts() == []  # a moment that somebody takes care of is over
        await client.act("button-two")
        assert {each.decision.rule for each in await client.alerts()} == {"left", "tried"}
        process.kill()
        await process.wait()
    async with engine(config, log) as (_, client):
        async with asyncio.timeout(PATIENCE):
            while {each.decision.rule for each in await client.alerts() if each.escalated} != {
                "left",
                "tried",
            }:
                await asyncio.sleep(0.1)
        # Its own time was over before theirs.
        made = await client.decisions(limit=100)
        assert {each.rule for each in made if each.phase == "escalated"} == {"left", "tried"}
        (first,) = (each for each in made if each.rule == "taken")
        assert first.acknowledged == taken.acknowledged
        assert {each.rule: each.actions for each in made if each.phase == "escalated"} == {
            "left": ("log",), "tried": ()
        }  # fmt: skip

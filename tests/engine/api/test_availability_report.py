"""Availability over the API and by the command: shares, gaps with causes, days of the site's zone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from engine.api.availability import GAPS, MOST, USUAL, report, window
from engine.availability import Availability, Run
from engine.commands import camera
from engine.runtime.clock import ManualClock
from engine.store.db import open_store
from engine.text import LANGUAGES, catalogue

NOW = datetime(2026, 1, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


def runs() -> list[Run]:
    """Up for a day, lost for an hour and a half, up; another camera was always up, but for the engine's stop."""
    begin = NOW - timedelta(days=2)
    return [
        Run(1, "gate", Availability.UP, begin, begin + 24 * HOUR),
        Run(2, "yard", Availability.UP, begin, begin + 47 * HOUR),
        Run(3, "gate", Availability.LOST, begin + 24 * HOUR, begin + 25.5 * HOUR, "driver.stalled"),
        Run(4, "gate", Availability.UP, begin + 25.5 * HOUR, NOW),
        Run(5, "yard", Availability.STOPPED, begin + 47 * HOUR, NOW),
    ]


def test_a_report() -> None:
    gate, yard = report(runs(), NOW - timedelta(days=2), NOW, HANOI, "day")
    assert gate.share == pytest.approx(46.5 / 48, abs=1e-6)
    assert yard.share == pytest.approx(47 / 48, abs=1e-6)
    assert gate.longest is not None
    assert (gate.longest.cause, gate.longest.reason, gate.longest.seconds) == (
        "lost",
        "driver.stalled",
        5400.0,
    )
    assert [each.name for each in gate.periods] == ["2026-01-28", "2026-01-29", "2026-01-30"]
    assert [each.share for each in gate.periods] == [1.0, 0.9375, 1.0]
    assert gate.periods[1].since == datetime(2026, 1, 28, 17, tzinfo=UTC)  # midnight in Hanoi


def test_gaps_are_bounded_and_the_rest_is_counted() -> None:
    second = timedelta(seconds=1)
    states = (Availability.LOST, Availability.UP)
    many = [
        Run(n, "gate", states[n % 2], NOW - HOUR + n * second, NOW - HOUR + (n + 1) * second)
        for n in range(2 * GAPS + 20)
    ]
    (gate,) = report(many, NOW - HOUR, NOW, HANOI)
    assert (len(gate.gaps), gate.left_out) == (GAPS, 10)


def test_every_state_has_a_word() -> None:
    for language in LANGUAGES:
        words = {code for code in catalogue(language) if code.startswith("availability.")}
        assert words == {f"availability.{state}" for state in Availability}


def test_the_time_that_is_meant() -> None:
    assert window(None, None, NOW) == (NOW - USUAL, NOW)
    assert window(NOW - HOUR, NOW + HOUR, NOW) == (NOW - HOUR, NOW)
    assert window(NOW + HOUR, None, NOW) == (NOW, NOW)
    assert window(datetime(1, 1, 1, tzinfo=UTC), None, NOW) == (NOW - MOST, NOW)


@pytest.fixture
async def site(tmp_path: Path) -> Path:
    """A site whose engine does not run, with a store."""
    config = tmp_path / "matthan.yaml"
    config.write_text(f"state: {tmp_path}\nlanguage: vi\n")
    async with open_store(tmp_path / "matthan.db", quota_mb=64, clock=ManualClock(NOW)) as store:
        await store.load()
        await store.keep_availability(runs(), NOW)
    return config


@pytest.mark.parametrize(("lang", "cause"), [("vi", "mất kết nối"), ("en", "lost")])
def test_the_command_reads_the_store_where_no_engine_runs(
    site: Path, monkeypatch: pytest.MonkeyPatch, lang: str, cause: str
) -> None:
    monkeypatch.setenv("MATTHAN_SOCKET", str(site.parent / "none.sock"))
    words = ["camera", "availability", "gate", "--config", str(site), "--lang", lang]
    words += ["--since", "2026-01-28T19:00", "--until", "2026-01-30T19:00", "--by", "month"]
    done = CliRunner().invoke(camera.app, words)
    assert done.exit_code == 0, done.output
    share = "96,87" if lang == "vi" else "96.87"
    assert f"{share} %" in done.output
    assert f"2026-01-29 19:00:00 – 2026-01-29 20:30:00  1 h 30 min  {cause}" in done.output
    assert "2026-01  " in done.output
    told = json.loads(CliRunner().invoke(camera.app, [*words, "--json"]).stdout)
    assert (told["camera"], told["gaps"][0]["cause"]) == ("gate", "lost")


def test_what_the_command_cannot_do_it_says(
    site: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MATTHAN_SOCKET", str(site.parent / "none.sock"))
    words = ["camera", "availability", "--config", str(site), "--lang", "en"]
    assert CliRunner().invoke(camera.app, [*words, "--since", "soon"]).exit_code == 2
    done = CliRunner().invoke(camera.app, [*words, "--until", "2025-01-01"])
    assert "nothing in the ledger" in done.output
    (tmp_path / "matthan.db").write_bytes(b"no database at all, and long enough to be looked at" * 40)
    for name in ("matthan.db-wal", "matthan.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    done = CliRunner().invoke(camera.app, words)
    assert done.exit_code == 1

"""How busy the cores are that this process may use."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from engine.runtime.cores import Cores, quota


@pytest.mark.parametrize(
    ("written", "cores"), [("max 100000", None), ("150000 100000", 1.5), ("nonsense", None)]
)
def test_a_limit_of_the_container_is_read(tmp_path: Path, written: str, cores: float | None) -> None:
    (tmp_path / "cpu.max").write_text(written)
    assert quota(tmp_path) == cores


@pytest.mark.parametrize(("most", "cores"), [("200000", 2.0), ("-1", None)])
def test_so_is_one_of_the_older_kind(tmp_path: Path, most: str, cores: float | None) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(most)
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000")
    assert quota(tmp_path) == cores
    assert quota(tmp_path / "nowhere") is None


def test_what_others_use_counts_and_what_is_not_ours_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    now, idle = [10.0], [[100.0, 100.0, 100.0]]
    monkeypatch.setattr(
        psutil, "cpu_times", lambda percpu: [SimpleNamespace(idle=each, iowait=0.0) for each in idle[0]]
    )
    cores = Cores(lambda: now[0], None, [0, 2])
    assert cores.count == 2
    assert cores.load() == (0.0, 0.0)
    now[0], idle[0] = 12.0, [100.0, 900.0, 102.0]
    assert cores.load().busy == pytest.approx(0.5)


def test_within_a_limit_our_own_share_of_it_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    now, used = [0.0], [0.0]
    monkeypatch.setattr(
        psutil, "cpu_times", lambda percpu: [SimpleNamespace(idle=now[0], iowait=0.0) for _ in range(8)]
    )
    monkeypatch.setattr("os.times", lambda: (used[0], 0.0, 0.0, 0.0, 0.0))
    cores = Cores(lambda: now[0], 0.5, list(range(8)))
    cores.load()
    now[0], used[0] = 2.0, 0.9
    assert cores.load() == pytest.approx((0.9, 0.9))


def test_who_cannot_tell_takes_nothing_from_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(percpu: bool) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "cpu_times", refused)
    assert Cores(lambda: 0.0).load() == (0.0, 0.0)

"""The unit that services are made from: what it promises is in it, and systemd understands it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from engine.judging import judge
from engine.store import opening
from engine.web.connection_limit import MOST, SHARE

#: Tenths that `systemd-analyze security` may find exposed, of 100; a service without any of it has 96.
EXPOSED = 15
UNIT = Path(__file__).parents[3] / "configs" / "systemd" / "matthan.service"


def _said(key: str) -> list[str]:
    lines = UNIT.read_text("utf-8").splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith(f"{key}=")]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Type", "notify"),
        ("ProtectProc", "invisible"),
        ("ProtectClock", "yes"),
        ("SystemCallArchitectures", "native"),
        ("StateDirectoryMode", "0750"),
        ("MemoryMax", "75%"),
        ("NoNewPrivileges", "yes"),
    ],
)
def test_it_says(key: str, value: str) -> None:
    assert _said(key) == [value]


def test_the_watchdog_is_more_patient_than_a_judge_with_nothing_to_do() -> None:
    assert float(_said("WatchdogSec")[0]) >= 3 * judge.HEARTBEAT


def test_a_start_has_time_to_save_what_a_damaged_database_holds() -> None:
    assert float(_said("TimeoutStartSec")[0]) >= 3 * (opening.CHECK_SECONDS + opening.SALVAGE_SECONDS)


def test_there_are_descriptors_for_every_door() -> None:
    assert int(_said("LimitNOFILE")[0]) >= SHARE * MOST


def test_systemd_understands_it(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / "matthan.service"
    unit.write_text(UNIT.read_text("utf-8").replace("/opt/matthan/bin/matthan", "/bin/true"), "utf-8")
    done = subprocess.run([program, "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if unit.name in line]) == (0, [])


def test_little_of_the_machine_is_exposed() -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    command = [program, "security", "--offline=yes", "--no-pager", f"--threshold={EXPOSED}", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

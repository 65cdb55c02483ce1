"""The wheel holds all that is needed: it is built, installed away from the checkout, and run there.

The environment borrows every foreign package from the one that runs the tests, by a path: what is editable there is
not found that way, so that our own packages can come from the wheel alone.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from tools.bundle import own_wheel

ROOT = Path(__file__).parents[2]
PACKAGES = ("engine", "drivers", "rules", "tui")
PATIENCE = 120
#: Prints where each package lies.
WHERE = "import importlib, json, sys; print(json.dumps([importlib.import_module(n).__file__ for n in sys.argv[1:]]))"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

pytestmark = pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="this environment has no pip")


class House:
    """An environment with the wheel in it, and a folder away from the checkout to run it in."""

    def __init__(self, place: Path, wheel: Path) -> None:
        self.prefix, self.away = place / "house", place / "away"
        self.away.mkdir()
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", self.prefix], check=True)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
        pip += ["--python", str(self.prefix / "bin" / "python")]
        subprocess.run([*pip, "install", "--quiet", "--no-index", "--no-deps", str(wheel)], check=True)
        (self.site / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n")

    @property
    def site(self) -> Path:
        """Where its packages lie."""
        return next(self.prefix.glob("lib/python*/site-packages"))

    @property
    def configs(self) -> Path:
        return self.prefix / "share" / "matthan" / "configs"

    def run(self, program: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run one of its programs; nothing of this process's environment leads back to the checkout."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.away), "LANG": "C.UTF-8", "MATTHAN_LANG": "en"}
        return subprocess.run(
            [self.prefix / "bin" / program, *words], cwd=self.away, env=env, capture_output=True, text=True,
            timeout=PATIENCE, check=False,
        )  # fmt: skip

    def matthan(self, *words: str | Path) -> str:
        """Run a command that ends well; return what it printed."""
        done = self.run("matthan", *words)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> House:
    return House(tmp_path_factory.mktemp("installed"), wheel)


def lying_in(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder of the checkout that belong into a wheel."""
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(ROOT)


def test_the_wheel_holds_every_file_of_the_packages_as_it_is_and_no_other(wheel: Path) -> None:
    name = f"matthan-{PROJECT['version']}"
    shared = Path(f"{name}.data", "data", "share", "matthan")
    wanted = {str(path): path for package in PACKAGES for path in lying_in(ROOT / package)}
    wanted |= {str(shared / path): path for path in lying_in(ROOT / "configs")}
    wanted[str(shared / "verify_bundle.py")] = Path("tools", "verify_bundle.py")
    with ZipFile(wheel) as archive:
        held = {each for each in archive.namelist() if not each.startswith(f"{name}.dist-info/")}
        assert held == set(wanted)
        assert [each for each in wanted if archive.read(each) != (ROOT / wanted[each]).read_bytes()] == []


def test_every_package_comes_from_the_wheel(house: House) -> None:
    done = house.run("python", "-c", WHERE, *PACKAGES)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [str(house.site / name / "__init__.py") for name in PACKAGES]
    assert house.matthan("--version") == f"matthan {PROJECT['version']}\n"


def test_help_names_every_command(house: House) -> None:
    told = house.matthan("--help")
    commands = PROJECT["entry-points"]["matthan.commands"]
    assert [name for name in commands if f" {name} " not in told] == []


def test_the_configuration_that_is_shipped_is_good(house: House) -> None:
    """But for the passwords, which nobody has given yet."""
    told = json.loads(house.matthan("config", "check", house.configs / "matthan.yaml", "--json"))
    assert {each["code"] for each in told["problems"]} == {"problem.secret_unreadable"}
    assert house.matthan("rules", "check", house.configs / "rules").startswith("no problems in ")
    assert "0 failed" in house.matthan("rules", "test", house.configs / "rules")


def test_what_lies_beside_the_code_is_found(house: House) -> None:
    assert "Cause\n" in house.matthan("rules", "problem", "no_cooldown")
    assert "matthan-nano" in house.matthan("models", "card")
    assert "Made " in house.matthan("rules", "new", "from-the-wheel")
    assert "vấn đề" in house.matthan("rules", "check", "from-the-wheel.yaml", "--lang", "vi")


def test_the_demo_runs(house: House) -> None:
    told = house.matthan("demo", "--headless", "--for", "5s")
    assert told.count("\n  camera ") == 3
    assert "  detector      matthan-nano\n" in told
    assert "  undelivered   0 waiting, 0 dead\n" in told

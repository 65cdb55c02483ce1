"""The wheel holds all that is needed: it is built, installed away from the checkout, and run there."""

from __future__ import annotations

import importlib.util
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from tests.e2e.house import House

ROOT = Path(__file__).parents[2]
PACKAGES = ("engine", "drivers", "rules", "tui")
#: Prints where each package lies.
WHERE = "import importlib, json, sys; print(json.dumps([importlib.import_module(n).__file__ for n in sys.argv[1:]]))"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

pytestmark = pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="this environment has no pip")


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


def test_the_wheel_says_whose_work_is_in_it(wheel: Path) -> None:
    """Apache-2.0, section 4: the licence, whose weights the net in the box began from, that they were changed."""
    with ZipFile(wheel) as archive:
        told = {Path(each).name: each for each in archive.namelist() if ".dist-info/licenses/" in each}
        assert set(told) == {"LICENSE", "NOTICE", "YOLOX.txt"}
        notice, card = (
            archive.read(each).decode() for each in (told["NOTICE"], "engine/models/boxed/matthan-nano.md")
        )
    assert "Copyright (c) 2021-2022 Megvii Inc." in notice
    assert "changed" in notice
    assert "Apache-2.0" in card
    assert "Megvii" in card


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

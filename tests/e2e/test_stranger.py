"""A stranger's driver: the files of the guide, installed from a folder of their own, through the door that ours use."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from tests.e2e.house import House

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide" / "driver.md"
#: A block of the guide whose first line is the name of its file.
FILE = re.compile(r"^```(?:python|toml)\n# ([\w.]+\.(?:py|toml))\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="this environment has no pip")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> House:
    """An environment with our wheel and the stranger's package; its tests lie where it is run."""
    house = House(tmp_path_factory.mktemp("stranger"), wheel)
    folder = tmp_path_factory.mktemp("package")
    for name, text in FILE.findall(GUIDE.read_text("utf-8")):
        (folder / name).write_text(text, "utf-8")
    house.install(folder)
    (folder / "pyproject.toml").rename(house.away / "pyproject.toml")
    (folder / "test_matthan_mjpeg.py").rename(house.away / "test_matthan_mjpeg.py")
    return house


def test_it_passes_conformance(house: House) -> None:
    done = house.run("python", "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider")
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert re.search(r"\b1\d passed", done.stdout), done.stdout


def test_it_is_listed_like_ours(house: House) -> None:
    told = house.matthan("drivers", "list")
    assert (
        "mjpeg: MJPEG over HTTP  [matthan-mjpeg 0.1]\n  opens mjpeg:\n  seconds: number; default 5.0\n"
        in told
    )
    assert "clip: " in told


def test_a_camera_with_its_address_is_good(house: House) -> None:
    path = house.away / "site.yaml"
    path.write_text("cameras:\n  - {id: board, url: 'mjpeg://192.0.2.7/stream'}\n", "utf-8")
    assert house.run("matthan", "config", "check", path).returncode == 0
    path.write_text("cameras:\n  - {id: board, url: 'mjpeg:///stream'}\n", "utf-8")
    assert house.run("matthan", "config", "check", path).returncode != 0  # its addresses lead to a host

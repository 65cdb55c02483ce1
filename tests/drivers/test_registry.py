"""Drivers by name, whatever is installed and however broken it is."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from drivers import registry
from drivers.contract import API, Driver
from drivers.errors import Unsupported

OURS = ("clip", "onvif", "rtsp", "virtual")


def test_ours_are_installed() -> None:
    assert set(OURS) <= set(registry.names())


@pytest.mark.parametrize("name", OURS)
def test_ours_load(name: str) -> None:
    driver = registry.load(name)
    assert driver.name == name
    assert registry.about(name).distribution == "matthan"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://10.0.0.5/onvif/device_service", "onvif"),
        ("HTTPS://cam", "onvif"),
        ("rtsp://cam/live", "rtsp"),
        ("rtsps://cam/live", "rtsp"),
        ("file:/tmp/a.mp4", "clip"),
        ("file:///tmp/a.mp4", "clip"),
        ("clip:a.mp4", "clip"),
    ],
)
def test_by_url(url: str, name: str) -> None:
    assert registry.for_url(url).name == name


@pytest.mark.parametrize("url", ["gopher://x", "nothing", "", "10.0.0.5"])
def test_no_driver_for_a_url(url: str) -> None:
    with pytest.raises(Unsupported) as caught:
        registry.for_url(url)
    assert caught.value.code == "driver.no_scheme"


def point(value: str, name: str = "broken") -> EntryPoint:
    return EntryPoint(name, value, registry.GROUP)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, EntryPoint]:
    """The installed entry points, to add to."""
    points = {each: point(f"drivers.{each}:driver", each) for each in ("clip", "rtsp")}
    monkeypatch.setattr(registry, "_points", lambda: points)
    return points


@pytest.mark.parametrize("value", ["no.such.module:driver", "drivers.clip:no_such_name", "json:tool"])
def test_a_broken_driver_is_told_and_disturbs_no_other(installed: dict[str, EntryPoint], value: str) -> None:
    installed["broken"] = point(value)
    assert "broken" in registry.names()
    assert registry.about("broken").distribution == "?"
    with pytest.raises(Unsupported):
        registry.load("broken")
    assert registry.for_url("rtsp://cam").name == "rtsp"


def test_a_driver_for_another_contract(
    installed: dict[str, EntryPoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    from drivers import clip

    monkeypatch.setattr(clip.ClipDriver, "api", API + 1)
    with pytest.raises(Unsupported) as caught:
        registry.load("clip")
    assert caught.value.values == {"name": "clip", "has": API + 1, "want": API}


def test_missing() -> None:
    with pytest.raises(Unsupported) as caught:
        registry.load("pelco")
    assert caught.value.code == "driver.missing"


def test_loading_ours_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom drivers import registry\nassert registry.names()\nassert 'drivers.rtsp' not in sys.modules\n"
        "for name in ('onvif', 'rtsp', 'clip'):\n    registry.load(name)\n"
        "heavy = {'av', 'zeep', 'onvif', 'aiohttp', 'numpy', 'lxml'} & set(sys.modules)\nassert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr


def test_ours_fulfil_the_contract_for_the_type_checker() -> None:
    """mypy proves it: the assignments are the test; at run time only that they are there."""
    from drivers import clip, onvif, rtsp

    ours: list[Driver] = [clip.driver, onvif.driver, rtsp.driver]
    assert [driver.api for driver in ours] == [API] * 3


def test_schemes_of_ours() -> None:
    told = registry.schemes()
    assert {name: told[name] for name in ("file", "clip", "virtual", "http", "rtsps")} == {
        "file": False, "clip": False, "virtual": False, "http": True, "rtsps": True,
    }  # fmt: skip
    assert list(told) == sorted(told)


def test_schemes_of_broken_drivers_are_passed_over(
    installed: dict[str, EntryPoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    installed["broken"] = point("no_such_module:driver")
    monkeypatch.setattr(rtsp_module(), "api", API + 1)
    assert registry.schemes() == {"clip": False, "file": False}


def rtsp_module() -> type:
    from drivers.rtsp import RtspDriver

    return RtspDriver

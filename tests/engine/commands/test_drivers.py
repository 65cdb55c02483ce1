"""``matthan drivers``: what it shows of drivers and of quirks, for people and for programs."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from pydantic import Field
from typer.testing import CliRunner

from drivers import registry
from drivers.errors import Unsupported
from drivers.kit.options import Options
from drivers.onvif import driver as onvif
from drivers.onvif.quirks import QUIRKS as ONVIF
from drivers.rtsp.quirks import QUIRKS as RTSP
from engine.commands.drivers import app, options_of

RUNNER = CliRunner()
OURS = ("clip", "onvif", "rtsp", "virtual")


def run(*words: str) -> Any:
    return RUNNER.invoke(app, ["drivers", *words])


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


def test_every_driver_of_this_house_tells_its_options_with_a_description() -> None:
    for name in OURS:
        told = list(options_of(registry.load(name)))
        assert told
        assert [option.name for option in told if not option.description] == []


def test_the_list_names_drivers_addresses_options_defaults() -> None:
    done = run("list")
    assert done.exit_code == 0
    for said in (
        "onvif: ONVIF",
        "opens http:, https:",
        'transport: auto, tcp, udp; default "auto"',
        "sub: text; default none",
    ):
        assert said in done.stdout
    rows = {row["name"]: row for row in json.loads(run("list", "--json").stdout)}
    assert set(rows) >= set(OURS)
    (sub,) = [option for option in rows["rtsp"]["options"] if option["name"] == "sub"]
    assert (sub["default"], sub["values"]) == (None, "text")
    assert "smaller stream" in sub["description"]


@pytest.mark.parametrize("words", [("list",), ("quirks",)])
@pytest.mark.parametrize("columns", ["80", "40", "20", "200"])
def test_lines_fit_and_have_no_colours(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    lines = run(*words).stdout.splitlines()
    most = max(40, min(100, int(columns)))
    assert all(len(line) <= most or len(line.split()) <= 2 for line in lines)  # but for a word that is longer
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_broken_driver_says_why(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    def load(name: str) -> object:
        if name == "clip":
            raise Unsupported("driver.broken", name=name, value="x:y", error="no module")
        return onvif

    monkeypatch.setattr(registry, "load", load)
    done = run("list", "--lang", language)
    assert done.exit_code == 0
    assert "no module" in done.stdout
    assert "onvif: ONVIF" in done.stdout


class Strange(Options):
    """Options of a plug-in.

    Attributes:
        channel: Which one,
            of several.
        both: This is not shown: the field says it itself.
    """

    channel: Annotated[int, Field(ge=1, le=64)] = 1
    both: int | bool | None = Field(None, description="Said here.")
    ratio: Annotated[float, Field(gt=0)] = 0.5
    names: tuple[str, ...] = ()


def test_options_of_a_plug_in() -> None:
    class Plugin:
        options = Strange

    told = [(each.name, each.values, each.default, each.description) for each in options_of(Plugin())]  # type: ignore[arg-type]  # no whole driver
    assert told == [
        ("channel", "whole number >= 1 <= 64", 1, "Which one, of several."),
        ("both", "whole number or true, false", None, "Said here."),
        ("ratio", "number > 0", 0.5, ""),
        ("names", "array", [], ""),
    ]
    assert list(options_of(object())) == []  # type: ignore[arg-type]  # a plug-in need not tell


def test_quirks_are_listed_and_found_by_words() -> None:
    assert [row["name"] for row in json.loads(run("quirks", "--json").stdout)] == [
        each.name for each in sorted(ONVIF + RTSP, key=lambda each: each.name)
    ]
    some = ONVIF[0]
    done = run("quirks", some.name.upper())
    assert done.exit_code == 0
    assert some.name in done.stdout
    assert len(json.loads(run("quirks", "--json", "ptz", "bosch").stdout)) >= 1


def test_a_word_that_no_quirk_has_is_exit_code_1() -> None:
    done = run("quirks", "ptz", "no-such-maker")
    assert done.exit_code == 1
    assert done.stdout == ""
    assert "no-such-maker" in done.stderr
    assert json.loads(run("quirks", "--json", "no-such-maker").stdout) == []

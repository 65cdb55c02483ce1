"""The site's standard as a file: the shipped sample, every problem with its place, and where it is looked for."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from engine.commission.standard import Standard
from engine.commission.wanted_file import STANDARD, sample_standard
from engine.errors import ConfigError

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "configs" / "commissioning.yaml"


def test_the_sample_says_the_defaults_and_is_right() -> None:
    told = STANDARD.of(SAMPLE.read_text("utf-8"), "x")
    assert [each.username for each in told.credentials] == ["matthan"]
    assert told.model_copy(update={"credentials": []}) == Standard()
    jsonschema.validate(YAML(typ="safe").load(SAMPLE.read_text("utf-8")), STANDARD.json_schema())


def test_the_schema_is_the_shipped_one() -> None:
    shipped = json.loads((ROOT / "configs/schema/commissioning.schema.json").read_text("utf-8"))
    assert shipped == json.loads(json.dumps(STANDARD.json_schema()))


def test_every_problem_has_its_place() -> None:
    with pytest.raises(ConfigError) as caught:
        STANDARD.of(
            "time:\n  ntp: http://x\nsub: {width: 640, height: 360, fps: 90, bitrate: 1}\nmian: {}\n", "x"
        )
    assert [(each.line, each.code) for each in caught.value.problems] == [
        (2, "problem.host"),
        (3, "problem.at_most"),
        (3, "problem.at_least"),
        (4, "problem.unknown_key"),
    ]


def test_where_it_is_looked_for(tmp_path: Path) -> None:
    configuration = tmp_path / "site" / "matthan.yaml"
    configuration.parent.mkdir()
    assert STANDARD.find(None, configuration).source == ""
    beside = configuration.parent / "commissioning.yaml"
    beside.write_text("# nothing\n")
    found = STANDARD.find(None, configuration)
    assert (found.value, found.source, found.folder) == (Standard(), str(beside), beside.parent)
    other = tmp_path / "other.yaml"
    other.write_text("time: {ntp: ntp.example}\n")
    assert STANDARD.find(other, configuration).folder == tmp_path
    with pytest.raises(ConfigError, match="cannot be read"):
        STANDARD.find(tmp_path / "none.yaml", configuration)


def test_the_sample_that_is_written_is_the_shipped_one() -> None:
    assert sample_standard() == SAMPLE.read_bytes()

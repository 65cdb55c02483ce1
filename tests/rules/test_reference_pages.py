"""The generated reference is up to date, and names everything."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

from engine.config.action_params import PARAMS
from engine.models import vocabulary
from rules.kinds.lookup import OF_KIND
from rules.kinds.pattern import Pattern
from rules.kinds.table import TABLE
from rules.trials.cue import Cue
from rules.trials.trial import Expectation, Trial, TrialFile

ROOT = Path(__file__).parents[2]


def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference_tool", ROOT / "tools" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = tool()


def test_the_pages_are_up_to_date() -> None:
    for path, text in TOOL.pages().items():
        assert path.read_text("utf-8") == text, "run tools/reference.py"


def test_every_key_of_trials_is_explained() -> None:
    text = TOOL.trials()
    for model in (TrialFile, Trial, Cue, Expectation):
        for name, about in model.model_fields.items():
            assert f"| `{about.alias or name}`" in text
    assert "|  |" not in text, "a key without a meaning"
    assert "mapping" not in text, "a key of which nobody knows what stands under it"
    assert "| `every` | `2s` `5m` `1h30m` | How often it is told while it is seen. Default: `1s`. |" in text
    assert "| `cameras` | names with list of text or [CameraSpec](#cameraspec) |" in text


def test_every_action_label_and_kind_is_named() -> None:
    text = TOOL.facts()
    for name in (*PARAMS, *vocabulary(), *OF_KIND):
        assert name in text
    assert {each.pattern for each in TABLE} == set(Pattern.__subclasses__())
    assert all(
        f"`{state}`" in text
        for state in (
            "deaf",
            "blind",
            "impaired",
            "noisy",
            "behind",
            "clock",
            "online",
            "lost",
            "refused",
            "failed",
        )
    )

"""Compiling takes long, and says so: once, and whether it is for the last time."""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.vision import jit

SOURCE = "def twice(n):\n    return 2 * n\n"
SIGNATURE = "int64(int64)"


@pytest.fixture(autouse=True)
def untold(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    jit._tell.cache_clear()
    caplog.set_level(logging.INFO, logger=jit.__name__)
    yield
    jit._tell.cache_clear()


def test_the_first_start_says_that_it_compiles_and_the_second_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("CACHE_DIRECTORY", raising=False)
    (tmp_path / "kernels_of_a_test.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    twice = importlib.import_module("kernels_of_a_test").twice
    assert jit.build(twice, SIGNATURE)(3) == 6
    assert [(each.levelname, "first start" in each.message) for each in caplog.records] == [("INFO", True)]
    jit._tell.cache_clear()
    caplog.clear()
    assert jit.build(twice, SIGNATURE)(3) == 6
    assert caplog.records == []


def test_what_cannot_be_kept_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    made: dict[str, Any] = {}
    exec(compile(SOURCE, "<nowhere>", "exec"), made)  # noqa: S102 - a text of ours
    for _ in range(2):
        assert jit.build(made["twice"], SIGNATURE)(3) == 6
    assert [(each.levelname, "every start" in each.message) for each in caplog.records] == [("WARNING", True)]


def test_threads_that_ask_at_the_same_time_are_given_one_and_the_same() -> None:
    made: list[object] = []
    others: list[threading.Thread] = []

    def make() -> object:
        if not made:  # while it is being made, somebody else asks for it
            others.append(threading.Thread(target=lambda: given.append(one()), daemon=True))
            others[0].start()
            others[0].join(0.2)
        made.append(object())
        return made[-1]

    given: list[object] = []
    one = jit.once(make)
    given.append(one())
    others[0].join()
    assert len(made) == 1
    assert given == [made[0], made[0]]

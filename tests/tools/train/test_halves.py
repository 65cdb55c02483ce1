"""Which part a picture belongs to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.train.halves import FOREIGN, half, part

NAMES = st.text("abc0123456789_", min_size=1, max_size=12)


@given(st.sampled_from(sorted(FOREIGN)), NAMES, NAMES, st.booleans())
def test_photographs_for_judging_are_never_learned_from(
    source: str, clip: str, name: str, empty: bool
) -> None:
    assert part(source, clip, name, "val", empty=empty) == "foreign"


@pytest.mark.parametrize("source", sorted(FOREIGN))
def test_a_third_of_the_photographs_shows_what_is_forgotten(source: str) -> None:
    kept = [part(source, "c", f"{source}_{i}", "train", empty=False) for i in range(3_000)]
    assert 0.28 < kept.count("foreign") / len(kept) < 0.39


@given(NAMES, st.lists(NAMES, min_size=2, max_size=5))
def test_pictures_of_one_clip_stay_together(clip: str, names: list[str]) -> None:
    assert {part("road", clip, name, "val", empty=False) for name in names} == {half(clip)}


def test_a_third_of_the_empty_scenes_tells_what_a_score_means() -> None:
    kept = [part("fire", "c", f"fire_{i}", "train", empty=True) for i in range(3_000)]
    assert 0.28 < kept.count("foreign") / len(kept) < 0.39
    assert part("fire", "c", "fire_1", "train", empty=False) == "train"

"""Which part a picture belongs to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tools.train.halves import FOREIGN, half, part

NAMES = st.text("abc0123456789_", min_size=1, max_size=12)


@given(st.sampled_from(sorted(FOREIGN)), NAMES, NAMES, st.sampled_from(["train", "val"]), st.booleans())
def test_foreign_photographs_are_never_learned_from(
    source: str, clip: str, name: str, split: str, empty: bool
) -> None:
    assert part(source, clip, name, split, empty=empty) == "foreign"


@given(NAMES, st.lists(NAMES, min_size=2, max_size=5))
def test_pictures_of_one_clip_stay_together(clip: str, names: list[str]) -> None:
    assert {part("road", clip, name, "val", empty=False) for name in names} == {half(clip)}


def test_a_third_of_the_empty_scenes_tells_what_a_score_means() -> None:
    kept = [part("fire", "c", f"fire_{i}", "train", empty=True) for i in range(3_000)]
    assert 0.28 < kept.count("foreign") / len(kept) < 0.39
    assert part("fire", "c", "fire_1", "train", empty=False) == "train"

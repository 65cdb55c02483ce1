"""One layout, reached once, and nothing lost on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.document import fmt as formatter
from rules.document.fmt import Unformattable, fmt
from rules.document.source import parse

ROOT = Path(__file__).parents[3]
UGLY = """\
# top
rules:
- name: a      # trailing
  # before when
  when: {object: person,   zone: gate}   # flow
  between:
      - 22:00-05:00
      # inner
      - {from: 22:00, to: 23:00, days: [sun,
          mon]}
  title: "29E123"


# about b
- name: b
  when:
    motion:  started
  message: |
    a  # no comment


    b
- {name: c, when: {motion: started}}
- {name: d, when: {motion: stopped}}
# end
"""
NEAT = """\
# top
rules:
  - name: a    # trailing
    # before when
    when: {object: person, zone: gate}   # flow
    between:
      - 22:00-05:00
      # inner
      - {from: 22:00, to: 23:00, days: [sun, mon]}
    title: "29E123"

  # about b
  - name: b
    when:
      motion: started
    message: |
      a  # no comment


      b

  - {name: c, when: {motion: started}}
  - {name: d, when: {motion: stopped}}
# end
"""


def test_the_layout() -> None:
    assert fmt(UGLY) == NEAT
    assert fmt(NEAT) == NEAT


@pytest.mark.parametrize(
    "path", sorted((ROOT / "configs").glob("rules/**/*.yaml")), ids=lambda path: path.name
)
def test_our_own_files_have_it(path: Path) -> None:
    assert fmt(path.read_text("utf-8")) == path.read_text("utf-8"), f"matthan rules fmt {path}"


@pytest.mark.parametrize("text", ["rules: [", "a: 1\na: 2\n", "a: *b\n"])
def test_what_cannot_be_read_is_left_alone(text: str) -> None:
    with pytest.raises(Unformattable):
        fmt(text)


def test_a_comment_that_would_be_lost_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formatter, "_once", lambda text: "rules: []\n")
    with pytest.raises(Unformattable, match="would change"):
        fmt("rules: []  # why\n")


LINES = st.lists(
    st.sampled_from(
        [
            "# alone", "", "  # deep", "- name: a", "  when: {object: person, zone: [a,   b]}  # why",
            "  title: 'Đêm #3'", "  for:   2s", "  between:", "  - 22:00-05:00", "  - 23:00-01:00   # late",
            "  message: >-", "    folded", "  do: [log]",
        ]
    ),
    max_size=14,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(LINES)
def test_whatever_it_lays_out_keeps_its_values_and_comes_to_rest(lines: list[str]) -> None:
    text = "rules:\n" + "\n".join(lines) + "\n"
    try:
        done = fmt(text)
    except Unformattable:
        return
    assert parse(done, "").data == parse(text, "").data
    assert fmt(done) == done
    assert text.count("why") == done.count("why")

"""Two texts at both ends of a line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from tui.palette import AMBER, RED
from tui.render.columns import GAP
from tui.render.status import figures, spread


def test_both_ends_of_a_line() -> None:
    assert spread(Text("left"), Text("right"), 14).plain == "left     right"
    assert spread(Text("a long left end"), Text("right"), 14).plain == "a long … right"
    assert (
        spread(Text("a long left end"), Text("right"), 16, optional=True).plain.strip() == "a long left end"
    )


def test_figures_stand_in_a_row_and_what_is_empty_takes_no_room() -> None:
    row = figures([("Cameras 6/10", "warn"), ("", "bad"), ("Dead 1", "bad")])
    assert row.plain == "Cameras 6/10   Dead 1"
    parts = {row.plain[span.start : span.end]: str(span.style) for span in row.spans}
    assert AMBER in parts["Cameras 6/10"]
    assert RED in parts["Dead 1"]


@given(
    st.text(alphabet="ab日", max_size=20),
    st.text(alphabet="cd本", max_size=20),
    st.integers(1, 60),
    st.booleans(),
)
def test_both_ends_never_run_over_the_line(left: str, right: str, width: int, optional: bool) -> None:
    whole = spread(Text(left), Text(right), width, optional=optional)
    room = Text(right).cell_len + GAP
    if room < width:
        assert whole.cell_len == width
    fits = Text(left).cell_len + room <= width
    if fits:
        assert whole.plain.startswith(left)
        assert whole.plain.endswith(right)
    elif optional:
        assert not right or right not in whole.plain

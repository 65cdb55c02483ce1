"""Two texts at both ends of a line."""

from __future__ import annotations

from rich.text import Text

from tui.render.status import spread


def test_both_ends_of_a_line() -> None:
    assert spread(Text("left"), Text("right"), 14).plain == "left     right"
    assert spread(Text("a long left end"), Text("right"), 14).plain == "a long … right"
    assert (
        spread(Text("a long left end"), Text("right"), 16, optional=True).plain.strip() == "a long left end"
    )

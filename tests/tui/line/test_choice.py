"""Which terminals get a line of ours, and what a slow one costs less of."""

from __future__ import annotations

import pytest
from textual import constants, events
from textual.drivers.linux_driver import LinuxDriver

from tui.line import choice
from tui.line.driver import LineDriver


@pytest.mark.parametrize(
    "term", ["xterm-256color", "tmux-256color", "screen", "linux", "vt100", "xterm-kitty"]
)
def test_terminals_that_are_known_get_it(term: str) -> None:
    assert choice.fits({"TERM": term})


@pytest.mark.parametrize(
    "environ", [{}, {"TERM": "dumb"}, {"TERM": "unknown"}, {"TERM": "xterm", choice.ESCAPE: "textual"}]
)
def test_others_are_written_to_as_textual_does(environ: dict[str, str]) -> None:
    assert not choice.fits(environ)


def test_a_slow_line_is_drawn_in_16_colours() -> None:
    environ: dict[str, str] = {}
    choice.make_frugal(environ)
    assert environ == {"TEXTUAL_COLOR_SYSTEM": "standard", "TEXTUAL_ANIMATIONS": "none"}
    assert hasattr(constants, "COLOR_SYSTEM")


def test_textual_has_still_what_the_driver_stands_on() -> None:
    """Public methods that are replaced, and the event that tells where the cursor is."""
    for name in (
        "write",
        "process_message",
        "start_application_mode",
        "stop_application_mode",
        "disable_input",
    ):
        assert name in vars(LinuxDriver)
        assert name in vars(LineDriver)
    assert events.CursorPosition(1, 2).x == 1

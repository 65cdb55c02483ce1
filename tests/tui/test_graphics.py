"""Which way pictures are shown, and what importing the command costs."""

from __future__ import annotations

import pytest

from tui.graphics import Graphics, choose, multiplexed


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm-256color", "TMUX": "/tmp/tmux-0/default,1,0"}, True),
        ({"TERM": "screen-256color"}, True),
        ({"TERM": "tmux-256color"}, True),
        ({"TERM": "xterm", "STY": "1.pts"}, True),
    ],
)
def test_multiplexers(environ: dict[str, str], expected: bool) -> None:
    assert multiplexed(environ) is expected


def test_without_a_terminal_or_in_tmux_auto_is_half_blocks() -> None:
    assert choose("auto", {"TMUX": "x"}) is Graphics.BLOCKS
    assert choose("blocks") is Graphics.BLOCKS
    assert choose("none") is Graphics.NONE

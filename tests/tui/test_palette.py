"""Every colour is one that a terminal over SSH has, so that the UI looks the same with and without true colour."""

from __future__ import annotations

import pytest
from rich.color import Color
from textual.color import Color as TextualColor

from tui import palette
from tui.render import pictures

#: Levels of the 6x6x6 cube; the greys are 8, 18, 28 ... 238.
CUBE, GREYS = (0x00, 0x5F, 0x87, 0xAF, 0xD7, 0xFF), range(8, 239, 10)

NAMED = {name: value for name, value in vars(palette).items() if name.isupper() and isinstance(value, str)}
DRAWN = {name: "#{:02x}{:02x}{:02x}".format(*getattr(pictures, name)) for name in ("OBJECT", "ZONE")}


@pytest.mark.parametrize(("name", "value"), (NAMED | DRAWN | palette.THEME.variables).items())
def test_every_colour_is_one_of_the_256(name: str, value: str) -> None:
    levels = TextualColor.parse(value).rgb
    assert all(level in CUBE for level in levels) or (len(set(levels)) == 1 and levels[0] in GREYS), name


def test_every_tone_has_a_colour_of_its_own_and_alarms_are_bold() -> None:
    def colour(tone: str) -> Color | None:
        return palette.TONES[tone].color

    distinct = ("text", "bright", "dim", "faint", "blue", "good", "warn", "bad")
    assert len({colour(tone) for tone in distinct}) == len(distinct)
    assert (colour("critical"), palette.TONES["critical"].bold) == (colour("bad"), True)
    assert palette.THEME.error == palette.RED

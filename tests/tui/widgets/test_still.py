"""A picture in the terminal: in the middle, and only lines that changed are drawn again."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image, ImageDraw

from tests.tui.pilot import text_of
from tests.tui.widgets.host import Host
from tui.graphics import Graphics
from tui.palette import BACKGROUND
from tui.render import pictures
from tui.widgets import still


def coded(box: tuple[int, int, int, int] | None = None) -> bytes:
    """A grey picture of 4 by 2, with something bright in it."""
    image = Image.new("RGB", (320, 160), (64, 64, 64))
    if box is not None:
        ImageDraw.Draw(image).rectangle(box, fill=(240, 240, 240))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


async def test_it_stands_in_the_middle_and_empty_it_is_blank() -> None:
    view = still.BlockStill()
    async with Host(view).run_test(size=(30, 10)):
        assert not text_of(view).strip()
        view.show(view.prepare(coded((0, 0, 320, 160)), ()))
        left, top, right, bottom = bounds(view)
        assert (right - left, bottom - top) == (30, 8)  # 4 by 2 pixels are 30 by 15, and two lie in a cell
        assert top == 1
        assert {view.render_line(y).cell_length for y in range(10)} == {30}
        view.show(None)
        assert bounds(view) == (0, 0, 0, 0)


def bounds(view: still.BlockStill) -> tuple[int, int, int, int]:
    """Where the picture is, by the ground: left, top, right, bottom."""
    lit = []
    for y in range(view.size.height):
        x = 0
        for segment in view.render_line(y):
            style = segment.style
            if style is not None and style.bgcolor is not None and style.bgcolor.name != BACKGROUND:
                lit += [(x, y), (x + segment.cell_length, y + 1)]
            x += segment.cell_length
    if not lit:
        return 0, 0, 0, 0
    across, down = zip(*lit, strict=True)
    return min(across), min(down), max(across), max(down)


async def test_only_lines_that_changed_are_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    view, drawn = still.BlockStill(), []
    async with Host(view).run_test(size=(30, 10)):
        monkeypatch.setattr(view, "refresh", lambda *regions: drawn.append(regions))
        view.show(view.prepare(coded(), ()))
        assert drawn.pop() == ()  # the first one: everything
        view.show(view.prepare(coded(), ()))
        assert drawn == []
        view.show(view.prepare(coded((0, 0, 320, 18)), ()))
        (regions,) = drawn
        assert [(region.y, region.width, region.height) for region in regions] == [(1, 30, 1)]
        view.show(None)
        assert drawn[-1] == ()


async def test_as_many_pixels_are_fetched_as_it_is_worth() -> None:
    view = still.BlockStill()
    async with Host(view).run_test(size=(200, 10)) as pilot:
        assert view.wanted == 200 * still.OVERSAMPLE
        await pilot.resize_terminal(20, 10)
        await pilot.pause()
        assert view.wanted == 160  # a camera scales no further down with any use


async def test_what_is_no_picture_is_refused_before_it_is_shown() -> None:
    view = still.BlockStill()
    async with Host(view).run_test(size=(30, 10)):
        with pytest.raises(pictures.UndecodablePicture):
            view.prepare(b"no picture", ())


@pytest.mark.parametrize(
    ("graphics", "kind"),
    [
        (Graphics.BLOCKS, still.BlockStill), (Graphics.NONE, still.BlockStill),
        (Graphics.KITTY, still.PixelStill), (Graphics.SIXEL, still.PixelStill),
    ],
)  # fmt: skip
def test_the_widget_for_each_way(graphics: Graphics, kind: type[Any]) -> None:
    assert type(still.make(graphics)) is kind

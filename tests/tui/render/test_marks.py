"""Marks on a picture, and the part of it that is shown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tui.render.marks import CROSS, DRAWN, Glyph, Marks, Stroke, Window
from tui.render.pictures import annotate, half_blocks

unit = st.floats(0, 1)


@given(st.tuples(unit, unit), st.sampled_from([1, 2, 4, 8]), st.tuples(unit, unit))
def test_a_place_of_the_window_is_a_place_of_the_picture(
    about: tuple[float, float], zoom: int, at: tuple[float, float]
) -> None:
    window = Window.about(about, zoom)
    back = window.shown(window.meant(at))
    assert abs(back[0] - at[0]) + abs(back[1] - at[1]) < 1e-9
    assert all(-1e-9 <= value <= 1 + 1e-9 for value in (*window.shown(about), *window.meant(at)))


def test_the_window_is_cut_where_it_lies() -> None:
    image = Image.new("RGB", (80, 40))
    image.putpixel((79, 39), (255, 0, 0))
    part = Window.about((1.0, 1.0), 4).cut(image)
    assert part.size == (20, 10)
    assert part.getpixel((19, 9)) == (255, 0, 0)
    assert Window.about((0.5, 0.5), 8).cut(Image.new("RGB", (3, 2))).size[0] >= 1


def test_marks_outside_the_window_are_left_out() -> None:
    marks = Marks((Stroke(((0.1, 0.1), (0.9, 0.9))),), (Glyph((0.1, 0.1), "1"), Glyph((0.9, 0.9), "2")))
    placed = Window.about((0.9, 0.9), 4).placed(marks)
    assert [each.text for each in placed.glyphs] == ["2"]
    assert len(placed.strokes) == 1


def test_marks_are_text_in_cells() -> None:
    """So that they are seen without colours, too."""
    image = Image.new("RGB", (160, 90))
    marks = Marks((Stroke(((0, 0.5), (1, 0.5))),), (Glyph((0.5, 0.5), CROSS), Glyph((1.0, 1.0), "[12]")))
    lines = half_blocks(image, (), 40, 20, None, marks).lines
    text = [line.text for line in lines]
    assert text[len(lines) // 2][20] == CROSS
    assert text[-1].endswith("[12]")
    assert {line.cell_length for line in lines} == {lines[0].cell_length}


@given(
    st.lists(st.tuples(st.tuples(unit, unit), st.text(max_size=5)), max_size=5),
    st.integers(1, 30),
    st.integers(1, 20),
)
def test_any_marks_on_any_terminal(
    marks: list[tuple[tuple[float, float], str]], columns: int, rows: int
) -> None:
    glyphs = tuple(Glyph(at, text) for at, text in marks)
    lines = half_blocks(Image.new("RGB", (64, 36)), (), columns, rows, None, Marks((), glyphs)).lines
    assert len({line.cell_length for line in lines}) == 1


def test_marks_are_drawn_where_there_are_pixels() -> None:
    marks = Marks(
        (Stroke(((0, 0), (1, 0), (1, 1)), closed=True),), (Glyph((0.5, 0.5), CROSS), Glyph((0.2, 0.8), "1"))
    )
    drawn = annotate(Image.new("RGB", (320, 180)), (), 320, marks)
    assert drawn.getpixel((160, 90)) == DRAWN
    assert drawn.getpixel((300, 1)) == DRAWN

"""Half-blocks and drawn pictures, checked pixel by pixel on generated ones."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tui.render.pictures import (
    NOISE,
    OBJECT,
    UNSEEN,
    HalfBlocks,
    Line,
    Overlay,
    UndecodablePicture,
    annotate,
    decode,
    fit,
    half_blocks,
)


def checked(width: int = 40, height: int = 40) -> Image.Image:
    """Upper half red, lower half blue."""
    image = Image.new("RGB", (width, height), (248, 0, 0))
    image.paste((0, 0, 248), (0, height // 2, width, height))
    return image


def colours(shown: HalfBlocks, row: int) -> list[tuple[str, str | None, str | None]]:
    return [
        (
            segment.text,
            segment.style.color.get_truecolor().hex if segment.style and segment.style.color else None,
            segment.style.bgcolor.get_truecolor().hex if segment.style and segment.style.bgcolor else None,
        )
        for segment in shown.lines[row]
    ]


def test_a_cell_is_two_pixels() -> None:
    image = Image.new("RGB", (4, 4), (248, 0, 0))
    image.putpixel((0, 1), (0, 0, 248))
    shown = half_blocks(image, (), 4, 2)
    assert [line.text for line in shown.lines] == ["▀   ", "    "]
    assert colours(shown, 0) == [("▀", "#f80000", "#0000f8"), ("   ", "#f80000", "#f80000")]


def test_equal_neighbours_are_one_segment() -> None:
    shown = half_blocks(checked(), (), 20, 10)
    assert len(shown.lines) == 10
    assert colours(shown, 0) == [(" " * 20, "#f80000", "#f80000")]
    assert colours(shown, 9) == [(" " * 20, "#0000f8", "#0000f8")]


def test_noise_does_not_redraw_but_motion_does() -> None:
    first = half_blocks(checked(), (), 20, 10)
    noisy = checked().point(lambda value: max(0, value - NOISE + 2))
    assert half_blocks(noisy, (), 20, 10, first.image).lines == first.lines
    moved = checked()
    moved.paste((0, 248, 0), (0, 0, 20, 8))
    second = half_blocks(moved, (), 20, 10, first.image)
    changed = [y for y, (a, b) in enumerate(zip(first.lines, second.lines, strict=True)) if a != b]
    assert changed == [0, 1]


def test_a_picture_of_another_size_is_not_mixed_with_the_last() -> None:
    first = half_blocks(checked(), (), 20, 10)
    assert len(half_blocks(checked(), (), 10, 5, first.image).lines) == 5


def test_a_box_is_drawn_and_named_above_it() -> None:
    shape = Overlay.box((0.25, 0.4, 0.75, 0.9), "người 87%")
    shown = half_blocks(checked(), (shape,), 20, 10)
    assert "người 87%" in shown.lines[3].text
    orange = "#{:02x}{:02x}{:02x}".format(*OBJECT)
    assert any(orange in (upper, lower) for _, upper, lower in colours(shown, 5))
    assert all(line.cell_length == 20 for line in shown.lines)


def test_labels_of_neighbours_do_not_cover_each_other() -> None:
    boxes = [Overlay.box((0.3, 0.4, 0.5, 0.8), "person 91%"), Overlay.box((0.5, 0.4, 0.8, 0.8), "car 78%")]
    shown = [line.text for line in half_blocks(checked(), boxes, 40, 20).lines]
    assert any("person 91%" in line for line in shown)
    assert any("car 78%" in line for line in shown)


def test_a_zone_lies_under_boxes_and_lets_the_picture_through() -> None:
    zone = Overlay(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)), "", zone=True)
    shown = half_blocks(Image.new("RGB", (20, 20), (0, 0, 0)), (zone,), 20, 10)
    _, upper, _ = colours(shown, 0)[0]
    assert upper not in {None, "#000000", "#5fafd7"}


@settings(max_examples=40)
@given(
    st.tuples(*[st.floats(-2, 3)] * 4),
    st.text(max_size=40),
    st.integers(1, 30),
    st.integers(1, 20),
    st.booleans(),
)
def test_any_box_and_label_leaves_lines_of_the_right_width(
    box: tuple[float, float, float, float], label: str, columns: int, rows: int, zone: bool
) -> None:
    corners = ((box[0], box[1]), (box[2], box[3]))
    shown = half_blocks(checked(), (Overlay(corners, label.replace("\n", " "), zone),), columns, rows)
    widths = {line.cell_length for line in shown.lines}
    assert widths == {fit(40, 40, columns, rows)[0]}


@given(*[st.integers(1, 5000)] * 2, *[st.integers(1, 300)] * 2)
def test_fitting_keeps_within_and_fills_one_side(width: int, height: int, columns: int, rows: int) -> None:
    across, down = fit(width, height, columns, rows)
    assert 1 <= across <= columns
    assert 1 <= down <= rows
    assert across == columns or down == rows


def test_a_wide_picture_fills_the_width() -> None:
    assert fit(640, 360, 52, 30) == (52, 15)
    assert fit(0, 0, 10, 10) == (1, 1)


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n broken"])
def test_what_is_no_picture_says_so(data: bytes) -> None:
    with pytest.raises(UndecodablePicture):
        decode(data)


def test_a_cut_off_picture_says_so() -> None:
    file = io.BytesIO()
    checked(200, 200).save(file, "JPEG")
    with pytest.raises(UndecodablePicture):
        decode(file.getvalue()[:300])


def test_a_picture_that_claims_to_be_huge_is_not_decoded() -> None:
    file = io.BytesIO()
    Image.new("1", (9000, 9000)).save(file, "PNG")
    with pytest.raises(UndecodablePicture):
        decode(file.getvalue())


def test_drawing_at_full_size_for_kitty_and_sixel() -> None:
    shape = Overlay.box((0.2, 0.3, 0.8, 0.9), "xe máy 71%")
    drawn = annotate(checked(400, 400), (shape,), 200)
    assert drawn.size == (200, 200)
    assert drawn.getpixel((40, 120)) == OBJECT
    assert drawn.getpixel((100, 140)) == (0, 0, 248)


def test_what_is_not_seen_has_broken_lines_and_what_nobody_knows_is_grey() -> None:
    box = (0.1, 0.1, 0.8, 0.8)

    def upper_edge(line: Line) -> list[bool]:
        colour = UNSEEN if line is Line.DIM else OBJECT
        drawn = annotate(Image.new("RGB", (400, 240)), [Overlay.box(box, "", line)], 400)
        return [drawn.getpixel((x, 24)) == colour for x in range(45, 310)]

    assert all(upper_edge(Line.WHOLE))
    for line in (Line.BROKEN, Line.DIM):
        assert 0.3 < sum(upper_edge(line)) / len(upper_edge(line)) < 0.7

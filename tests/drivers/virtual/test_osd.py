"""What is written into the picture: kept whole, bounded, each source its own."""

from dataclasses import replace

import pytest

from drivers.virtual.osd import LONGEST, MOST_PLAIN, Osd, OsdBoard, OsdRefusal

ONE = Osd("", "c0", text="Cổng trước")


@pytest.fixture
def board() -> OsdBoard:
    return OsdBoard(("c0", "c1"))


def test_a_text_is_made_changed_and_removed(board: OsdBoard) -> None:
    token = board.create(ONE)
    other = board.create(replace(ONE, configuration="c1", text="Sân"))
    assert token != other
    board.change(Osd(token, "c0", text="Cổng sau", place="LowerRight"))
    assert [(each.text, each.x) for each in board.captions("c0")] == [("Cổng sau", 0.96)]
    assert [each.text for each in board.captions("c1")] == ["Sân"]
    board.delete(token)
    assert board.of("c0") == ()
    assert [each.token for each in board.of()] == [other]


@pytest.mark.parametrize(
    ("odd", "subcode"),
    [
        ({"configuration": "c9"}, "ter:NoConfig"),
        ({"kind": "Smoke"}, "ter:ConfigModify"),
        ({"place": "Behind"}, "ter:ConfigModify"),
        ({"place": "Custom", "x": 1.5}, "ter:ConfigModify"),
        ({"text": "x" * (LONGEST + 1)}, "ter:ConfigModify"),
    ],
)
def test_what_cannot_be_is_refused(board: OsdBoard, odd: dict[str, object], subcode: str) -> None:
    with pytest.raises(OsdRefusal) as refused:
        board.create(replace(ONE, **odd))  # type: ignore[arg-type]
    assert refused.value.subcode == subcode
    assert board.of() == ()


def test_there_is_room_for_some_of_each_kind(board: OsdBoard) -> None:
    for _ in range(MOST_PLAIN):
        board.create(ONE)
    with pytest.raises(OsdRefusal, match="no room"):
        board.create(ONE)
    clock = board.create(replace(ONE, kind="DateAndTime", text=""))
    with pytest.raises(OsdRefusal, match="no room"):
        board.create(replace(ONE, kind="Time"))
    board.change(Osd(clock, "c0", kind="Time"))
    assert [each.clock for each in board.captions("c0")] == [False] * MOST_PLAIN + [True]


@pytest.mark.parametrize("what", ["get", "delete"])
def test_a_text_that_is_not_there(board: OsdBoard, what: str) -> None:
    with pytest.raises(OsdRefusal):
        getattr(board, what)("osd7")

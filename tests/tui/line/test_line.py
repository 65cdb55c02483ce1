"""Whatever is written, whenever it goes: in the end the terminal shows it, and nothing is owed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tui.line.emulator import Terminal, drawn
from tui.line.line import Line
from tui.line.pace import ASK

TEXTS = st.text(st.sampled_from("ab xyĐạị─▀▄漢字e\u0301\u0323 ▌"), min_size=1, max_size=14)
STYLES = st.sampled_from(
    ["0", "1", "0;1;31", "38;2;1;2;3;48;2;9;9;9", "0;44", "0;7", "0;4;38;5;208", "0;1;4;92;101", "39;49"]
)
PAINT = st.tuples(st.integers(1, 9), st.integers(1, 24), STYLES, TEXTS)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("paint"), PAINT),
        st.tuples(st.just("send"), st.integers(1, 200)),
        st.tuples(st.just("key"), st.none()),
        st.tuples(st.just("resize"), st.tuples(st.integers(3, 26), st.integers(2, 9))),
        st.tuples(st.just("spoil"), st.none()),
        st.tuples(st.just("suspend"), st.none()),
        st.tuples(st.just("strange"), st.none()),
    ),
    max_size=40,
)


class Desk:
    """A line, a terminal at its end, and a clock."""

    def __init__(self, *, slow: bool = False) -> None:
        self.line, self.now, self.size = Line(slow=slow), 0.0, (24, 8)
        self.terminal = Terminal(*self.size)
        self.bytes = 0
        self.write("\x1b[1;1H")

    def write(self, data: str) -> None:
        self.line.resize(*self.size)
        self.line.write(data)

    def send(self, *, answers: bool = True) -> bytes:
        """Carry one slice, and its answer."""
        data, _ = self.line.next(self.now)
        self.terminal.feed(data)
        self.bytes += len(data)
        self.now += 0.01
        if data.endswith(ASK.encode()) and answers:
            self.line.answered(self.now)
        return data

    def settle(self) -> None:
        """Carry all that there is."""
        for _ in range(3000):
            self.now += 1.0
            if not self.send():
                return
        raise AssertionError("it never ends")

    def do(self, kind: str, what: Any) -> None:
        if kind == "paint":
            row, column, style, text = what
            self.write(f"\x1b[{row};{column}H\x1b[{style}m{text}\x1b[0m")
        elif kind == "send":
            self.now += what / 100
            self.send()
        elif kind == "key":
            self.line.key(self.now)
        elif kind == "resize":
            self.size = what
            self.terminal.screen.resize(what[1], what[0])
            self.write("".join(f"\x1b[{y + 1};1H{' ' * what[0]}" for y in range(what[1])))
        elif kind == "spoil":
            self.terminal.feed(b"\x1b[31mrubbish\r\nmore")
            self.line.spoiled = True
        elif kind == "suspend":
            self.terminal.feed(self.line.farewell() + b"\x1b[2J\x1b[Hshell$ ")
            self.line.again()
        else:
            self.write("\x1b[3;1Hbefore\x1b[?1049h")

    def right(self) -> bool:
        rows = self.line._reader.rows
        shown = self.terminal.cells()
        wanted = drawn(rows, *self.size)
        return all(
            cell is None or shown[y][x] == wanted[y][x]
            for y, row in enumerate(rows)
            for x, cell in enumerate(row)
        )


@settings(max_examples=150, deadline=None)
@given(STEPS, st.booleans())
def test_in_the_end_the_terminal_shows_what_was_written(steps: list[Any], slow: bool) -> None:
    desk = Desk(slow=slow)
    for kind, what in steps:
        desk.do(kind, what)
    desk.settle()
    assert desk.right(), (desk.terminal.text(), desk.line._reader.rows)


def test_what_did_not_change_costs_nothing() -> None:
    desk = Desk()
    screen = "".join(f"\x1b[{y + 1};1H\x1b[1;33mrow {y}\x1b[0m{' ' * 18}" for y in range(8))
    desk.write(screen)
    desk.settle()
    before = desk.bytes
    desk.write(screen)
    desk.settle()
    assert desk.bytes == before


def test_frames_that_never_went_are_never_owed() -> None:
    desk = Desk()
    desk.settle()
    desk.write("\x1b[1;1H0")
    desk.send(answers=False)
    for count in range(150):
        desk.write(f"\x1b[1;1H{count:4}")
        assert desk.send(answers=False) == b""
    desk.line.answered(desk.now)
    desk.settle()
    assert desk.terminal.text().startswith(" 149")
    assert desk.bytes < 100


def test_what_a_key_changed_goes_first() -> None:
    desk = Desk(slow=True)
    desk.write("".join(f"\x1b[{y + 1};1H{'old ' * 6}" for y in range(8)))
    desk.line.key(desk.now)
    desk.write("\x1b[8;1Hthe key did this")
    first = desk.send()
    assert b"the key did this" in first


def test_words_go_before_pictures_and_pictures_in_pieces() -> None:
    desk = Desk()
    desk.write("\x1b[1;1H" + "▀" * 24 + "\x1b[2;1Hwords")
    data = desk.send().decode()
    assert data.index("words") < data.index("▀")
    desk.write("".join(f"\x1b_Gi=7,m=1,f=100,q=2;{'A' * 4000}\x1b\\" for _ in range(3)))
    assert desk.send().count(b"\x1b_G") == 1
    desk.write("\x1b[3;1Hlater words")
    assert b"later words" in desk.send()


def test_a_picture_that_is_deleted_drops_its_rest_and_ends_what_began() -> None:
    desk = Desk()
    desk.settle()
    desk.write("".join(f"\x1b_Gi=7,m=1,f=100,q=2;{'A' * 4000}\x1b\\" for _ in range(3)))
    desk.send()
    desk.write("\x1b_Ga=d,I=7\x1b\\" + "\x1b_Gi=8,m=0,f=100,q=2;BBBB\x1b\\")
    rest = b"".join(desk.send() for _ in range(6))
    assert b"AAAA" not in rest
    assert rest.index(b"i=7,m=0") < rest.index(b"a=d,I=7") < rest.index(b"i=8")
    assert desk.line.dropped == 2


def test_a_drawn_picture_is_not_written_over_by_what_stood_there() -> None:
    desk = Desk()
    desk.write("\x1b[2;3Hold words\x1b[1;1H")
    desk.settle()
    desk.write("\x1b[2;3H\x1bPq#0!10~\x1b\\\x1b[5;9H")
    assert b"\x1b[2;3H\x1bPq#0!10~\x1b\\" in b"".join(desk.send() for _ in range(3))
    desk.write("\x1b[2;3Hold words\x1b[1;1H")
    assert b"old words"[:6] in desk.send()


def test_a_terminal_that_never_answers_is_written_to_at_a_fixed_rate() -> None:
    desk = Desk()
    sent = 0
    for step in range(200):
        desk.write("".join(f"\x1b[{y + 1};1H{step:03}{'abcdef'[(step + y) % 6] * 20}" for y in range(8)))
        sent += len(desk.send(answers=False))
        desk.now += 0.09
    assert not desk.line.owes
    assert 1000 < sent < 20 * 9_500


def test_answers_late_and_twice_are_taken() -> None:
    desk = Desk()
    for count in range(30):
        desk.write(f"\x1b[1;1H{count:4}")
        desk.send(answers=False)
        desk.now += 3.0
        desk.line.answered(desk.now)
        desk.line.answered(desk.now)
    desk.settle()
    assert desk.terminal.text().startswith("  29")


def test_a_terminal_that_answered_once_is_waited_for_and_asked_ever_more_rarely() -> None:
    desk = Desk()
    desk.settle()
    desk.write("\x1b[1;1Hx")
    assert desk.send(answers=False)
    asked = 0
    for _ in range(300):
        desk.write("\x1b[1;1Hy")
        asked += len(desk.send(answers=False))
        desk.now += 0.1
    assert 0 < asked <= 5 * len(ASK)


def test_a_slow_line_takes_one_frame_a_second_but_a_key_is_not_kept() -> None:
    desk = Desk(slow=True)
    desk.settle()
    frames = 0
    for count in range(100):
        desk.write(f"\x1b[1;1H{count:4}")
        frames += bool(desk.send())
        desk.now += 0.09
    assert 8 <= frames <= 11
    desk.line.key(desk.now)
    desk.write("\x1b[2;1Hkey")
    assert desk.send()


def test_a_slow_line_hears_nothing_of_each_move_of_the_mouse() -> None:
    desk = Desk(slow=True)
    desk.write("\x1b[?1000h\x1b[?1003h\x1b[?1006h\x1b[>25u\x1b[<u")
    data = desk.send()
    assert b"?1000h" in data
    assert b"1003" not in data
    assert b"u" not in data


def test_the_meter_tells_the_lines_rate() -> None:
    """11,520 bytes a second, 40 ms there and back."""
    desk = Desk()
    desk.size = (80, 24)
    for step in range(200):
        letter = chr(97 + step % 26)
        whole = "".join(f"\x1b[{y + 1};1H{letter * 70}" for y in range(24))
        desk.write(f"\x1b[1;1H{step:03}" if step % 4 == 0 else whole)
        data, _ = desk.line.next(desk.now)
        if data:
            desk.now += len(data) / 11_520 + 0.04
            desk.line.answered(desk.now)
        else:
            desk.now += 0.01
    reading = desk.line.reading(desk.now)
    assert reading.rate == pytest.approx(11_520, rel=0.25)
    assert reading.slow
    assert reading.trip is not None
    assert reading.trip < 0.3

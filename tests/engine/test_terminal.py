"""Nothing foreign reaches a terminal or a text log as anything but harmless text; JSON says exactly what it said."""

from __future__ import annotations

import ast
import io
import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog
from hypothesis import example, given
from hypothesis import strategies as st

from engine import log
from engine.api.printable import clean, escaped, is_clean
from engine.commands import terminal

ROOT = Path(__file__).parents[2]
#: A cleared screen, a forged line, a reversed word, an 8-bit escape, a colour, a bell.
CANARY = "a\x1b[2J\r\nforged\u202eevil\u2066\x9b31m\x1b]0;t\x07\u2028\x00b"
TEXT = st.text(st.characters(codec="utf-8"), max_size=40)


@given(TEXT)
@example(CANARY)
def test_one_line_and_nothing_to_obey(text: str) -> None:
    assert is_clean(clean(text))
    assert clean(clean(text)) == clean(text)
    assert is_clean(text) or clean(text) != text


@given(
    st.recursive(
        TEXT | st.integers(), lambda each: st.lists(each) | st.dictionaries(TEXT, each), max_leaves=9
    )
)
@example({CANARY: [CANARY]})
def test_json_says_the_same_and_is_harmless(value: object) -> None:
    for indent in (None, 1):
        shown = escaped(json.dumps(value, ensure_ascii=False, indent=indent))
        assert json.loads(shown) == value
        assert is_clean(shown.replace("\n", ""))


def _written(capsys: pytest.CaptureFixture[str], write: Callable[[], None]) -> str:
    write()
    told = capsys.readouterr()
    return told.out + told.err


@pytest.mark.parametrize("colour", [None, "red"])
@pytest.mark.parametrize("err", [False, True])
def test_the_door_lets_one_harmless_line_out(
    capsys: pytest.CaptureFixture[str], colour: str | None, err: bool
) -> None:
    shown = _written(
        capsys, lambda: terminal.out(f"x {CANARY} {terminal.paint(CANARY, '31', True)}", colour, err=err)
    )
    assert shown.count("\n") == 1
    assert is_clean(shown.removesuffix("\n"))


def test_our_own_colours_pass_and_foreign_ones_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    as_on_a_terminal = io.StringIO()
    monkeypatch.setattr("typer.echo", lambda text, err: as_on_a_terminal.write(text))
    terminal.out(terminal.paint("✗ \x1b[32m", "31", True) + " \x1b[8mhidden")
    assert as_on_a_terminal.getvalue() == "\x1b[31m✗ ·[32m\x1b[0m ·[8mhidden"


def test_lines_of_ours_stay_lines(capsys: pytest.CaptureFixture[str]) -> None:
    shown = _written(capsys, lambda: terminal.block(f"one\n{terminal.line(CANARY)}\nthree"))
    assert len(shown.splitlines()) == 3
    assert is_clean(shown.replace("\n", ""))


def test_a_line_that_is_replaced_is_harmless_too() -> None:
    stream = io.StringIO()
    terminal.flash(CANARY, stream)
    assert is_clean(stream.getvalue().removeprefix("\r\x1b[K"))


#: What writes to a terminal; `terminal` alone may.
WRITERS = {"echo", "secho", "print", "confirm", "prompt"}


def _calls(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called in {"print", "sys.stdout.write", "sys.stderr.write", "sys.stdout.writelines"} or (
            called.partition(".")[0] in {"typer", "click", "rich"} and called.rpartition(".")[2] in WRITERS
        ):
            found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {called}")
    return found


def test_commands_write_through_the_door_only() -> None:
    door = ROOT / "engine" / "commands" / "terminal.py"
    modules = [path for path in (ROOT / "engine").rglob("*.py") if path != door]
    assert [call for path in modules for call in _calls(path)] == []
    assert _calls(door)


def _logged(as_json: bool, tell: Callable[[structlog.stdlib.BoundLogger], None]) -> str:
    target = io.StringIO()
    root = logging.getLogger()
    before = root.handlers[:]
    try:
        log.configure("info", stream=target, json=as_json)
        tell(structlog.stdlib.get_logger("x"))  # noqa: TID251 - what modules hold
    finally:
        root.handlers[:] = before
        structlog.reset_defaults()
        log.last_resort()
    return target.getvalue()


def _tell(logger: structlog.stdlib.BoundLogger) -> None:
    event = f"event {CANARY}"
    logger.warning(event, camera=CANARY, more={CANARY: [CANARY]}, **{f"k{CANARY}": 1})
    logging.getLogger("foreign").warning("said %s", CANARY)
    try:
        raise ValueError(f"{CANARY}\n2026-03-01T00:00:00Z [error] forged")
    except ValueError:
        logger.exception("failed")


def test_a_text_log_is_harmless_and_no_line_in_it_is_forged() -> None:
    lines = _logged(False, _tell).splitlines()
    assert all(map(is_clean, lines))
    assert len([line for line in lines if not line.startswith("  ")]) == 3
    assert any("ValueError" in line for line in lines)


def test_a_json_log_is_exact_and_harmless() -> None:
    lines = _logged(True, _tell).splitlines()
    told = [json.loads(line) for line in lines]
    assert [each["event"] for each in told] == [f"event {CANARY}", f"said {CANARY}", "failed"]
    assert (told[0]["camera"], told[0]["more"]) == (CANARY, {CANARY: [CANARY]})
    assert all(map(is_clean, lines))


def test_what_is_said_before_logging_is_set_up_is_harmless(capfd: pytest.CaptureFixture[str]) -> None:
    log.get("x").warning("event", camera=CANARY)
    assert is_clean(capfd.readouterr().err.strip())

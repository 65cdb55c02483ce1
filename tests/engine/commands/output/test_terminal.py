"""Nothing foreign reaches a terminal or a text log as anything but harmless text; JSON says exactly what it said."""

from __future__ import annotations

import ast
import io
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import structlog
import typer
from hypothesis import example, given
from hypothesis import strategies as st

from engine import cli
from engine.api import wire
from engine.api.printable import clean, escaped, is_clean
from engine.commands import completion
from engine.commands.output import terminal
from engine.runtime import log

ROOT = Path(__file__).parents[4]
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


def test_a_line_that_is_replaced_never_wraps() -> None:
    stream = io.StringIO()
    terminal.flash("x" * 500, stream)
    assert stream.getvalue() == "\r\x1b[K" + "x" * 79


def test_lines_that_are_replaced_are_as_many_as_were_written() -> None:
    stream = io.StringIO()
    assert terminal.repaint("word " * 40, 0, stream) == 3
    stream.truncate(stream.seek(0))
    assert terminal.repaint(CANARY, 3, stream) >= 1
    assert stream.getvalue().startswith("\r\x1b[2A\x1b[J")
    assert is_clean(stream.getvalue().removeprefix("\r\x1b[2A\x1b[J").replace("\r\n", ""))


#: What writes to a terminal; `terminal` alone may, and the drivers' own command, which cannot know it.
WRITERS = {
    "echo",
    "secho",
    "print",
    "confirm",
    "prompt",
    "write",
    "writelines",
    "print_exc",
    "print_exception",
}
DOORS = {"engine/commands/output/terminal.py", "drivers/virtual/command.py", "engine/runtime/log.py"}
PACKAGES = ("engine", "drivers", "rules", "tui")


def _calls(path: Path) -> list[str]:
    """Return the calls in a module that write to the standard output or error output."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        first, last = called.partition(".")[0], called.rpartition(".")[2]
        streams = called.startswith(("sys.stdout", "sys.stderr", "sys.__std"))
        told = {ast.unparse(each) for each in (*node.args, *(word.value for word in node.keywords))}
        if (
            called in {"print", "breakpoint"}
            or (last in WRITERS and (streams or first in {"typer", "click", "rich"}))
            or (called == "os.write" and told & {"1", "2"})
            or (last in {"print_exc", "print_exception", "print_stack"} and "file" not in _names(node))
        ):
            found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {called}")
    return found


def _names(call: ast.Call) -> set[str | None]:
    return {word.arg for word in call.keywords}


@pytest.mark.parametrize(
    "line",
    ["print(1)", "sys.stdout.write(x)", "sys.stderr.buffer.write(x)", "typer.echo(x)", "click.secho(x)",
     "rich.print(x)", "os.write(1, x)", "traceback.print_exc()", "print_exception(e)", "sys.__stdout__.write(x)"],
)  # fmt: skip
def test_a_write_is_seen(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    (tmp_path / "x.py").write_text(line)
    assert _calls(tmp_path / "x.py")


def test_everything_writes_through_the_door_only() -> None:
    doors = {ROOT / door for door in DOORS}
    modules = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if path not in doors]
    assert [call for path in modules for call in _calls(path)] == []
    assert all(map(_calls, doors))


def test_a_document_is_exact_for_a_program_and_harmless_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"a: 1\n# {CANARY}\n"
    terminal.document(text)
    assert capsys.readouterr().out == text
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    terminal.document("a: 1\n# \x1b[2J\u202e\n")
    assert capsys.readouterr().out == "a: 1\n# ·[2J·\n"


def test_a_picture_is_for_a_program_only(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert terminal.pour(b"\xff\x1b[2J")
    assert capfdbinary.readouterr().out == b"\xff\x1b[2J"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert not terminal.pour(b"\x1b[2J")
    assert capfdbinary.readouterr().out == b""


EVIL = "x\x1b[31m\x9b2J\u202e\u2066y"


@pytest.mark.parametrize(
    "words",
    [
        ("ptz", "gate", EVIL),
        (EVIL,),
        (f"--{EVIL}",),
        ("status", f"--{EVIL}"),
        ("sim", "--video", EVIL),
        ("sim", "--host", EVIL),
        ("sim", "--password-file", f"/nowhere/{EVIL}"),
        ("demo", "--for", EVIL),
        ("demo", "--video", EVIL),
        ("act", "ring", EVIL),
        ("status", "--token", f"file:{EVIL}"),
        ("status", "--socket", EVIL),
        ("models", "card", EVIL),
        ("drivers", "quirks", EVIL),
        ("config", "check", EVIL),
        ("config", "show", EVIL),
        ("rules", "check", EVIL),
        ("rules", "test", EVIL),
        ("rules", "fmt", EVIL),
        ("rules", "new", EVIL),
        ("rules", "explain", "x", "--at", EVIL),
        ("rules", "replay", EVIL),
        ("backup", f"{EVIL}/x"),
        ("restore", EVIL),
        ("run", "--config", EVIL),
        ("discover", "--interface", EVIL),
        ("camera", "retry", EVIL, "--socket", "/nowhere"),
        ("acknowledge", EVIL, "--socket", "/nowhere"),
        ("tui", "--graphics", EVIL),
    ],
    ids=lambda words: " ".join(words[:2]).encode("ascii", "replace").decode(),
)
def test_wrong_words_on_the_command_line_come_back_harmless(
    words: tuple[str, ...], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever writes `*` gives file names, and anybody may have named a file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["matthan", *words])
    monkeypatch.setattr(cli, "root", _fresh(cli.root))
    monkeypatch.setenv("MATTHAN_CONFIG", str(tmp_path / "none.yaml"))
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code in (1, 2, 3)
    told = capfd.readouterr()
    assert told.out + told.err
    assert all(map(is_clean, (told.out + told.err).split("\n"))), ascii(told)


def _fresh(root: typer.Typer) -> typer.Typer:
    """Return a root without what commands of other tests have been added to it."""
    made = typer.Typer(name="matthan", no_args_is_help=True, rich_markup_mode=None)
    made.registered_callback = root.registered_callback
    return made


def test_a_fault_of_ours_tells_where_and_nothing_to_obey(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = typer.Typer()

    @broken.command()
    def fail() -> None:
        raise RuntimeError(f"rtsp://admin:s3cr3t@host said {CANARY}")

    monkeypatch.setattr(cli, "root", broken)
    monkeypatch.setattr("sys.argv", ["matthan"])
    with pytest.raises(SystemExit) as left:
        cli.main()
    told = capfd.readouterr().err
    assert left.value.code == 1
    assert "Traceback (most recent call last)" in told
    assert "RuntimeError" in told
    assert "s3cr3t" not in told
    assert all(map(is_clean, told.split("\n")))


@pytest.mark.parametrize(
    ("name", "token", "offered"),
    [
        ("cong", "1", "cong"),
        ("Cổng-chính", "1", "Cổng-chính"),
        ("Cổng chính", "1", "1"),
        ("$(reboot)", "1", "1"),
        (";reboot", "1", "1"),
        ("`reboot`", "$(reboot)", None),
        (CANARY, "1", "1"),
        (CANARY, CANARY, None),
        ("", "7", "7"),
        ("-rf", "2", "2"),
    ],
)
def test_a_tab_puts_nothing_on_the_command_line_that_a_shell_obeys(
    name: str, token: str, offered: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def connect(*_: object, **__: object) -> AsyncIterator[object]:
        async def presets(camera: str) -> list[wire.Preset]:
            return [wire.Preset(token=token, name=name)]

        yield SimpleNamespace(presets=presets)

    monkeypatch.setattr("engine.api.client.Client.connect", connect)
    context = SimpleNamespace(params={"camera": "gate"})
    found = completion.presets(context, "")  # type: ignore[arg-type]  # as one
    assert [word for word, _ in found] == ([] if offered is None else [offered])
    assert all(is_clean(about) for _, about in found)


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

"""The door to the terminal: every command writes here, and nowhere else (a test proves it).

What is foreign in a line is made harmless on its way out, so that no caller has to think of it. Our own colours
pass because they are sealed with a word that no foreign text can know.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from textwrap import wrap
from typing import Final, TextIO

import typer

from engine.api.printable import clean, escaped

_SEAL: Final = f"\x1b{os.urandom(8).hex()}"  # as `secrets.token_hex`, whose imports would cost 10 ms


def paint(text: str, colour: str, colours: bool) -> str:
    """Return text in a colour (an ANSI code), where colours are wanted; for this module to print."""
    return f"{_SEAL}[{colour}m{text}{_SEAL}[0m" if colours else text


def line(text: str) -> str:
    """Return a text as one harmless line; its own colours stay sealed."""
    return _SEAL.join(map(clean, text.split(_SEAL)))


def out(text: str, colour: str | None = None, *, err: bool = False, dim: bool = False) -> None:
    """Print one line at once; in colour only on a terminal that wants it."""
    shown = _shown(text)
    if (colour or dim) and not os.environ.get("NO_COLOR"):
        shown = typer.style(shown, fg=colour, dim=dim or None)
    typer.echo(shown, err=err)  # which leaves colours out where there is no terminal
    (sys.stderr if err else sys.stdout).flush()


def block(text: str, *, err: bool = False) -> None:
    """Print lines of our own making; whoever put foreign text into them made it one line each (`line`)."""
    for each in text.split("\n"):
        out(each, err=err)


def complain(text: str) -> None:
    """Say what went wrong, in one line on stderr."""
    out(f"matthan: {text}", err=True)


def data(text: str) -> None:
    """Print JSON: it says exactly what it said."""
    sys.stdout.write(escaped(text) + "\n")
    sys.stdout.flush()


def document(text: str) -> None:
    """Print a document or a path: exactly as it is where a program reads it, harmless on a terminal."""
    if sys.stdout.isatty():
        block(text.removesuffix("\n"))
        return
    sys.stdout.write(text)
    sys.stdout.flush()


def asked(question: str) -> bool:
    """Ask a person at the terminal; only a yes in either language is one, and an end of the input is none."""
    sys.stderr.write(f"{line(question)} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes", "c", "có", "co")


def pour(content: bytes) -> bool:
    """Hand bytes to the program that reads them; on a terminal nothing is written, and False returned."""
    if sys.stdout.isatty():
        return False
    sys.stdout.buffer.write(content)
    sys.stdout.flush()
    return True


def flash(text: str, stream: TextIO) -> None:
    """Replace the terminal's last line; nothing takes it away. A line that is wider than the terminal is cut.

    One that wrapped could not be replaced: each would leave its upper part behind.
    """
    stream.write(f"\r\x1b[K{clean(text)[: (width_of(stream) or 80) - 1]}")
    stream.flush()


def repaint(text: str, before: int, stream: TextIO) -> int:
    """Replace the terminal's last lines by a text of as many as it needs; return how many those are.

    Args:
        before: What the last call returned; 0: there was none.
    """
    lines = wrap(clean(text), max(20, (width_of(stream) or 80) - 1)) or [""]
    up = f"\x1b[{before - 1}A" if before > 1 else ""
    stream.write(f"\r{up}\x1b[J" + "\r\n".join(lines))
    stream.flush()
    return len(lines)


def width_of(stream: TextIO) -> int:
    """Return how wide the terminal is behind a stream; 0 where there is none, or it does not tell."""
    try:
        return os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    except (OSError, ValueError):
        return 0


@contextmanager
def stage(stream: TextIO) -> Iterator[None]:
    """Give the whole terminal, without its cursor, and put back what was there."""
    stream.write("\x1b[?1049h\x1b[?25l\x1b[2J")
    try:
        yield
    finally:
        stream.write("\x1b[?25h\x1b[?1049l")
        stream.flush()


def perform(lines: Sequence[str], stream: TextIO) -> None:
    """Replace what is on the `stage` by lines; whoever made them saw to it that they fit."""
    shown = "\x1b[K\r\n".join(map(_shown, lines))
    stream.write(f"\x1b[H{shown}\x1b[K\x1b[J")
    stream.flush()


def bell() -> None:
    """Ring the terminal's bell; into a pipe nothing is written."""
    if sys.stderr.isatty():
        sys.stderr.write("\a")
        sys.stderr.flush()


def _shown(text: str) -> str:
    return line(text).replace(_SEAL, "\x1b")

"""Single keys of a terminal, for commands that show something live."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

#: What an arrow sends; read as one key.
RIGHT = "\x1b[C"


@contextmanager
def keys(heard: Callable[[str], None]) -> Iterator[None]:
    """Call `heard` with each key, in the running loop, while the context lasts; the terminal is put back after it.

    Where there is no terminal to type at, nothing is heard.
    """
    import termios
    import tty

    if not sys.stdin.isatty():
        yield
        return
    number, loop = sys.stdin.fileno(), asyncio.get_running_loop()
    before = termios.tcgetattr(number)
    tty.setcbreak(number)
    loop.add_reader(number, lambda: heard(os.read(number, 16).decode(errors="replace")))
    try:
        yield
    finally:
        loop.remove_reader(number)
        with suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(number, termios.TCSADRAIN, before)

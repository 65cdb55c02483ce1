"""Which way pictures are shown, decided once, before the app owns the terminal."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from enum import StrEnum


class Graphics(StrEnum):
    """Ways to show a picture in a terminal."""

    BLOCKS = "blocks"
    KITTY = "kitty"
    SIXEL = "sixel"
    NONE = "none"


def multiplexed(environ: Mapping[str, str]) -> bool:
    """Return whether tmux or screen stands between us and the terminal: half-blocks only, then."""
    term = environ.get("TERM", "")
    return bool(environ.get("TMUX") or environ.get("STY")) or term.startswith(("tmux", "screen"))


def chosen_automatically(environ: Mapping[str, str] = os.environ) -> str:
    """Return for a person which way ``auto`` takes in this terminal."""
    chosen = choose("auto", environ)
    if chosen is not Graphics.BLOCKS:
        return f"{chosen} graphics"
    return f"half-blocks{' (inside tmux or screen)' if multiplexed(environ) else ''}"


def choose(setting: str, environ: Mapping[str, str] = os.environ) -> Graphics:
    """Return the way to show pictures.

    textual-image asks the terminal when it is imported, and its answer would be taken for keystrokes
    once the app runs: so it is imported here, now, or (half-blocks, tmux, no terminal) never.

    Args:
        setting: ``auto`` or one of `Graphics`.
    """
    if setting in {Graphics.BLOCKS, Graphics.NONE}:
        return Graphics(setting)
    if setting == "auto" and (multiplexed(environ) or not sys.__stdout__ or not sys.__stdout__.isatty()):
        return Graphics.BLOCKS
    try:
        renderable = importlib.import_module("textual_image.renderable")
        importlib.import_module("textual_image.widget")  # asks for the size of a cell
    except ZeroDivisionError:  # a terminal that says it has no size (a serial console, a fresh pty)
        return Graphics.BLOCKS
    if setting != "auto":
        return Graphics(setting)
    found = {renderable.SixelImage: Graphics.SIXEL, renderable.TGPImage: Graphics.KITTY}
    return found.get(renderable.Image, Graphics.BLOCKS)

"""Names and values under each other."""

from __future__ import annotations

from rich.console import Console

from tui.render.facts import facts


def shown(*pairs: tuple[str, str], width: int = 24, least: int = 0) -> list[str]:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(facts("Head", "good", pairs, least=least))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_a_repeated_name_is_written_once_and_values_line_up() -> None:
    assert shown(("At", "noon"), ("Actions", "log"), ("Actions", "mqtt"), ("At", "night")) == [
        "Head",
        "At       noon",
        "Actions  log",
        "         mqtt",
        "At       night",
    ]


def test_long_values_are_wrapped_beside_their_name() -> None:
    assert shown(("Why", "nobody has been seen here"), width=16) == [
        "Head",
        "Why  nobody has",
        "     been seen",
        "     here",
    ]


def test_several_facts_line_up_where_it_is_asked() -> None:
    assert shown(("a", "b"), least=6) == ["Head", "a       b"]
    assert shown(width=10) == ["Head"]

"""``matthan drivers``: ways to talk to cameras that are installed, and what is known of single makers' devices."""

from __future__ import annotations

import inspect
import json
import re
import shutil
import textwrap
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.commands.output.report import LangOption, language
from engine.commands.output.terminal import complain, data, out

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from drivers.contract import Driver
    from drivers.kit.quirks import Quirk
    from engine.text import Language

app = typer.Typer(no_args_is_help=True)
drivers = typer.Typer(
    no_args_is_help=True, help="Drivers and their options: list; what odd devices do: quirks."
)
app.add_typer(drivers, name="drivers")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON array.")]
#: Widest line; and the narrowest that is still filled.
WIDEST, NARROWEST = 100, 40
_ENTRY = re.compile(r"^ {4}(\w+): (.*(?:\n {5,}.*)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a driver: what it may be, what it is when nothing is said, what it does."""

    name: str
    values: str
    default: Any
    description: str


@dataclass(frozen=True, slots=True)
class Row:
    """One driver as `list` shows it; `broken` says why it cannot be loaded, and the rest is empty then."""

    name: str
    origin: str
    title: str = ""
    schemes: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    broken: str = ""


@drivers.command("list")
def list_drivers(as_json: Json = False, lang: LangOption = None) -> None:
    """Show the installed drivers, the addresses that they open, and their options (`options:` of a camera)."""
    rows = [_row(name, language(lang)) for name in _names()]
    if as_json:
        _print_json([asdict(row) for row in rows])
        return
    for row in rows:
        _print(f"{row.name}: {row.broken or row.title}  [{row.origin}]", 0)
        if row.schemes:
            _print("opens " + ", ".join(f"{scheme}:" for scheme in row.schemes), 2)
        for option in row.options:
            default = "none" if option.default is None else json.dumps(option.default, ensure_ascii=False)
            _print(f"{option.name}: {option.values}; default {default}", 2)
            _print(option.description, 6)


@drivers.command()
def quirks(
    words: Annotated[
        list[str] | None, typer.Argument(help="Show those that speak of all these words.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what single makers' devices do otherwise than the standard says, and what is done about it.

    Exit code 1: none speaks of these words.
    """
    known = sorted((quirk for name in _names() for quirk in quirks_of(name)), key=lambda quirk: quirk.name)
    wanted = [word.casefold() for word in words or ()]
    found = [
        quirk
        for quirk in known
        if all(word in " ".join(asdict(quirk).values()).casefold() for word in wanted)
    ]
    if as_json:
        _print_json([asdict(quirk) for quirk in found])
    else:
        for quirk in found:
            _print(f"{quirk.name}  ({quirk.makers})", 0)
            for label, told in (("seen", quirk.symptom), ("done", quirk.answer), ("report", quirk.seen)):
                _print(f"{label:<7} {told}", 2, hanging=10)
    if not found:
        complain(f"no quirk speaks of: {' '.join(words or ())}")
    raise typer.Exit(0 if found else 1)


def quirks_of(name: str) -> tuple[Quirk, ...]:
    """Return a driver's list (`Driver.quirks`); empty where it tells none or cannot be loaded."""
    from drivers import registry
    from drivers.errors import DriverError

    try:
        told: tuple[Quirk, ...] = getattr(registry.load(name), "quirks", ())
    except DriverError:
        return ()
    return told


def _names() -> tuple[str, ...]:
    from drivers import registry

    return registry.names()


def _row(name: str, chosen: Language) -> Row:
    from drivers import registry
    from drivers.errors import DriverError
    from engine.text import render

    about = registry.about(name)
    origin = f"{about.distribution} {about.version}"
    try:
        driver = registry.load(name)
    except DriverError as error:
        return Row(name, origin, broken=render(error.code, error.values, chosen))
    return Row(name, origin, driver.title, tuple(sorted(driver.schemes)), tuple(options_of(driver)))


def options_of(driver: Driver) -> Iterator[Option]:
    """Yield what may be said under `options:` for a driver; nothing where it does not tell (`Driver.options`).

    An option is described by its field, or among the attributes in its class's docstring.
    """
    model = getattr(driver, "options", None)
    if model is None:
        return
    written = (inspect.getdoc(model) or "").replace("``", "`")
    told = {name: " ".join(text.split()) for name, text in _ENTRY.findall(written)}
    for name, field in model.model_json_schema()["properties"].items() if model.model_fields else ():
        described = field.get("description") or told.get(name.rpartition(".")[2], "")
        yield Option(name, _values(field), field.get("default"), described)


def _values(field: Mapping[str, Any]) -> str:
    """Return in words what a field may be."""
    if "anyOf" in field:
        return " or ".join(
            dict.fromkeys(_values(each) for each in field["anyOf"] if each.get("type") != "null")
        )
    choices = field.get("enum") or ([field["const"]] if "const" in field else [])
    if choices:
        return ", ".join(map(str, choices))
    words = {"boolean": "true, false", "integer": "whole number", "number": "number", "string": "text"}
    limits = "".join(f" {sign} {field[key]:g}" for key, sign in _LIMITS.items() if key in field)
    return words.get(str(field.get("type")), str(field.get("type", "anything"))) + limits


_LIMITS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}


def _print(text: str, indent: int, hanging: int | None = None) -> None:
    """Print a paragraph, filled to the terminal's width; 80 where there is none."""
    width = max(NARROWEST, min(WIDEST, shutil.get_terminal_size((80, 24)).columns))
    after = " " * (indent + 2 if hanging is None else hanging)
    lines = textwrap.wrap(
        text,
        width,
        initial_indent=" " * indent,
        subsequent_indent=after,
        break_on_hyphens=False,
        break_long_words=False,
    )
    for line in lines:
        out(line)


def _print_json(rows: list[dict[str, Any]]) -> None:
    data(json.dumps(rows, ensure_ascii=False, indent=1))

"""The packaged registry: models known to work, label lists, and our names for others' classes."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from engine.errors import ModelError
from engine.text import render

#: Ways to read a model's outputs; `engine.vision.postprocess` has one adapter for each.
HEADS = ("yolox", "ssd", "boxes")
COLOURS = ("rgb", "bgr")
#: Stands in label lists for a number without a class.
UNUSED = "???"


class ModelFault(ModelError):
    """A `ModelError` as code + values; its text is the English sentence."""

    def __init__(self, code: str, /, **values: object) -> None:
        self.code, self.values = code, values
        super().__init__(render(code, values, "en"))


@dataclass(frozen=True, slots=True)
class Entry:
    """One known model.

    Attributes:
        urls: Where it is published, tried in order.
        sha256: Of the file, hexadecimal.
        size: Bytes.
        sizes: Widths and heights of its input in pixels.
        head: One of `HEADS`.
        labels: The model's own class names in its order; ``???`` where a number is unused.
        colours: Order of the input's channels.
    """

    name: str
    title: str
    urls: tuple[str, ...]
    sha256: str
    size: int
    licence: str
    sizes: tuple[tuple[int, int], ...]
    head: str
    labels: tuple[str, ...]
    colours: str


@cache
def _document() -> Mapping[str, Any]:
    return tomllib.loads((files("engine.models") / "registry.toml").read_text("utf-8"))


@cache
def registry() -> Mapping[str, Entry]:
    """Return the known models by name, best first."""
    entries = {name: value for name, value in _document().items() if "sha256" in value}
    return {
        name: Entry(
            name=name,
            title=value["title"],
            urls=tuple(value["urls"]),
            sha256=value["sha256"],
            size=value["size"],
            licence=value["licence"],
            sizes=sizes_of(value["input"]),
            head=value["head"],
            labels=named_labels(value["labels"]),
            colours=value["colours"],
        )
        for name, value in entries.items()
    }


def sizes_of(given: list[Any]) -> tuple[tuple[int, int], ...]:
    """Return ``[416, 256]``, or a list of such, as sizes."""
    several = given if isinstance(given[0], list) else [given]
    return tuple((width, height) for width, height in several)


def named_labels(given: str | list[str]) -> tuple[str, ...]:
    """Return a label list: by its registered name, from ``a,b,c``, or as given."""
    if isinstance(given, str):
        lists: Mapping[str, list[str]] = _document()["labels"]
        return tuple(lists.get(given) or (label.strip() for label in given.split(",")))
    return tuple(given)


@cache
def _classes() -> Mapping[str, str]:
    classes: Mapping[str, list[str]] = _document()["classes"]
    return {name: ours for ours, names in classes.items() for name in names}


def class_of(label: str) -> str | None:
    """Return our name of a model's class; an unknown one keeps its own; None: not reported."""
    found = _classes().get(label, label)
    return None if found in ("ignored", UNUSED) else found


def meant() -> Mapping[str, str]:
    """Return our name of what other models call otherwise, by their word, e.g. ``truck``."""
    return {name: ours for name, ours in _classes().items() if ours not in ("ignored", name)}


def ours() -> tuple[str, ...]:
    """Return our own classes, in the order in which what we teach tells them."""
    return tuple(name for name in _document()["classes"] if name != "ignored")


def vocabulary() -> frozenset[str]:
    """Return every label that an event may carry: what registered models report, and ``moving``."""
    lists: Mapping[str, list[str]] = _document()["labels"]
    named = {name for labels in lists.values() for name in reported(labels)}
    return frozenset({*named, *ours(), "moving"})


def reported(labels: Iterable[str]) -> tuple[str, ...]:
    """Return our names of a model's classes that are reported, each once."""
    return tuple(dict.fromkeys(name for label in labels if (name := class_of(label))))

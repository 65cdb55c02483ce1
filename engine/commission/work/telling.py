"""Sentences of a job put together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.errors import reason_of
from engine.web.sentence import Sentence as Told
from rules.model import Sentence

#: More are not told in one place.
MOST = 6


def several(sentences: Iterable[Sentence]) -> Sentence | None:
    """Return sentences as one, each with values of its own; None where there is none."""
    told = list(dict.fromkeys(map(_hashable, sentences)))[:MOST]
    if len(told) <= 1:
        return Sentence(told[0][0], dict(told[0][1])) if told else None
    parts = ["+".join(_numbered(part, nth) for part in code.split("+")) for nth, (code, _) in enumerate(told)]
    values = {
        f"{name}{_mark(name, nth)}": value for nth, (_, given) in enumerate(told) for name, value in given
    }
    return Sentence("+commission.also+".join(parts), values)


def _hashable(sentence: Sentence) -> tuple[str, tuple[tuple[str, str | int | float | bool], ...]]:
    return sentence.code, tuple(sentence.values.items())


def _numbered(part: str, nth: int) -> str:
    return part if "@" in part else f"{part}@{nth}"


def _mark(name: str, nth: int) -> str:
    return "" if "@" in name else f"@{nth}"


def told(sentence: Sentence | None) -> Told | None:
    """Return a sentence in both languages, as records have it."""
    return None if sentence is None else Told.of(sentence)


def why(error: BaseException) -> Sentence:
    """Return why something failed."""
    return reason_of(error) or Sentence("camera.bug", {"kind": type(error).__name__})


def lies(troubles: Sequence[Sentence]) -> list[Sentence]:
    """Return troubles, those that a device accepted and did not do as one: a lying encoder has ten of them."""
    told = [each for each in troubles if each.code == "commission.lied"]
    if len(told) < 2:
        return list(troubles)
    each = (f"{one.values['feature']} = {one.values['found']} (≠ {one.values['wanted']})" for one in told)
    together = Sentence("commission.lied_all", {"told": ", ".join(each)})
    return [together, *(one for one in troubles if one not in told)]

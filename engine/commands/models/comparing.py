"""Comparing two models: what was asked, and what came out."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from engine.bench.album import Album, album
from engine.bench.duel import Contrast, Judged, Seen, judge, seen, sources, worst
from engine.commands.models.opening import opened
from engine.commands.output.report import Language, Progress, say_in
from engine.commands.output.terminal import block, complain, data
from engine.models import ModelFault, ModelFile, class_of
from engine.models.known import named_labels, ours
from engine.text import render
from engine.vision.objects import Detector


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to know; see `engine.commands.models.compare`."""

    a: str
    b: str
    folder: Path
    html: Path | None
    most: int
    score: float
    split: str | None
    names: str | None


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its file, CPU milliseconds of a picture (the median), and what it can tell."""

    file: ModelFile
    ms: float
    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Compared:
    """What came out.

    Attributes:
        bad: Pictures that could not be looked at, and why.
        unnamed: Boxes whose class number has no name.
        unknown: Objects of classes that neither can tell, by class.
        contrasts: Pictures on which they differ, the worst first.
    """

    asked: Asked
    album: Album
    a: Side
    b: Side
    pictures: int
    judged: Judged
    sources: Mapping[str, tuple[int, Judged]]
    contrasts: Sequence[Contrast]
    bad: Sequence[ModelFault] = ()
    unnamed: int = 0
    unknown: Mapping[str, int] = field(default_factory=dict)


def compared(asked: Asked, said: Language, *, as_json: bool) -> str:
    """Compare, tell, and return which is better (`engine.bench.difference.Verdict`).

    Raises:
        ModelFault: A model or the folder cannot be used, or the page not written.
    """
    if asked.html is not None and not os.access(asked.html.parent, os.W_OK | os.X_OK):
        raise ModelFault("model.page", path=asked.html, reason=os.strerror(_why_not(asked.html.parent)))
    found = measure(asked, said)
    _tell(found, said, as_json=as_json)
    if asked.html is not None:
        from engine.commands.models.page import write  # Pillow

        write(found, asked.html, said)
        complain(say_in(said, "compare.page", path=str(asked.html), count=len(found.contrasts)))
    return found.judged.verdict


def _why_not(folder: Path) -> int:
    return errno.EACCES if folder.is_dir() else errno.ENOENT


def _tell(found: Compared, said: Language, *, as_json: bool) -> None:
    if as_json:
        from engine.commands.models.as_json import spelled

        data(spelled(found))
    else:
        from engine.commands.models.showing import lines

        block("\n".join(lines(found, said)))


def measure(asked: Asked, said: Language) -> Compared:
    """Let both look at every picture, and judge.

    Raises:
        ModelFault: A model or the folder cannot be used.
    """
    chosen = album(asked.folder, asked.split)
    (file_a, a), (file_b, b) = opened(asked.a), opened(asked.b)
    if file_a.sha256 == file_b.sha256:
        raise ModelFault("model.same", a=asked.a, b=asked.b)
    names = [class_of(name) for name in (named_labels(asked.names) if asked.names else ours())]
    looked, bad = _look(chosen, names, a, b, said)
    if not looked:
        raise ModelFault("model.no_readable", folder=asked.folder, count=len(bad))
    known = [name for name in dict.fromkeys(names) if name and name in {*a.names, *b.names}]
    with Progress(say_in(said, "compare.weighing")) as tick:
        tick(len(looked))
        judged = judge(looked, known)
        apart = {name: (len(part), judge(part, known)) for name, part in sources(looked).items()}
    return Compared(
        asked,
        chosen,
        Side(file_a, median(each.ms[0] for each in looked), a.names),
        Side(file_b, median(each.ms[1] for each in looked), b.names),
        len(looked),
        judged,
        apart,
        worst(looked, known, asked.score, asked.most),
        bad,
        sum(each.truth.unnamed for each in looked),
        _unknown(looked, known),
    )


def _look(
    chosen: Album, names: Sequence[str | None], a: Detector, b: Detector, said: Language
) -> tuple[list[Seen], list[ModelFault]]:
    """Look at every picture; one that cannot be read is told at once, and the rest goes on."""
    looked: list[Seen] = []
    bad: list[ModelFault] = []
    with Progress(say_in(said, "compare.looking", count=len(chosen.shots))) as tick:
        for number, shot in enumerate(chosen.shots, 1):
            try:
                looked.append(seen(shot, names, a, b))
            except ModelFault as fault:
                bad.append(fault)
                tick.clear()
                complain(render(fault.code, fault.values, said))
            tick(number)
    return looked, bad


def _unknown(looked: Sequence[Seen], known: Sequence[str]) -> dict[str, int]:
    """Return how many objects there are of each class that neither can tell."""
    told: dict[str, int] = {}
    for each in looked:
        for label, sure in zip(each.truth.labels, each.truth.sure, strict=True):
            if sure and label not in known:
                told[label] = told.get(label, 0) + 1
    return told

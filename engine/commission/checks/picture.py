"""Whether the picture of the main stream can be looked at."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from typing import TYPE_CHECKING

from engine.commission.checks.look import Look, text
from engine.commission.checks.watch import Watched
from engine.commission.record import CheckResult, PictureRecord
from engine.web.sentence import Sentence
from rules.model import Sentence as Told

if TYPE_CHECKING:
    from engine.commission.checks.pixels import Figures

CHECKS = (
    "picture.brightness", "picture.dark", "picture.bright", "picture.uniform", "picture.sharpness",
    "picture.frozen",
)  # fmt: skip


async def picture(look: Look) -> list[CheckResult]:
    """Measure the picture that the main stream began with; `streams` has run."""
    main = next(iter(look.subject.camera.profiles), None)
    watched = look.watched.get(main.token) if main else None
    if watched is None or watched.seen is None:
        return [look.untested(check, "check.no_picture") for check in CHECKS]
    from engine.commission.checks.pixels import figures

    name = _kept(look, watched.seen.jpeg)
    found = await asyncio.to_thread(figures, watched.seen.frame)
    results = [*_figures(look, found), _frozen(look, watched)]
    return [each.model_copy(update={"pictures": (name,)}) for each in results]


def _figures(look: Look, found: Figures) -> list[CheckResult]:
    return [
        look.measured("picture.brightness", found.mean, "check.brightness", "check.brightness_bad"),
        look.measured("picture.dark", 100 * found.black, "check.dark", "check.dark_bad"),
        look.measured("picture.bright", 100 * found.white, "check.bright", "check.bright_bad"),
        look.measured("picture.uniform", found.spread, "check.uniform", "check.uniform_bad"),
        look.measured("picture.sharpness", found.sharpness, "check.sharpness", "check.sharpness_bad"),
    ]


def _frozen(look: Look, watched: Watched) -> CheckResult:
    if watched.compared < 2:
        return look.untested("picture.frozen", "check.one_picture")
    if watched.same:
        return look.bad("picture.frozen", "check.frozen_bad", True, count=watched.compared)
    return look.good("picture.frozen", "check.frozen", False)


def _kept(look: Look, jpeg: bytes) -> str:
    """Keep the picture for the record; return its name."""
    at = look.subject.clock.now().wall
    name = f"{look.subject.expected.id}-{at:%Y%m%dT%H%M%SZ}.jpg"
    caption = Told("check.still", {"camera": text(look.subject.expected.name or look.subject.expected.id)})
    record = PictureRecord(name=name, sha256=sha256(jpeg).hexdigest(), caption=Sentence.of(caption), at=at)
    look.subject.pictures.taken.append((record, jpeg))
    return name

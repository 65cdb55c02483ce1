"""Whether the picture can be looked at: the main stream's, or of the next one that gives any."""

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
    """Measure the picture that the largest stream began with that gave one; `streams` has run."""
    tokens = (each.token for each in look.subject.camera.profiles)
    came = (look.watched[token] for token in tokens if token in look.watched)
    watched = next((each for each in came if each.seen is not None), None)
    if watched is None or watched.seen is None:
        return [look.untested(check, "check.no_picture") for check in CHECKS]
    from engine.commission.checks.pixels import figures

    name = _kept(look, watched, await asyncio.to_thread(watched.seen.jpeg))
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


def _kept(look: Look, watched: Watched, jpeg: bytes) -> str:
    """Keep the picture for the record; return its name."""
    at = look.subject.clock.now().wall
    name = f"{look.subject.expected.id}-{at:%Y%m%dT%H%M%SZ}.jpg"
    called = look.subject.expected.name or look.subject.expected.id
    caption = Told("check.still", {"camera": text(called), "stream": text(watched.profile.token)})
    record = PictureRecord(name=name, sha256=sha256(jpeg).hexdigest(), caption=Sentence.of(caption), at=at)
    look.subject.pictures.taken.append((record, jpeg))
    return name

"""Which detector the engine works with: the one that was wished for, or another that stands in for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from engine import models
from engine.config.settings import DetectorSettings
from engine.models import ModelFault
from engine.runtime import log
from engine.vision.pool import DetectorPool
from rules.model import Sentence

logger = log.get(__name__)


def open_pool(wished: DetectorSettings) -> tuple[DetectorPool | None, Sentence | None]:
    """Open the wished model; in place of one that cannot be used, the best one that can.

    So rules on classes go on firing, if less well: a model that was lost or damaged does not blind the site.

    Returns:
        The detectors, None: moving regions only; and what a person should know, if anything.
    """
    if wished.model == models.NONE:
        return None, None
    failed: ModelFault | None = None
    try:
        if (model := models.find(wished.model)) is not None:
            return DetectorPool(model, wished.workers), None
    except ModelFault as fault:
        logger.error("model not used", model=wished.model, reason=str(fault))
        failed = fault
    if failed is not None and (pool := next(_others(wished.workers), None)) is not None:
        return pool, _told(failed, pool.model.name)
    logger.warning("no detector: objects are reported as moving; see `matthan models list`")
    return None, _told(failed) if failed else Sentence("engine.no_model")


def _others(workers: int) -> Iterator[DetectorPool]:
    """Yield what can be opened, best first."""
    for model in models.installed():
        with suppress(ModelFault):
            yield DetectorPool(model, workers)


def _told(failed: ModelFault, instead: str = "") -> Sentence:
    values = {name: str(value) for name, value in failed.values.items()}
    if not instead:
        return Sentence(failed.code, values)
    return Sentence(f"{failed.code}+engine.instead", {**values, "instead": instead})

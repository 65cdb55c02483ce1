"""Which detector the engine works with: the one that was wished for, or another that stands in for it."""

from __future__ import annotations

from engine import log, models
from engine.models import ModelFault
from engine.settings import DetectorSettings
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
    best = [each.name for each in models.installed()]
    for name in dict.fromkeys([wished.model, *best] if wished.model else best):
        try:
            if (model := models.find(name)) is not None:
                pool = DetectorPool(model, wished.workers)
                return pool, _told(failed, name) if failed else None
        except ModelFault as fault:
            failed = failed or fault
            logger.error("model not used", model=name, reason=str(fault))
    logger.warning("no detector: objects are reported as moving; see `matthan models list`")
    return None, _told(failed) if failed else Sentence("engine.no_model")


def _told(failed: ModelFault, instead: str = "") -> Sentence:
    values = {name: str(value) for name, value in failed.values.items()}
    if not instead:
        return Sentence(failed.code, values)
    return Sentence(f"{failed.code}+engine.instead", {**values, "instead": instead})

"""The rules of the last run."""

from __future__ import annotations

from engine.judging.rulebook import Rulebook, reopened
from engine.runtime import log
from engine.store.model import Resume
from rules.compiler.ruleset import RuleSet
from rules.document.errors import RuleError

logger = log.get(__name__)


def last_rules(resume: Resume, book: Rulebook) -> RuleSet | None:
    """Return the rules of the last run, so that what they told is resolved in their words; None: nobody knows."""
    if resume.adopted is None or (resume.settled and resume.adopted.digest == book.digest):
        return None
    try:
        return reopened(resume.adopted.body)
    except (RuleError, ValueError) as error:
        logger.warning("the rules of the last run are not taken any more", reason=str(error))
        return None

"""A commissioning's values in the words, signs and tones of a report."""

from __future__ import annotations

from datetime import datetime, tzinfo

from engine.commission.handover.differences import End
from engine.commission.record import CheckResult, Outcome
from engine.report.model import Tone, Toned
from engine.text import Language, catalogue, render
from engine.web.payload import Fact
from engine.web.sentence import Sentence
from rules.text import fraction

#: A sign for each outcome, which says the same without colour.
SIGNS = {Outcome.PASS: "✓", Outcome.WARN: "!", Outcome.FAIL: "×", Outcome.NOT_TESTED: "–"}
TONES = {
    Outcome.PASS: Tone.GOOD,
    Outcome.WARN: Tone.DOUBT,
    Outcome.FAIL: Tone.BAD,
    Outcome.NOT_TESTED: Tone.NOTE,
}


class Words:
    """The words of one report.

    Args:
        zone: The site's, in which moments are told.
    """

    def __init__(self, language: Language, zone: tzinfo) -> None:
        self.language, self._zone = language, zone

    def say(self, code: str, **values: Fact) -> str:
        """Return one of the report's own texts."""
        return render(f"commission_report.{code}", values, self.language)

    def told(self, sentence: Sentence | None) -> str:
        """Return a sentence of the record as it was rendered when it was made, so that it never changes."""
        if sentence is None:
            return ""
        return (sentence.vi if self.language == "vi" else sentence.en) or sentence.code

    def check(self, check: str) -> str:
        """Return what a check is called; of a stream's with its profile."""
        group, *between, name = check.split(".")
        code = f"check_name.{group}_{name}"
        called = catalogue(self.language).get(code, check)
        return f"{called} ({'.'.join(between)})" if between else called

    def group(self, group: str) -> str:
        """Return what a group of checks is called."""
        return catalogue(self.language).get(f"check_group.{group}", group)

    def outcome(self, outcome: Outcome) -> Toned:
        """Return an outcome with its sign."""
        word = render(f"check_outcome.{outcome}", {}, self.language)
        return Toned(f"{SIGNS[outcome]} {word}", TONES[outcome])

    def sign(self, outcome: Outcome, count: int = 0) -> Toned:
        """Return an outcome's sign alone, with how many of them where there are several."""
        return Toned(f"{SIGNS[outcome]} {count}" if count > 1 else SIGNS[outcome], TONES[outcome])

    def value(self, result: CheckResult) -> str:
        """Return what was measured, with its unit."""
        return " ".join(filter(None, (self.fact(result.value), result.unit)))

    def fact(self, fact: Fact | None) -> str:
        """Return a value as people write it."""
        if fact is None:
            return "–"
        if isinstance(fact, bool):
            return self.say("yes" if fact else "no")
        return fraction(f"{fact:g}", self.language) if isinstance(fact, float) else str(fact)

    def shift(self, what: str) -> str:
        """Return what a thing that differs is called."""
        group, _, name = what.partition(".")
        return self.say(f"{group}_{name}") if group in ("device", "camera") else self.check(what)

    def state(self, end: End) -> str:
        """Return one side of a difference."""
        value = " ".join(filter(None, (self.fact(end.value), end.unit)))
        if end.outcome is None:
            return value
        if end.value is None or end.value == "":
            return self.outcome(end.outcome)
        return Toned(f"{SIGNS[end.outcome]} {value}", TONES[end.outcome])

    def limit(self, result: CheckResult) -> str:
        """Return what it was held against, and who says so."""
        threshold = (
            fraction(result.threshold, self.language) if ".." not in result.threshold else result.threshold
        )
        threshold = threshold.replace("<=", "≤").replace(">=", "≥").replace("..", "–")
        known = f"commission_report.source_{result.source}"  # `ours` and `site` are no names
        source = catalogue(self.language).get(known, result.source)
        return f"{threshold} ({source})" if threshold and source else threshold or source

    def moment(self, at: datetime | None) -> str:
        """Return a moment in the site's time."""
        return f"{at.astimezone(self._zone):%Y-%m-%d %H:%M}" if at else "–"

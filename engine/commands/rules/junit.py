"""What trials came to, as JUnit XML, which every CI system reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from engine.commands.report import Language

if TYPE_CHECKING:
    from rules.rehearsal import Outcome
    from rules.source import Problem


def junit(files: Mapping[str, tuple[Sequence[Outcome], Sequence[Problem]]], lang: Language) -> str:
    """Return the XML of trial files: their outcomes, and why one could not be tried."""
    root = Element("testsuites")
    for name, (outcomes, problems) in files.items():
        failed = sum(not outcome.passed for outcome in outcomes)
        counts = {
            "tests": str(len(outcomes) + bool(problems)),
            "failures": str(failed),
            "errors": str(bool(problems) + 0),
        }
        suite = SubElement(root, "testsuite", {"name": name, **counts})
        if problems:
            case = SubElement(suite, "testcase", {"classname": name, "name": name})
            SubElement(case, "error", {"message": problems[0].sentence(lang)}).text = _told(problems, lang)
        for outcome in outcomes:
            line = str(outcome.line)
            case = SubElement(
                suite, "testcase", {"classname": name, "name": outcome.name, "file": name, "line": line}
            )
            if outcome.failures:
                first = outcome.failures[0].sentence(lang)
                SubElement(case, "failure", {"message": first}).text = _told(outcome.failures, lang)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, "unicode") + "\n"


def _told(problems: Sequence[Problem], lang: Language) -> str:
    return "\n".join(f"{each.source}:{each.line}:{each.column}: {each.sentence(lang)}" for each in problems)

"""What trials came to, as JUnit XML, which every CI system reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from engine.api.printable import clean
from engine.commands.output.report import Language

if TYPE_CHECKING:
    from rules.document.source import Problem
    from rules.trials.runner import Outcome


def junit(files: Mapping[str, tuple[Sequence[Outcome], Sequence[Problem]]], lang: Language) -> str:
    """Return the XML of trial files: their outcomes, and why one could not be tried.

    Texts of the files are made harmless: XML has no place for control characters.
    """
    root = Element("testsuites")
    for path, (outcomes, problems) in files.items():
        name = clean(path)
        failed = sum(not outcome.passed for outcome in outcomes)
        counts = {
            "tests": str(len(outcomes) + bool(problems)),
            "failures": str(failed),
            "errors": str(bool(problems) + 0),
        }
        suite = SubElement(root, "testsuite", {"name": name, **counts})
        if problems:
            case = SubElement(suite, "testcase", {"classname": name, "name": name})
            SubElement(case, "error", {"message": clean(problems[0].sentence(lang))}).text = _told(
                problems, lang
            )
        for outcome in outcomes:
            line = str(outcome.line)
            tried = {"classname": name, "name": clean(outcome.name), "file": name, "line": line}
            case = SubElement(suite, "testcase", tried)
            if outcome.failures:
                first = clean(outcome.failures[0].sentence(lang))
                SubElement(case, "failure", {"message": first}).text = _told(outcome.failures, lang)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, "unicode") + "\n"


def _told(problems: Sequence[Problem], lang: Language) -> str:
    told = (f"{each.source}:{each.line}:{each.column}: {each.sentence(lang)}" for each in problems)
    return "\n".join(map(clean, told))

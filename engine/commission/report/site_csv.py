"""A commissioning as a table: one row a camera, for spreadsheets and scripts. Pure.

RFC 4180, UTF-8 with a mark at its beginning: without it Excel reads Vietnamese as something else. A text that a
spreadsheet would run as a formula gets an apostrophe before it: a camera's name comes from a stranger.
"""

from __future__ import annotations

import csv
import re
from io import StringIO

from engine.commission.record import CameraRecord, JobRecord, Outcome
from engine.commission.report import tally
from engine.web.payload import Fact

MARK = "\ufeff"
#: Signs with which a spreadsheet's formula begins; the latter three are dropped before it looks.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")
#: Where a formula begins within a text: where the list separator is ``;``, as in Vietnam, Excel cuts there, quotes or
#: not.
_WITHIN = re.compile(r"(?s)(?<=.)([;\t\r\n]\s*)(?=[=+\-@])")
_FIXED = (
    "id", "name", "verdict", "found", "manufacturer", "model", "serial", "mac", "firmware", "url", "source",
    "account", *(each.value for each in Outcome),
)  # fmt: skip


def site_csv(job: JobRecord) -> str:
    """Return the table: who each camera is, how each group ended, what each check measured, the sheet's facts."""
    checks = list(dict.fromkeys(each.check for camera in job.cameras for each in camera.results))
    facts = list(dict.fromkeys(name for camera in job.cameras for name in camera.facts))
    text = StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    groups = [f"group:{each}" for each in tally.COLUMNS]
    heads = [*_FIXED, *groups, *(f"{each}:{end}" for each in checks for end in ("outcome", "value"))]
    table.writerow(map(harmless, [*heads, *(f"fact:{each}" for each in facts)]))
    for camera in job.cameras:
        table.writerow(map(harmless, _row(camera, checks, facts)))
    return MARK + text.getvalue()


def _row(camera: CameraRecord, checks: list[str], facts: list[str]) -> list[Fact]:
    device, counts = camera.device, tally.counted(camera.results)
    results = {each.check: each for each in camera.results}
    row: list[Fact] = [
        camera.id, camera.name, tally.verdict(camera).value, tally.was_found(camera), device.manufacturer,
        device.model, device.serial, " ".join(device.macs), device.firmware, camera.url, camera.source,
        camera.username, *(counts[each] for each in Outcome),
    ]  # fmt: skip
    row += [tally.worst(tally.of_group(camera, each)).value for each in tally.COLUMNS]
    for check in checks:
        found = results.get(check)
        value = None if found is None else found.value
        row += ["" if found is None else found.outcome.value, "" if value is None else value]
    return row + [camera.facts.get(each, "") for each in facts]


def harmless(fact: Fact) -> Fact:
    """Return a value as a spreadsheet shows it and never runs it; numbers stay numbers."""
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    if isinstance(fact, str):
        fact = _WITHIN.sub(r"\1'", fact)
        return f"'{fact}" if fact.startswith(_FORMULAS) else fact
    return fact

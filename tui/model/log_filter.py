"""What a person wants to see of the log. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from engine.api import wire
from tui.model.log import Entry
from tui.texts import fold


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What the log is filtered by; every word must match. Diacritics and case do not count.

    Attributes:
        fields: Values that a named field must contain (``camera``, ``kind``, ``rule``, ``severity``).
        words: Words that the entry's text must contain.
        decisions: Only decisions.
    """

    fields: tuple[tuple[str, str], ...] = ()
    words: tuple[str, ...] = ()
    decisions: bool = False

    FIELDS = ("camera", "kind", "rule", "severity", "label", "zone")

    @classmethod
    def parse(cls, text: str, *, decisions: bool = False) -> LogFilter:
        """Read ``camera:gate kind:object free words``."""
        fields: list[tuple[str, str]] = []
        words: list[str] = []
        for token in fold(text).split():
            name, colon, value = token.partition(":")
            if colon and name in cls.FIELDS:
                fields.append((name, value))
            else:
                words.append(token)
        return cls(tuple(fields), tuple(words), decisions)

    def matches(self, entry: Entry, camera_name: str, sentence: str) -> bool:
        """Return whether an entry, shown as `sentence`, is wanted."""
        if self.decisions and not isinstance(entry, wire.Decision):
            return False
        if not self.fields and not self.words:
            return True
        told = _facts(entry, camera_name)
        if not all(value in fold(told.get(name, "")) for name, value in self.fields):
            return False
        text = fold(" ".join((sentence, *told.values())))
        return all(word in text for word in self.words)


def _facts(entry: Entry, camera_name: str) -> dict[str, str]:
    camera = f"{entry.camera or ''} {camera_name}"
    if isinstance(entry, wire.Decision):
        return {"camera": camera, "kind": "decision", "rule": entry.rule, "severity": entry.severity}
    zones = " ".join(entry.zones)
    return {"camera": camera, "kind": entry.kind, "label": entry.label or "", "zone": zones}

"""A file of rules as it is read: YAML, or a list as a table; its texts in one form of letters."""

from __future__ import annotations

from dataclasses import replace
from unicodedata import is_normalized

from rules import normalization
from rules.document import decomposed
from rules.document.source import Document, parse
from rules.document.table import TABLE, table


def opened(text: str, source: str) -> Document:
    """Return a file as a document."""
    return _composed(table(text, source) if source.endswith(TABLE) else parse(text, source))


def _composed(document: Document) -> Document:
    """Return a document with its texts in the composed form, as events come; what was not so is a warning."""
    if is_normalized("NFC", document.text) and "\\" not in document.text:
        return document
    doubts = tuple(map(document.locate, decomposed.doubts(document.data)))
    if not doubts:
        return document
    return replace(document, data=normalization.values(document.data), problems=(*document.problems, *doubts))

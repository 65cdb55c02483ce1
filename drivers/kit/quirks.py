"""What single devices do otherwise than the standard says: the shape of a driver's list of them.

A peculiarity has one place in the code, one answer of the device as a fixture, and one test. A driver tells its list
as `quirks`; ``matthan drivers quirks`` shows all.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quirk:
    """One peculiarity.

    Attributes:
        name: Short and unique, words joined by ``-``.
        makers: Who builds it, as far as it is known.
        symptom: What a client sees.
        answer: What this driver does, and where.
        seen: Public report of it.
        fixture: Path of the device's answer, below ``tests/fixtures``.
        test: ``file::function`` below ``tests``.
    """

    name: str
    makers: str
    symptom: str
    answer: str
    seen: str
    fixture: str
    test: str

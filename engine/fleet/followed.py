"""What rules still follow from the last run."""

from __future__ import annotations

from collections.abc import Iterator

from rules.memory import Memory


def followed(memory: Memory, camera: str) -> Iterator[str]:
    """Yield the subjects of a camera that rules still follow from the last run."""
    for subject in memory.followed:
        name, _, about = subject.partition("/")
        if name == camera:
            yield about

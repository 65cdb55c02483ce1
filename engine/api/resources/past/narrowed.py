"""What stored entries can be narrowed down by, wherever they are asked for."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from engine.api.question import Named, Query

#: What somebody types.
Typed = Annotated[str, Field(max_length=400)]


class Narrowed(Query):
    """Which entries: all that is said must be so. Case and diacritics count in the names of cameras alone."""

    since: AwareDatetime | None = Field(None, description="Of this time or later, by the engine's clock.")
    until: AwareDatetime | None = Field(None, description="Before this time.")
    group: Named | None = Field(None, description="Only of cameras of this group.")
    zone: Named | None = Field(
        None, description="Only with something in this zone; of a decision: its cause."
    )
    kind: Named | None = Field(None, description="Only of this kind of event; of a decision: its cause's.")
    label: Named | None = Field(
        None, description="Only of this label, e.g. person; of a decision: its cause's."
    )
    rule: Named | None = Field(None, description="Only decisions of this rule.")
    severity: Named | None = Field(None, description="Only decisions of this severity.")
    text: Typed | None = Field(
        None, description='Words that begin so in what is told, with or without diacritics; "as they stand".'
    )

    def narrows(self) -> bool:
        """Return whether anything is said beside the camera."""
        return any(getattr(self, name) is not None for name in Narrowed.model_fields)

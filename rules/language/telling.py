"""The grammar of who is told: receivers, routes, what keeps another thing from being told."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rules.document.scalars import OneOrMany, Slug, Written, problem
from rules.language.actions import Do
from rules.language.hours import Times

SeverityWord = Literal["info", "warning", "critical"]


class Receiver(Written):
    """Somebody who is told, and when."""

    do: Annotated[list[Do], Field(min_length=1)] = Field(
        description="Actions that tell them, as under a rule's `do`."
    )
    between: Times | None = Field(None, description="Only at these hours, e.g. 07:30-17:00.")
    during: OneOrMany[Slug] | None = Field(None, description="Only within one of these named schedules.")
    not_during: OneOrMany[Slug] | None = Field(None, description="Not within these named schedules.")
    resolved: bool = Field(False, description="true: told of the end, too.")


class Chosen(Written):
    """Some rules, by what they are. All that is named must be so."""

    rules: OneOrMany[Slug] | None = Field(None, description="These rules.")
    tags: OneOrMany[Slug] | None = Field(None, description="Rules that have one of these tags.")
    severity: OneOrMany[SeverityWord] | None = Field(None, description="Rules of one of these severities.")

    def about(self, name: str, tags: list[str] | None, severity: str) -> bool:
        """Return whether a rule is meant."""
        return (
            (self.rules is None or name in self.rules)
            and (self.tags is None or not set(self.tags).isdisjoint(tags or ()))
            and (self.severity is None or severity in self.severity)
        )


class Route(Chosen):
    """Which rules tell whom. Every route that fits is taken, in order."""

    to: OneOrMany[Slug] = Field(description="Receivers that are told.")
    cameras: OneOrMany[Slug] | None = Field(None, description="Only what is told of these cameras.")
    groups: OneOrMany[Slug] | None = Field(
        None, description="Only what is told of the cameras of these groups."
    )
    stop: bool = Field(False, description="true: what fits here takes no later route.")


class Inhibition(Written):
    """While some rules fire, others are judged and not told."""

    by: Chosen = Field(description="Rules that say enough as long as they fire.")
    of: Chosen = Field(
        description="Rules that are not told meanwhile; what still holds afterwards is told then."
    )
    same: Literal["camera", "group", "site"] = Field(
        "camera",
        description="What both must be about: the same camera, cameras of one group, or anything at the site.",
    )

    @model_validator(mode="after")
    def _meant(self) -> Inhibition:
        for key, chosen in (("by", self.by), ("of", self.of)):
            if chosen.rules is None and chosen.tags is None and chosen.severity is None:
                raise problem("chosen_all", steps=(key,))
        return self

"""What somebody wants commissioned: a sheet on this machine, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.api.resources.commissioning.jobs import Request, Risk, Step

#: Steps that somebody may leave out; a camera is always found and logged in to.
OPTIONAL: Final = (Step.TIME, Step.NAMES, Step.STREAMS, Step.PASSWORD, Step.ADOPT, Step.CHECK)


@dataclass(frozen=True, slots=True)
class Wish:
    """A commissioning as its form has it.

    Attributes:
        sheet: Path of the sheet on this machine, as it was typed.
        subnets: Networks as they were typed, between blanks or commas.
        anew: Whether to begin anew where the last job of this sheet was cut off.
    """

    sheet: str = ""
    technician: str = ""
    subnets: str = ""
    steps: tuple[Step, ...] = OPTIONAL
    thorough: bool = False
    anew: bool = False

    @property
    def path(self) -> Path:
        """Where the sheet is."""
        return Path(self.sheet.strip()).expanduser().absolute()

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks, each alone."""
        return tuple(self.subnets.replace(",", " ").replace(";", " ").split())

    def request(self, content: bytes) -> Request:
        """Return what is asked of an engine.

        Args:
            content: The sheet's bytes.

        Raises:
            ValueError: Something of it is longer than it may be.
        """
        steps = tuple(each for each in Step if each in self.steps or each not in OPTIONAL)
        told = Request.of(self.path, content).model_dump() | {
            "technician": self.technician.strip(), "subnets": self.networks, "steps": steps,
            "thorough": self.thorough, "anew": self.anew, "adopt": Step.ADOPT in steps,
        }  # fmt: skip
        return Request.model_validate(told)


def agreed(request: Request, yes: Sequence[Risk]) -> Request:
    """Return a request that says yes to these risks, and is meant."""
    return request.model_copy(update={"yes": tuple(yes), "dry": False})

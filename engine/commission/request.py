"""A job as somebody asks for it: what is kept beside its journal, and what goes over the API."""

from __future__ import annotations

import base64
from pathlib import Path

from pydantic import Field

from engine.commission.record import Risk, Step
from engine.web.payload import Wire

#: Devices at work at once.
TOGETHER = 24
#: Signs of a sheet as text (base64), and of a standard.
LONGEST, STANDARD = 6 << 20, 256 << 10


class Request(Wire):
    """A job that is asked for.

    Attributes:
        name: What the sheet's file is called; its ending says what it is.
        content: Its bytes, base64.
        standard: Text of the standard; empty: the one beside the configuration.
        folder: From where the standard's references start; empty: the configuration's.
        subnets: Where cameras are looked for that are known by their hardware alone.
    """

    name: str = Field(max_length=500)
    content: str = Field(max_length=LONGEST)
    standard: str = Field("", max_length=STANDARD)
    folder: str = Field("", max_length=1000)
    only: tuple[str, ...] = Field((), max_length=1000)
    steps: tuple[Step, ...] = tuple(Step)
    yes: tuple[Risk, ...] = ()
    subnets: tuple[str, ...] = Field((), max_length=64)
    thorough: bool = False
    adopt: bool = True
    dry: bool = False
    anew: bool = False
    together: int = Field(TOGETHER, ge=1, le=64)
    technician: str = Field("", max_length=200)

    @classmethod
    def of(cls, path: Path, content: bytes) -> Request:
        """Return a request for a sheet, with nothing asked for besides."""
        return cls(name=path.name, content=base64.b64encode(content).decode())

"""A camera that is aimed and drawn on, without a camera or a file: for tests of the terminal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from engine.api.resources.commissioning.aim import Aim, AimQuery, Exposed, Focused, Lies, Reference
from engine.api.resources.commissioning.drawing import (
    Drawing,
    Drawn,
    DrawnLine,
    Erase,
    Kind,
    LineChange,
    MetresChange,
    ZoneChange,
)
from engine.api.sentence import Sentence
from engine.errors import EngineError
from engine.identity.caller import Caller
from engine.web.refusals import refusal
from tests.fakes import village

SAID = Sentence(
    code="aim.exposure_right", vi="Vừa (độ sáng 112 trên 255).", en="Right (brightness 112 of 255)."
)
UNMOVED = Sentence(
    code="aim.unmoved", vi="Không xê dịch so với ảnh mốc.", en="Not moved since the reference."
)
#: From dark to bright.
HISTOGRAM = (1.0, 3.0, 6.0, 10.0, 14.0, 18.0, 15.0, 11.0, 8.0, 5.0, 4.0, 2.0, 1.0, 1.0, 0.6, 0.4)


def revision(number: int) -> str:
    return f"{number:064x}"


class FakeAim:
    """Implements `engine.api.resources.commissioning.aim.AimPort`.

    Attributes:
        score: Of the next measurements; None: nothing to focus on.
        failure: Raised instead.
    """

    def __init__(self) -> None:
        self.score: float | None = 38.0
        self.failure: EngineError | None = None
        self.asked: list[AimQuery] = []
        self.kept = 0

    async def aim(self, caller: Caller, camera: str, query: AimQuery) -> Aim:
        self.asked.append(query)
        if self.failure is not None:
            raise self.failure
        focus = None if self.score is None else Focused(score=self.score, contrast=50, noise=1)
        exposed = Exposed(mean=112, dark=0.3, bright=0.1, histogram=HISTOGRAM, verdict="right", said=SAID)
        return Aim(
            at=village.NOW,
            source=query.of,
            width=640,
            height=360,
            full_width=1920,
            full_height=1080,
            focus=focus,
            exposure=exposed,
            reference=village.ago(days=3),
            lies=Lies(known=True, moved=False, said=UNMOVED),
        )

    async def keep(self, caller: Caller, camera: str) -> Reference:
        self.kept += 1
        return Reference(at=village.NOW, width=640, height=360)

    async def reference(self, caller: Caller, camera: str) -> tuple[bytes, datetime]:
        return b"", village.NOW


class FakeDrawing:
    """Implements `engine.api.resources.commissioning.drawing.DrawingPort` over one drawing.

    Attributes:
        held: What the file has.
        failure: Raised by the next change that is meant.
    """

    def __init__(self) -> None:
        line = DrawnLine(points=((0.2, 0.9), (0.8, 0.9)), inward="left")
        self.held = Drawing(revision=revision(1), zones={"san": village.YARD}, lines={"cong": line})
        self.failure: EngineError | None = None

    async def drawing(self, caller: Caller, camera: str) -> Drawing:
        return self.held

    async def draw_zone(self, caller: Caller, camera: str, name: str, change: ZoneChange) -> Drawn:
        zones = {each: points for each, points in self.held.zones.items() if each != change.replaces}
        return self._changed(change, f"+      {name}: …", zones=zones | {name: change.points})

    async def draw_line(self, caller: Caller, camera: str, name: str, change: LineChange) -> Drawn:
        line = DrawnLine(points=change.points, inward=change.inward)
        lines = {each: kept for each, kept in self.held.lines.items() if each != change.replaces}
        return self._changed(change, f"+      {name}: …", lines=lines | {name: line})

    async def ignore(self, caller: Caller, camera: str, name: str, change: ZoneChange) -> Drawn:
        ignored = {each: points for each, points in self.held.ignored.items() if each != change.replaces}
        return self._changed(change, f"+        {name}: …", ignored=ignored | {name: change.points})

    async def erase(self, caller: Caller, camera: str, kind: Kind, name: str, asked: Erase) -> Drawn:
        field = "ignored" if kind is Kind.IGNORED else f"{kind}s"
        left = {each: drawn for each, drawn in getattr(self.held, field).items() if each != name}
        return self._changed(asked, f"-      {name}: …", **{field: left})

    async def set_metres(self, caller: Caller, camera: str, change: MetresChange) -> Drawn:
        metres = change.metres_per_width
        return self._changed(change, f"+    metres_per_width: {metres}", metres_per_width=metres)

    def _changed(self, asked: Any, line: str, **told: Any) -> Drawn:
        if asked.revision != self.held.revision:
            raise refusal(409, "config.changed_meanwhile", path="matthan.yaml")
        wanted = self.held.model_copy(update=told)
        if not asked.dry_run:
            if self.failure is not None:
                raise self.failure
            self.held = wanted.model_copy(update={"revision": revision(int(self.held.revision, 16) + 1)})
        return Drawn(
            drawing=wanted if asked.dry_run else self.held,
            diff=("@@ -7 +8 @@", line),
            written=not asked.dry_run,
        )

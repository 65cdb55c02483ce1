"""Zones, lines and ignored parts of a camera, drawn on its picture and written into the site's file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from rich.console import RenderableType
from textual.binding import Binding, BindingType

from engine.api.client import ApiError
from engine.api.question import Question
from engine.api.resources.commissioning.drawing import (
    DRAW_IGNORED,
    DRAW_LINE,
    DRAW_ZONE,
    DRAWING,
    ERASE_IGNORED,
    ERASE_LINE,
    ERASE_ZONE,
    Draft,
    Drawing,
    Drawn,
    Kind,
    LineChange,
    ZoneChange,
    inside_of,
)
from tui.presenters import aim_card
from tui.render import pictures
from tui.render.marks import ARROW, Glyph, Spot, Stroke
from tui.screens.aiming.dialogs import AskDialog, DiffDialog
from tui.screens.aiming.picture_page import PicturePage
from tui.screens.context import Context
from tui.screens.dialogs import ConfirmDialog

#: How near to a point the mouse takes hold of it.
NEAR = 0.03
_DRAW: dict[Kind, Question[Any, Any, Drawn]] = {
    Kind.ZONE: DRAW_ZONE,
    Kind.LINE: DRAW_LINE,
    Kind.IGNORED: DRAW_IGNORED,
}
_ERASE: dict[Kind, Question[Any, Any, Drawn]] = {
    Kind.ZONE: ERASE_ZONE,
    Kind.LINE: ERASE_LINE,
    Kind.IGNORED: ERASE_IGNORED,
}


class DrawScreen(PicturePage):
    """What is drawn on one camera's picture: a list, or one of it under the pen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,enter", "put", show=False, priority=True),
        Binding("tab", "choose(1)", show=False, priority=True),
        Binding("shift+tab", "choose(-1)", show=False, priority=True),
        Binding("x,delete,backspace", "take", show=False),
        Binding("u", "undo_step", show=False),
        Binding("i", "turn", show=False),
        Binding("s", "save", show=False),
        Binding("n", "begin('zone')", show=False),
        Binding("N", "begin('line')", show=False),
        Binding("v", "begin('ignored')", show=False),
        Binding("r", "rename", show=False),
    ]

    def __init__(self, context: Context, camera: str) -> None:
        super().__init__(context, camera)
        self.drawing: Drawing | None = None
        self.draft: Draft | None = None
        self.label_of_pen = ""
        self.chosen = 0
        self._dragging = False

    def keys(self) -> Sequence[tuple[str, str]]:
        """What can be done: in the list, or with the one under the pen."""
        if self.draft is None:
            return (
                ("Esc", "key.back"),
                ("↑↓", "key.move"),
                ("Enter", "key.edit"),
                ("n", "key.new_zone"),
                ("N", "key.new_line"),
                ("v", "key.new_ignored"),
                ("r", "key.rename"),
                ("x", "key.delete"),
                ("?", "key.help"),
            )
        side = (("i", "key.side"),) if self.draft.kind is Kind.LINE else ()
        return (
            ("s", "key.save"),
            ("Esc", "key.drop"),
            ("␣", "key.point"),
            ("Tab", "key.choose"),
            *side,
            ("x", "key.delete"),
            ("u", "key.undo"),
            ("+−", "key.zoom"),
            ("?", "key.help"),
        )

    def panel(self) -> RenderableType:
        """The list, or how far the draft is."""
        if self.draft is not None:
            return aim_card.draft_panel(self.draft, self.label_of_pen, self.cross, self.context.t)
        return aim_card.drawing_panel(self.drawing, self.chosen, self.context.t)

    def shapes(self) -> list[pictures.Overlay]:
        """The zones and ignored parts of the file, but the one under the pen; nobody who walks by."""
        if self.drawing is None:
            return []
        zones, ignored, pen = self.drawing.zones, self.drawing.ignored, self._pen
        shown = [(points, name) for name, points in zones.items() if (Kind.ZONE, name) != pen]
        shown += [(points, f"✕ {name}") for name, points in ignored.items() if (Kind.IGNORED, name) != pen]
        return [pictures.Overlay(points, name, zone=True) for points, name in shown]

    def marks(self) -> Iterator[Stroke | Glyph]:
        """The lines of the file with their arrows, and what is under the pen."""
        for name, line in (self.drawing.lines if self.drawing else {}).items():
            if (Kind.LINE, name) != self._pen:
                yield from _line(tuple(line.points), line.inward, name)
        if self.draft is None:
            yield from self._listed()
            return
        draft = self.draft
        if draft.kind is Kind.LINE:
            yield from _line(draft.points, draft.inward, "")
        else:
            yield Stroke(draft.points, closed=len(draft.points) > 2)
        for number, at in enumerate(draft.points):
            yield Glyph(at, f"[{number + 1}]" if number == draft.chosen else str(number + 1))

    async def measure(self) -> None:
        """Read what the file has, once."""
        if self.drawing is None:
            await self._read()

    # -- keys and mouse

    def action_aim(self, direction: str, fast: bool = False) -> None:
        """Move the chosen point, else the crosshair; in the list, the mark."""
        if self.draft is None:
            if direction in ("up", "down"):
                self._mark(-1 if direction == "up" else 1)
            return
        super().action_aim(direction, fast)
        if self.draft.chosen is not None:
            self.draft.move(self.cross)
            self.cross = self.draft.points[self.draft.chosen]
            self.redraw()

    def pointed(self, at: Spot) -> None:
        """Take hold of a point that is near, else put one."""
        if self.draft is None:
            return
        if not self.draft.choose_near(at, NEAR / self.window.zoom):
            self.draft.add(at)
        self.redraw()

    def dragged(self, at: Spot) -> None:
        """Move the point that was taken hold of."""
        if self.draft is not None and self.draft.move(at):
            self.redraw()

    def action_put(self) -> None:
        """Put a point; in the list, take the marked one under the pen.

        It is not held: the arrows go on with the crosshair, to where the next point shall be. One that was put behind
        a chosen point is: it lies on that one, and is to be moved away.
        """
        if self.draft is None:
            self._edit()
        else:
            self._put(self.draft)
        self._again()

    def _put(self, draft: Draft) -> None:
        behind = draft.chosen is not None
        if not draft.add(self.cross):
            self.tell("draw.many")
        elif not behind:
            draft.release()

    def action_choose(self, by: int) -> None:
        """Choose the next point; the crosshair goes there."""
        if self.draft is not None and (at := self.draft.choose(by)) is not None:
            self.put_cross(at)

    def action_take(self) -> None:
        """Take a point away; in the list, the marked zone or line."""
        if self.draft is None:
            self._work(self._erase())
        else:
            self._take_from(self.draft)
        self._again()

    def _take_from(self, draft: Draft) -> None:
        held = draft.chosen is not None
        if draft.delete() and draft.chosen is not None:
            self.put_cross(draft.points[draft.chosen])
        if not held:  # the last one was meant, and the one before it stays where it is
            draft.release()

    def action_undo_step(self) -> None:
        """Take back the last step."""
        if self.draft is not None and not self.draft.undo():
            self.tell("draw.no_undo")
        self._again()

    def action_turn(self) -> None:
        """Let `in` be to the other side."""
        if self.draft is not None and self.draft.kind is Kind.LINE:
            self.draft.turn()
            self.redraw()

    def action_begin(self, kind: str) -> None:
        """Begin one of a kind."""
        if self.draft is None:
            self.draft, self.label_of_pen = Draft(Kind(kind)), ""
            self._again()

    def action_save(self) -> None:
        """Write what is under the pen, after its name and what changes."""
        if self.draft is None:
            return
        if (flaw := self.draft.flaw) is not None:
            self.notify(self.context.t(aim_card.FLAWS[flaw]), severity="warning", markup=False)
            return
        self._work(self._save(self.draft))

    def action_rename(self) -> None:
        """Give the marked one another name."""
        if self.draft is None and self._marked is not None:
            self._work(self._rename())

    def action_back(self) -> None:
        """Let go of the point; then of what is under the pen; then leave."""
        if self.draft is None:
            self.action_leave()
        elif self.draft.chosen is not None:
            self.draft.release()
            self._again()
        elif self.draft.points:
            self._work(self._drop())
        else:
            self._put_away()

    # -- what is behind them

    @property
    def _marked(self) -> tuple[Kind, str] | None:
        known = aim_card.drawn(self.drawing) if self.drawing else []
        return known[self.chosen] if self.chosen < len(known) else None

    @property
    def _pen(self) -> tuple[Kind, str] | None:
        """What is under the pen, or marked; None: nothing."""
        return (self.draft.kind, self.label_of_pen) if self.draft is not None else self._marked

    def _listed(self) -> Iterator[Stroke | Glyph]:
        """Yield the marked one of the list, brighter than the others."""
        if self.drawing is None or self._marked is None:
            return
        kind, name = self._marked
        drawn = aim_card.under_pen(self.drawing, kind, name)
        if kind is Kind.LINE:
            yield from _line(drawn.points, drawn.inward, name)
        else:
            yield Stroke(drawn.points, closed=True)
            yield Glyph(drawn.points[0], name)

    def _mark(self, by: int) -> None:
        count = len(aim_card.drawn(self.drawing)) if self.drawing else 0
        self.chosen = max(0, min(count - 1, self.chosen + by))
        self.redraw()

    def _edit(self) -> None:
        if self._marked is None or self.drawing is None:
            return
        self.draft, self.label_of_pen = aim_card.under_pen(self.drawing, *self._marked), self._marked[1]

    def _put_away(self) -> None:
        self.draft, self.label_of_pen = None, ""
        self._again()

    def _again(self) -> None:
        self.refresh_bars()
        self.redraw()

    def _work(self, work: Any) -> None:
        self.run_worker(work, name="drawing", group="drawing", exclusive=True)

    async def _read(self) -> None:
        self.drawing = await self.context.client.ask(DRAWING, self._camera_id)
        self._mark(0)

    async def _drop(self) -> None:
        dialog = ConfirmDialog(self.context, "draw.drop", "draw.drop_means", yes="key.drop")
        if await self.app.push_screen_wait(dialog) is not None:
            self._put_away()

    async def _save(self, draft: Draft) -> None:
        name: str | None = self.label_of_pen
        if not name:
            name = await self.app.push_screen_wait(AskDialog(self.context, "draw.name"))
        if name and await self._written(draft, name, ""):
            self._put_away()

    async def _rename(self) -> None:
        assert self._marked is not None  # noqa: S101 - it was asked before
        kind, old = self._marked
        name = await self.app.push_screen_wait(AskDialog(self.context, "draw.name", old))
        if name and name != old and self.drawing is not None:
            await self._written(aim_card.under_pen(self.drawing, kind, old), name, old)

    async def _erase(self) -> None:
        if self._marked is not None:
            kind, name = self._marked
            await self._changed(_ERASE[kind], name, None)

    async def _written(self, draft: Draft, name: str, old: str) -> bool:
        if self.drawing is None:
            return False
        told = {"revision": self.drawing.revision, "points": draft.points, "replaces": old}
        if draft.kind is Kind.LINE:
            change: ZoneChange | LineChange = LineChange.model_validate(told | {"inward": draft.inward})
        else:
            change = ZoneChange.model_validate(told)
        return await self._changed(_DRAW[draft.kind], name, change)

    async def _changed(
        self, question: Question[Any, Any, Drawn], name: str, change: ZoneChange | LineChange | None
    ) -> bool:
        """Show what would change, and change it; return whether it was.

        Where somebody else was faster, their file is read, so that it is seen before the next try; the draft stays.
        """
        if self.drawing is None:
            return False
        try:
            tried = await self._asked(question, name, change, dry_run=True)
            if await self.app.push_screen_wait(DiffDialog(self.context, tried.diff)) is None:
                return False
            done = await self._asked(question, name, change, dry_run=False)
        except ApiError as error:
            self.refused(error)
            if error.code == "config.changed_meanwhile":
                await self._reread()
            return False
        self.drawing = done.drawing
        self._mark(0)
        self.tell("draw.written")
        return True

    async def _asked(
        self,
        question: Question[Any, Any, Drawn],
        name: str,
        change: ZoneChange | LineChange | None,
        *,
        dry_run: bool,
    ) -> Drawn:
        ask, camera = self.context.client.ask, self._camera_id
        if change is not None:
            return await ask(question, camera, name, body=change.model_copy(update={"dry_run": dry_run}))
        revision = self.drawing.revision if self.drawing else ""
        return await ask(question, camera, name, query={"revision": revision, "dry_run": dry_run})

    async def _reread(self) -> None:
        try:
            await self._read()
        except ApiError as error:
            self.refused(error)


def _line(points: tuple[Spot, ...], inward: Any, name: str) -> Iterator[Stroke | Glyph]:
    """Yield a line, the arrow to its `in` side and its name there."""
    yield Stroke(points)
    arrow = inside_of(points, inward)
    if arrow is not None:
        yield Stroke(arrow, tone=ARROW)
        yield Glyph(arrow[1], f"▸{name}" if name else "▸")

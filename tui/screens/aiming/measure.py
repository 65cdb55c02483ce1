"""Pixels for each metre: two ends of a known length are marked on the picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.console import RenderableType
from textual.binding import Binding, BindingType

from engine.api.client import ApiError
from engine.api.resources.commissioning.aim import AIM, KNOWN, Density, density
from engine.api.resources.commissioning.drawing import DRAWING, SET_METRES, MetresChange
from tui.presenters import aim_card
from tui.render.marks import Glyph, Spot, Stroke
from tui.screens.aiming.dialogs import AskDialog, DiffDialog
from tui.screens.aiming.picture_page import PicturePage
from tui.screens.context import Context

#: Metres that may be measured.
LEAST, MOST = 0.01, 1000.0


class MeasureScreen(PicturePage):
    """A known length on one camera's picture.

    Args:
        size: Width and height of the picture that is recorded; zeros: not known yet.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,enter", "mark", show=False, priority=True),
        Binding("backspace,x,u", "unmark", show=False),
        *(Binding(str(n), f"length({n})", show=False) for n in range(1, len(KNOWN) + 1)),
        Binding("l", "own_length", show=False),
        Binding("m", "write", show=False),
    ]

    def __init__(self, context: Context, camera: str, size: tuple[int, int]) -> None:
        super().__init__(context, camera)
        self.ends: tuple[Spot, ...] = ()
        self.metres = KNOWN[0][1]
        self._full = size

    def keys(self) -> Sequence[tuple[str, str]]:
        """What can be done here."""
        done = (("m", "key.metres"),) if self.found else ()
        return (
            ("Esc", "key.back"),
            ("←↑↓→", "key.cross"),
            ("␣", "key.mark"),
            *done,
            ("1-3 l", "key.length"),
            ("+−", "key.zoom"),
            ("x", "key.unmark"),
            ("?", "key.help"),
        )

    @property
    def found(self) -> Density | None:
        """What the two ends say; None: there are none yet."""
        if len(self.ends) < 2:
            return None
        first, last = self.ends
        return density(first, last, self.metres, *self.size_of_picture)

    @property
    def size_of_picture(self) -> tuple[int, int]:
        """The size that counts: of what is recorded, as far as that is known."""
        camera = self.camera
        if self._full[0] and self._full[1]:
            return self._full
        return (camera.width or 640, camera.height or 360) if camera else (640, 360)

    def panel(self) -> RenderableType:
        """What was found."""
        found = self.found
        return aim_card.density_panel(
            found, self.metres, self.size_of_picture, len(self.ends), self.context.t
        )

    def marks(self) -> Iterator[Stroke | Glyph]:
        """The ends, and what is between them."""
        ends = self.ends if len(self.ends) == 2 else (*self.ends, self.cross)
        yield Stroke(ends)
        for number, at in enumerate(self.ends, 1):
            yield Glyph(at, str(number))

    async def measure(self) -> None:
        """Ask once how large the recorded picture is."""
        if not self._full[0]:
            found = await self.context.client.ask(AIM, self._camera_id)
            self._full = found.full_width, found.full_height

    def pointed(self, at: Spot) -> None:
        """Mark what was pointed at."""
        self.action_mark()

    def action_mark(self) -> None:
        """Mark an end; a third one begins anew."""
        self.ends = (*self.ends, self.cross) if len(self.ends) < 2 else (self.cross,)
        self.say(aim_card.lengths(dict(KNOWN), self.context.t) if len(self.ends) == 2 else "")
        self._again()

    def action_unmark(self) -> None:
        """Take the last end away."""
        self.ends = self.ends[:-1]
        self._again()

    def action_length(self, number: int) -> None:
        """It is as long as something that is at hand."""
        self.metres = KNOWN[number - 1][1]
        self._again()

    def action_own_length(self) -> None:
        """Ask how long it is."""
        self.run_worker(self._ask(), name="length", group="length", exclusive=True)

    def action_write(self) -> None:
        """Write how many metres the picture is wide, after it was shown what that changes."""
        if self.found is not None:
            self.run_worker(
                self._write(self.found.metres_across), name="metres", group="metres", exclusive=True
            )

    def _again(self) -> None:
        self.refresh_bars()
        self.redraw()

    async def _ask(self) -> None:
        told = await self.app.push_screen_wait(AskDialog(self.context, "aim.how_long", str(self.metres)))
        try:
            metres = float((told or "").replace(",", "."))
        except ValueError:
            metres = 0.0
        if LEAST <= metres <= MOST:
            self.metres = metres
        elif told is not None:
            self.tell("aim.no_length")
        self._again()

    async def _write(self, metres: float) -> None:
        client, camera = self.context.client, self._camera_id
        try:
            revision = (await client.ask(DRAWING, camera)).revision
            change = MetresChange(revision=revision, metres_per_width=round(metres, 2), dry_run=True)
            tried = await client.ask(SET_METRES, camera, body=change)
            if await self.app.push_screen_wait(DiffDialog(self.context, tried.diff)) is None:
                return
            await client.ask(SET_METRES, camera, body=change.model_copy(update={"dry_run": False}))
        except ApiError as error:
            self.refused(error)
            return
        self.tell("draw.written")

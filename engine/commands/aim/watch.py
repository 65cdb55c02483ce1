"""``matthan camera aim``: how sharp and how bright a camera's picture is, line after line, with a beep that quickens.

Exit codes: 0 done, 1 the engine refused, 2 wrong usage, 3 no engine answers.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.output.talk import AsJson, CameraId, Language_, Socket, Speaker, Token, speak
from engine.commands.output.terminal import bell, complain, data, out, repaint

if TYPE_CHECKING:
    from engine.api.resources.commissioning.aim import Aim, FocusMeter

#: Cells of the focus bar.
BAR = 24
#: Seconds between two looks whether there is something to beep for.
SILENT = 0.3


def aim(
    camera: CameraId,
    every: Annotated[
        float, typer.Option("--every", min=0.2, max=60, metavar="SECONDS", help="Measure so often.")
    ] = 0.4,
    count: Annotated[
        int, typer.Option("--count", min=0, metavar="N", help="End after so many; 0: at Ctrl-C.")
    ] = 0,
    best: Annotated[
        bool, typer.Option("--best", help="Measure the camera's largest picture, about once a second.")
    ] = False,
    beep: Annotated[bool, typer.Option("--beep", help="Beep: the sharper, the faster.")] = False,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
) -> None:
    """Show how sharp and how bright a camera's picture is, while you turn the lens.

    \b
    matthan camera aim gate --beep             turn until it beeps fastest
    matthan camera aim gate --best             of the largest picture: exact
    matthan camera aim gate --json --count 1   one measurement, for programs

    Sharpness is of the middle of the picture, and compared with the best since the command began: go past the best
    point once, then back. Exposure and whether the camera was moved since its reference picture are told beside it.
    """  # noqa: D301 - click's mark for lines that stay as they are

    async def talk(speaker: Speaker) -> None:
        from engine.api.resources.commissioning.aim import FocusMeter

        meter, teller = FocusMeter(), Teller(as_json)
        try:
            async with asyncio.TaskGroup() as group:
                beeping = group.create_task(_beep(meter), name="aim.beep") if beep else None
                await _watch(speaker, camera, meter, every, count, teller, best=best)
                if beeping is not None:
                    beeping.cancel()
        except ExceptionGroup as failed:  # one cause is enough
            raise failed.exceptions[0] from None
        finally:
            teller.over()

    speak(socket, token, lang, talk)


async def _watch(
    speaker: Speaker, camera: str, meter: FocusMeter, every: float, count: int, teller: Teller, *, best: bool
) -> None:
    from engine.api.errors import ApiError
    from engine.api.resources.commissioning.aim import AIM

    query = {"of": "best" if best else "analysis"}
    turn = 0
    while not count or turn < count:
        turn += 1
        try:
            found = await speaker.client.ask(AIM, camera, query=query)
        except ApiError as error:
            if error.code != "camera.offline" or turn == count:
                raise
            meter.take(None)
            teller.lacks(speaker.say("aim.gone", camera=camera, reason=error.message))
        else:
            meter.take(found.focus.score if found.focus else None)
            teller.tell(_for_programs(found, meter) if teller.as_json else _line(speaker, found, meter))
        if turn != count:
            await asyncio.sleep(every)


async def _beep(meter: FocusMeter) -> None:
    while True:
        if meter.pause is not None:
            bell()
        await asyncio.sleep(meter.pause or SILENT)


def _for_programs(found: Aim, meter: FocusMeter) -> str:
    share = None if meter.share is None else round(meter.share, 1)
    return found.model_copy(update={"share": share}).model_dump_json()


@dataclass(slots=True)
class Teller:
    """Prints measurements; on a terminal each takes the place of the one before, however many lines it is."""

    as_json: bool
    _lines: int = 0

    def lacks(self, text: str) -> None:
        """Say that there is none; what programs read has measurements alone."""
        complain(text) if self.as_json else self.tell(text)

    def tell(self, text: str) -> None:
        """Print one."""
        if self.as_json:
            data(text)
        elif sys.stdout.isatty():
            self._lines = repaint(text, self._lines, sys.stdout)
        else:
            out(text)

    def over(self) -> None:
        """Leave the last one where it is: what the shell writes stands below it."""
        if self._lines:
            out("")
            self._lines = 0


def _line(speaker: Speaker, found: Aim, meter: FocusMeter) -> str:
    share = meter.share
    if share is None:
        focus = speaker.say("aim.nothing_sharp")
    else:
        full = round(share * BAR / 100)
        focus = f"{speaker.say('aim.focus')} {'#' * full}{'.' * (BAR - full)} {round(share):3d} %"
    parts = [focus, speaker.told(found.exposure.said)]
    if found.lies is not None:
        parts.append(speaker.told(found.lies.said))
    return "  ".join(parts)

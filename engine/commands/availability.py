"""``matthan camera availability``: how available cameras were, from a running engine, else from its store.

Exit codes: 0 done, 1 refused or not readable, 2 wrong usage, 3 no engine answers at the socket that was named.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo

import typer

from engine.commands.completion import cameras
from engine.commands.output.report import Lang
from engine.commands.output.talk import NO_ENGINE, AsJson, Language_, Socket, Token, explain, secret
from engine.commands.output.terminal import complain, data, out
from engine.commands.output.times import moment

if TYPE_CHECKING:
    from engine.api.resources.availability import AvailabilityGap, CameraAvailability
    from engine.text import Language


class By(StrEnum):
    """What availability is summed by."""

    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to know."""

    camera: str | None
    since: str | None
    until: str | None
    by: By | None


def availability(
    camera: Annotated[
        str | None,
        typer.Argument(metavar="[CAMERA]", help="The camera's id; default: all.", autocompletion=cameras),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="2026-11-01 or 2026-11-01T08:00, site's zone."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Likewise; default: now.")
    ] = None,
    by: Annotated[By | None, typer.Option("--by", help="Also for each day or month.")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Whose store is read where no engine runs."),
    ] = None,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
) -> None:
    """Show how available cameras were: pictures came, and gaps with their cause.

    \b
    matthan camera availability                      all cameras, the last 30 days
    matthan camera availability gate --by day        one camera, each gap, each day
    matthan camera availability --since 2026-11-01 --until 2026-12-01 --json

    Counted as a gap: frozen, impaired (covered, turned away, dark and the like), lost, refused, failed, the engine
    not running. Not counted: switched off in the configuration, and what this machine's clock leapt over when it was
    set. A deaf camera has pictures.
    """  # noqa: D301 - click's mark for lines that stay as they are
    asked = Asked(camera, since, until, by)
    found, zone, language = asyncio.run(_found(asked, file, socket, token, lang))
    for each in found:
        data(each.model_dump_json()) if as_json else _tell(each, zone, language, gaps=camera is not None)
    if not found and not as_json:
        out(_say("cli.no_runs", language))


async def _found(
    asked: Asked, file: Path | None, socket: str | None, token: str | None, lang: Lang | None
) -> tuple[list[CameraAvailability], ZoneInfo, Language]:
    from engine.api.client import Client
    from engine.api.errors import ApiError

    try:
        async with Client.connect(socket, token=secret(token, socket)) as client:
            engine = (await client.state()).engine
            zone, language = ZoneInfo(engine.timezone), lang.value if lang else engine.language
            client.language = language
            begin, end = moment(asked.since, zone, language), moment(asked.until, zone, language)
            return await client.availability(asked.camera, begin, end, _by(asked)), zone, language
    except ApiError as error:
        if error.status or (socket is not None and file is None):  # another site's store is no answer
            complain(explain(error, lang))
            raise typer.Exit(1 if error.status else NO_ENGINE) from None
    return _stored(asked, file, lang)


def _stored(
    asked: Asked, file: Path | None, lang: Lang | None
) -> tuple[list[CameraAvailability], ZoneInfo, Language]:
    """Read the store of an engine that does not run."""
    from engine.api.availability import report, window
    from engine.config.configuration import default_path, load
    from engine.config.state_paths import state_paths
    from engine.errors import ConfigError, EngineError
    from engine.runtime.clock import SystemClock
    from engine.store.availability import read_file

    try:
        settings = load(file or default_path()).settings
        zone, language = ZoneInfo(settings.timezone), lang.value if lang else settings.language
        wanted = moment(asked.since, zone, language), moment(asked.until, zone, language)
        begin, end = window(*wanted, SystemClock().now().wall)
        runs = read_file(state_paths(settings).database, begin, end)
    except ConfigError as error:
        complain(str(error.problems[0]))
        raise typer.Exit(1) from None
    except EngineError as error:
        complain(str(error))
        raise typer.Exit(1) from None
    out(_say("cli.from_store", language), err=True, dim=True)
    chosen = [run for run in runs if asked.camera in (None, run.camera)]
    return report(chosen, begin, end, zone, _by(asked)), zone, language


def _by(asked: Asked) -> Literal["day", "month"] | None:
    if asked.by is None:
        return None
    return "day" if asked.by is By.DAY else "month"


def _tell(told: CameraAvailability, zone: ZoneInfo, language: Language, *, gaps: bool) -> None:
    code = "cli.available_none" if told.share is None else "cli.available"
    head = _say(code, language, camera=told.camera, share=_share(told.share, language))
    if told.longest is not None:
        head += _say("cli.longest", language, **_values(told.longest, zone, language))
    out(head)
    for each in (period for period in told.periods if period.seconds):
        out(_say("cli.period", language, name=each.name, share=_share(each.share, language)))
    if gaps and told.left_out:
        out(_say("cli.gaps_left_out", language, count=told.left_out))
    for gap in told.gaps if gaps else ():
        out(_say("cli.gap", language, **_values(gap, zone, language)))


def _values(gap: AvailabilityGap, zone: ZoneInfo, language: Language) -> dict[str, object]:
    from engine.text import catalogue
    from rules.compiler.reasons import duration

    return {
        "since": f"{gap.since.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        "until": f"{gap.until.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        "length": duration(round(gap.seconds)),
        "cause": catalogue(language).get(f"availability.{gap.cause}", gap.cause),
    }


def _share(share: float | None, language: Language) -> str:
    """Return per cent to two places, cut off: what was not whole is never told as 100."""
    from rules.text import fraction

    return "–" if share is None else fraction(f"{int(share * 10_000) / 100:.2f}", language)


def _say(code: str, language: Language, **values: object) -> str:
    from engine.text import render

    return render(code, values, language)

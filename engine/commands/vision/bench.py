"""``matthan vision bench``: what looking at a clip or a stream costs on this machine.

Exit codes: 0 done, 1 nothing could be watched, 2 wrong usage.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.output.report import JsonOption, LangOption, language, say_in
from engine.commands.output.terminal import data, out
from engine.commands.vision.opening import leave, named, note, pool_of, watch
from engine.commands.vision.tune import Config
from rules.text import fraction

if TYPE_CHECKING:
    from engine.commands.output.report import Language
    from engine.commands.vision.reel import Reel
    from engine.commands.vision.source import Source
    from engine.commands.vision.weighing import Weighed

#: Seconds of a stream, and of a clip at most, where nobody says otherwise; seconds without which nothing can be said.
STREAM, CLIP, LEAST = 30.0, 120.0, 2.0


def bench(
    what: Annotated[
        str,
        typer.Argument(metavar="CLIP|RTSP|CAMERA", help="A video file, rtsp://HOST/PATH, or a camera's id."),
    ],
    seconds: Annotated[
        float | None,
        typer.Option(
            "--for",
            min=2,
            max=3600,
            metavar="SECONDS",
            help="So much of it; default: a stream 30, a clip 120 at most.",
        ),
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(min=0.2, max=30, help="Pictures analysed a second; default: the camera's, or 5."),
    ] = None,
    detector: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|none", help="Which detector looks; default: the best there is (`models list`)."
        ),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, max=20, help="Times that it is done; medians count.")] = 3,
    config: Config = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure what looking at a clip, a stream or a camera costs here, stage by stage.

    \b
    matthan vision bench night.mp4                     a clip
    matthan vision bench rtsp://192.0.2.7/stream2      half a minute of a stream
    matthan vision bench gate --for 60                 a minute of the camera `gate`
    matthan vision bench night.mp4 --detector none     motion alone
    matthan vision bench night.mp4 --json              for programs

    The packets are read first; then, by turns, they go to a bare decoder, to the whole analysis fed with everything,
    and to the engine's way, which decodes keyframes alone while nothing moves. Shown are milliseconds of a core for
    each second of video, what each stage takes, and how many such streams the cores here would carry at 70 % (reckoned
    from that, not measured). Exit codes: 0 done, 1 nothing could be watched, 2 wrong usage.
    """  # noqa: D301 - click's mark for lines that stay as they are
    from engine.commands.vision.weighing import weighed
    from engine.runtime import log

    said = language(lang)
    log.configure("critical", json=False)
    source = named(what, config, said)
    pool = pool_of(detector, said)
    reel = _read(source, seconds or (CLIP if source.clip else STREAM), said)

    def tick(number: int) -> None:
        note(say_in(said, "vision.weighing", round=number, of=rounds))

    try:
        found = weighed(reel, fps or source.settings.fps, pool, rounds, tick)
    finally:
        note("")
    if as_json:
        named_by = {"source": what, "detector": pool.model.name if pool else "none", "stream": reel.told()}
        data(json.dumps({**named_by, **found.told()}))
        return
    for line in _lines(found, reel, said):
        out(line)


def _read(source: Source, seconds: float, said: Language) -> Reel:
    from engine.commands.vision.reel import Reel
    from engine.commands.vision.source import Watching

    def tick(reel: Reel) -> None:
        note(say_in(said, "vision.watching", seconds=int(reel.seconds), of=int(seconds)))

    watching = Watching(source, partial(Reel, seconds=seconds), tick)
    note(say_in(said, "vision.opening", name=source.settings.name or source.settings.id))
    try:
        watch(watching, said)
    finally:
        note("")
    reel = watching.recorder
    if reel is None or reel.seconds < LEAST:
        leave(said, "vision.too_short", 1, seconds=round(reel.seconds if reel else 0.0, 1), least=LEAST)
    return reel


def _lines(found: Weighed, reel: Reel, said: Language) -> Iterator[str]:
    """Yield what it costs, for people."""

    def say(code: str, **values: object) -> str:
        return say_in(said, code, **values)

    def number(value: float, wide: int) -> str:
        return fraction(f"{value:{wide}.2f}", said)

    codec, apart = reel.codec, reel.spacing
    size = f"{codec.width}x{codec.height}" if codec.width else "-"
    yield say(
        "vision.bench_heading", seconds=round(found.seconds), packets=found.packets, fps=round(reel.fps, 1), size=size,
        codec=str(codec.codec),
    )  # fmt: skip
    if apart is not None:
        yield say("vision.bench_keyframes", median=round(apart[0], 1), longest=round(apart[1], 1))
    yield ""
    ways = {
        "vision.bench_decode": found.decode,
        "vision.bench_everything": found.everything,
        "vision.bench_engine": found.engine,
    }
    for name, spent in ways.items():
        yield f"{say(name):<46}{number(spent, 8)} ms/s  {number(spent / max(found.decode, 1e-6), 5)}x"
    for stage, spent in found.stages.items():
        picture = say("vision.bench_picture", ms=fraction(f"{found.by_picture(spent):.2f}", said))
        yield f"    {say(f'vision.stage_{stage}'):<42}{number(spent, 8)} ms/s  {picture}"
    yield ""
    many = found.counters
    yield say(
        "vision.bench_counted", decoded=many["decoded"], analysed=many["analysed"], spared=many["spared"],
        woken=many["woken"], looks=many["looked"], part=round(100 * found.looks, 1),
    )  # fmt: skip
    yield say("vision.bench_reckoned", streams=found.carries, cores=found.cores, usable=70)

"""``matthan vision tune``: watch a camera or a clip, and propose what motion detection should be set to there.

Exit codes: 0 done, 1 nothing could be watched or written, 2 wrong usage, 4 the file was changed meanwhile.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.completion import cameras
from engine.commands.output.report import JsonOption, LangOption, language, say_in
from engine.commands.output.terminal import complain, data, out
from engine.commands.vision.opening import leave, named, note, watch

if TYPE_CHECKING:
    from engine.commands.output.report import Language
    from engine.commands.vision.proposed import Proposed
    from engine.commands.vision.source import Source
    from engine.config.writer import Opened
    from engine.vision.tuner.film import Film, Recorder

#: Seconds that a camera is watched, and a clip at most, where nobody says otherwise.
CAMERA, CLIP = 60.0, 300.0
#: Pictures below which nothing is proposed: the detector learns from the first eight.
FEWEST = 30
PLOTS = (".svg", ".png")

What = Annotated[
    str, typer.Argument(metavar="CAMERA|CLIP", help="A camera's id, or a video file.", autocompletion=cameras)
]
Seconds = Annotated[
    float | None,
    typer.Option(
        "--seconds",
        min=10,
        max=3600,
        metavar="N",
        help="Watch so long; default: a camera 60, a clip all of it, 300 at most.",
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="The configuration; default: what `matthan config path` prints."
    ),
]
Plot = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE", help="Draw it all into a picture: FILE.svg or FILE.png."),
]
Write = Annotated[
    bool, typer.Option("--write", help="Put the proposal into the configuration; comments and order stay.")
]


def tune(
    what: What,
    seconds: Seconds = None,
    plot: Plot = None,
    write: Write = False,
    config: Config = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Watch a camera, or a clip, and propose what its motion detection should be set to.

    \b
    matthan vision tune gate                     a minute of the camera `gate`
    matthan vision tune gate --seconds 300       longer: the wind comes and goes
    matthan vision tune gate --write             and put the proposal into the configuration
    matthan vision tune night.mp4                a clip, as fast as it can be read
    matthan vision tune gate --plot gate.svg     a picture for the record
    matthan vision tune gate --json              for programs

    Let somebody walk through the picture meanwhile, as far away as they should still be seen: what travels is what the
    proposal must keep, and what moves without getting anywhere (leaves, water, flags, a screen) is what it silences.
    Several sensitivities are tried on the same pictures. Shown are a typical and the busiest picture with what is told
    of them, where it flickers, and the proposal as YAML: sensitivity, the least size, parts of the picture to ignore.
    Ctrl-C ends the watching early; what was seen counts. The engine may run meanwhile; it is not disturbed.
    Exit codes: 0 done, 1 nothing could be watched or written, 2 wrong usage, 4 the file was changed meanwhile.
    """  # noqa: D301 - click's mark for lines that stay as they are
    from engine.runtime import log

    said = language(lang)
    log.configure("critical", json=False)  # what a person should know is said in sentences
    if plot is not None and plot.suffix.lower() not in PLOTS:
        leave(said, "vision.plot_kind", 2, name=plot.name)
    source = named(what, config, said)
    if write and source.site is None:
        leave(said, "vision.no_camera", 2)
    before = _opened(source) if write else None
    film = _watched(source, seconds, said)
    proposed = _proposed(source, film, said)
    _tell(proposed, as_json=as_json, hint=source.site is not None and not write)
    if plot is not None:
        _plot(proposed, plot)
    if before is not None:
        from engine.commands.vision.writing import put

        put(before, proposed, quiet=as_json)


def _opened(source: Source) -> Opened:
    """Return the configuration's file as it is now: what somebody changes in it meanwhile is not overwritten."""
    from engine.config.writer import opened

    assert source.site is not None  # noqa: S101 - else nothing is written
    return opened(source.site.configuration.path)


def _watched(source: Source, seconds: float | None, said: Language) -> Film:
    from engine.commands.vision.source import Watching
    from engine.vision.tuner.film import Recorder

    length = seconds or (CLIP if source.clip else CAMERA)

    def tick(recorder: Recorder) -> None:
        note(say_in(said, "vision.watching", seconds=int(recorder.seconds), of=int(length)))

    watching = Watching(source, partial(Recorder, fps=source.settings.fps, seconds=length), tick)
    note(say_in(said, "vision.opening", name=source.settings.name or source.settings.id))
    try:
        watch(watching, said)
    finally:
        note("")
    film = watching.recorder.film() if watching.recorder else None
    if film is None or len(film) < FEWEST:
        leave(said, "vision.too_few", 1, count=len(film) if film else 0, least=FEWEST)
    if source.clip and watching.recorder and watching.recorder.complete and seconds is None:
        complain(say_in(said, "vision.only_first", seconds=int(film.times[-1])))
    return film


def _proposed(source: Source, film: Film, said: Language) -> Proposed:
    from engine.commands.vision.proposed import Proposed
    from engine.fleet.analysis import tuning_of
    from engine.vision.tuner.proposal import examine

    def tick(count: int) -> None:
        note(say_in(said, "vision.trying", count=count))

    try:
        found = examine(film, tuning_of(source.settings.motion), tick)
    finally:
        note("")
    return Proposed(source.settings, found, said)


def _tell(proposed: Proposed, *, as_json: bool, hint: bool) -> None:
    if as_json:
        data(proposed.json())
        return
    from engine.commands.vision.showing import lines

    for line in lines(proposed, hint=hint):
        out(line)


def _plot(proposed: Proposed, plot: Path) -> None:
    from engine.commands.vision.chart import chart
    from engine.config.writer import put

    figure, said = chart(proposed), proposed.language
    try:
        put(plot, figure.svg() if plot.suffix.lower() == ".svg" else figure.png())
    except OSError as error:
        leave(said, "vision.not_drawn", 1, path=str(plot), detail=error.strerror or type(error).__name__)
    complain(say_in(said, "vision.drawn", path=str(plot)))

"""What a camera screen says beside the picture, and in its place. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Group
from rich.text import Text

from engine.api import wire
from tui.model.model import Model
from tui.palette import BRIGHT, DIM, TEXT, TONES
from tui.presenters import describe
from tui.presenters.symbols import CAMERA_STATES, TROUBLED, UNKNOWN
from tui.render import pictures
from tui.render.facts import facts
from tui.render.pictures import Line
from tui.texts import Texts, clean

#: Names of features that are told at most; the contract has four.
FEATURES = 8


def status_card(camera: wire.Camera | None, model: Model, t: Texts, *, off: bool) -> Text:
    """Return what stands where the picture would be: since when there is none, why, and what to do.

    Args:
        off: The user wants no pictures.
    """
    if camera is None:
        return Text(t("camera.gone"), DIM, justify="center")
    if not model.known:
        return Text(f"{UNKNOWN[0]} {t('state.unknown')}\n{_last_told(model, t)}", DIM, justify="center")
    if camera.state is wire.CameraState.ONLINE and off:
        return Text(t("camera.off"), DIM, justify="center")
    symbol, tone = CAMERA_STATES[camera.state]
    text = Text(justify="center")
    text.append(f"{symbol} {t(f'state.{camera.state}')}\n", TONES[tone] + TONES["bright"].without_color)
    age = t.age(model.ago(camera.since))
    text.append(t("camera.since", time=describe.clock(camera.since, model), age=age) + "\n\n", DIM)
    if camera.reason is not None:
        text.append(describe.sentence(camera.reason, t) + "\n\n", BRIGHT)
    if camera.advice is not None:
        text.append(describe.sentence(camera.advice, t) + "\n\n", TEXT)
    text.append(t(f"hint.{camera.state}"), TEXT)
    return text


def camera_facts(camera: wire.Camera | None, model: Model, t: Texts) -> Group | Text:
    """Return a camera's figures."""
    if camera is None:
        return Text()
    words, tone = describe.state(camera, t, known=model.known)
    if not model.known:
        return facts(words, tone, [(t("fact.told"), _last_told(model, t)), *_identity(camera, t)])
    return facts(words, tone, list(_pairs(camera, model, t)))


def _last_told(model: Model, t: Texts) -> str:
    """Return when the engine told something last."""
    return t("camera.told", time=describe.clock(model.last_heard(), model), age=t.age(model.seconds_silent()))


def overlays(camera: wire.Camera | None, tracks: Iterable[wire.Tracked], t: Texts) -> list[pictures.Overlay]:
    """Return what is drawn over a camera's picture: its zones, and what was seen in that very picture."""
    if camera is None:
        return []
    zones = [pictures.Overlay(points, clean(name), zone=True) for name, points in camera.zones.items()]
    return zones + [_overlay(track, t) for track in tracks]


def _overlay(track: wire.Tracked, t: Texts) -> pictures.Overlay:
    """Return an object's box: whom nobody sees is drawn with broken lines, and of whom nobody knows with a `?`."""
    if track.state is wire.TrackState.UNKNOWN:
        return pictures.Overlay.box(track.box, f"{UNKNOWN[0]} {t.label(track.label)}", Line.DIM)
    line = Line.BROKEN if track.state is wire.TrackState.PREDICTED else Line.WHOLE
    return pictures.Overlay.box(track.box, t.label(track.label) + _sure(track, t, "%"), line)


def _pairs(camera: wire.Camera, model: Model, t: Texts) -> Iterator[tuple[str, str]]:
    yield t("fact.since"), describe.clock_with_age(camera.since, model, t)
    if camera.watched:
        yield t("fact.watched"), f"{describe.WATCHED} {describe.watchers(camera, model)}"
    told = [each.said for each in camera.troubles]
    if camera.reason is not None and camera.reason not in told:
        yield t("fact.reason"), describe.sentence(camera.reason, t)
    if camera.advice is not None:
        yield "→", describe.sentence(camera.advice, t)
    for trouble in camera.troubles:
        since = describe.clock_with_age(trouble.since, model, t)
        what = describe.condition(trouble.label, t)  # as a name it would leave no room: long in Vietnamese
        yield TROUBLED[0], f"{what}: {describe.sentence(trouble.said, t)} ({since})"
    if camera.state is wire.CameraState.ONLINE:
        yield from _live(camera, t)
    if camera.zones:
        yield t("fact.zones"), clean(", ".join(camera.zones))
    yield from _identity(camera, t)


def _live(camera: wire.Camera, t: Texts) -> Iterator[tuple[str, str]]:
    rates = "fact.rates_resting" if camera.resting else "fact.rates"
    yield t("fact.rate"), t(rates, fps=t.number(camera.fps, 1), stream=t.number(camera.stream_fps, 1))
    yield from _thrift(camera, t)
    if camera.skipped:
        yield t("fact.skipped"), t("fact.skips", n=t.number(camera.skipped))
    yield t("fact.motion"), f"{t.number(camera.motion * 100, 1)} %"
    if not camera.tracks:
        yield t("fact.objects"), t("fact.none")
    for track in camera.tracks:
        zones = clean(", ".join(track.zones))
        where = " " + t("fact.in_zones", zones=zones) if zones else ""
        unknown = track.state is wire.TrackState.UNKNOWN
        told = f"{t.label(track.label)}{_sure(track, t, ' %')}{where}"
        yield t("fact.objects"), f"{UNKNOWN[0]} {told}: {t('fact.unknown')}" if unknown else told


def _thrift(camera: wire.Camera, t: Texts) -> Iterator[tuple[str, str]]:
    """Yield why it cannot rest while nothing moves, and how far its own word is relied upon."""
    if camera.wakeful is not None:
        yield t("fact.wakeful"), describe.sentence(camera.wakeful, t)
    if (signal := camera.signal) is not None:
        how = "fact.signal_trusted" if signal.trusted else "fact.signal_watched"
        yield t("fact.signal"), t(how, hits=t.number(signal.hits), missed=t.number(signal.missed))


def _sure(track: wire.Tracked, t: Texts, unit: str) -> str:
    """Return how sure the detector is; nothing where none has looked."""
    return f" {t.number(track.score * 100)}{unit}" if track.score else ""


def _features(camera: wire.Camera, t: Texts) -> str:
    """Return what a camera can do, in one line; a driver's own abilities as it calls them."""
    named = [t.find(f"feature.{each}", clean(each)) for each in camera.features]
    more = len(named) - FEATURES
    return ", ".join(named[:FEATURES]) + (f", … (+{more})" if more > 0 else "")


def _identity(camera: wire.Camera, t: Texts) -> Iterator[tuple[str, str]]:
    size = f"{camera.width}×{camera.height}" if camera.width and camera.height else ""
    stream = " ".join(part for part in (clean(camera.codec), size) if part)
    known = (
        ("fact.stream", stream),
        ("fact.address", clean(camera.address)),
        ("fact.model", clean(camera.model)),
        ("fact.features", _features(camera, t)),
        ("fact.ptz", t("fact.ptz_yes") if camera.ptz and not camera.features else ""),
        ("fact.id", clean(camera.id)),
    )
    yield from ((t(key), value) for key, value in known if value)

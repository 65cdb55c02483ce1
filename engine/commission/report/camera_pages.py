"""One camera's part of the report: who it is, what was changed, what was found, what it sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from engine.commission.record import CameraRecord, Change, CheckResult, Outcome, StepState
from engine.commission.report import tally
from engine.commission.report.words import TONES, Words
from engine.report.model import (
    Column,
    KeyValues,
    Paragraph,
    Part,
    Picture,
    Section,
    Table,
    Tone,
    Toned,
)

#: Gives a picture's bytes by its name; None: they are not there.
Album = Callable[[str], bytes | None]
#: Steps of which nothing is to be said.
_QUIET = (StepState.DONE, StepState.SKIPPED, StepState.WAITING)


def camera_section(camera: CameraRecord, words: Words, album: Album) -> Section:
    """Return a camera's section."""
    heading = f"{camera.id} · {camera.name}" if camera.name and camera.name != camera.id else camera.id
    return Section(heading, tuple(_parts(camera, words, album)), page=True)


def _parts(camera: CameraRecord, words: Words, album: Album) -> Iterator[Part]:
    yield _verdict(camera, words)
    yield KeyValues(tuple(_identity(camera, words)))
    yield from _troubles(camera, words)
    yield from _pictures(camera, words, album)
    tested = [each for each in camera.results if each.outcome is not Outcome.NOT_TESTED]
    if tested:
        yield _results(tested, words)
    if camera.changes:
        yield _changes(camera.changes, words)
    left = [each for each in camera.results if each.outcome is Outcome.NOT_TESTED]
    if left:
        yield _untested(left, words)


def _verdict(camera: CameraRecord, words: Words) -> Paragraph:
    if not tally.was_found(camera):
        return Paragraph(words.say("not_found"), Tone.BAD)
    found, counts = tally.verdict(camera), tally.counted(camera.results)
    values = {each.value: counts[each] for each in Outcome}
    return Paragraph(words.say(f"camera_{found}", **values), TONES[found])


def _identity(camera: CameraRecord, words: Words) -> Iterator[tuple[str, str]]:
    device = camera.device
    model = " ".join(filter(None, (device.manufacturer, device.model)))
    rows = {
        "model": model, "serial": device.serial, "mac": ", ".join(device.macs), "firmware": device.firmware,
        "address": camera.url, "channel": camera.source, "account": camera.username,
    }  # fmt: skip
    yield from ((words.say(name), value) for name, value in rows.items() if value)
    yield from ((words.column(name), value) for name, value in camera.facts.items() if value)


def _troubles(camera: CameraRecord, words: Words) -> Iterator[Part]:
    """Yield the steps that did not end well, and why."""
    for each in camera.steps:
        if each.state in _QUIET:
            continue
        tone = Tone.BAD if each.state is StepState.FAILED else Tone.DOUBT
        step, why = words.say(f"step_{each.step}"), words.told(each.reason)
        yield Paragraph(words.say(f"state_{each.state}", step=step, why=why), tone)


def _results(results: Sequence[CheckResult], words: Words) -> Table:
    columns = (
        Column(words.say("check"), 2.1), Column(words.say("result"), 1.35), Column(words.say("value"), 1.4),
        Column(words.say("limit"), 1.7), Column(words.say("reason"), 4.2),
    )  # fmt: skip
    rows = [
        (
            words.check(each.check), words.outcome(each.outcome), words.value(each), words.limit(each),
            words.told(each.reason),
        )
        for each in results
    ]  # fmt: skip
    return Table(columns, rows, words.say("results"))


def _untested(results: Sequence[CheckResult], words: Words) -> Table:
    columns = (Column(words.say("check"), 2.1), Column(words.say("why"), 6))
    rows = [
        (Toned(words.check(each.check), Tone.NOTE), Toned(words.told(each.reason), Tone.NOTE))
        for each in results
    ]
    return Table(columns, rows, words.say("untested"))


def _changes(changes: Sequence[Change], words: Words) -> Table:
    columns = (
        Column(words.say("feature"), 2.4), Column(words.say("before"), 2), Column(words.say("after"), 2),
        Column(words.say("made"), 2.4),
    )  # fmt: skip
    rows = [
        (each.feature, words.fact(each.before), words.fact(each.after), _made(each, words))
        for each in changes
    ]
    return Table(columns, rows, words.say("changes"))


def _made(change: Change, words: Words) -> str:
    if change.trouble is not None:
        return Toned(f"× {words.told(change.trouble)}", Tone.BAD)
    if change.undone is not None:
        return words.say("undone", at=words.moment(change.undone))
    if change.made is None:
        return Toned(f"– {words.say('unmade')}", Tone.NOTE)
    return Toned(f"✓ {words.moment(change.made)}", Tone.GOOD)


def _pictures(camera: CameraRecord, words: Words, album: Album) -> Iterator[Part]:
    for each in camera.pictures:
        caption = words.say(
            "picture", caption=words.told(each.caption), at=words.moment(each.at), sha256=each.sha256
        )
        data = album(each.name)
        if data is None:
            yield Paragraph(words.say("picture_gone", name=each.name), Tone.BAD)
            yield Paragraph(caption, Tone.NOTE)
        else:
            yield Picture(data, caption)

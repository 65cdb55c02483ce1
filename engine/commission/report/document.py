"""A commissioning as a report: the site on the first page, then what is to be done, then each camera."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

from engine.commission.handover.differences import Differences
from engine.commission.record import CameraRecord, JobRecord, Outcome
from engine.commission.report import tally
from engine.commission.report.camera_pages import Album, camera_section
from engine.commission.report.words import TONES, Words
from engine.report.model import (
    Column,
    Footer,
    KeyValues,
    Paragraph,
    Part,
    Report,
    Section,
    Signatory,
    Table,
    Tone,
    Toned,
)
from engine.text import Language

#: Signs of a camera's name in the site's table.
_NAME = 40


def document(
    job: JobRecord,
    language: Language,
    zone: tzinfo,
    album: Album,
    footer: Footer | None = None,
    since: Differences | None = None,
) -> Report:
    """Return the report of a job; the same job gives the same report.

    Args:
        zone: The site's.
        album: Where the pictures are.
        footer: Of the signed record.
        since: What is otherwise than in an earlier record, to be told too.
    """
    words = Words(language, zone)
    sections = [_summary(job, words), *_to_do(job, words), *_absences(job, words)]
    if since is not None:
        sections.append(differences_section(since, words))
    sections += [camera_section(each, words, album) for each in job.cameras]
    return Report(
        title=words.say("title"),
        subtitle=job.title,
        site=job.site,
        made_at=(job.ended or job.began).astimezone(zone),
        language=language,
        sections=sections,
        signatories=(Signatory(words.say("technician"), job.technician), Signatory(words.say("commune"))),
        footer=footer or Footer(),
    )


def _summary(job: JobRecord, words: Words) -> Section:
    parts: list[Part] = [_verdict(job, words), KeyValues(tuple(_about(job, words)))]
    if job.cameras:
        parts += [_matrix(job, words), Paragraph(words.say("legend"), Tone.NOTE)]
    return Section(words.say("summary"), parts)


def _verdict(job: JobRecord, words: Words) -> Paragraph:
    ends = [tally.verdict(each) for each in job.cameras]
    values = {each.value: ends.count(each) for each in Outcome} | {"cameras": len(ends)}
    worst = next((each for each in tally.ORDER if each in ends), Outcome.NOT_TESTED)
    return Paragraph(words.say(f"site_{worst}", **values), TONES[worst])


def _about(job: JobRecord, words: Words) -> Iterator[tuple[str, str]]:
    missing = sum(1 for _ in tally.missing(job))
    found = words.say("found_of", found=len(job.cameras) - missing, cameras=len(job.cameras))
    yield words.say("cameras"), found
    yield words.say("technician"), job.technician or "–"
    yield words.say("time"), f"{words.moment(job.began)} – {words.moment(job.ended)}"
    yield words.say("set"), words.say("set_long" if job.thorough else "set_quick")
    yield words.say("job"), f"{job.id} (matthan {job.program})"
    if job.sheet:
        yield words.say("sheet"), job.sheet


def _matrix(job: JobRecord, words: Words) -> Table:
    """Return cameras by groups: one sign each, with how many of the gravest kind there are."""
    columns = [Column(words.say("camera"), 2.6)]
    columns += [Column(words.group(each)) for each in tally.COLUMNS]
    return Table(columns, [_row(each, words) for each in job.cameras], upright=True)


def _row(camera: CameraRecord, words: Words) -> list[str]:
    name = Toned(f"{camera.id} {camera.name}"[:_NAME].strip(), TONES[tally.verdict(camera)])
    return [name, *(_cell(camera, group, words) for group in tally.COLUMNS)]


def _cell(camera: CameraRecord, group: str, words: Words) -> str:
    results = tally.of_group(camera, group)
    worst = tally.worst(results)
    return words.sign(worst, tally.counted(results)[worst] if worst in (Outcome.FAIL, Outcome.WARN) else 0)


def _to_do(job: JobRecord, words: Words) -> Iterator[Section]:
    rows = [
        (camera.id, words.outcome(each.outcome), words.check(each.check), words.told(each.reason))
        for camera, each in tally.to_do(job)
    ]
    if rows:
        columns = (
            Column(words.say("camera"), 1.4), Column(words.say("result"), 1.3), Column(words.say("check"), 2),
            Column(words.say("reason"), 5),
        )  # fmt: skip
        yield Section(words.say("to_do"), (Table(columns, rows),))


def _absences(job: JobRecord, words: Words) -> Iterator[Section]:
    """Yield what was expected and is not there, and what is there and was not expected."""
    missing = list(tally.missing(job))
    parts = [
        Paragraph(words.say("missing", id=each.id, name=each.name, url=each.url or "–"), Tone.BAD)
        for each in missing
    ]
    parts += [Paragraph(words.told(each), Tone.DOUBT) for each in job.unexpected]
    if parts:
        yield Section(words.say("absences"), parts)


def differences_section(found: Differences, words: Words) -> Section:
    """Return what changed since an earlier record."""
    said = words.say("since", at=words.moment(found.old), count=len(found.shifts))
    parts: list[Part] = [Paragraph(said, Tone.NOTE)]
    parts += [Paragraph(words.say("gone", id=each), Tone.BAD) for each in found.gone]
    parts += [Paragraph(words.say("new", id=each), Tone.PLAIN) for each in found.new]
    if found.shifts:
        columns = (
            Column(words.say("camera"), 1.4), Column(words.say("what"), 2.4), Column(words.say("before"), 2),
            Column(words.say("after"), 2),
        )  # fmt: skip
        rows = [
            (each.camera, words.shift(each.what), *(words.state(end) for end in (each.before, each.after)))
            for each in found.shifts
        ]
        parts.append(Table(columns, rows))
    return Section(words.say("since_title"), parts)

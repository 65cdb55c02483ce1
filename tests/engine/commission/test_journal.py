"""A job's journal: torn, lost, full, shared by many; and what its lines come to."""

from __future__ import annotations

import asyncio
import errno
import os
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from engine.commission.keeping.entry import Entry, Known, Ledger, SecretNote, Stage
from engine.commission.keeping.jobs import Jobs
from engine.commission.keeping.journal import FILE, Journal, read_journal
from engine.commission.login.secret_files import new_password
from engine.commission.record import (
    CameraRecord,
    Change,
    JobRecord,
    PictureRecord,
    Step,
    StepRecord,
    StepState,
)
from engine.commission.work.adoption import Adoptee, Adoption
from engine.commission.work.telling import several
from engine.config.configuration import load
from engine.errors import Refusal
from engine.text import render
from engine.web.sentence import Sentence as Told
from rules.model import Sentence

AT = datetime(2026, 3, 1, tzinfo=UTC)
JOB = JobRecord(id="j", site="xa", began=AT, sheet="s", cameras=(CameraRecord(id="a"), CameraRecord(id="b")))


def step(camera: str, state: StepState = StepState.DONE) -> Entry:
    return Entry(at=AT, camera=camera, step=StepRecord(step=Step.TIME, state=state))


def change(after: int, **told: Any) -> Entry:
    return Entry(at=AT, camera="a", change=Change(feature="x", before=1, after=after, **told))


async def written(folder: Path, *entries: Entry) -> Path:
    with Journal.created(folder) as journal:
        await journal.note(Entry(at=AT, job=JOB), *entries)
    return folder


async def test_what_lines_come_to(tmp_path: Path) -> None:
    folder = await written(
        tmp_path / "jobs" / "j",
        change(2),
        change(2, made=AT),
        step("b", StepState.FAILED),
        step("b"),
        Entry(at=AT, camera="a", known=Known(url="u", username="n")),
        Entry(
            at=AT,
            camera="a",
            secret=SecretNote(stage=Stage.ABOUT, username="n", file="f", pending="p", kept="k"),
        ),
        Entry(at=AT, camera="nobody", known=Known(url="z")),
        Entry(at=AT, ended=AT),
    )
    told = read_journal(folder)
    a, b = told.ledger.job.cameras
    assert (told.torn, told.lost, told.ledger.job.ended) == (False, 0, AT)
    assert [(each.after, each.made) for each in a.changes] == [(2, AT)]
    assert (a.url, a.username, told.ledger.secrets["a"].stage) == ("u", "n", Stage.ABOUT)
    assert next(each.state for each in b.steps if each.step is Step.TIME) is StepState.DONE
    assert (folder / FILE).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


async def test_a_line_that_was_torn_is_told_and_cut_off(tmp_path: Path) -> None:
    folder = await written(tmp_path / "j", step("a"))
    whole = (folder / FILE).read_bytes()
    for cut in range(1, 60):
        (folder / FILE).write_bytes(whole + whole[:cut])
        told = read_journal(folder)
        assert told.torn
        with Journal.opened(folder) as journal:
            assert journal.torn
            await journal.note(step("b"))
        again = read_journal(folder)
        assert (again.torn, again.lost) == (False, 0)
        assert len(again.ledger.job.cameras) == 2


async def test_a_line_that_was_lost_costs_no_other(tmp_path: Path) -> None:
    folder = await written(tmp_path / "j", step("a"), step("b"))
    lines = (folder / FILE).read_bytes().split(b"\n")
    lines[1] = bytes(len(lines[1]))
    (folder / FILE).write_bytes(b"\n".join(lines))
    told = read_journal(folder)
    assert told.lost == 1
    assert (
        next(each.state for each in told.ledger.cameras["b"].steps if each.step is Step.TIME)
        is StepState.DONE
    )


async def test_one_at_a_time_and_only_what_began(tmp_path: Path) -> None:
    with Journal.created(tmp_path / "j") as journal:
        with pytest.raises(Refusal, match="another program"):
            Journal.opened(tmp_path / "j")
        await journal.note()
    with pytest.raises(Refusal, match="had not begun"):
        Journal.opened(tmp_path / "j")
    with pytest.raises(FileExistsError):
        Journal.created(tmp_path / "j")


async def test_many_share_one_wait_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs = 0
    real = os.fsync

    def counted(handle: int) -> None:
        nonlocal syncs
        syncs += 1
        real(handle)

    with Journal.created(tmp_path / "j") as journal:
        await journal.note(Entry(at=AT, job=JOB))
        monkeypatch.setattr(os, "fsync", counted)
        await asyncio.gather(*(journal.note(step("a")) for _ in range(100)))
    assert syncs <= 3
    assert (tmp_path / "j" / FILE).read_bytes().count(b"\n") == 101


async def test_a_full_disk_stops_everybody_who_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with Journal.created(tmp_path / "j") as journal:
        await journal.note(Entry(at=AT, job=JOB))
        before = (tmp_path / "j" / FILE).read_bytes()
        monkeypatch.setattr(os, "fsync", full)
        ended = await asyncio.gather(*(journal.note(step("a")) for _ in range(5)), return_exceptions=True)
        assert all(isinstance(each, OSError) for each in ended)
        monkeypatch.undo()
        with pytest.raises(OSError, match="No space"):
            await journal.note(step("b"))
    assert (tmp_path / "j" / FILE).read_bytes() == before
    assert journal.ledger.job.cameras[0].steps == CameraRecord(id="a").steps


async def test_whoever_is_cancelled_leaves_the_lines_of_others(tmp_path: Path) -> None:
    with Journal.created(tmp_path / "j") as journal:
        await journal.note(Entry(at=AT, job=JOB))
        async with asyncio.TaskGroup() as group:
            first = group.create_task(journal.note(step("a")))
            second = group.create_task(journal.note(step("b")))
            await asyncio.sleep(0)
            first.cancel()
        assert not second.cancelled()
        states = {
            camera.id: next(each.state for each in camera.steps if each.step is Step.TIME)
            for camera in journal.ledger.job.cameras
        }
    assert states == {"a": StepState.DONE, "b": StepState.DONE}


async def test_a_picture_is_a_file_before_it_is_a_line(tmp_path: Path) -> None:
    picture = PictureRecord(name="../../a.jpg", sha256="0", caption=Told(code="x"), at=AT)
    with Journal.created(tmp_path / "jobs" / "j") as journal:
        await journal.note(Entry(at=AT, job=JOB))
        await journal.keep_picture("a", picture, b"jpeg", Entry(at=AT))
    assert (tmp_path / "jobs" / "j" / "a.jpg").read_bytes() == b"jpeg"
    assert read_journal(tmp_path / "jobs" / "j").ledger.cameras["a"].pictures == (picture,)


async def test_jobs_are_found_by_name_sheet_and_camera(tmp_path: Path) -> None:
    jobs = Jobs.of(tmp_path)
    assert (jobs.names(), jobs.unfinished("s"), jobs.with_changes("a")) == ([], None, None)
    await written(jobs.folder / "20260301-a")
    await written(jobs.folder / "20260302-b", change(2, made=AT), Entry(at=AT, ended=AT))
    (jobs.folder / "20260303-c").mkdir()
    assert jobs.names() == ["20260302-b", "20260301-a"]
    assert jobs.read("20260301").ledger.begun
    with pytest.raises(Refusal, match="no job"):
        jobs.read("2026")
    assert jobs.unfinished("s") is None  # the newest of the sheet was ended
    assert jobs.with_changes("a") is not None
    assert jobs.new_name(AT, Random(1)).startswith("20260301-000000-")


async def test_cameras_are_adopted_together_and_a_wrong_one_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "matthan.yaml"
    path.write_text("# ours\ncameras:\n  - {id: c1, url: 'rtsp://192.0.2.1/x', fps: 3} # theirs\n")
    adoption, writes = Adoption(path), 0
    real = Adoption._once

    def counted(self: Adoption, cameras: list[Adoptee]) -> None:
        nonlocal writes
        writes += 1
        real(self, cameras)

    monkeypatch.setattr(Adoption, "_once", counted)
    wanted = [Adoptee(f"c{n}", f"rtsp://192.0.2.{n}/y", group="yard") for n in range(1, 30)]
    await asyncio.gather(*map(adoption.adopt, wanted))
    settings = load(path).settings
    assert writes <= 3
    assert [each.id for each in settings.cameras] == [each.id for each in wanted]
    assert (settings.cameras[0].url, settings.cameras[0].fps) == ("rtsp://192.0.2.1/y", 3)
    assert settings.groups["yard"] == [each.id for each in wanted]
    assert "# ours" in path.read_text()
    assert "# theirs" in path.read_text()
    bad, good = Adoptee("Bad Id", "rtsp://192.0.2.1/z"), Adoptee("c99", "rtsp://192.0.2.99/z")
    first = Adoptee("c98", "rtsp://192.0.2.98/z")  # while it is written, the others wait together
    ended = await asyncio.gather(*map(adoption.adopt, (first, bad, good)), return_exceptions=True)
    assert [type(each) for each in ended] == [type(None), Refusal, type(None)]
    assert load(path).settings.cameras[-1].id == "c99"


def test_passwords_have_every_kind_of_sign_and_none_that_is_mistaken() -> None:
    made = [new_password(16, Random(n)) for n in range(200)]
    assert len(set(made)) == 200
    for password in made:
        assert len(password) == 16
        assert password.isalnum()
        assert any(each.islower() for each in password)
        assert any(each.isupper() for each in password)
        assert any(each.isdigit() for each in password)
        assert not set(password) & set("0O1lI")


def test_sentences_are_told_together_each_with_its_values() -> None:
    lied = [
        Sentence("commission.lied", {"feature": name, "wanted": "1", "found": "2"}) for name in ("a", "b")
    ]
    one = several([*lied, lied[0]])
    assert one is not None
    told = render(one.code, one.values, "en")
    assert "“a” was accepted" in told
    assert "“b” was accepted" in told
    assert several([]) is None
    assert several(lied[:1]) == lied[0]
    with pytest.raises(ValueError, match="no job"):
        _ = Ledger().job

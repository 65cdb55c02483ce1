"""What commissionings come to, and how their cameras read."""

from __future__ import annotations

import pytest

from engine.api.printable import is_clean
from engine.api.resources.commissioning.jobs import CameraRecord, Job, Listed, Risk, StepState
from engine.api.sentence import Sentence
from tests.fakes.commissioning import (
    ASKS,
    BRIDGE,
    CAMERAS,
    DONE,
    GATE,
    MARKET,
    SCHOOL,
    foretold,
    record,
    steps,
)
from tests.fakes.village import ago
from tests.tui.test_harmless import poisoned
from tui.model.model import Model
from tui.presenters import job_camera, job_rows, job_sums
from tui.texts import LANGUAGES, Texts


@pytest.mark.parametrize(
    ("camera", "worst", "over", "troubled"),
    [
        (GATE, StepState.DONE, True, False),
        (MARKET, StepState.FAILED, True, True),
        (MARKET.model_copy(update={"results": ()}), StepState.NEEDS_YES, True, True),
        (SCHOOL, StepState.RUNNING, False, False),
        (BRIDGE, StepState.FAILED, True, True),
        (CameraRecord(id="x"), StepState.WAITING, False, False),
        (CameraRecord(id="x", steps=steps(*DONE[:2])), StepState.RUNNING, False, False),
    ],
)
def test_a_camera_is_as_bad_as_the_worst_of_it(
    camera: CameraRecord, worst: StepState, over: bool, troubled: bool
) -> None:
    assert (job_sums.worst(camera), job_sums.over(camera), job_sums.troubled(camera)) == (
        worst,
        over,
        troubled,
    )


def test_what_is_asked_for_is_what_is_not_made_yet_and_not_said_yes_to() -> None:
    looked = record(*map(foretold, CAMERAS))
    assert job_sums.risks_ahead(looked) == {Risk.RESTARTS: ["gate", "market"]}
    assert job_sums.risks_ahead(looked, [Risk.RESTARTS]) == {}
    assert job_sums.risks_ahead(record(*CAMERAS)) == {}
    assert job_sums.risks_waiting(record(*CAMERAS)) == {Risk.RESTARTS: ["market"]}
    assert job_sums.risks_back(GATE) == {Risk.RESTARTS: ["gate"]}
    assert job_sums.risks_back(SCHOOL) == {}


def test_of_several_sentences_in_one_each_risk_is_asked_for() -> None:
    both = ASKS.model_copy(update={"values": {"risk": "moves", "risk@1": "restarts"}})
    camera = MARKET.model_copy(update={"steps": steps(*DONE[:4], StepState.NEEDS_YES, streams=both)})
    assert set(job_sums.risks_waiting(record(camera))) == {Risk.MOVES, Risk.RESTARTS}


def test_progress_counts_steps_and_names_trouble() -> None:
    t = Texts("en")
    assert job_sums.progress(record(*CAMERAS), t).split("   ")[1:] == ["3/4 cameras", "2 failed"]
    assert job_sums.share(record()) == 1
    assert [job_sums.bar(part, 4) for part in (0, 0.49, 0.99, 1, 7)] == [
        "┈┈┈┈",
        "━┈┈┈",
        "━━━┈",
        "━━━━",
        "━━━━",
    ]


def test_signs_tell_states_apart_without_colour_and_nobody_works_at_what_is_cut_off() -> None:
    t = Texts("en")
    row = job_rows.job_row(MARKET, "", t)
    assert [row.cells[name].text for name in ("mark", "find", "streams", "check")] == ["✗", "✓", "!", "✗1 !1"]
    assert job_rows.job_row(SCHOOL, "clock", t).cells["check"].text == "…"
    assert job_rows.job_row(SCHOOL, "clock", t).cells["note"].text == "clock"
    cut = job_rows.job_row(SCHOOL, "clock", t, live=False)
    assert (cut.cells["mark"].text, cut.cells["check"].text, cut.cells["note"].text) == ("?", "?", "")


def test_a_job_whose_engine_is_gone_is_not_said_to_run(model: Model, t: Texts) -> None:
    job = Listed(id="x", began=ago(minutes=1), running=True)
    assert job_rows.listed_row(job, model, t).cells["state"].text == "… running"
    model.lost = object()  # type: ignore[assignment]  # whatever it says
    assert job_rows.listed_row(job, model, t).cells["state"].text == "? unknown"


def spoiled(camera: CameraRecord) -> CameraRecord:
    """A camera whose every text is of the worst kind; what is a choice stays one."""
    told = poisoned(camera)
    changes = [
        after.model_copy(update={"risk": before.risk})
        for before, after in zip(camera.changes, told.changes, strict=True)
    ]
    results = [
        after.model_copy(update={"outcome": before.outcome})
        for before, after in zip(camera.results, told.results, strict=True)
    ]
    waits = [
        after.model_copy(update={"step": before.step, "state": before.state})
        for before, after in zip(camera.steps, told.steps, strict=True)
    ]
    kept = {"changes": tuple(changes), "results": tuple(results), "steps": tuple(waits)}
    return told.model_copy(update=kept)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_of_a_device_drives_the_terminal(model: Model, language: str) -> None:
    t = Texts(language)  # type: ignore[arg-type]  # one of the two
    for camera in CAMERAS:
        spoilt = spoiled(camera)
        for para in job_camera.paragraphs(spoilt, model, t, checking="\x1b[2J"):
            assert is_clean(para.text), ascii(para.text)
        for row in (job_rows.job_row(spoilt, "\x1b[2J", t), job_rows.staged_row(spoilt, t)):
            cells = [*row.cells.values(), *([row.span[2]] if row.span else [])]
            assert all(is_clean(cell.text) for cell in cells)


def test_why_a_whole_job_broke_off_stands_first(t: Texts) -> None:
    broken = Job(
        name="x", running=False, trouble=Sentence(code="x", en="No room on the disk.", vi="Hết chỗ.")
    )
    assert [each.text for each in job_camera.whole(broken, t)] == ["No room on the disk."]


def test_a_password_is_named_and_no_value_of_it(model: Model, t: Texts) -> None:
    secret = {"feature": "account.password", "before": None, "after": None, "risk": Risk.LOCKS}
    camera = GATE.model_copy(update={"changes": (GATE.changes[0].model_copy(update=secret),)})
    told = [each.text for each in job_camera.paragraphs(camera, model, t)]
    assert "account.password (a new password)" in told


@pytest.mark.parametrize("url", ["http://[::1", "http://admin:secret@192.0.2.1:80/x", "", "\x1b[2J"])
def test_an_address_is_shown_without_its_login(url: str) -> None:
    shown = job_rows.address(url)
    assert is_clean(shown)
    assert "secret" not in shown

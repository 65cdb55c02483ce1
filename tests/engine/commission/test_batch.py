"""A commissioning from its beginning to its end, on cameras in memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from drivers.contract import Found
from engine.commission.login.experience import Experience
from engine.commission.record import CheckResult, Risk, Step, StepState
from engine.commission.standard import CredentialSettings, PasswordSettings, Standard
from engine.commission.subject import Subject
from engine.commission.tools import Options
from engine.commission.work.batch import devices, exit_code
from engine.commission.work.setting import LATER
from engine.config.configuration import load
from tests.engine.commission.commissioning import YES, Village, made, only, reason, row, states, village
from tests.fakes.devices import Box

DONE, SKIPPED, FAILED = StepState.DONE, StepState.SKIPPED, StepState.FAILED


async def test_a_camera_out_of_its_box_is_made_what_the_site_wants(tmp_path: Path) -> None:
    box = Box()
    site = village(tmp_path, box)
    job = await site.commission()
    camera = only(job.cameras)
    assert states(camera) == {
        Step.FIND: DONE, Step.IDENTIFY: DONE, Step.TIME: DONE, Step.NAMES: DONE, Step.STREAMS: DONE,
        Step.PASSWORD: DONE, Step.ADOPT: DONE, Step.CHECK: SKIPPED,
    }  # fmt: skip
    assert made(camera) == {
        "time.zone": "ICT-7", "time.clock": "2026-03-01T12:00:00+00:00", "time.ntp": "192.0.2.1", "time.mode": "ntp",
        "network.hostname": "cam-0", "scopes.name": "CAM-0", "osd.VS1.name": "CAM-0", "osd.VS1.clock": True,
        "encoder.VS1-a.resolution": "1920x1080", "encoder.VS1-a.fps": 15, "encoder.VS1-a.bitrate": 2048,
        "encoder.VS1-a.gop": 30, "encoder.VS1-b.resolution": "640x360", "encoder.VS1-b.fps": 8,
        "encoder.VS1-b.bitrate": 384, "encoder.VS1-b.gop": 16,
    }  # fmt: skip
    assert (camera.device.serial, camera.device.macs, camera.username) == (
        "S1",
        ("02:1f:aa:00:00:01",),
        "admin",
    )
    assert box.values["encoder.VS1-b.resolution"] == "640x360"
    assert (exit_code(job), job.ended is not None, box.wrong) == (0, True, 0)
    configured = load(site.configuration).settings.cameras[0]
    assert (configured.id, configured.name, configured.profile, configured.source) == (
        "cam-0",
        "CAM-0",
        "VS1-b",
        None,
    )
    assert box.password == site.password("cam-0") != "admin"
    assert site.configuration.read_text().startswith("# ours\n")
    assert (tmp_path / "secrets/cam-0").stat().st_mode & 0o777 == 0o600
    assert box.password not in job.model_dump_json()


async def test_a_second_time_nothing_is_left_to_do(tmp_path: Path) -> None:
    box = Box()
    site = village(tmp_path, box)
    await site.commission()
    before, text = dict(box.values), site.configuration.read_text()
    box.calls.clear()
    job = await site.commission()
    camera = only(job.cameras)
    assert not [call for call in box.calls if call.startswith("write")]
    assert (camera.changes, box.values, site.configuration.read_text(), box.wrong) == ((), before, text, 0)
    assert states(camera)[Step.STREAMS] is SKIPPED
    assert reason(camera, Step.PASSWORD) == "commission.no_default"


async def test_what_restarts_waits_for_a_yes(tmp_path: Path) -> None:
    box = Box()
    site = village(tmp_path, box)
    job = await site.commission(Options())
    camera = only(job.cameras)
    assert states(camera)[Step.STREAMS] is StepState.NEEDS_YES
    assert "encoder" not in " ".join(made(camera))
    assert exit_code(job) == 1
    assert {each.risk for each in camera.changes} == {Risk.SAFE}


async def test_only_what_is_asked_for(tmp_path: Path) -> None:
    site = village(tmp_path, Box(), Box(serial="S2", mac="02:1f:aa:00:00:02"))
    options = Options(steps=frozenset({Step.TIME}), only=frozenset({"cam-1"}))
    camera = only((await site.commission(options)).cameras)
    assert camera.id == "cam-1"
    assert states(camera)[Step.NAMES] is SKIPPED
    assert reason(camera, Step.ADOPT) == "commission.not_asked"
    assert site.boxes["fake:0"].calls == []
    assert load(site.configuration).settings.cameras == []


async def test_a_device_that_lies_fails_with_what_it_says(tmp_path: Path) -> None:
    site = village(
        tmp_path, Box(lies={"encoder.VS1-b.resolution"}, refuses={"osd.VS1.name"}, lacks={"time.ntp"})
    )
    camera = only((await site.commission()).cameras)
    said = next(each.reason for each in camera.steps if each.step is Step.STREAMS)
    assert said is not None
    assert "“encoder.VS1-b.resolution” was accepted as 640x360, and the camera still says 704x576." in said.en
    troubles = {each.feature: each.trouble.code for each in camera.changes if each.trouble}
    assert troubles == {"encoder.VS1-b.resolution": "commission.lied", "osd.VS1.name": "driver.unsupported"}
    assert {states(camera)[step] for step in (Step.STREAMS, Step.NAMES)} == {FAILED}
    assert reason(camera, Step.TIME) == "commission.no_ntp"
    assert states(camera)[Step.PASSWORD] is DONE  # one refusal costs no other step


async def test_a_camera_that_is_away_holds_nobody_up(tmp_path: Path) -> None:
    site = village(tmp_path, Box(away=True), Box(serial="S2", mac="02:1f:aa:00:00:02"))
    away, there = (await site.commission()).cameras
    assert states(away)[Step.IDENTIFY] is FAILED
    assert {states(away)[step] for step in (Step.TIME, Step.CHECK)} == {SKIPPED}
    assert reason(away, Step.TIME) == "commission.not_reached"
    assert states(there)[Step.ADOPT] is DONE


async def test_nothing_is_set_on_another_device(tmp_path: Path) -> None:
    box = Box()
    site = village(tmp_path, box)
    for wrong in ({"serial": "S9"}, {"mac": "02:1f:aa:00:00:09"}):
        site.rows = [row("cam-0", "fake:0", **wrong)]
        camera = only((await site.commission()).cameras)
        assert reason(camera, Step.IDENTIFY) == "commission.another"
    assert not [call for call in box.calls if call.startswith("write")]


async def test_two_devices_that_say_the_same_serial_are_told(tmp_path: Path) -> None:
    site = village(tmp_path, Box(), Box())
    job = await site.commission(replace(YES, together=1))
    assert [reason(each, Step.IDENTIFY) for each in job.cameras] == ["", "commission.twin"]


async def test_a_recorders_channels_share_clock_login_and_names(tmp_path: Path) -> None:
    box = Box(sources=("VS1", "VS2"))
    site = Village(
        tmp_path, {"fake:0": box}, [row("a", "fake:0", source="VS1"), row("b", "fake:0", source="VS2")]
    )
    one, two = (await site.commission()).cameras
    assert reason(two, Step.TIME) == "commission.with_lead"
    assert box.values["network.hostname"] == "ipcam"  # a recorder is not called by one channel's name
    assert (box.values["osd.VS1.name"], box.values["osd.VS2.name"]) == ("A", "B")
    cameras = load(site.configuration).settings.cameras
    assert [(each.source, each.profile) for each in cameras] == [("VS1", "VS1-b"), ("VS2", "VS2-b")]
    assert one.secret == two.secret == "file:secrets/a"
    assert site.password("b") == box.password
    assert [len(each) for each in devices(site.rows)] == [2]


async def test_logins_are_tried_politely(tmp_path: Path) -> None:
    box = Box(password="right")
    site = village(tmp_path, box)
    for name in ("one", "two", "three", "right"):
        site.secret(name, name)
    logins = [
        CredentialSettings(username="admin", password=f"file:{name}")
        for name in ("one", "two", "three", "right")
    ]
    site.standard = Standard(credentials=logins)
    camera = only((await site.commission()).cameras)
    assert reason(camera, Step.IDENTIFY) == "commission.last_place"
    assert box.wrong == 2
    assert reason(only((await site.commission()).cameras), Step.IDENTIFY) == "commission.last_place"
    assert box.wrong == 2
    site.clock.advance(1801)
    site.standard = Standard(credentials=[logins[0], logins[3]])
    assert states(only((await site.commission()).cameras))[Step.IDENTIFY] is DONE
    site.clock.advance(1801)
    await site.commission()  # what worked before comes first
    assert box.wrong == 3


@pytest.mark.parametrize(
    ("answer", "state", "code"),
    [
        ("taken", DONE, "commission.password_done"),
        ("lost", DONE, "commission.password_done"),
        ("ignored", FAILED, "commission.password_kept"),
    ],
)
async def test_whatever_becomes_of_a_new_password_somebody_knows_it(
    answer: str, state: StepState, code: str, tmp_path: Path
) -> None:
    box = Box(answer=answer)
    site = village(tmp_path, box)
    camera = only((await site.commission()).cameras)
    assert (states(camera)[Step.PASSWORD], reason(camera, Step.PASSWORD)) == (state, code)
    assert site.password("cam-0") == box.password
    assert not (tmp_path / "secrets/cam-0.pending").exists()
    assert box.wrong == (1 if answer == "ignored" else 0)


async def test_a_device_that_refuses_a_password_keeps_the_old_one(tmp_path: Path) -> None:
    box = Box(refuses={"account.password"})
    site = village(tmp_path, box)
    camera = only((await site.commission()).cameras)
    assert reason(camera, Step.PASSWORD) == "driver.unsupported"
    assert (box.password, site.password("cam-0"), box.wrong) == ("admin", "admin", 0)


async def test_no_password_is_set_that_cannot_be_kept(tmp_path: Path) -> None:
    box = Box()
    site = village(tmp_path, box)
    (tmp_path / "secrets").write_text("no folder")
    camera = only((await site.commission()).cameras)
    assert reason(camera, Step.PASSWORD) == "commission.no_secret_file"
    assert box.password == "admin"


async def test_a_default_that_may_stay_stays(tmp_path: Path) -> None:
    box = Box()
    site = village(tmp_path, box)
    defaults = site.standard.passwords.defaults
    site.standard = Standard(passwords=PasswordSettings(defaults=defaults, renew=False))
    assert reason(only((await site.commission()).cameras), Step.PASSWORD) == "commission.default_stays"
    assert box.password == "admin"


async def test_a_configuration_that_is_wrong_costs_the_adoption_alone(tmp_path: Path) -> None:
    site = village(tmp_path, Box())
    tools = site.tools()
    site.configuration.write_text("cameras: [{id: x}]\n")
    site.tools = lambda **_: tools  # type: ignore[method-assign]
    camera = only((await site.commission()).cameras)
    assert reason(camera, Step.ADOPT) == "commission.not_adopted"
    assert states(camera)[Step.STREAMS] is DONE
    assert site.configuration.read_text() == "cameras: [{id: x}]\n"


@pytest.mark.parametrize(("back", "state"), [(4, DONE), (99, FAILED)])
async def test_the_checks_wait_for_a_camera_that_was_made_to_start_anew(
    back: int, state: StepState, tmp_path: Path
) -> None:
    """Some restart a while after they were set: everything went well, and nobody is there to be checked."""
    box = Box()
    site = village(tmp_path, box)
    knocks = 0

    def tick(call: str) -> None:
        nonlocal knocks
        if (
            call == "open" and load(site.configuration).settings.cameras
        ):  # adopted: what follows are the checks
            knocks += 1
            box.away = knocks < back

    async def examine(subject: Subject, *, thorough: bool, progress: object) -> tuple[CheckResult, ...]:
        return ()

    site.tick = tick
    camera = only((await site.commission(examine=examine)).cameras)
    assert states(camera)[Step.CHECK] is state
    assert knocks == (back if state is DONE else len(LATER) + 1)


async def test_what_is_changed_after_its_check_is_checked_again(tmp_path: Path) -> None:
    site, looks = village(tmp_path, Box()), 0

    async def examine(subject: Subject, *, thorough: bool, progress: object) -> tuple[CheckResult, ...]:
        nonlocal looks
        looks += 1
        return ()

    job = await site.commission(Options(), examine=examine)
    assert states(only(job.cameras))[Step.CHECK] is DONE
    for expected in (2, 2):  # the streams, said yes to only now, are set; then there is nothing more to do
        site.clock.advance(60)
        camera = only((await site.again(job.id, examine=examine)).cameras)
        assert states(camera)[Step.STREAMS] in (DONE, SKIPPED)
        assert looks == expected


async def test_a_camera_for_which_no_login_is_known_says_where_to_write_one(tmp_path: Path) -> None:
    box = Box()
    site = village(tmp_path, box)
    site.standard = Standard()
    camera = only((await site.commission()).cameras)
    assert reason(camera, Step.IDENTIFY) == "commission.no_key_known"
    assert box.wrong == 0


async def test_the_first_of_a_kind_profits_of_what_the_others_told(tmp_path: Path) -> None:
    """Two wrong logins each are not enough for the first; the third place is good enough for one that others take."""
    boxes = [Box(serial=f"S{n}", mac=f"02:1f:aa:00:00:0{n}", password="right") for n in range(3)]
    site, experience = village(tmp_path, *boxes), Experience()
    for name in ("one", "two", "three", "right"):
        site.secret(name, name)
    site.standard = Standard(
        credentials=[
            CredentialSettings(username="admin", password=f"file:{name}")
            for name in ("one", "two", "three", "right")
        ]
    )
    for url in site.boxes:
        experience.heard(Found("onvif", url, url, url, model="NB-2043"))
    cameras = (await site.commission(experience=experience)).cameras
    assert [states(each)[Step.IDENTIFY] for each in cameras] == [DONE] * 3
    assert [box.wrong for box in boxes] == [2, 1, 0]

"""The client commands as a person runs them, against a served fake."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import typer
from typer.testing import CliRunner, Result

from drivers.contract import FeatureCategory
from engine.api import wire
from engine.api.resources.features import Feature
from engine.api.server import serve
from engine.commands import camera, completion, deliveries, operate, silence
from engine.commands.client import app
from engine.commands.output.report import Lang
from engine.commands.output.talk import NO_ENGINE
from engine.config.settings import ApiSettings
from engine.text import LANGUAGES, Language, catalogue
from engine.web.refusals import refusal
from tests.engine.serving import served

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def engine(service: Any, tmp_path: Path) -> Iterator[Path]:
    """A server in a loop of its own: the commands run loops themselves."""
    with served(service.api(), tmp_path / "s") as doors:
        yield doors.socket


def run(socket: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--socket", str(socket)])


def test_status_for_people_and_programs(engine: Path) -> None:
    shown = run(engine, "status")
    assert shown.exit_code == 0
    assert "Ngõ 12" in shown.stdout
    assert "Cổng chính" in shown.stdout
    assert "\x1b" not in shown.stdout  # no colours into a pipe
    told = json.loads(run(engine, "status", "--json").stdout)
    assert told["cameras"][0]["id"] == "cong"


def test_events_come_oldest_first(engine: Path, service: Any) -> None:
    service.stored += [service.event(1), service.event(2, "san"), service.event(3)]
    lines = run(engine, "events", "--json").stdout.splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [1, 2, 3]
    lines = run(engine, "events", "--json", "--camera", "cong", "--limit", "1").stdout.splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [3]
    assert "object.began" in run(engine, "events").stdout


def trouble(label: str, vi: str, en: str) -> wire.Trouble:
    return wire.Trouble(label=label, since=NOON, said=wire.Sentence(code="x", vi=vi, en=en))


@pytest.mark.parametrize(
    ("lang", "label", "why"), [("vi", "sai giờ", "đồng hồ"), ("en", "clock", "its clock")]
)
def test_status_says_what_is_the_matter_beside_the_state(
    engine: Path, service: Any, lang: str, label: str, why: str
) -> None:
    told = (trouble("deaf", "không nghe được", "no events"), trouble("clock", "đồng hồ", "its clock"))
    service.camera = service.camera.model_copy(update={"troubles": told, "reason": told[0].said})
    first, second, third = run(engine, "status", "--lang", lang).stdout.splitlines()[-3:]
    assert ("trực tuyến" if lang == "vi" else "online") in first
    assert ("0,0 hình/s" if lang == "vi" else "0.0 fps") in first
    assert told[0].said.vi not in first, "said once"
    assert told[0].said.en not in first
    assert second.endswith("không nghe được" if lang == "vi" else "no events")
    assert label in third
    assert third.endswith(why)


@pytest.mark.parametrize(("lang", "words"), [("vi", "đang xem: Lan ("), ("en", "watched by Lan (")])
def test_status_says_who_watches(engine: Path, service: Any, lang: str, words: str) -> None:
    service.camera = service.camera.model_copy(update={"watched": (wire.Watcher(name="Lan", since=NOON),)})
    assert f"◉ {words}" in run(engine, "status", "--lang", lang).stdout


@pytest.mark.parametrize(
    ("lang", "words"), [("vi", "2 đối tượng chưa nhìn lại được"), ("en", "2 objects could not be looked for")]
)
def test_status_says_of_how_many_nobody_knows(engine: Path, service: Any, lang: str, words: str) -> None:
    seen = wire.Tracked(track=1, label="person", score=0.9, box=(0.1, 0.1, 0.2, 0.4))
    unknown = seen.model_copy(update={"state": wire.TrackState.UNKNOWN})
    service.camera = service.camera.model_copy(update={"tracks": (seen,)})
    assert "?" not in run(engine, "status", "--lang", lang).stdout
    service.camera = service.camera.model_copy(update={"tracks": (seen, unknown, unknown)})
    assert f"? {words}" in run(engine, "status", "--lang", lang).stdout


def retry(socket: Path, *words: str) -> Result:
    return CliRunner().invoke(
        camera.app, ["camera", "retry", *words, "--socket", str(socket), "--lang", "en"]
    )


def test_cameras_are_tried_again(engine: Path, service: Any) -> None:
    done = retry(engine, "cong")
    assert (done.exit_code, service.retried) == (0, ["cong"])
    assert "Cổng chính is connected: there is nothing to try again" in done.stdout
    service.camera = service.camera.model_copy(update={"state": wire.CameraState.LOST})
    assert "Cổng chính: being tried again now" in retry(engine, "cong").stdout
    assert json.loads(retry(engine, "cong", "--json").stdout)["id"] == "cong"
    some = retry(engine, "nobody", "cong")
    assert (some.exit_code, service.retried) == (1, ["cong"] * 4)
    assert "There is no camera “nobody”" in some.stderr
    assert "Cổng chính" in some.stdout


def test_all_that_wait_are_tried_again_and_no_others(engine: Path, service: Any) -> None:
    assert "No camera waits" in retry(engine, "--all").stdout
    for update, wanted in (
        ({"state": "refused"}, True),
        ({"state": "lost"}, True),
        ({"state": "disabled"}, False),
        ({"state": "online", "troubles": (trouble("clock", "x", "x"),)}, False),
        ({"state": "online", "troubles": (trouble("deaf", "x", "x"),)}, True),
    ):
        told = service.camera.model_dump() | update
        service.camera, before = wire.Camera.model_validate(told), len(service.retried)
        assert retry(engine, "--all").exit_code == 0
        assert (len(service.retried) > before) is wanted


def test_what_must_not_be_tried_now_says_when(engine: Path, service: Any) -> None:
    service.held = refusal(409, "camera.held", camera="cong", most=3, at="21:05:00")
    done = retry(engine, "cong")
    assert done.exit_code == 1
    assert "21:05:00" in done.stderr
    service.held = None
    assert retry(engine).exit_code == 2
    assert retry(engine, "cong", "--all").exit_code == 2
    assert retry(engine.with_name("none"), "cong").exit_code == NO_ENGINE


def of_camera(socket: Path, *words: str, lang: str = "en") -> Result:
    return CliRunner().invoke(camera.app, ["camera", *words, "--socket", str(socket), "--lang", lang])


def test_features_are_a_table_and_one_is_set(engine: Path, service: Any) -> None:
    fault = wire.Sentence(code="x", vi="không trả lời", en="no answer")
    service.features_known = [
        Feature(id="ptz", kind="ability", category="ptz"),
        Feature(id="time.clock", kind="moment", category="time", range="moment", readable=True, writable=True,
                value="2026-03-01T12:00:00Z"),
        Feature(id="time.ntp", kind="text", category="time", range="<= 253", readable=True, fault=fault),
        Feature(id="main.fps", kind="number", category="encoder", range="1..30 fps", unit="fps", readable=True,
                writable=True, value=25),
        Feature(id="relay", kind="flag", category="io", range="on|off", writable=True),
        Feature(id="day", kind="flag", category="new", range="on|off", readable=True, value=True),
    ]  # fmt: skip
    assert of_camera(engine, "features", "cong").stdout.splitlines() == [
        "PTZ",
        "   ptz         yes",
        "time",
        " * time.clock  2026-03-01 19:00:00",
        "   time.ntp    no answer            <= 253",
        "encoder",
        " * main.fps    25 fps               1..30 fps",
        "inputs and relays",
        " * relay       -                    on|off",
        "new",
        "   day         on                   on|off",
    ]
    vietnamese = of_camera(engine, "features", "cong", lang="vi").stdout
    assert "thời gian" in vietnamese
    assert "không trả lời" in vietnamese
    lines = of_camera(engine, "features", "cong", "--json").stdout.splitlines()
    assert [json.loads(each)["id"] for each in lines] == [each.id for each in service.features_known]
    assert of_camera(engine, "set", "cong", "main.fps", "12").stdout == "main.fps: 12 fps\n"
    assert json.loads(of_camera(engine, "set", "cong", "day", "off", "--json").stdout)["value"] == "off"
    assert "cannot be read back" in of_camera(engine, "set", "cong", "relay", "on").stdout


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_category_has_a_word(language: Language) -> None:
    assert not [each for each in FeatureCategory if f"cli_category.{each}" not in catalogue(language)]


def test_a_feature_that_cannot_be_set_says_why(engine: Path) -> None:
    refused = of_camera(engine, "set", "cong", "none", "1")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "“none”" in refused.stderr
    assert of_camera(engine, "features", "nobody").exit_code == 1
    assert of_camera(engine, "set", "cong", "none").exit_code == 2
    assert of_camera(engine.with_name("none"), "set", "cong", "x", "1").exit_code == NO_ENGINE


@pytest.mark.parametrize(("lang", "reason"), [("vi", "vì lý do 1"), ("en", "for reason 1")])
def test_decisions_say_why_in_the_language_asked(engine: Path, service: Any, lang: str, reason: str) -> None:
    service.decide(1)
    assert reason in run(engine, "decisions", "--lang", lang).stdout


def test_the_engines_language_is_the_default(engine: Path, service: Any) -> None:
    service.decide(1)
    assert "Có người: vì lý do 1" in run(engine, "decisions").stdout


def test_ptz(engine: Path, service: Any) -> None:
    assert run(engine, "ptz", "cong", "move", "--pan", "-0.5", "--seconds", "2").exit_code == 0
    assert run(engine, "ptz", "cong", "stop").exit_code == 0
    assert run(engine, "ptz", "cong", "goto", "Cổng").exit_code == 0
    said = [(command.op, command.pan, command.preset) for _, command in service.commands]
    assert said == [("move", -0.5, ""), ("stop", 0.0, ""), ("goto", 0.0, "Cổng")]
    assert "Cổng" in run(engine, "ptz", "cong", "presets").stdout
    without = run(engine, "ptz", "cong", "goto")
    assert without.exit_code == 2
    assert "Cổng" in without.stderr


def test_still_is_saved(engine: Path, tmp_path: Path) -> None:
    saved = run(engine, "still", "cong", "-o", str(tmp_path / "a.jpg"), "--lang", "en")
    assert saved.exit_code == 0
    assert "1280x720, the camera's own still" in saved.stdout
    assert saved.stderr == ""
    analysed = run(engine, "still", "cong", "-o", "-", "--of", "analysis", "--lang", "vi")
    assert analysed.stdout_bytes.startswith(b"\xff\xd8")
    assert "hình đang được phân tích" in analysed.stderr
    assert "cổng không cung cấp ảnh chụp" in analysed.stderr
    assert (tmp_path / "a.jpg").read_bytes().startswith(b"\xff\xd8")
    nowhere = run(engine, "still", "cong", "-o", str(tmp_path / "no" / "a.jpg"))
    assert nowhere.exit_code == 1
    assert "No such file" in nowhere.stderr


def test_preview_prints_the_link_alone_on_stdout(engine: Path) -> None:
    assert run(engine, "preview", "cong").stdout.strip() == "http://127.0.0.1:1/camera/cong?token=t"


def test_a_refusal_is_one_sentence(engine: Path) -> None:
    refused = run(engine, "preview", "nobody")
    assert refused.exit_code == 1
    assert refused.stderr == "matthan: Không có camera “nobody”; hiện có: cong. (known: cong)\n"


@pytest.mark.parametrize(("lang", "words"), [("vi", "Đã chạy"), ("en", "running?")])
def test_no_engine_has_an_exit_code_of_its_own(tmp_path: Path, lang: str, words: str) -> None:
    alone = run(tmp_path / "none", "status", "--lang", lang)
    assert alone.exit_code == NO_ENGINE
    assert words in alone.stderr
    assert "Traceback" not in alone.stderr


async def test_following_has_no_hole_over_a_gap_and_an_outage(service: Any, tmp_path: Path) -> None:
    """Events missed in a gap or while the engine was away are read from the store, once each."""
    from engine.api import wire
    from engine.api.client import Client
    from engine.commands.output.listing import Listing
    from engine.commands.output.talk import Speaker

    shown: list[int] = []
    enough = asyncio.Event()

    def show(event: wire.Event) -> None:
        shown.append(event.seq)
        if event.seq == 702:
            enough.set()

    async def page(before: wire.Event | None, limit: int) -> list[wire.Event]:
        return await client.events(before=before.seq if before else None, limit=limit)

    async with Client.connect(tmp_path / "s", sleep=lambda _: asyncio.sleep(0.01)) as client:
        async with serve(service.api(), ApiSettings(), socket=tmp_path / "s"):
            service.happen(1)
            desk = Speaker(client, Lang.EN, await client.state())
            listing = Listing(desk, wire.Event, None, page, show)
            following = asyncio.get_running_loop().create_task(listing.show(10, follow=True))
            while not len(service.hub):
                await asyncio.sleep(0.01)
            for seq in range(2, 700):
                service.happen(seq)
            while shown[-1:] != [699]:
                await asyncio.sleep(0.01)
        service.stored += [service.event(700), service.event(701)]
        async with serve(service.api(), ApiSettings(), socket=tmp_path / "s"):
            while not len(service.hub):
                await asyncio.sleep(0.01)
            service.happen(702)
            await enough.wait()
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
    assert shown == list(range(1, 703))


@pytest.mark.parametrize("seen", [0, 1])
async def test_following_decisions_has_no_hole_either(service: Any, tmp_path: Path, seen: int) -> None:
    """More decisions than one page, and than were listed, fell into an outage: all are shown once, in order."""
    from engine.api.client import Client
    from engine.commands.output import listing
    from engine.commands.output.talk import Speaker

    shown: list[str] = []
    enough = asyncio.Event()
    for number in range(seen):
        service.decide(number)

    async with Client.connect(tmp_path / "s", sleep=lambda _: asyncio.sleep(0.01)) as client:
        async with serve(service.api(), ApiSettings(), socket=tmp_path / "s"):
            desk = Speaker(client, Lang.EN, await client.state())
            lines = listing.decisions(desk, None, as_json=True)

            def line(made: Any) -> None:
                shown.append(made.id)
                if made.id == "d1300":
                    enough.set()

            lines.line = line
            following = asyncio.get_running_loop().create_task(lines.show(20, follow=True))
            while not len(service.hub):
                await asyncio.sleep(0.01)
        for number in range(seen, 1300):
            service.decide(number)
        async with serve(service.api(), ApiSettings(), socket=tmp_path / "s"):
            while not len(service.hub):
                await asyncio.sleep(0.01)
            service.decide(1300)
            await enough.wait()
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
    assert shown == [f"d{number}" for number in range(1301)]


# -- what a person tells the engine ----------------------------------------------------------------


def tell(socket: Path, *words: str) -> Result:
    return CliRunner().invoke(operate.app, [*words, "--socket", str(socket)])


def test_acknowledging_by_the_first_characters_says_who_was_first(engine: Path, service: Any) -> None:
    service.decide(71)
    service.decide(82)
    assert "CHƯA AI NHẬN" in run(engine, "decisions", "--firing").stdout
    taken = tell(engine, "acknowledge", "d7", "--by", "An", "--note", "đang đến")
    assert (taken.exit_code, "An đã nhận" in taken.stdout) == (0, True)
    again = tell(engine, "acknowledge", "d71", "--by", "Bình", "--json")
    assert json.loads(again.stdout)["acknowledged"] == {
        "by": "An", "at": "2026-03-01T12:00:00Z", "note": "đang đến"
    }  # fmt: skip
    firing = run(engine, "decisions", "--firing", "--lang", "en").stdout.splitlines()
    assert ["An takes care" in line for line in firing] == [True, False]
    assert "NOT ACKNOWLEDGED" in firing[1]
    assert "đang đến" in run(engine, "decisions").stdout


def test_acknowledging_a_whole_rule(engine: Path, service: Any) -> None:
    service.decide(1)
    service.decide(2)
    taken = tell(engine, "acknowledge", "--rule", "đêm", "--json")
    assert [json.loads(line)["id"] for line in taken.stdout.splitlines()] == ["d1", "d2"]
    nothing = tell(engine, "acknowledge", "--rule", "đêm", "--lang", "en")
    assert (nothing.exit_code, "Nothing of rule" in nothing.stderr) == (1, True)


def test_who_types_the_name_of_a_rule_means_what_it_has_firing(engine: Path, service: Any) -> None:
    service.decide(1)
    service.decide(2)
    taken = tell(engine, "acknowledge", "đêm", "--json")
    assert [json.loads(line)["id"] for line in taken.stdout.splitlines()] == ["d1", "d2"]


def test_what_fires_is_never_left_out_without_a_word(engine: Path, service: Any) -> None:
    calm = run(engine, "decisions", "--firing", "--lang", "en")
    assert (calm.stdout, calm.stderr) == ("", "Nothing fires now.\n")
    for number in range(3):
        service.decide(number)
    some = run(engine, "decisions", "--firing", "--limit", "2", "--lang", "en")
    assert (len(some.stdout.splitlines()), some.stderr) == (2, "1 more fire: --limit shows them.\n")


def test_acknowledging_needs_one_decision(engine: Path, service: Any) -> None:
    service.decide(71)
    service.decide(72)
    several = tell(engine, "acknowledge", "d7", "--lang", "en")
    assert (several.exit_code, "d71, d72" in several.stderr) == (1, True)
    assert tell(engine, "acknowledge").exit_code == 2
    assert tell(engine, "acknowledge", "d71", "--rule", "đêm").exit_code == 2
    assert tell(engine, "acknowledge", "x").exit_code == 1


def test_an_act_with_its_facts(engine: Path, service: Any) -> None:
    words = ("act", "patrol-done", "--camera", "cong", "round=3", "calm=true", "who=chú Tư", 'n="3"')
    assert tell(engine, *words, "--by", "An").exit_code == 0
    (told, user), *_ = service.acts
    assert (told.name, told.camera, told.by) == ("patrol-done", "cong", "An")
    assert told.facts == {"round": 3, "calm": True, "who": "chú Tư", "n": "3"}
    assert user  # the kernel knows
    assert tell(engine, "act", "x", "nothing").exit_code == 2


def test_status_says_what_fires(engine: Path, service: Any) -> None:
    service.decide(1)
    assert "ĐANG BÁO 1, chưa ai nhận 1" in run(engine, "status").stdout


def test_no_engine_is_told_in_one_language(tmp_path: Path) -> None:
    alone = run(tmp_path / "none", "status", "--lang", "vi")
    assert "chưa có Mắt Thần nào chạy ở đó" in alone.stderr
    assert "No such file" not in alone.stderr


def letters(*words: str) -> Result:
    return CliRunner().invoke(deliveries.app, ["deliveries", *words])


def test_dead_letters_are_listed_and_sent_again(engine: Path, service: Any) -> None:
    to = ("--socket", str(engine), "--lang", "en")
    assert "0 messages wait" in letters(*to).stdout
    assert json.loads(letters("--json", *to).stdout) == {"waiting": 0, "dead": 0}
    first, second = letters("--dead", *to).stdout.splitlines()
    assert first.split()[0] == "9"
    assert second.endswith("webhook ward: HTTP 404 (3)")
    told = letters("--dead", "--json", "--limit", "1", *to).stdout
    assert [json.loads(line)["id"] for line in told.splitlines()] == [9]
    assert "1 messages are sent again" in letters("retry", "9", *to).stdout
    missing = letters("retry", "9", *to)
    assert (missing.exit_code, "no dead letter 9" in missing.stderr) == (1, True)
    assert json.loads(letters("retry", "--all", "--json", *to).stdout)["id"] == 7
    assert "Nothing was given up" in letters("--dead", *to).stdout
    assert letters("retry", *to).exit_code == 2
    assert letters("retry", "9", "--all", *to).exit_code == 2
    assert letters("--dead", "--socket", str(engine.with_name("none"))).exit_code == NO_ENGINE


# -- taking back, what was wrong, what a shell offers ------------------------------------------------


def test_an_acknowledgement_is_taken_back(engine: Path, service: Any) -> None:
    made = service.decide(1)
    cli = CliRunner()
    words = ["acknowledge", made.id, "--by", "An", "--socket", str(engine)]
    assert cli.invoke(operate.app, words).exit_code == 0
    assert service.decided[0].acknowledged is not None
    done = cli.invoke(operate.app, [*words, "--undo"])
    assert (done.exit_code, "Taken back" in done.stdout or "Đã rút lại" in done.stdout) == (0, True)
    assert service.decided[0].acknowledged is None
    done = cli.invoke(operate.app, [*words, "--undo"])
    assert done.exit_code == 1


def test_a_refused_act_names_its_field(engine: Path) -> None:
    words = ["act", "patrol", "note=" + "x" * 300, "--socket", str(engine), "--lang", "en"]
    done = CliRunner().invoke(operate.app, words)
    assert done.exit_code == 1
    assert "The request is wrong in" in done.stderr
    assert "facts.note" in done.stderr


def test_a_shell_is_offered_what_the_engine_knows_and_nothing_where_none_runs(
    engine: Path, tmp_path: Path
) -> None:
    def at(socket: Path, **params: str) -> typer.Context:
        context = typer.Context(typer.main.get_command(operate.app))
        context.params = {"socket": str(socket), **params}
        return context

    here, nowhere = at(engine), at(tmp_path / "none")
    assert completion.cameras(here, "co") == [("cong", "Cổng chính")]
    assert completion.cameras(here, "x") == []
    assert completion.rules(here, "") == [("đêm", "")]
    assert completion.presets(at(engine, camera="cong"), "") == [("Cổng", "1")]
    assert completion.presets(at(engine, camera="no-such"), "") == []
    assert completion.cameras(nowhere, "") == completion.rules(nowhere, "") == []


# -- silences ----------------------------------------------------------------------------------------


def hush(socket: Path, *words: str) -> Result:
    return CliRunner().invoke(silence.app, ["silence", *words, "--socket", str(socket)])


def test_silences_are_begun_listed_and_ended(engine: Path, service: Any) -> None:
    assert "Không có gì đang tạm im" in hush(engine, "list").stdout
    begun = hush(engine, "start", "--camera", "gate", "--tag", "night", "--for", "2h", "--why", "a stage")
    assert begun.exit_code == 0, begun.stderr
    (made,) = service.silent
    assert (made.cameras, made.tags, made.why) == (("gate",), ("night",), "a stage")
    listed = hush(engine, "list").stdout
    assert "camera gate; nhãn night" in listed
    assert "a stage" in listed
    assert json.loads(hush(engine, "list", "--json").stdout)[0]["id"] == made.id
    assert hush(engine, "end", made.id[-8:]).exit_code == 0
    assert service.silent == []
    gone = hush(engine, "end", "nothing")
    assert gone.exit_code == 1
    assert "nothing" in gone.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--for", "2h", "--why", "x"), ("--rule", "r", "--why", "x"), ("--rule", "r", "--for", "2h"),
        ("--rule", "r", "--for", "2h", "--until", "14:00", "--why", "x"),
        ("--rule", "r", "--until", "noon", "--why", "x"),
    ],
)  # fmt: skip
def test_a_silence_without_end_or_reason_is_wrong_usage(engine: Path, words: tuple[str, ...]) -> None:
    assert hush(engine, "start", *words).exit_code == 2


def test_until_a_time_of_day_is_the_next_one(engine: Path, service: Any) -> None:
    assert hush(engine, "start", "--rule", "r", "--until", "14:00", "--why", "x").exit_code == 0
    assert service.silent[0].until.astimezone(ZoneInfo("Asia/Ho_Chi_Minh")).strftime("%H:%M") == "14:00"

"""Log, PTZ, snapshot; parameters; CloudEvents."""

import json
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from structlog.testing import capture_logs

from engine.actions.cloudevents import cloud_event
from engine.actions.contract import Cameras, Job
from engine.actions.snapshot import Snapshot
from engine.actions.table import build
from engine.config.action_params import PARAMS, available, check
from engine.config.settings import ActionSettings
from engine.errors import Again, Never
from engine.fleet.stills import Source, Still
from engine.runtime.clock import ManualClock
from engine.store.media import MediaFolder
from rules.model import CameraId, Decision, Event, RuleName, Sentence

MakeDecision = Callable[..., Decision]
MakeEvent = Callable[..., Event]
BOTH = ActionSettings.model_validate(
    {
        "mqtt": {"host": "127.0.0.1"},
        "webhooks": {
            "ward": {"url": "http://127.0.0.1/w", "secret": "env:WARD"},
            "city": {"url": "http://c/"},
        },
    }
)


class Camera:
    """Cameras over one camera that does as told."""

    def __init__(self) -> None:
        self.moves: list[tuple[str, str]] = []
        self.pictures: list[tuple[str, int]] = []
        self.own: Still | Exception | None = None

    async def goto(self, camera: str, preset: str) -> None:
        self.moves.append((camera, preset))

    async def still(self, camera: str, width: int) -> Still:
        self.pictures.append((camera, width))
        return Still(b"\xff\xd8 a picture", Source.ANALYSIS, 352, 288)

    async def own_still(self, camera: str, width: int) -> Still | None:
        if isinstance(self.own, Exception):
            raise self.own
        return self.own


def _job(decision: Decision, action: str, **params: object) -> Job:
    return Job(1, f"{decision.id}/0", 1, action, params, decision, None)


def _build(
    hands: Cameras, folder: Path, clock: ManualClock, settings: ActionSettings = BOTH
) -> dict[str, object]:
    return dict(
        build(
            settings,
            hands,
            MediaFolder(folder),
            site="site",
            clock=clock,
            secret=lambda ref: "s3cret",
            random=Random(1),
        )
    )


async def test_log_tells_the_reason(tmp_path: Path, clock: ManualClock, make_decision: MakeDecision) -> None:
    log = build(BOTH, Camera(), MediaFolder(tmp_path), site="s", clock=clock, secret=str, random=Random(1))[
        "log"
    ]
    made = replace(
        make_decision(1), reason=Sentence("judge.rule_failed", {"rule": "a", "detail": "b", "times": 2})
    )
    with capture_logs() as lines:
        assert await log.run(_job(made, "log", level="warning")) == "warning"
    (line,) = lines
    assert (line["event"], line["log_level"], line["title"]) == ("decision", "warning", "Người ở cổng")
    assert line["reason"].startswith("Quy tắc a đã gặp lỗi 2 lần")


async def test_ptz_goes_to_the_preset_of_the_right_camera(
    tmp_path: Path, clock: ManualClock, make_decision: MakeDecision
) -> None:
    hands, made = Camera(), make_decision(0)
    ptz = build(BOTH, hands, MediaFolder(tmp_path), site="s", clock=clock, secret=str, random=Random(1))[
        "ptz"
    ]
    assert await ptz.run(_job(made, "ptz", preset="gate")) == "gate -> gate"
    await ptz.run(_job(made, "ptz", preset="door", camera="dome"))
    assert hands.moves == [("gate", "gate"), ("dome", "door")]
    with pytest.raises(Never, match="no camera"):
        await ptz.run(_job(make_decision(0, camera=None), "ptz", preset="x"))
    with pytest.raises(Never, match="wrong parameters: presett"):
        await ptz.run(_job(made, "ptz", preset="x", presett="y"))


async def test_ptz_does_not_move_for_what_is_long_over(
    tmp_path: Path, clock: ManualClock, make_decision: MakeDecision
) -> None:
    hands = Camera()
    ptz = build(BOTH, hands, MediaFolder(tmp_path), site="s", clock=clock, secret=str, random=Random(1))[
        "ptz"
    ]
    clock.advance(31)
    with pytest.raises(Never, match="too late"):
        await ptz.run(_job(make_decision(0), "ptz", preset="gate"))
    await ptz.run(_job(make_decision(0), "ptz", preset="gate", late=60.0))
    assert len(hands.moves) == 1


async def test_snapshot_is_whole_named_and_described(
    tmp_path: Path, clock: ManualClock, make_decision: MakeDecision
) -> None:
    hands, made = Camera(), make_decision(0)
    snapshot = Snapshot(hands, clock, MediaFolder(tmp_path / "snapshots"))
    said = await snapshot.run(_job(made, "snapshot", width=640))
    assert said == "2026-03-01/gate-053000.000Z-night-gate-decision-000-0.jpg"
    picture = tmp_path / "snapshots" / said
    slip = json.loads(picture.with_suffix(".json").read_text())
    assert slip["sha256"] == sha256(picture.read_bytes()).hexdigest()
    assert (slip["decision"], slip["camera"], slip["bytes"]) == (made.id, "gate", len(picture.read_bytes()))
    assert (slip["alert"], slip["key"], slip["cause"]) == (made.alert, made.key, "")
    assert isinstance(slip["objects"], list)  # what was told of this very picture
    assert hands.pictures == [("gate", 640)]
    await snapshot.run(_job(made, "snapshot"))  # an attempt more replaces it
    assert sorted(file.suffix for file in picture.parent.iterdir()) == [".jpg", ".json"]
    assert stat.S_IMODE(picture.stat().st_mode) & 0o007 == 0


async def test_a_snapshot_keeps_the_cameras_own_still_beside_what_was_decided_on(
    tmp_path: Path, clock: ManualClock, make_decision: MakeDecision
) -> None:
    hands, made = Camera(), make_decision(0)
    snapshot = Snapshot(hands, clock, MediaFolder(tmp_path))
    hands.own = Still(b"\xff\xd8 a larger picture", Source.CAMERA, 1280, 720)
    said = await snapshot.run(_job(made, "snapshot"))
    first, _, second = said.partition(" + ")
    picture = tmp_path / first
    slip = json.loads(picture.with_suffix(".json").read_text())
    assert (slip["source"], slip["width"], slip["height"]) == ("analysis", 352, 288)
    assert slip["sha256"] == sha256(picture.read_bytes()).hexdigest()
    own = picture.with_name(slip["own"]["file"])
    assert (own.name, slip["own"]["sha256"]) == (second, sha256(own.read_bytes()).hexdigest())
    assert (slip["own"]["source"], slip["own"]["width"], slip["own"]["taken"]) == (
        "camera",
        1280,
        clock.now().wall.isoformat(),
    )
    hands.own = Again("no answer in time")  # the next attempt replaces all of it
    assert await snapshot.run(_job(made, "snapshot")) == first
    slip = json.loads(picture.with_suffix(".json").read_text())
    assert slip["own"] == {"lacks": "no answer in time"}
    assert sorted(file.suffix for file in picture.parent.iterdir()) == [".jpg", ".json"]


@pytest.mark.parametrize("name", ["../../etc/x", "/abs", "a\0b", "..", "x" * 300, "r\r\nn", "C:\\x", "cổng"])
async def test_names_never_leave_the_folder(
    tmp_path: Path, clock: ManualClock, make_decision: MakeDecision, name: str
) -> None:
    made = replace(make_decision(0), rule=RuleName(name), camera=CameraId(name))
    folder = tmp_path / "state" / "snapshots"
    await Snapshot(Camera(), clock, MediaFolder(folder)).run(_job(made, "snapshot"))
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 2
    assert all(path.parent.parent == folder for path in written)


async def test_snapshot_on_a_full_disk_is_tried_again(
    tmp_path: Path, clock: ManualClock, make_decision: MakeDecision
) -> None:
    folder = tmp_path / "snapshots"
    folder.write_text("in the way")
    with pytest.raises(Again, match="cannot write"):
        await Snapshot(Camera(), clock, MediaFolder(folder)).run(_job(make_decision(0), "snapshot"))


def test_only_configured_actions_are_available() -> None:
    assert set(available(BOTH)) == set(PARAMS)
    assert set(available(ActionSettings())) == {"log", "ptz", "snapshot"}


@pytest.mark.parametrize(
    ("name", "params", "wrong"),
    [
        ("log", {}, ""),
        ("log", {"level": "loud"}, "level: Input should be 'info', 'warning' or 'error'"),
        ("mqtt", {"topic": "a/b", "retain": True}, ""),
        ("mqtt", {"topic": "a/#"}, "topic: “#” cannot stand"),
        ("mqtt", {"topic": "$SYS/x"}, "topic: a topic that begins with $"),
        ("mqtt", {"retain": "yes"}, "retain: Input should be a valid boolean"),
        ("webhook", {"target": "ward"}, ""),
        ("webhook", {"target": "wrad"}, "target: Input should be 'ward' or 'city'"),
        ("webhook", {}, "target: Field required"),
        ("ptz", {}, "preset: Field required"),
        ("ptz", {"preset": "gate", "speed": 1}, "speed: Extra inputs are not permitted"),
        ("snapshot", {"width": 8}, "width: Input should be greater than or equal to 64"),
        ("sms", {}, "no action 'sms'"),
    ],
)
def test_rules_are_checked_against_parameters(name: str, params: dict[str, object], wrong: str) -> None:
    found = check(name, params, BOTH)
    assert (not found) if not wrong else found[0].startswith(wrong)


def test_checking_is_light() -> None:
    code = (
        "import sys, engine.config.action_params, engine.actions.table;"
        "print(sorted({'aiohttp', 'aiomqtt', 'paho'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_cloud_event_has_what_the_standard_wants(make_decision: MakeDecision, make_event: MakeEvent) -> None:
    made, event = make_decision(1), make_event(1, zones=("cổng",), score=0.5, label="person")
    body = json.loads(cloud_event("site", made, event))
    required = {
        "specversion": "1.0",
        "id": made.id,
        "source": "/matthan/site",
        "type": "matthan.decision.firing",
    }
    assert required.items() <= body.items()
    assert (body["subject"], body["time"]) == ("gate", "2026-03-01T05:30:01Z")
    assert (body["data"]["cause"]["zones"], body["data"]["alert"]) == (["cổng"], made.alert)
    assert set(body["data"]["reason"]) == {"code", "values", "vi", "en"}
    assert cloud_event("site", made, event) == cloud_event("site", made, event)


def test_cloud_event_without_camera_or_event(make_decision: MakeDecision) -> None:
    made = replace(make_decision(1, camera=None), at=make_decision(1).at + timedelta(milliseconds=5))
    body = json.loads(cloud_event("site", made, None))
    assert "subject" not in body
    assert body["data"]["cause"] == {"id": made.cause}


def test_secrets_do_not_show(tmp_path: Path, clock: ManualClock) -> None:
    built = _build(Camera(), tmp_path, clock)
    for action in built.values():
        parts = [action, *vars(action).values()] if hasattr(action, "__dict__") else [action]
        assert "s3cret" not in "".join(map(repr, parts))

"""A village under a fake engine: ten cameras in every state, a few minutes of life, six rules, a picture."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

from PIL import Image, ImageDraw

from engine.api import explanation as api
from engine.api import wire
from tests.fakes.engine import FakeEngine

NOW = datetime(2025, 11, 22, 7, 3, 22, tzinfo=UTC)  # 14:03:22 at the site


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def sentence(code: str, vi: str, en: str) -> wire.Sentence:
    return wire.Sentence(code=code, vi=vi, en=en)


LOST = sentence("rtsp.silent", "không có gói hình nào trong 10 giây", "no picture for 10 seconds")
REFUSED = sentence(
    "onvif.login", "sai mật khẩu ONVIF (tài khoản admin)", "wrong ONVIF password (account admin)"
)
YARD = ((0.05, 0.55), (0.6, 0.5), (0.95, 0.95), (0.04, 0.96))
NAMES = (
    "Cổng UBND xã",
    "Ngã ba Đồng Bông",
    "Chợ Gia Đông",
    "Trường mầm non",
    "Cầu Hữu Nghị",
    "Đường liên thôn 2",
    "Đường liên thôn 10",
    "Nhà văn hoá Bến",
    "Trạm y tế",
    "Quỹ tín dụng",
)


def track(number: int, label: str, score: float, box: wire.Box, *zones: str) -> wire.Tracked:
    return wire.Tracked(track=number, label=label, score=score, box=box, zones=zones)


def camera(number: int, name: str = "", **told: Any) -> wire.Camera:
    """A plain camera that is online, unless told otherwise."""
    usual: dict[str, Any] = {
        "id": f"cam-{number}",
        "name": name or f"Camera {number}",
        "state": wire.CameraState.ONLINE,
        "since": ago(hours=30),
        "model": "DS-2CD1023G0E-I",
        "address": f"192.168.1.{100 + number}",
        "width": 640,
        "height": 360,
        "codec": "h264",
        "fps": 5.0,
        "stream_fps": 15.0,
        "preview": True,
        "last_event": ago(minutes=number),
        "last_event_kind": "motion",
    }
    return wire.Camera(**(usual | told))


def fleet() -> tuple[wire.Camera, ...]:
    """Ten cameras in every state."""
    told: dict[int, dict[str, Any]] = {
        0: {
            "ptz": True,
            "motion": 0.06,
            "last_event": ago(seconds=4),
            "last_event_kind": "object",
            "zones": {"san": YARD},
            "tracks": (
                track(7, "person", 0.87, (0.18, 0.42, 0.27, 0.82), "san"),
                track(9, "motorcycle", 0.71, (0.55, 0.5, 0.75, 0.85), "san"),
            ),
        },
        2: {"motion": 0.31, "tracks": tuple(track(i, "person", 0.6, (0, 0, 0.1, 0.2)) for i in range(3))},
        3: {"state": wire.CameraState.LOST, "reason": LOST, "since": ago(minutes=3, seconds=11)},
        5: {"state": wire.CameraState.REFUSED, "reason": REFUSED, "since": ago(hours=2)},
        7: {"state": wire.CameraState.DISABLED, "since": ago(days=4), "last_event": None},
        8: {"state": wire.CameraState.CONNECTING, "since": ago(seconds=6), "reason": None},
        9: {"motion": 0.002, "fps": 2.5},
    }
    return tuple(camera(i, name, **told.get(i, {})) for i, name in enumerate(NAMES))


def event(seq: int, *, at: datetime, **told: Any) -> wire.Event:
    usual: dict[str, Any] = {"kind": "motion", "change": "began", "camera": "cam-0", "subject": "motion"}
    return wire.Event(id=f"e{seq}", seq=seq, at=at, **(usual | told))


def decision(number: int, *, at: datetime, **told: Any) -> wire.Decision:
    usual: dict[str, Any] = {
        "rule": "dem-khuya",
        "phase": "firing",
        "key": "cam-0/track:7",
        "camera": "cam-0",
        "since": at - timedelta(seconds=10),
        "cause": "e4",
        "severity": "warning",
        "title": {"vi": "Người lảng vảng ở cổng", "en": "Loitering at the gate"},
        "reason": sentence(
            "rule.held",
            "người (87 % ≥ 60 %) ở vùng san 10 giây (≥ 10 giây)",
            "person (87 % ≥ 60 %) in zone san for 10 s (≥ 10 s)",
        ),
        "actions": ("log", "mqtt", "webhook"),
    }
    return wire.Decision(id=f"d{number}", at=at, **(usual | told))


def history() -> tuple[tuple[wire.Event, ...], tuple[wire.Decision, ...]]:
    """A few minutes of life."""
    events = (
        event(
            6, at=ago(seconds=4), kind="object", label="person", subject="track:7", score=0.87, zones=("san",)
        ),
        event(5, at=ago(seconds=9)),
        event(4, at=ago(seconds=31), kind="object", label="motorcycle", subject="track:9", score=0.71),
        event(3, at=ago(minutes=3), kind="camera", change="ended", camera="cam-3", subject="camera"),
        event(2, at=ago(minutes=6), change="ended", camera="cam-2"),
        event(1, at=ago(minutes=7), camera="cam-2"),
    )
    decisions = (
        decision(3, at=ago(seconds=2)),
        decision(
            2,
            at=ago(minutes=3),
            rule="mat-camera",
            camera="cam-3",
            severity="critical",
            title={"vi": "Mất camera", "en": "Camera lost"},
            reason=LOST,
        ),
        decision(1, at=ago(minutes=6), phase="resolved", camera="cam-2", severity="info"),
        decision(
            4,
            at=ago(seconds=50),
            camera="cam-2",
            title={"vi": "Đông người ở chợ", "en": "Crowd at the market"},
            message={"vi": "Gọi tổ dân phòng: 0987 654 321", "en": "Call the ward: 0987 654 321"},
            acknowledged=wire.Acknowledgement(by="Anh Tư", at=ago(seconds=20), note="đang đến"),
        ),
    )
    return events, decisions


def figures(**told: Any) -> wire.Engine:
    usual: dict[str, Any] = {
        "version": "0.1.0",
        "site": "gia-dong",
        "title": "Xã Gia Đông",
        "started": ago(days=2),
        "now": NOW,
        "cpu": 0.34,
        "rss": 312_000_000,
        "model": "yolox-tiny",
        "rules": 6,
        "events": 1204,
        "decisions": 37,
        "outbox": 2,
        "dead": 1,
    }
    return wire.Engine(**(usual | told))


def rule(name: str, **told: Any) -> wire.Rule:
    usual: dict[str, Any] = {"title": {}, "severity": "warning", "limit": 1000, "visits": 1204}
    return wire.Rule(name=name, **(usual | told))


def rules() -> tuple[wire.Rule, ...]:
    """Rules in every state, as an engine tells them: by name."""
    return (
        rule("ban-dem", title={"vi": "Có người ban đêm", "en": "Somebody at night"}, severity="info"),
        rule(
            "bien-so-la",
            title={"vi": "Biển số lạ", "en": "Unknown plate"},
            error="ValueError('no plate')",
            failed=ago(minutes=3),
        ),
        rule(
            "dem-khuya",
            title={"vi": "Người lảng vảng ở cổng", "en": "Loitering at the gate"},
            firing=1,
            pending=2,
            rows=3,
            fired=37,
            last_fired=ago(seconds=2),
            visits=12_345_678,
        ),
        rule(
            "mat-camera",
            title={"vi": "Mất camera", "en": "Camera lost"},
            severity="critical",
            firing=1,
            rows=1,
            fired=1,
            last_fired=ago(minutes=3),
        ),
        rule("thu-nghiem", title={"vi": "Đông người", "en": "Crowd"}, dry_run=True, pending=1, rows=1),
        rule("tran-bo-nho", severity="info", rows=1000, evicted=12, fired=4, last_fired=ago(days=2)),
    )


def _asked(holds: bool | None, vi: str, en: str, figures: tuple[float, float] | None = None) -> api.Branch:
    said = sentence("x", vi, en)
    if figures is None:
        return api.Branch(sort="question", said=said, holds=holds)
    value, bound = figures
    told = sentence(
        "explain.tree_of", f"{value:g} trên {bound:g}".replace(".", ","), f"{value:g} of {bound:g}"
    )
    near = 1.0 if holds else round(value / bound, 2)
    return api.Branch(
        sort="question", said=said, holds=holds, value=value, bound=bound, near=near, measured=told
    )


def tree(name: str) -> api.Branch:
    """A rule of the night that somebody nearly met."""
    miss = api.Branch(
        sort="event", said=sentence("x", "người, vật thể số 7, camera cam-0", "person, object 7, camera cam-0"),
        holds=False, at=ago(seconds=4), before="2025-11-22 14:03:18", event="e6", camera="cam-0", nearest=True,
        branches=(
            _asked(False, "độ chắc ≥ 0,5", "score ≥ 0.5", (0.48, 0.5)),
            _asked(True, "vùng san", "zone san"),
            _asked(True, "nhãn người", "label person"),
        ),
    )  # fmt: skip
    dog = api.Branch(
        sort="event", said=sentence("x", "chó, vật thể số 8, camera cam-0", "dog, object 8, camera cam-0"),
        holds=False, at=ago(seconds=9), before="2025-11-22 14:03:13", event="e5", camera="cam-0",
        branches=(_asked(False, "nhãn là chó, cần: người", "label is dog, wanted: person"),),
    )  # fmt: skip
    pattern = api.Branch(
        sort="pattern",
        said=sentence("x", "người, độ chắc ≥ 0,5, vùng san", "person, score ≥ 0.5, zone san"),
        holds=False,
        branches=(miss, dog),
    )
    return api.Branch(
        sort="rule",
        said=sentence("x", f"{name} không báo", f"{name} does not fire"),
        holds=False,
        branches=(
            pattern,
            _asked(None, "kéo dài 5 s", "holds for 5 s"),
            _asked(True, "trong giờ áp dụng", "within its hours"),
        ),
    )


def explanation(name: str, events: int = 256) -> api.Explanation:
    """A story with everything that one has: what it decided, asked, gave up, waits for, and missed."""

    def line(depth: int, before: str, vi: str = "", en: str = "", code: str = "x") -> api.Told:
        return api.Told(depth=depth, before=before, said=sentence(code, vi, en) if vi else None)

    return api.Explanation(
        rule=name,
        live=True,
        events=events,
        tree=tree(name),
        lines=(
            line(0, "", f"Quy tắc “{name}” không báo gì.", f"Rule “{name}” did not fire."),
            line(1, "", "Lỗi khi xét: ValueError", "It failed: ValueError", "explain.fault"),
            line(1, "object person in san:", "24 sự kiện cùng loại, 3 lần khớp", "24 of its kind, 3 matched"),
            line(1, "", "cam-0/track:7: đang chờ từ 14:03:12", "cam-0/track:7: pending since 14:03:12"),
            line(0, "", "Lần gần đạt nhất:", "The nearest miss:"),
            line(1, "2025-11-22 14:03:18  cam-0  track:7  (e6)"),
            line(2, "✗", "người (54 % < 60 %)", "person (54 % < 60 %)"),
            line(0, "", f"Đã xem {events} sự kiện.", f"{events} events were looked at."),
        ),
    )


def scene(width: int = 320, height: int = 180) -> bytes:
    """A street in flat colours, losslessly coded, so that every Pillow gives the same pixels."""
    image = Image.new("RGB", (width, height), (64, 80, 96))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, height * 0.45, width, height), fill=(72, 72, 72))
    pen.rectangle((0, height * 0.2, width * 0.3, height * 0.5), fill=(120, 96, 72))
    pen.rectangle((width * 0.7, height * 0.1, width, height * 0.5), fill=(104, 104, 88))
    pen.rectangle((width * 0.2, height * 0.5, width * 0.25, height * 0.8), fill=(176, 64, 64))
    pen.rectangle((width * 0.58, height * 0.58, width * 0.72, height * 0.82), fill=(64, 96, 176))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def village() -> FakeEngine:
    """Return an engine over all of it; three decisions fire: somebody takes care of one, and one has escalated."""
    events, decisions = history()
    engine = FakeEngine(
        figures=figures(),
        cameras=fleet(),
        events=sorted(events, key=lambda event: event.seq),
        decisions=sorted(decisions, key=lambda made: made.at),
        rules=rules(),
        backlog=10_000,  # a test tells hundreds of things at once
    )
    engine.escalated = {"d2": ago(minutes=1)}
    engine.jpeg = lambda width: scene()
    engine.explained = lambda name, camera: explanation(name)
    engine.preset_list = [wire.Preset(token="1", name="Cổng chính"), wire.Preset(token="2", name="Sân sau")]
    engine.preview = "http://127.0.0.1:8580/camera/{}?token=Zm9vYmFy"
    return engine

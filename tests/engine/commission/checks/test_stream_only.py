"""A camera that is its stream alone: what cannot be asked is not tested, and an open stream is found."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from drivers.contract import Login, Target
from drivers.logins import LoginBook
from drivers.rtsp import driver
from drivers.virtual.camera import VirtualCamera
from drivers.virtual.encoding import Encoding, ProfileSpec
from drivers.virtual.quirks import Quirk
from drivers.virtual.spec import CameraSpec
from engine.census.sighting import Expected, Identity
from engine.commission.checks.examination import examine
from engine.commission.record import Outcome
from engine.commission.standard import Standard
from engine.commission.subject import Pictures, Subject
from engine.runtime.clock import SystemClock
from tests.engine.examining import acceptance

LOGIN = Login("admin", "Mat-Khau-Tot-9")


@pytest.mark.parametrize(
    ("quirks", "code"),
    [((), "check.login_required"), ((Quirk.NO_AUTH,), "check.login_required_bad")],
)
async def test_a_stream_alone(quirks: tuple[Quirk, ...], code: str) -> None:
    small = (ProfileSpec(encoding=Encoding((640, 360), 10.0, 384, 10)),)
    spec = CameraSpec(
        username=LOGIN.username,
        password=LOGIN.password,
        discoverable=False,
        profiles=small,
        quirks=frozenset(quirks),
    )
    async with VirtualCamera(spec) as camera:
        book = LoginBook(lambda: datetime.now(UTC).timestamp())
        target = Target(camera.rtsp_url, logins=book)
        async with driver.open(target, LOGIN) as device:
            subject = Subject(
                expected=Expected("gate"), driver=driver, target=target, login=LOGIN, device=device,
                camera=device.cameras[0], identity=Identity(), others={}, values={}, standard=Standard(),
                clock=SystemClock(), pictures=Pictures(),
            )  # fmt: skip
            brief = acceptance(durations={"stream": 1.5, "patience": 20}, stream={"open": {"most": 60}})
            results = {each.check: each for each in await examine(subject, brief, False, lambda group: None)}
    assert results["login.required"].reason.code == code
    assert results["reach.answer"].reason.code == "check.no_question"
    assert results["clock.offset"].reason.code == "check.no_clock"
    assert results["events.initial"].reason.code in ("check.no_events", "check.deaf")
    streams = {
        check.rpartition(".")[2]: each for check, each in results.items() if check.startswith("stream.")
    }
    assert (streams["open"].outcome, streams["codec"].value) == (Outcome.PASS, "h264")
    assert streams["resolution"].value == "640x360"
    assert results["picture.brightness"].outcome is Outcome.PASS
    assert book.record.wrong == ()

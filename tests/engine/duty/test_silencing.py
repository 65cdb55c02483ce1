"""Silences as people ask for them: checked, durable when answered, shown until they end."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.api.resources.acts import BeginSilence, EndSilence
from engine.api.services.acts import SilenceService
from engine.duty.silencing import LONGEST, Silencing
from engine.errors import Refusal
from engine.runtime.clock import ManualClock
from rules.model import Change
from tests.engine.duty.site import Site, by, engine
from tests.fakes.engine import ROOT


class Gate:
    class settings:
        zones = {"porch": ()}  # noqa: RUF012


def service(site: Site) -> SilenceService:
    acts: Any = site.acts
    silencing = Silencing(site.service.memory, acts._acts, site.clock)
    cameras: Any = {"gate": Gate(), "yard": Gate()}
    return SilenceService(silencing, site.judge, cameras, lambda: {"all": ["gate", "yard"]}, site.clock)


def asked(**more: Any) -> BeginSilence:
    return BeginSilence(**{"rules": ["stays"], "lasts": "1h", "why": "a stage", **more})


async def test_what_is_silenced_is_listed_counted_and_an_alert_until_it_ends(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with engine(tmp_path, clock) as site:
        silences = service(site)
        made = await silences.silence(by("root"), asked(groups=["all"], by="An"))
        assert (made.cameras, made.by, made.until) == (
            ("gate", "yard"),
            "An",
            clock.wall + timedelta(hours=1),
        )
        assert site.firing() == [("matthan.silence", False, False)]
        await site.happen("person")
        (listed,) = await silences.silences(ROOT)
        assert listed.muted == {"stays": 1}
        assert site.firing() == [("matthan.silence", False, False)], "what is silenced needs nobody"
        assert site.service.state(ROOT).decisions[0].phase == "silenced"
        await silences.unsilence(by("root"), made.id, EndSilence())
        await site.until(lambda: ("stays", False, False) in site.firing())
        assert await silences.silences(ROOT) == []
        assert [rule for rule, _, _ in site.firing()] == ["stays"]
        await site.happen("person", Change.ENDED)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"rules": []}, "silence.nothing"), ({"rules": ["stay"]}, "silence.unknown_rules"),
        ({"cameras": ["gat"]}, "silence.unknown_cameras"), ({"zones": ["x"]}, "silence.unknown_zones"),
        ({"tags": ["x"]}, "silence.unknown_tags"), ({"groups": ["x"]}, "silence.unknown_groups"),
        ({"lasts": "40d"}, "silence.long"), ({"lasts": None, "until": "2020-01-01T00:00:00Z"}, "silence.past"),
    ],
)  # fmt: skip
async def test_what_cannot_be_silenced_is_said_with_what_is_near(
    tmp_path: Path, clock: ManualClock, more: dict[str, Any], code: str
) -> None:
    async with engine(tmp_path, clock) as site:
        with pytest.raises(Refusal) as refused:
            await service(site).silence(
                by("root"), BeginSilence.model_validate({**asked().model_dump(exclude_none=True), **more})
            )
        assert refused.value.code == code
        assert site.firing() == []


async def test_it_must_have_an_end_and_a_reason() -> None:
    for wrong in ({"lasts": None}, {"until": "2030-01-01T00:00:00Z"}, {"why": ""}, {"lasts": "soon"}):
        with pytest.raises(ValueError, match=r"until|why|lasts"):
            asked(**wrong)
    assert timedelta(days=31) == LONGEST


async def test_an_unknown_silence_is_not_ended(tmp_path: Path, clock: ManualClock) -> None:
    async with engine(tmp_path, clock) as site:
        with pytest.raises(Refusal) as refused:
            await service(site).unsilence(by("root"), "nothing", EndSilence())
        assert refused.value.code == "silence.none"

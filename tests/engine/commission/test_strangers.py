"""Who answers on the named networks and is in no row of the sheet is told; nobody who is known is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from drivers.contract import Found
from engine.census.sighting import Expected, Sighting
from engine.commission.record import CameraRecord
from engine.commission.sheet.row import Row
from engine.commission.work.strangers import MOST, strangers
from engine.config.settings import CameraSettings
from engine.errors import Because, Refusal
from tests.engine.commission.commissioning import village
from tests.fakes.devices import Box


def sighting(address: str, driver: str = "onvif") -> Sighting:
    url = f"http://{address}/onvif/device_service"
    return Sighting(address, (Found(driver, url, "IPC", address),))


def hosts(told: Sequence[object]) -> list[str]:
    return [each.values["url"].split("/")[2] for each in told]  # type: ignore[attr-defined]


async def test_who_is_in_no_row_is_told() -> None:
    seen = [sighting(f"192.0.2.{n}") for n in range(1, 6)] + [sighting("192.0.2.9", "http")]
    rows = [Row(Expected("by-host", host="192.0.2.1")), Row(Expected("by-serial", serial="S"))]
    found = {"by-serial": CameraRecord(id="by-serial", url="http://192.0.2.2/onvif/device_service")}
    site = [CameraSettings(id="old", url="http://192.0.2.3/onvif/device_service")]
    told = await strangers(seen, rows, found, site)
    assert hosts(told) == ["192.0.2.4", "192.0.2.5", "192.0.2.9"]
    assert [each.code for each in told] == [
        "commission.unexpected", "commission.unexpected", "commission.unexpected_http",
    ]  # fmt: skip


async def test_a_flood_of_them_is_counted() -> None:
    seen = [sighting(f"198.51.{n // 200}.{n % 200 + 1}") for n in range(MOST + 7)]
    told = await strangers(seen, [Row(Expected("a", host="192.0.2.1"))], {}, ())
    assert len(told) == MOST + 1
    assert told[-1].values == {"count": 7}


async def test_a_job_has_them_in_its_record(tmp_path: Path) -> None:
    async def answers() -> Sequence[Sighting]:
        return [sighting("192.0.2.4")]

    job = await village(tmp_path, Box()).commission(answers=answers)
    assert [each.code for each in job.unexpected] == ["commission.unexpected"]
    assert job.ended is not None


@pytest.mark.parametrize(
    "error", [OSError(101, "Network is unreachable"), Refusal(Because.INVALID, "census.no_network")]
)
async def test_a_look_that_fails_costs_no_camera(error: Exception, tmp_path: Path) -> None:
    async def answers() -> Sequence[Sighting]:
        raise error

    job = await village(tmp_path, Box()).commission(answers=answers)
    assert [each.code.partition("+")[0] for each in job.unexpected] == ["commission.not_looked"]
    assert job.ended is not None

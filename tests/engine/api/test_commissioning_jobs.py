"""A sheet goes over the API whole: it may be larger than other bodies, and no larger than a sheet is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.api.client import ApiError, Client
from engine.api.resources.commissioning import jobs
from engine.api.resources.commissioning.jobs import BEGIN, LARGEST, RESUME, Agreed, Request
from engine.api.server import serve
from engine.config.settings import ApiSettings
from engine.web.server import BODY_LIMIT
from tests.fakes.commissioning import NAME, FakeJobs
from tests.fakes.engine import FakeEngine


@pytest.fixture
def site() -> FakeJobs:
    return FakeJobs()


@pytest.fixture
async def asking(site: FakeJobs, tmp_path: Path) -> AsyncIterator[Client]:
    async with (
        serve(FakeEngine().api(jobs.resource(site)), ApiSettings(), socket=tmp_path / "s"),
        Client.connect(tmp_path / "s") as client,
    ):
        yield client


async def test_a_sheet_of_megabytes_is_taken_whole(asking: Client, site: FakeJobs) -> None:
    content = b"x" * (4 << 20)
    job = await asking.ask(BEGIN, body=Request.of(Path("a.csv"), content).model_copy(update={"dry": True}))
    assert job.name == "dry"
    assert site.begun[0].content == Request.of(Path("a.csv"), content).content


async def test_what_is_larger_than_any_sheet_is_refused(asking: Client, site: FakeJobs) -> None:
    with pytest.raises(ApiError) as caught:
        await asking.ask(BEGIN, body={"name": "a.csv", "content": "x" * LARGEST})
    assert (caught.value.status, caught.value.code) == (413, "api.too_large")
    assert not site.begun


async def test_other_questions_bear_what_they_bore(asking: Client, site: FakeJobs) -> None:
    with pytest.raises(ApiError) as caught:
        await asking.ask(RESUME, NAME, body={"yes": [], "more": "x" * BODY_LIMIT})
    assert caught.value.code == "api.too_large"
    await asking.ask(RESUME, NAME, body=Agreed())
    assert site.resumed == [(NAME, ())]

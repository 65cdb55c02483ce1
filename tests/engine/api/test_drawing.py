"""Zones and lines, written into the site's file through server and client: comments stay, conflicts are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine.api.client import ApiError, Client
from engine.api.recording import Recorder
from engine.api.resources.commissioning import drawing
from engine.api.resources.commissioning.drawing import (
    DRAW_IGNORED,
    DRAW_LINE,
    DRAW_ZONE,
    DRAWING,
    ERASE_IGNORED,
    ERASE_LINE,
    ERASE_ZONE,
    SET_METRES,
    Drawing,
)
from engine.api.routes import Api
from engine.api.server import serve
from engine.api.services.drawing import DrawingService
from engine.config.configuration import check
from engine.config.settings import ApiSettings
from engine.fleet.fleet import FleetChanges
from engine.judging.reload import ReloadOutcome
from engine.web.problems import Garbage
from rules.evaluator.adoption import RuleChanges
from tests.fakes.engine import FakeEngine

SITE = """\
# Our ward
site: xa
cameras:
  - id: gate  # by the market
    url: rtsp://192.0.2.11/s
    login: {username: u, password: file:secret}
    zones:
      # drawn by Lan
      yard: [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]  # all of it
  - {id: lane, url: "rtsp://192.0.2.12/s", options: {key: "rtsp://u:geheim@x"}}
rules: [r.yaml]
"""
RULES = """\
rules:
  - name: yard
    when: {object: person, zone: yard}
    do: [{log: {}}]
"""
SQUARE = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]


class Site:
    """A site's file, and a client that draws on its cameras.

    Attributes:
        reloads: Revisions that were read again.
    """

    def __init__(self, client: Client, path: Path, engine: FakeEngine, reloads: list[str]) -> None:
        self.client, self.path, self.engine, self.reloads = client, path, engine, reloads

    @property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    async def drawing(self, camera: str = "gate") -> Drawing:
        return await self.client.ask(DRAWING, camera)

    async def refused(self, question: Any, *names: str, **asked: Any) -> ApiError:
        with pytest.raises(ApiError) as told:
            await self.client.ask(question, *names, **asked)
        return told.value


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    path, engine = tmp_path / "matthan.yaml", FakeEngine()
    path.write_text(SITE, "utf-8")
    (tmp_path / "secret").write_text("x")
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "r.yaml").write_text(RULES, "utf-8")
    reloads: list[str] = []

    async def reload() -> ReloadOutcome:
        report = check(path)
        assert report.configuration is not None
        reloads.append(path.read_text("utf-8"))
        return ReloadOutcome(RuleChanges((), (), (), ()), False, (), cameras=FleetChanges(changed=("gate",)))

    runners: Any = {"gate": object(), "lane": object(), "away": object()}
    resources = [drawing.resource(DrawingService(runners, path, reload))]
    api = Api(resources, Garbage(), Recorder(engine.auditor), engine.callers, engine.porter)
    async with (
        serve(api, ApiSettings(), socket=tmp_path / "s") as doors,
        Client.connect(doors.socket) as client,
    ):
        yield Site(client, path, engine, reloads)


async def test_a_zone_is_drawn_and_all_else_stays(site: Site) -> None:
    before = await site.drawing()
    assert list(before.zones) == ["yard"]
    body = {"revision": before.revision, "points": SQUARE}
    tried = await site.client.ask(DRAW_ZONE, "gate", "door", body=body | {"dry_run": True})
    assert (site.text, site.reloads, tried.written) == (SITE, [], False)
    done = await site.client.ask(DRAW_ZONE, "gate", "door", body=body)
    line = "      door: [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]"
    assert site.text == SITE.replace("# all of it\n", f"# all of it\n{line}\n")
    assert done.written
    assert done.diff == tried.diff
    assert done.diff[1:] == (f"+{line}",)
    assert site.reloads == [site.text]
    assert done.drawing == await site.drawing()
    assert done.drawing.zones["door"] == tuple((x, y) for x, y in SQUARE)
    assert [(each.deed, each.outcome) for each in site.engine.auditor.records] == [("configure", "done")] * 2


async def test_a_point_moved_keeps_the_comments(site: Site) -> None:
    body = {"revision": (await site.drawing()).revision, "points": [[0.1, 0.1], [0.9, 0.12345], [1, 1]]}
    await site.client.ask(DRAW_ZONE, "gate", "yard", body=body)
    assert "yard: [[0.1, 0.1], [0.9, 0.1235], [1.0, 1.0]]  # all of it" in site.text
    assert "# drawn by Lan" in site.text


async def test_lines_with_their_side(site: Site) -> None:
    points = [[0.5, 0.1], [0.5, 0.9]]
    for inward, written in (("right", "[[0.5, 0.1], [0.5, 0.9]]"), ("left", "in: left")):
        body = {"revision": (await site.drawing()).revision, "points": points, "inward": inward}
        done = await site.client.ask(DRAW_LINE, "gate", "kerb", body=body)
        assert written in site.text
        assert done.drawing.lines["kerb"].inward == inward
    gone = await site.client.ask(ERASE_LINE, "gate", "kerb", query={"revision": done.drawing.revision})
    assert gone.drawing.lines == {}
    assert site.text == SITE


async def test_what_is_ignored_comes_and_goes_with_the_keys_it_needs(site: Site) -> None:
    body = {"revision": (await site.drawing("lane")).revision, "points": SQUARE}
    done = await site.client.ask(DRAW_IGNORED, "lane", "tree", body=body)
    assert done.drawing.ignored == {"tree": tuple((x, y) for x, y in SQUARE)}
    report = check(site.path)
    assert report.configuration is not None
    assert list(report.configuration.settings.cameras[1].motion.ignore) == ["tree"]
    body = {"revision": done.drawing.revision, "points": SQUARE, "replaces": "tree"}
    done = await site.client.ask(DRAW_IGNORED, "lane", "palm", body=body)
    assert list(done.drawing.ignored) == ["palm"]
    gone = await site.client.ask(ERASE_IGNORED, "lane", "palm", query={"revision": done.drawing.revision})
    assert gone.drawing.ignored == {}
    assert site.text == SITE


async def test_the_last_ignored_part_leaves_the_other_settings_of_motion(site: Site) -> None:
    text = SITE.replace(
        "rules: [", "    motion: {least: 0.001, ignore: {t: [[0, 0], [1, 0], [1, 1]]}}\nrules: ["
    )
    site.path.write_text(
        text.replace(
            '  - {id: lane, url: "rtsp://192.0.2.12/s", options: {key: "rtsp://u:geheim@x"}}',
            "  - id: lane\n    url: rtsp://192.0.2.12/s",
        )
    )
    revision = (await site.drawing("lane")).revision
    await site.client.ask(ERASE_IGNORED, "lane", "t", query={"revision": revision})
    assert "motion: {least: 0.001}" in site.text


async def test_an_ignored_part_that_is_not_there_is_not_taken_away(site: Site) -> None:
    revision = (await site.drawing()).revision
    assert (await site.refused(ERASE_IGNORED, "gate", "yard", query={"revision": revision})).code.startswith(
        "config."
    )
    assert site.text == SITE


async def test_the_metres_of_a_picture(site: Site) -> None:
    for metres in (12.345, 8.0, None):
        body = {"revision": (await site.drawing()).revision, "metres_per_width": metres}
        done = await site.client.ask(SET_METRES, "gate", body=body)
        assert done.drawing.metres_per_width == (metres and round(metres, 2))
    assert site.text == SITE


async def test_two_who_draw_at_once_are_told_of_each_other(site: Site) -> None:
    """Both have seen the same file; one is first, nothing of it is lost, and the other is told."""
    revision = (await site.drawing()).revision
    asked = [
        site.client.ask(DRAW_ZONE, "gate", name, body={"revision": revision, "points": SQUARE})
        for name in ("one", "two")
    ]
    came = await asyncio.gather(*asked, return_exceptions=True)
    (refused,) = [each for each in came if isinstance(each, ApiError)]
    assert (refused.status, refused.code) == (409, "config.changed_meanwhile")
    assert len((await site.drawing()).zones) == 2


async def test_an_editor_that_saved_meanwhile_is_not_overwritten(site: Site) -> None:
    revision = (await site.drawing()).revision
    theirs = SITE.replace("# Our ward", "# Our ward, edited")
    site.path.write_text(theirs, "utf-8")
    error = await site.refused(DRAW_ZONE, "gate", "door", body={"revision": revision, "points": SQUARE})
    assert error.code == "config.changed_meanwhile"
    assert site.text == theirs


async def test_a_zone_that_a_rule_names_is_not_deleted(site: Site) -> None:
    revision = (await site.drawing()).revision
    error = await site.refused(ERASE_ZONE, "gate", "yard", query={"revision": revision})
    assert (error.status, error.code) == (422, "aim.refused")
    (problem,) = error.problems
    assert problem.source.endswith("r.yaml")
    assert "yard" in problem.vi
    assert (site.text, site.reloads) == (SITE, [])


async def test_a_zone_is_renamed(site: Site) -> None:
    body = {"revision": (await site.drawing()).revision, "points": SQUARE, "replaces": "yard"}
    error = await site.refused(DRAW_ZONE, "gate", "court", body=body)
    assert error.code == "aim.refused"  # a rule names it
    (site.path.parent / "r.yaml").write_text("rules: []\n")
    done = await site.client.ask(DRAW_ZONE, "gate", "court", body=body)
    assert list(done.drawing.zones) == ["court"]
    body = {"revision": done.drawing.revision, "points": SQUARE}
    again = await site.client.ask(DRAW_ZONE, "gate", "other", body=body)
    body = {"revision": again.drawing.revision, "points": SQUARE, "replaces": "other"}
    assert (await site.refused(DRAW_ZONE, "gate", "court", body=body)).code == "aim.name_taken"
    body = {"revision": again.drawing.revision, "points": SQUARE, "replaces": "none"}
    assert (await site.refused(DRAW_ZONE, "gate", "new", body=body)).code == "config.nothing_there"


@pytest.mark.parametrize("name", ["Cổng", "a b", "-", "x" * 64, "a.b", "a\x1b[2J", "../x"])
async def test_a_name_that_none_may_have(site: Site, name: str) -> None:
    body = {"revision": (await site.drawing()).revision, "points": SQUARE}
    error = await site.refused(DRAW_ZONE, "gate", name, body=body)
    assert error.status == 422
    assert "\x1b" not in error.message
    assert site.text == SITE


@pytest.mark.parametrize(
    "points",
    [
        [],
        SQUARE[:2],
        [[0, 0], [1, 0], [1, 1.01]],
        [[0, 0], [1, 0], [1, float("nan")]],
        [[0.5, 0.5]] * 65,
        [[0], [1], [1]],
    ],
)
async def test_points_that_are_none(site: Site, points: Any) -> None:
    body = {"revision": (await site.drawing()).revision, "points": points}
    with pytest.raises((ApiError, ValueError)):
        await site.client.ask(DRAW_ZONE, "gate", "door", body=body)
    assert site.text == SITE


@pytest.mark.parametrize(
    ("points", "code"),
    [
        ([(0.1, 0.1)] * 3, "aim.flaw_double"),
        ([(0, 0), (1, 1), (1, 0), (0, 1)], "aim.flaw_crosses"),
        ([(0, 0), (0.5, 0), (1, 0)], "aim.flaw_crosses"),
    ],
)
async def test_a_zone_that_encloses_nothing_is_not_written(site: Site, points: Any, code: str) -> None:
    """Nothing would ever be seen in it; whoever draws without our terminal UI is told as well."""
    before = site.text
    error = await site.refused(
        DRAW_ZONE, "gate", "x", body={"revision": (await site.drawing()).revision, "points": points}
    )
    assert (error.status, error.code) == (422, code)
    assert site.text == before


async def test_a_file_that_cannot_be_read_is_told(site: Site) -> None:
    revision = (await site.drawing()).revision
    site.path.write_text(SITE.replace("cameras:", "cameras: ["), "utf-8")
    for error in (
        await site.refused(DRAWING, "gate"),
        await site.refused(DRAW_ZONE, "gate", "a", body={"revision": revision, "points": SQUARE}),
    ):
        assert error.code in ("aim.unreadable", "config.changed_meanwhile")
    site.path.unlink()
    assert (await site.refused(DRAWING, "gate")).status == 422


async def test_a_camera_that_left_the_file_is_told(site: Site) -> None:
    assert (await site.refused(DRAWING, "away")).code == "config.no_entry"
    assert (await site.refused(DRAWING, "none")).code == "camera.unknown"


async def test_no_neighbour_and_no_password_is_shown(site: Site) -> None:
    """Only lines that go and come are told; what stands around them is of other cameras."""
    body = {"revision": (await site.drawing("lane")).revision, "points": SQUARE}
    done = await site.client.ask(DRAW_ZONE, "lane", "way", body=body)
    told = "\n".join(done.diff)
    assert "way" in told
    assert "geheim" not in told
    assert "192.0.2.11" not in told


def test_who_may_look_may_not_draw() -> None:
    assert DRAWING.needs == "state"
    drawn = (DRAW_ZONE, DRAW_LINE, ERASE_ZONE, ERASE_LINE, SET_METRES)
    assert {(each.needs, each.deed, each.of) for each in drawn} == {("configure", "configure", "path")}

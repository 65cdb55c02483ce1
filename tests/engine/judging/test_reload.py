"""Rules read again: good ones are adopted and all that hangs on them follows; bad ones are told and change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine import text
from engine.api import present, wire
from engine.config.configuration import load, world
from engine.config.settings import CameraSettings
from engine.fleet.fleet import FleetChanges
from engine.judging import reload
from engine.judging.reload import Reloader
from engine.judging.rulebook import Rulebook, bound, reopened
from engine.web.refusals import HttpProblem
from rules.compiler.ruleset import RuleSet
from rules.evaluator.adoption import Comparison, RuleChanges, compare
from rules.model import RuleName, Sentence

SITE = """
rules: ["*.rules.yaml"]
groups: {front: [c1]}
location: {latitude: 21.0, longitude: 105.8}
holidays: [2027-01-01]
cameras:
  - {id: c1, url: "rtsp://192.0.2.1/x", zones: {gate: [[0, 0], [1, 0], [1, 1]]}}
"""
RULES = """
rules:
  - {name: one, when: {object: person, groups: front, zone: gate}, between: sunset-06:00}
  - {name: two, when: {absent: {object: car}, for: 5m}}
"""


@dataclass
class Bookish:
    """A judge that only adopts."""

    rules: RuleSet
    adopted: list[str] = field(default_factory=list)
    fails: Exception | None = None

    async def adopt(self, book: Rulebook, compared: Comparison | None = None) -> RuleChanges:
        if self.fails is not None:
            raise self.fails
        found, self.rules = compare(self.rules, book.rules), book.rules
        self.adopted.append(book.digest)
        return found

    def remembered(self, names: Iterable[RuleName]) -> int:
        return 3 * len(list(names))


@dataclass
class Site:
    """A configuration on the disk, and a reloader at work on it."""

    folder: Path
    judge: Bookish
    reloader: Reloader
    live: list[RuleSet]
    watched: list[Sequence[CameraSettings]]

    @property
    def rules(self) -> Path:
        return self.folder / "a.rules.yaml"

    def edit(self, file: Path, old: str, new: str) -> None:
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))

    def problems(self) -> list[Sentence]:
        return list(self.reloader.problems())


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Site]:
    (folder / "matthan.yaml").write_text(SITE)
    (folder / "a.rules.yaml").write_text(RULES)
    there = load(folder / "matthan.yaml")
    book = bound(there.rules_files, world(there.settings), there.rules)
    judge, live = Bookish(book.rules), list[RuleSet]()

    async def follow(rules: RuleSet) -> None:
        live.append(rules)

    cameras, watched = there.settings.cameras, list[Sequence[CameraSettings]]()

    async def watch(now: Sequence[CameraSettings]) -> FleetChanges:
        before, after = ([each.id for each in some] for some in (watched[-1] if watched else cameras, now))
        watched.append(now)
        added = tuple(name for name in after if name not in before)
        return FleetChanges(added, (), tuple(name for name in before if name not in after))

    asked = asyncio.Event()
    reloader = Reloader(there.path, there.settings, book, judge, follow, asked, watch)
    async with asyncio.TaskGroup() as group, asyncio.timeout(60):
        task = group.create_task(reloader.run(), name="rules")
        yield Site(folder, judge, reloader, live, watched)
        task.cancel()


async def told(site: Site) -> wire.RulesReloaded:
    """Return what a client is told that lets the rules be read again."""
    return present.reloaded(await site.reloader.reload())


async def test_good_rules_are_adopted_and_told(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        site.edit(site.rules, "for: 5m", "for: 6m")
        (tmp_path / "b.rules.yaml").write_text("rules: [{name: three, when: {plate: any}}]")
        answer = await told(site)
        assert (answer.adopted, answer.rules) == (True, 3)
        assert (answer.added, answer.removed, answer.changed) == (("three",), (), ("two",))
        assert (answer.kept, answer.remembered) == (1, 3)
        assert site.live == [site.judge.rules]
        assert site.problems() == []


async def test_nothing_changed_is_no_event(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        answer = await told(site)
        assert (answer.adopted, answer.rules, answer.kept) == (False, 2, 2)
        assert (site.judge.adopted, site.live) == ([], [])


async def test_bad_rules_change_nothing_until_they_are_good(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        before = site.judge.rules
        site.edit(site.rules, "zone: gate", "zone: gaet")
        site.edit(site.rules, "for: 5m", "for: soon")
        with pytest.raises(HttpProblem) as caught:
            await told(site)
        assert (caught.value.status, caught.value.code) == (422, "rules.not_adopted")
        assert [(each.line, each.code) for each in caught.value.problems] == [
            (3, "problem.unknown_zone"),
            (4, "problem.duration"),
        ]
        assert site.judge.rules is before
        (trouble,) = site.problems()
        assert trouble.code == "rules.refused"
        assert trouble.values == {"count": 2, "place": f"{site.rules}:3:61"}
        assert f"{site.rules}:3:61" in text.render(trouble.code, trouble.values, "vi")
        site.edit(site.rules, "for: soon", "for: 5m")
        with pytest.raises(HttpProblem) as caught:
            await told(site)
        (found,) = caught.value.problems
        assert found.vi
        assert found.en
        assert found.vi != found.en  # a client needs no catalogue
        assert (found.code, found.suggestion) == ("problem.unknown_zone", "gate")
        site.edit(site.rules, "zone: gaet", "zone: gate")
        assert not (await told(site)).adopted  # as they were
        assert site.problems() == []


@pytest.mark.parametrize("text_", ["rules: [", "site: A B"])
async def test_a_broken_configuration_is_a_bad_reload(tmp_path: Path, text_: str) -> None:
    async with running(tmp_path) as site:
        (tmp_path / "matthan.yaml").write_text(text_)
        with pytest.raises(HttpProblem):
            await told(site)
        assert [each.code for each in site.problems()] == ["rules.refused"]
        assert site.judge.adopted == []


async def test_rules_are_held_against_the_cameras_of_the_same_reading(tmp_path: Path) -> None:
    camera = '  - {id: c2, url: "rtsp://192.0.2.2/x"}\n'
    async with running(tmp_path) as site:
        path = tmp_path / "matthan.yaml"
        path.write_text(SITE + camera)
        site.edit(site.rules, "zone: gate}", "zone: gate, cameras: [c1, c2]}")
        answer = await told(site)
        assert (answer.adopted, answer.restart, answer.cameras_added) == (True, (), ("c2",))
        assert [camera.id for camera in site.watched[-1]] == ["c1", "c2"]
        path.write_text(SITE)
        with pytest.raises(HttpProblem) as caught:
            await told(site)
        assert [each.code for each in caught.value.problems] == ["problem.unknown_camera"]
        assert len(site.watched) == 1, "all or nothing: the camera that a rule names stays"
        site.rules.write_text(RULES)
        answer = await told(site)
        assert (answer.cameras_removed, site.problems()) == (("c2",), [])


async def test_what_takes_effect_at_a_restart_is_named_and_rules_may_not_count_on_it(tmp_path: Path) -> None:
    hook = "actions: {webhooks: {home: {url: 'http://192.0.2.9/'}}}\n"
    async with running(tmp_path) as site:
        (tmp_path / "matthan.yaml").write_text(SITE + "timezone: Asia/Tokyo\n")
        assert (await told(site)).restart == ("timezone",)
        assert site.problems() == [Sentence("rules.restart_needed", {"keys": "timezone"})]
        (tmp_path / "matthan.yaml").write_text(SITE + hook)
        site.edit(site.rules, "for: 5m}}", "for: 5m}, do: [{mqtt: {topic: x}}]}")
        with pytest.raises(HttpProblem):
            await told(site)
        assert [each.code for each in site.problems()] == ["rules.refused", "rules.restart_needed"]


async def test_which_files_hold_rules_is_read_again(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        (tmp_path / "extra.yaml").write_text("rules: [{name: three, when: {plate: any}}]")
        site.edit(tmp_path / "matthan.yaml", '["*.rules.yaml"]', '["*.rules.yaml", extra.yaml]')
        answer = await told(site)
        assert (answer.added, answer.restart) == (("three",), ())


async def test_all_who_ask_meanwhile_share_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(tmp_path) as site:
        site.edit(site.rules, "for: 5m", "for: 6m")
        answers = await asyncio.gather(*(told(site) for _ in range(5)))
        assert [each.adopted for each in answers] == [True] * 5
        assert len(site.judge.adopted) == 1


async def test_a_signal_asks_without_waiting(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        site.edit(site.rules, "for: 5m", "for: 6m")
        site.reloader.asked.set()
        while not site.live:
            await asyncio.sleep(0.01)
        assert len(site.judge.adopted) == 1


async def test_whoever_goes_away_does_not_stop_it(tmp_path: Path) -> None:
    async with running(tmp_path) as site, asyncio.TaskGroup() as group:
        site.edit(site.rules, "for: 5m", "for: 6m")
        impatient = group.create_task(site.reloader.reload(), name="impatient")
        await asyncio.sleep(0)
        impatient.cancel()
        while not site.live:
            await asyncio.sleep(0.01)
        assert (await site.reloader.reload()).adopted is False


async def test_a_bug_is_told_and_costs_nothing_else(tmp_path: Path) -> None:
    async with running(tmp_path) as site:
        site.edit(site.rules, "for: 5m", "for: 6m")
        site.judge.fails = ZeroDivisionError("x")
        with pytest.raises(ZeroDivisionError):
            await site.reloader.reload()
        assert [each.code for each in site.problems()] == ["rules.reload_failed"]
        site.judge.fails = None
        assert (await told(site)).adopted
        assert site.problems() == []


async def test_many_problems_are_logged_up_to_a_bound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = "".join(f"  - {{name: r{n}, when: {{object: person, zone: z{n}}}}}\n" for n in range(60))
    async with running(tmp_path) as site:
        site.rules.write_text("rules:\n" + lines)
        with pytest.raises(HttpProblem) as caught:
            await told(site)
        assert len(caught.value.problems) == 60
    shown = capsys.readouterr()
    assert (shown.out + shown.err).count("unknown_zone") <= reload.LOGGED
    assert (shown.out + shown.err).count("rule problem") == reload.LOGGED


def test_a_rulebook_is_opened_again_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "matthan.yaml").write_text(SITE)
    (tmp_path / "a.rules.yaml").write_text(RULES)
    there = load(tmp_path / "matthan.yaml")
    book = bound(there.rules_files, world(there.settings), there.rules)
    again = reopened(book.body)
    assert compare(book.rules, again).same == ("one", "two")
    assert [rule.trigger for rule in again.rules] == [rule.trigger for rule in book.rules.rules]
    assert [rule.hours for rule in again.rules] == [rule.hours for rule in book.rules.rules]
    moved = bound([("elsewhere", body) for _, body in there.rules_files], world(there.settings), there.rules)
    assert moved.digest == book.digest
    other = world(there.settings.model_copy(update={"groups": {}}))
    assert bound(there.rules_files, other, there.rules).digest != book.digest
    with pytest.raises(ValueError, match="no rules in it"):
        reopened(b"nothing")

"""The book of people: each change is durable, holds at once, and never leaves a site without an admin."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from engine.errors import Refusal
from engine.identity.access import Reach
from engine.identity.caller import Principal
from engine.identity.callers import Callers
from engine.identity.entry.porter import Porter
from engine.identity.people.book import SESSIONS, Book
from engine.identity.people.credential import Purpose
from engine.identity.people.registry import Wrong
from engine.identity.permission import Permission, Role
from engine.identity.place import Place
from engine.identity.record import Deed
from engine.runtime.clock import ManualClock
from engine.store.plan import Statement
from tests.fakes.engine import FakeAuditor
from tests.fakes.people import GOOD, FakePeople, callers

Life = Any  # the type is in conftest.py


@pytest.fixture
async def book(door: Porter) -> Book:
    """An is an admin and has a password, Bình an officer of one camera without one."""
    await door.book.add("an", "Nguyễn Văn An", by="owner")
    await door.book.set_password("an", await door._passwords.make(GOOD))
    await door.book.give(door.book.granted("an", Role.ADMIN))
    await door.book.add("binh", "Bình", by="an", local=["binh"])
    await door.book.give(door.book.granted("binh", Role.OFFICER, Place.read("camera:gate")))
    return door.book


async def test_everything_is_there_after_a_restart(life: Life) -> None:
    async with life() as door:
        book = door.book
        await book.add("an", "Nguyễn Văn An", by="owner", local=["an", "root"])
        grant = await book.give(book.granted("an", Role.OFFICER, Place.read("group:gates"), why="ca đêm"))
        await book.set_password("an", await door._passwords.make(GOOD))
        session = (await door.login("an", GOOD, "192.0.2.1")).secret
        token, secret = await book.make_token("an", "màn hình", 7, by="an", role=Role.VIEWER)
        code, shown = await book.make_code(Purpose.RESET, "an")
        before = (dict(book.persons), book.grants(), dict(book.sessions), dict(book.tokens))
    async with life() as door:
        book = door.book
        assert (dict(book.persons), book.grants(), dict(book.sessions), dict(book.tokens)) == before
        assert book.grants() == [grant]
        assert book.shown(session) is not None
        assert book.token(secret) == token
        assert book.code(shown.upper().replace("-", " ")) == code
        assert session not in repr(before) + repr(code)
        assert secret not in repr(before)


async def test_what_cannot_be_kept_does_not_hold(book: Book, kept: FakePeople) -> None:
    before = dict(book.persons)
    kept.full = True
    for change in (
        book.add("cuong", "Cường", by="an"),
        book.change("binh", disabled=True),
        book.remove("binh"),
        book.give(book.granted("binh", Role.ADMIN)),
        book.take(book.grants("binh")[0].id),
        book.open_session("an", "x"),
        book.make_token("an", "x", 1, by="an"),
    ):
        with pytest.raises(Refusal, match="cannot be kept"):
            await change
    assert dict(book.persons) == before
    assert (len(book.grants()), len(book.sessions), len(book.tokens)) == (2, 0, 0)


async def test_the_last_admin_stays(book: Book) -> None:
    admin = book.grants("an")[0]
    await book.give(book.granted("binh", Role.ADMIN, Place.read("camera:gate")))  # not of the site
    await book.give(book.granted("binh", Role.ADMIN, until=book.now.wall + timedelta(days=1)))  # not for good
    for change in (book.change("an", disabled=True), book.remove("an"), book.take(admin.id)):
        with pytest.raises(Refusal, match="nobody could let others in"):
            await change
    await book.add("cuong", "Cường", by="an")
    await book.give(book.granted("cuong", Role.ADMIN))
    with pytest.raises(Refusal):  # who has no password and is no user of the machine cannot get in
        await book.remove("an")
    await book.change("cuong", local=["cuong"])
    await book.remove("an")
    with pytest.raises(Refusal):
        await book.change("cuong", local=[])


async def test_an_admin_to_be_is_none_yet(book: Book, clock: ManualClock) -> None:
    first = book.grants("an")[0]
    await book.give(book.granted("binh", Role.ADMIN, since=book.now.wall + timedelta(days=1)))
    for change in (book.change("an", disabled=True), book.remove("an"), book.take(first.id)):
        with pytest.raises(Refusal, match="nobody could let others in"):
            await change
    clock.advance(86_400)
    await book.take(first.id)


async def test_two_admins_who_remove_each_other_at_once_leave_one(book: Book) -> None:
    await book.give(book.granted("binh", Role.ADMIN))
    both = await asyncio.gather(book.remove("an"), book.remove("binh"), return_exceptions=True)
    assert sum(isinstance(each, Refusal) for each in both) == 1


async def test_a_name_is_never_given_again(book: Book) -> None:
    await book.remove("binh")
    with pytest.raises(Refusal, match="never given again"):
        await book.add("binh", "another Bình", by="an")
    assert book.persons["binh"].name == "Bình"  # what was done names him
    assert not book.grants("binh")
    assert book.local("binh") is None


async def test_a_user_of_the_machine_is_one_person(book: Book) -> None:
    with pytest.raises(Refusal, match="mapped to binh"):
        await book.change("an", local=["binh"])
    await book.change("binh", disabled=True)
    await book.change("an", local=["binh"])
    with pytest.raises(Refusal, match="mapped to an"):
        await book.change("binh", disabled=False)


async def test_who_is_disabled_is_out_at_once(book: Book, door: Porter) -> None:
    await book.give(book.granted("binh", Role.ADMIN))
    let_in = await door.login("an", GOOD, "192.0.2.1")
    _, secret = await book.make_token("an", "x", 1, by="an")
    session, token = callers(door).session(let_in.secret), callers(door).token(secret)
    assert session is not None
    assert token is not None
    assert session.may(Permission.PTZ)
    assert token.may(Permission.PTZ)
    await book.change("an", disabled=True)
    assert not session.may(Permission.PTZ)
    assert not token.may(Permission.PTZ)
    assert callers(door).session(let_in.secret) is None
    await book.change("an", disabled=False)
    assert not session.may(Permission.PTZ)  # the session is over for good
    assert token.may(Permission.PTZ)


@pytest.mark.parametrize("how", ["logout", "password", "grant", "whole", "idle", "removed"])
async def test_what_ends_a_session_ends_its_rights(
    book: Book, door: Porter, clock: ManualClock, how: str
) -> None:
    await book.give(book.granted("binh", Role.ADMIN))
    let_in = await door.login("an", GOOD, "192.0.2.1")
    caller = callers(door).session(let_in.secret)
    assert caller is not None
    assert (caller.user, caller.name, caller.principal) == ("an", "Nguyễn Văn An", Principal.SESSION)
    assert caller.may(Permission.PTZ)
    if how == "logout":
        await book.end_session(let_in.session.id)
    elif how == "password":
        await door.change_password("an", GOOD, "ba con mèo trên mái tôn", "192.0.2.1")
    elif how == "grant":
        await book.take(book.grants("an")[0].id)
    elif how == "removed":
        await book.remove("an")
    else:
        step = 59 * 60 if how == "whole" else 60 * 60
        for _ in range(13 if how == "whole" else 1):  # one that is used lasts no longer than twelve hours
            clock.advance(step)
            callers(door).session(let_in.secret)
    assert not caller.may(Permission.PTZ)


async def test_a_wall_clock_that_is_set_back_makes_nothing_last_longer(
    book: Book, door: Porter, clock: ManualClock
) -> None:
    let_in = await door.login("an", GOOD, "192.0.2.1")
    token, secret = await book.make_token("an", "x", 1, by="an")
    await book.give(book.granted("binh", Role.AUTHOR, until=book.now.wall + timedelta(hours=20)))
    _, shown = await book.make_code(Purpose.RESET, "binh")
    clock.wall -= timedelta(days=365)
    assert book.shown(let_in.secret) is not None
    assert book.rule("binh", Permission.RULES, Reach.SITE)
    for _ in range(25):
        clock.advance(3590)
    clock.wall -= timedelta(days=1)
    assert book.shown(let_in.secret) is None
    assert book.token(secret) is None
    assert token.over(book.now)
    assert not book.rule("binh", Permission.RULES, Reach.SITE)
    with pytest.raises(Refusal, match="does not work"):
        book.code(shown)


async def test_a_token_may_no_more_than_its_person_and_less_where_it_says(book: Book, door: Porter) -> None:
    makes = Callers(book, lambda name: ("gate",) if name == "gates" else ())
    _, narrow = await book.make_token(
        "an", "wall", 7, by="an", role=Role.VIEWER, place=Place.read("group:gates")
    )
    _, whole = await book.make_token("binh", "panel", 7, by="an")
    wall, panel = makes.token(narrow), makes.token(whole)
    assert wall is not None
    assert panel is not None
    assert wall.may(Permission.LIVE, "gate")
    assert wall.may(Permission.LIVE, Reach.ANYWHERE)
    assert not wall.may(Permission.LIVE, "yard")
    assert not wall.may(Permission.LIVE)
    assert not wall.may(Permission.PTZ, "gate")
    assert panel.may(Permission.PTZ, "gate")
    assert not panel.may(Permission.PTZ, "yard")
    await book.take(book.grants("binh")[0].id)
    assert not panel.may(Permission.PTZ, "gate")
    await book.end_token(wall.means)
    assert not wall.may(Permission.LIVE, "gate")
    assert makes.token(narrow) is None


async def test_a_secret_is_of_one_thing_and_nothing_else_opens(book: Book, door: Porter) -> None:
    token, secret = await book.make_token("an", "x", 7, by="an")
    for wrong in (
        "",
        "mt_",
        "ms_",
        f"mt_{token.id}_",
        secret[:-1],
        secret + "x",
        secret.upper(),
        "mt_\ud800",
        "ms_é",
    ):
        assert callers(door).bearer(wrong) is None


async def test_a_code_works_once(door: Porter) -> None:
    shown = await door.first_code()
    assert shown is not None
    again = await door.first_code()  # the next start: the one before works no more
    with pytest.raises(Refusal, match="does not work"):
        await door.setup(shown, GOOD, "x", name="an")
    assert again is not None
    with pytest.raises(Refusal, match="who is to be the first admin"):
        await door.setup(again, GOOD, "x", name="Not A Name")
    with pytest.raises(Refusal, match="12 characters at least"):
        await door.setup(again, "short", "x", name="an")
    person = await door.setup(again, GOOD, "x", name="An", title="Nguyễn Văn An")
    assert (person.id, person.name) == ("an", "Nguyễn Văn An")
    assert door.book.rule("an", Permission.ACCESS, Reach.SITE)
    with pytest.raises(Refusal, match="does not work"):
        await door.setup(again, GOOD, "x", name="evil")
    assert await door.first_code() is None
    assert list(door.book.persons) == ["an"]


async def test_a_full_disk_keeps_no_engine_from_starting(door: Porter, kept: FakePeople) -> None:
    kept.full = True
    assert await door.first_code() is None


async def test_two_who_show_the_first_code_at_once_make_one_admin(door: Porter) -> None:
    shown = await door.first_code() or ""
    names = ("an", "binh", "cuong")
    tried = await asyncio.gather(
        *(door.setup(shown, GOOD, f"unix:{name}", name=name) for name in names), return_exceptions=True
    )
    assert sum(isinstance(each, Refusal) for each in tried) == 2
    assert len(door.book.persons) == 1


async def test_a_code_for_a_new_password_ends_sessions_and_is_not_for_who_is_out(
    book: Book, door: Porter, clock: ManualClock
) -> None:
    let_in = await door.login("an", GOOD, "192.0.2.1")
    _, first = await book.make_code(Purpose.RESET, "an")
    _, shown = await book.make_code(Purpose.RESET, "an")
    with pytest.raises(Refusal, match="does not work"):
        book.code(first)
    await door.setup(shown, "ba con mèo trên mái tôn", "192.0.2.1")
    assert book.over(let_in.session)
    _, late = await book.make_code(Purpose.RESET, "binh")
    await book.remove("binh")
    with pytest.raises(Refusal, match="does not work"):
        await door.setup(late, GOOD, "192.0.2.1")


async def test_of_too_many_sessions_the_oldest_ends(book: Book, clock: ManualClock) -> None:
    opened = []
    for _ in range(SESSIONS + 2):
        opened.append((await book.open_session("an", "x"))[0])
        clock.advance(1)
    assert [book.over(each) for each in opened] == [True] * 2 + [False] * SESSIONS


async def test_a_session_that_ends_by_itself_is_told(
    book: Book, door: Porter, clock: ManualClock, auditor: FakeAuditor
) -> None:
    let_in = await door.login("an", GOOD, "192.0.2.1")
    clock.advance(3600)
    await door.sweep()
    last = auditor.records[-1]
    assert (last.deed, last.who, last.means, last.address) == (
        Deed.SESSION_ENDED, "an", let_in.session.id, "192.0.2.1",
    )  # fmt: skip
    assert not book.sessions


async def test_when_it_was_used_is_kept_over_a_restart(life: Life, clock: ManualClock) -> None:
    async with life() as door:
        await door.book.add("an", "An", by="owner")
        _, secret = await door.book.open_session("an", "x")
        clock.advance(3000)
        assert callers(door).session(secret) is not None
        await door.sweep()
    clock.advance(3000)
    async with life() as door:
        assert door.book.shown(secret) is not None


async def test_members_of_the_group_are_officers_while_nobody_is_registered(door: Porter) -> None:
    makes = callers(door)
    member, owner = makes.local("canh", owner=False), makes.local("root", owner=True)
    assert member.rule(Permission.PTZ, "gate").basis == "group"
    assert not member.may(Permission.ACCESS)
    assert not member.may(Permission.RULES)
    assert [each.code for each in makes.problems()] == ["access.group"]
    await door.book.add("an", "An", by="root")
    ruling = member.rule(Permission.STATE, Reach.ANYWHERE)
    assert ruling.missing is not None
    assert ruling.missing.code == "access.stranger_local"
    assert owner.may(Permission.ACCESS)
    assert not list(makes.problems())
    for owner_too in (False, True):  # of that name on this machine, and still not that person
        namesake = makes.local("an", owner=owner_too)
        assert (namesake.user, namesake.name, namesake.record("live").who) == ("unix:an", "", "unix:an")
    await door.book.change("an", local=["canh", "root"])
    assert makes.local("canh", owner=False).user == "an"
    assert (makes.local("root", owner=True).user, makes.local("root", owner=True).means) == ("an", "root")


async def test_damage_does_not_open_the_door(life: Life) -> None:
    """Were the one person's row unreadable, nobody would be registered: and the group officers, the code printed."""
    async with life() as door:
        await door.book.add("an", "An", by="owner")
        spoilt = Statement("UPDATE person SET local = '[' WHERE id = 'an'", ((),))
        await door.book._kept._write(spoilt)  # as a flipped bit does
    async with life() as door:
        assert not door.book.persons
        assert not door.book.empty
        assert await door.first_code() is None
        assert not callers(door).local("canh", owner=False).may(Permission.PTZ)
        assert [each.code for each in door.problems()] == ["access.unreadable"]


async def test_ones_own_password_is_changed_and_told(book: Book, door: Porter, auditor: FakeAuditor) -> None:
    await door.change_password("an", GOOD, "ba con mèo trên mái tôn", "192.0.2.1")
    last = auditor.records[-1]
    assert (last.deed, last.who, last.about) == (Deed.ACCESS, "an", {"changed": "password"})


@pytest.mark.parametrize("meanwhile", ["changed", "disabled", "removed"])
async def test_a_password_that_ceases_to_hold_while_it_is_looked_at_opens_nothing(
    book: Book, door: Porter, auditor: FakeAuditor, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    await book.give(book.granted("binh", Role.ADMIN))  # an is not the last
    match, other = door._passwords.match, await door._passwords.make("ba con mèo trên mái tôn")

    async def slow(*told: Any, **more: Any) -> bool:
        same = await match(*told, **more)
        if meanwhile == "changed":
            await book.set_password("an", other)
        elif meanwhile == "disabled":
            await book.change("an", disabled=True)
        else:
            await book.remove("an")
        return same

    monkeypatch.setattr(door._passwords, "match", slow)
    with pytest.raises(Wrong):
        await door.login("an", GOOD, "192.0.2.1")
    assert not book.sessions
    assert [each.code for each in auditor.records][-1] == "access.wrong"


@pytest.mark.parametrize("stale", [False, True])
async def test_an_old_password_takes_no_newer_one_away(
    book: Book, door: Porter, monkeypatch: pytest.MonkeyPatch, stale: bool
) -> None:
    make, match = door._passwords.make, door._passwords.match
    newer = await make("ba con mèo trên mái tôn")

    async def slow(*told: Any, **more: Any) -> bool:
        same = await match(*told, **more)
        await book.set_password("an", newer)
        return same

    monkeypatch.setattr(door._passwords, "match", slow)
    monkeypatch.setattr(door._passwords, "stale", lambda _: stale)
    for change in (
        door.login("an", GOOD, "192.0.2.1"),
        door.change_password("an", GOOD, "chín con chó ngoài sân", "192.0.2.1"),
    ):
        with pytest.raises(Wrong):
            await change
    assert book.persons["an"].password == newer


async def test_a_certificates_name_is_a_persons_or_a_strangers(book: Book, door: Porter) -> None:
    assert callers(door).certificate("an").may(Permission.ACCESS)
    for name in ("nobody", "AN", ""):
        assert not callers(door).certificate(name).may(Permission.STATE, Reach.ANYWHERE)

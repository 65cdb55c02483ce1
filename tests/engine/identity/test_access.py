"""The one check: grants, places, hours. Properties."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.identity.access import Reach, Where, decide
from engine.identity.caller import Caller, Principal
from engine.identity.grant import Grant, Hours
from engine.identity.people import rows
from engine.identity.permission import OPEN, ROLES, Permission, Role, roles_with
from engine.identity.place import Place
from rules.model import Instant

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOON = datetime(2026, 3, 2, 5, tzinfo=UTC)  # a Monday, 12:00 there
GROUPS = {"gates": ("gate-1", "gate-2"), "yards": ("yard",)}
CAMERAS = ["gate-1", "gate-2", "yard", "roof"]

PLACES = st.sampled_from(
    [Place.read(each) for each in ("site", "group:gates", "group:gone", "camera:yard", "camera:gate-1")]
)
TIMES = st.times(timezones=st.none()).map(lambda at: at.replace(second=0, microsecond=0))
HOURS = st.builds(Hours, TIMES, TIMES, st.frozensets(st.integers(0, 6), min_size=1))
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
GRANTS = st.builds(
    Grant,
    id=st.uuids().map(str),
    person=st.just("an"),
    role=st.sampled_from(Role),
    place=PLACES,
    since=st.none() | MOMENTS,
    until=st.none() | MOMENTS,
    hours=st.none() | HOURS,
)
WHERE = st.sampled_from([*CAMERAS, Reach.SITE, Reach.ANYWHERE])


def asked(grants: list[Grant], permission: Permission, where: Where, at: datetime = NOON) -> Grant | None:
    ruling = decide(
        grants,
        permission,
        where,
        who="An",
        at=Instant(at, 0.0),
        local=at.astimezone(ZONE),
        groups=lambda name: GROUPS.get(name, ()),
    )
    assert bool(ruling) == (ruling.grant is not None)
    return ruling.grant


@given(st.lists(GRANTS, max_size=6), st.sampled_from(Permission), WHERE, MOMENTS)
def test_something_is_allowed_by_a_grant_that_does_and_by_nothing_else(
    grants: list[Grant], permission: Permission, where: Where, at: datetime
) -> None:
    def alone(grant: Grant) -> bool:
        covered = {Reach.SITE: grant.place.extent == "site", Reach.ANYWHERE: True}
        camera = isinstance(where, str) and (
            grant.place.extent == "site"
            or grant.place.name == where
            or (grant.place.extent == "group" and where in GROUPS.get(grant.place.name, ()))
        )
        reaches = camera if isinstance(where, str) else covered[where]
        in_time = (grant.since is None or grant.since <= at) and (grant.until is None or at < grant.until)
        return bool(
            permission in ROLES[grant.role]
            and reaches
            and in_time
            and (grant.hours is None or grant.hours.holds(at.astimezone(ZONE)))
        )

    found = asked(grants, permission, where, at)
    assert (found is not None) == any(map(alone, grants))
    assert found is None or alone(found)


@given(st.lists(GRANTS, max_size=4), GRANTS, st.sampled_from(Permission), WHERE, MOMENTS)
def test_one_grant_more_takes_nothing_away(
    grants: list[Grant], more: Grant, permission: Permission, where: Where, at: datetime
) -> None:
    if asked(grants, permission, where, at) is not None:
        assert asked([*grants, more], permission, where, at) is not None


@given(HOURS, st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))
def test_hours_hold_up_to_their_end_and_not_at_it(hours: Hours, at: datetime) -> None:
    local = at.replace(tzinfo=ZONE)
    if hours.holds(local):
        end = hours.ends(local)
        assert local < end <= local + timedelta(days=1)
        assert hours.holds(end - timedelta(microseconds=1))
        whole = hours.begin == hours.end  # a day is over where the next one begins
        assert whole or not hours.holds(end)


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    night = Hours(time(22), time(6), frozenset({0}))  # begins on Mondays
    monday = datetime(2026, 3, 2, tzinfo=ZONE)
    assert [night.holds(monday + timedelta(hours=each)) for each in (5, 21, 22, 23.5)] == [
        False,
        False,
        True,
        True,
    ]
    tuesday = monday + timedelta(days=1)
    assert [night.holds(tuesday + timedelta(hours=each)) for each in (0, 5.9, 6, 22)] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    "day", [datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)]
)
@pytest.mark.parametrize(
    "hours", [Hours(time(22), time(6)), Hours(time(1), time(2, 15)), Hours(time(2, 30), time(4))]
)
def test_hours_end_after_now_when_the_clocks_change(hours: Hours, day: datetime) -> None:
    """Berlin's spring has no 02:30, its autumn has two."""
    there, held = ZoneInfo("Europe/Berlin"), 0
    for minute in range(24 * 60):
        at = day + timedelta(minutes=minute)
        if hours.holds(at.astimezone(there)):
            held += 1
            assert hours.ends(at.astimezone(there)).astimezone(UTC) > at
    assert held


@given(GRANTS)
def test_a_grant_is_kept_as_it_is(grant: Grant) -> None:
    assert rows.grant_of(rows.grant_row(grant)) == grant


@pytest.mark.parametrize(
    ("grants", "code"),
    [
        ([], "access.no_role"),
        ([Grant("g", "an", Role.AUDITOR)], "access.no_role"),
        ([Grant("g", "an", Role.OFFICER, Place.read("camera:yard"))], "access.not_here"),
        ([Grant("g", "an", Role.OFFICER, hours=Hours(time(1), time(2)))], "access.not_now"),
        ([Grant("g", "an", Role.OFFICER, until=NOON)], "access.not_now"),
    ],
)
def test_what_is_missing_is_told(grants: list[Grant], code: str) -> None:
    ruling = decide(
        grants,
        Permission.PTZ,
        "gate-1",
        who="An",
        at=Instant(NOON, 0.0),
        local=NOON.astimezone(ZONE),
        groups=lambda _: (),
    )
    assert ruling.missing is not None
    assert ruling.missing.code == code


def test_every_permission_has_a_role_and_only_login_is_open() -> None:
    assert {Permission.LOGIN} == OPEN
    for permission in Permission:
        assert Role.ADMIN in roles_with(permission)
    assert not ROLES[Role.AUDITOR] & {Permission.LIVE, Permission.STILL, Permission.HISTORY}
    assert not any(Permission.ACCESS in ROLES[role] for role in Role if role is not Role.ADMIN)


def test_whoever_it_is_may_say_who_they_are() -> None:
    stranger = Caller(Principal.LOCAL_USER, "x")
    assert stranger.rule(Permission.LOGIN, Reach.ANYWHERE)
    assert not any(stranger.may(each) for each in Permission if each not in OPEN)

"""Expected, configured, seen: each camera in its state, followed by what is its own, and never taken for another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import pytest

from drivers.contract import Found
from engine.census.compare import By, Census, Configured, State, compare
from engine.census.sighting import Expected, Identity, Sighting

MAC = "02:00:00:00:00:0{}"


def url(number: int) -> str:
    return f"http://192.0.2.{number}/onvif/device_service"


def seen(
    number: int, serial: str = "", mac: str = "", sources: Sequence[str] = (), driver: str = "onvif"
) -> Sighting:
    who = Identity(serial=serial, macs=(mac,) if mac else ()) if serial or mac else None
    return Sighting(
        f"192.0.2.{number}",
        (Found(driver, url(number), f"urn:{number}", f"192.0.2.{number}"),),
        who,
        tuple(sources),
    )


def states(census: Census) -> list[tuple[str, State]]:
    return [(each.id, each.state) for each in census.entries]


def test_twenty_four_of_twenty_five() -> None:
    expected = [Expected(f"gate-{number}", url=url(number)) for number in range(1, 26)]
    census = compare([seen(number) for number in range(1, 27) if number != 3], expected)
    assert (census.found, census.expected, census.missing) == (24, 25, ("gate-3",))
    assert states(census)[2] == ("gate-3", State.MISSING)
    assert states(census)[-1] == ("", State.UNEXPECTED)
    assert {each.state for each in census.entries[:2]} == {State.NEW}


@pytest.mark.parametrize("by", [By.SERIAL, By.MAC, By.REFERENCE])
def test_a_camera_that_moved_is_followed(by: By) -> None:
    configured = Configured(
        "gate",
        url=url(1),
        serial="s1" if by is By.SERIAL else "",
        macs=(MAC.format(1),) if by is By.MAC else (),
        reference="urn:9" if by is By.REFERENCE else "",
    )
    census = compare([seen(9, "s1", MAC.format(1))], configured=[configured])
    (entry,) = census.entries
    assert (entry.state, entry.before, entry.known_by) == (State.MOVED, url(1), by)
    assert entry.sighting is not None
    assert entry.sighting.url == url(9)


def test_two_that_changed_places_have_both_moved() -> None:
    configured = [Configured("a", url=url(1), serial="s1"), Configured("b", url=url(2), serial="s2")]
    census = compare([seen(1, "s2"), seen(2, "s1")], configured=configured)
    assert [(each.id, each.state, each.sighting and each.sighting.address) for each in census.entries] == [
        ("a", State.MOVED, "192.0.2.2"),
        ("b", State.MOVED, "192.0.2.1"),
    ]


def test_another_device_at_a_cameras_address_is_not_taken_for_it() -> None:
    expected = [Expected("gate", url=url(1), serial="s1")]
    for sighting in (seen(1, "s9"),):
        census = compare([sighting], expected)
        assert states(census) == [("gate", State.MISSING), ("", State.UNEXPECTED)]
        assert [each.code for each in census.doubts] == ["census.replaced"]
    by_mac = [Expected("gate", url=url(1), mac=MAC.format(1))]
    assert compare([seen(1, "s1", MAC.format(2))], by_mac).missing == ("gate",)
    assert compare([seen(1)], expected).missing == ()  # it says nothing of itself: the address has to do


def test_a_mark_that_several_show_follows_nobody() -> None:
    census = compare(
        [seen(8, "same"), seen(9, "same")], configured=[Configured("gate", url=url(1), serial="same")]
    )
    assert states(census) == [("gate", State.GONE), ("", State.NEW), ("", State.NEW)]
    assert census.doubts[0].code == "census.same_serial"
    at_its_place = compare(
        [seen(1, "same"), seen(9, "same")], configured=[Configured("gate", url=url(1), serial="same")]
    )
    assert states(at_its_place) == [("gate", State.CONFIGURED), ("", State.NEW)]


def test_channels_of_a_recorder_are_cameras() -> None:
    recorder = seen(5, "nvr", sources=("a", "b", "c", "d"))
    expected = [Expected("one", url=url(5), source="a"), Expected("two", serial="nvr", source="b")]
    expected += [Expected("five", url=url(5), source="e")]
    census = compare([recorder], expected)
    assert states(census) == [
        ("one", State.NEW),
        ("two", State.NEW),
        ("five", State.MISSING),
        ("", State.UNEXPECTED),
        ("", State.UNEXPECTED),
    ]
    assert [each.source for each in census.entries[3:]] == ["c", "d"]
    assert [each.code for each in census.doubts] == ["census.no_source"]
    first = compare([recorder], configured=[Configured("x", url=url(5))])  # no source said: the first
    assert [each.source for each in first.entries] == ["", "b", "c", "d"]


def test_a_list_names_cameras_that_are_configured_too() -> None:
    configured = [Configured("a", "A", url(1)), Configured("b", "B", url(2)), Configured("c", "C", url(3))]
    expected = [Expected("a", host="192.0.2.1"), Expected("b"), Expected("new", host="192.0.2.4")]
    census = compare([seen(1), seen(4)], expected, configured)
    assert states(census) == [
        ("a", State.CONFIGURED),
        ("b", State.MISSING),
        ("new", State.NEW),
        ("c", State.GONE),
    ]
    assert census.missing == ("b",)
    assert census.entries[1].configured


def test_a_list_that_gives_one_mark_to_two_is_told_and_both_are_not_the_same() -> None:
    expected = [Expected("a", serial="s1"), Expected("b", serial="s1")]
    census = compare([seen(1, "s1")], expected)
    assert census.missing == ("b",)
    assert [each.code for each in census.doubts] == ["census.listed_serial"]


def test_hosts_by_name_and_pages_that_are_no_camera() -> None:
    configured = [Configured("gate", url="http://cam.example/onvif/device_service")]
    sightings = [seen(1), seen(2, driver="http")]
    census = compare(sightings, configured=configured, addresses={"cam.example": "192.0.2.1"})
    assert states(census) == [("gate", State.CONFIGURED), ("", State.OTHER)]


def test_the_order_of_answers_changes_nothing() -> None:
    sightings = [seen(1, "s2"), seen(2, "s1"), seen(3), seen(4, "same"), seen(5, "same")]
    expected = [
        Expected("a", url=url(1), serial="s1"),
        Expected("b", host="192.0.2.3"),
        Expected("c", serial="same"),
    ]
    told = [
        [(each.id, each.state) for each in compare(order, expected).entries if each.id]
        for order in permutations(sightings)
    ]
    assert all(each == told[0] for each in told)

"""Answers made into devices: what belongs together is one, what does not is never one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drivers.contract import Found
from drivers.kit.neighbours import Neighbour
from engine.census.merge import doubts, merge
from engine.census.sighting import Identity, Sighting
from engine.text import LANGUAGES, render

A = "192.0.2.7"


def announced(
    url: str = f"http://{A}/onvif/device_service", identity: str = "urn:1", address: str = A
) -> Found:
    return Found("onvif", url, identity, address, "Gate", "M1", (url,))


def asked(url: str, identity: str = "", address: str = A) -> Found:
    return Found("onvif", url, identity, address)


def rtsp(port: int = 554) -> Found:
    return Found("rtsp", f"rtsp://{A}:{port}/", "", A)


def http(port: int = 80) -> Found:
    return Found("http", f"http://{A}:{port}/", "", A, "Router")


def urls(answers: list[Found]) -> list[list[str]]:
    return [[each.url for each in sighting.answers] for sighting in merge(answers)]


def test_everything_of_one_device_is_one_and_onvif_leads() -> None:
    web, stream, swept = http(8080), rtsp(), asked(f"http://{A}/onvif/device_service")
    (sighting,) = merge([web, stream, swept, announced()], {A: Neighbour("02:00:00:00:00:01", "eth0")})
    assert sighting.answers == (announced(), swept, stream, web)
    assert (sighting.driver, sighting.name, sighting.macs) == ("onvif", "Gate", ("02:00:00:00:00:01",))


@pytest.mark.parametrize(
    ("answers", "devices"),
    [
        ([announced(), asked(f"https://{A}/onvif/device_service")], 1),
        ([announced(), asked(f"https://{A}/onvif/device_service", "urn:1")], 1),
        ([announced(), asked(f"https://{A}/onvif/device_service", "urn:2")], 2),
        ([announced(f"http://{A}:8899/odd"), asked(f"http://{A}:8899/onvif/device_service")], 1),
        ([announced(), asked(f"http://{A}:8080/onvif/device_service")], 2),
        ([announced(), asked(f"http://{A}:8080/onvif/device_service", "urn:1")], 2),
        ([announced(f"http://{A}/onvif/1"), announced(f"http://{A}/onvif/2", "urn:2")], 2),
        ([announced(), announced(identity="urn:2")], 1),
        ([rtsp(), rtsp(8554)], 2),
        ([rtsp(), http()], 1),
        ([http(), http(8080)], 1),
    ],
)
def test_how_many_devices_are_behind_one_address(answers: list[Found], devices: int) -> None:
    assert len(merge(answers)) == devices
    assert sum(len(each.answers) for each in merge(answers)) == len(answers)
    assert urls(answers) == urls(answers[::-1])


def test_a_device_met_by_both_families_is_one_and_a_reference_that_many_share_proves_nothing() -> None:
    sixth = announced("http://[fe80::1%eth0]/onvif/device_service", address="fe80::1%eth0")
    (one,) = merge([sixth, announced()])
    assert (one.address, len(one.answers)) == (A, 2)
    second = announced("http://192.0.2.8/onvif/device_service", address="192.0.2.8")
    assert [each.address for each in merge([sixth, announced(), second])] == [A, "192.0.2.8", "fe80::1%eth0"]


def test_devices_are_in_the_order_of_their_addresses() -> None:
    told = [
        asked(f"http://{each}/", address=each) for each in ("192.0.2.10", "cam", "192.0.2.9", "2001:db8::1")
    ]
    assert [each.address for each in merge(told)] == ["192.0.2.9", "192.0.2.10", "2001:db8::1", "cam"]


def sighting(number: int, identity: Identity | None = None, **more: str) -> Sighting:
    address = f"192.0.2.{number}"
    found = Found("onvif", f"http://{address}/onvif/device_service", more.pop("reference", ""), address)
    return Sighting(address, (found,), identity, **more)  # type: ignore[arg-type]  # texts alone


def test_one_that_answers_for_all_addresses_is_told() -> None:
    proxy = [sighting(number, neighbour="02:00:00:00:00:01") for number in range(1, 255)]
    (told,) = doubts(proxy)
    assert (told.code, told.values["count"]) == ("census.same_neighbour", 254)
    assert "+248" in str(told.values["places"])
    ports = [replace(sighting(1), neighbour="02:00:00:00:00:01") for _ in range(3)]
    assert doubts(ports) == ()  # one address may have several devices behind it


def test_what_only_one_can_have_and_several_show_is_told() -> None:
    same = Identity(serial="0123", macs=("02:00:00:00:00:02",))
    told = doubts([sighting(1, same, reference="urn:x"), sighting(2, same, reference="urn:x"), sighting(3)])
    assert [each.code.partition("_")[2] for each in told] == ["serial", "mac", "reference"]
    for each in told:
        assert all("{" not in render(each.code, each.values, language) for language in LANGUAGES)

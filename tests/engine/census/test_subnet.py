"""Networks, ranges and hosts as people write them."""

from __future__ import annotations

import pytest

from engine.census.subnet import MOST, hosts_of
from engine.text import LANGUAGES, render


@pytest.mark.parametrize(
    ("told", "count", "first", "last"),
    [
        ("192.0.2.0/24", 254, "192.0.2.1", "192.0.2.254"),
        ("192.0.2.77/30", 2, "192.0.2.77", "192.0.2.78"),
        ("192.0.2.6/31", 2, "192.0.2.6", "192.0.2.7"),
        ("192.0.2.6/32", 1, "192.0.2.6", "192.0.2.6"),
        ("192.0.2.10-20", 11, "192.0.2.10", "192.0.2.20"),
        ("192.0.2.250-192.0.3.5", 12, "192.0.2.250", "192.0.3.5"),
        ("10.0.0.0/20", 4094, "10.0.0.1", "10.0.15.254"),
        ("2001:db8::/118", 1023, "2001:db8::1", "2001:db8::3ff"),
        ("fe80::%eth0/126", 3, "fe80::1%eth0", "fe80::3%eth0"),
        ("fe80::7%eth0", 1, "fe80::7%eth0", "fe80::7%eth0"),
        ("[2001:db8::7]", 1, "2001:db8::7", "2001:db8::7"),
        ("cam-1.example", 1, "cam-1.example", "cam-1.example"),
    ],
)
def test_what_is_meant(told: str, count: int, first: str, last: str) -> None:
    found = hosts_of([told])
    assert found.troubles == ()
    assert (len(found.hosts), found.hosts[0], found.hosts[-1]) == (count, first, last)


def test_each_host_once_and_this_machine_never() -> None:
    found = hosts_of(["192.0.2.0/29", "192.0.2.3-6", "192.0.2.3"], own={"192.0.2.4"})
    assert found.hosts == tuple(f"192.0.2.{number}" for number in (1, 2, 3, 5, 6))


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("10.0.0.0/16", "census.large"),
        ("0.0.0.0/0", "census.large"),
        ("2001:db8::/64", "census.large6"),
        ("::/0", "census.large6"),
        ("192.0.2.0/33", "census.no_network"),
        ("192.0.2.9-3", "census.no_network"),
        ("192.0.2.9-300", "census.no_network"),
        ("192.0.2.9-2001:db8::1", "census.no_network"),
        ("192.0.2", "census.no_network"),
        ("http://192.0.2.1/", "census.no_network"),
        ("", "census.no_network"),
        ("10.0.0.0-10.9.0.0", "census.large"),
    ],
)
def test_what_is_none_is_told_at_once_and_nothing_is_asked_then(told: str, code: str) -> None:
    found = hosts_of(["192.0.2.1", told, "nonsense/"])
    assert found.hosts == ()
    assert [each.code for each in found.troubles] == [code, "census.no_network"]
    for language in LANGUAGES:
        assert "{" not in render(found.troubles[0].code, found.troubles[0].values, language)


def test_many_networks_together_have_the_same_bound() -> None:
    found = hosts_of(["10.0.0.0/21", "10.1.0.0/21", "10.2.0.0/21"])
    assert [(each.code, each.values["most"]) for each in found.troubles] == [("census.many", MOST)]

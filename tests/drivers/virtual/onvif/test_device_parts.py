"""Clock, network and accounts of the device service: kept whole or not at all, with the standard's own faults."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.virtual.accounts import Level
from drivers.virtual.onvif.io_service import RELAY
from drivers.virtual.onvif.service import level_of
from drivers.virtual.onvif.soap import NS, Element, SoapFault
from drivers.virtual.spec import NTP_SECONDS, zone_offset
from tests.drivers.virtual.onvif.rig import Rig, arguments, el


def texts(answer: Element, path: str) -> list[str]:
    return [node.text or "" for node in answer.findall(f".//{path}", NS)]


def subcode(rig: Rig, name: str, *content: Element) -> str:
    with pytest.raises(SoapFault) as refused:
        rig.ask(name, *content)
    return refused.value.subcodes[-1]


@pytest.mark.parametrize(
    ("zone", "hours"),
    [
        ("ICT-7", 7), ("UTC0", 0), ("UTC-07:00", 7), ("<+07>-7", 7), ("EST5EDT,M3.2.0,M11.1.0", -5),
        ("IST-5:30", 5.5), ("Asia/Ho_Chi_Minh", None), ("", None), ("ICT-99", None),
        (f"ICT-7{'x' * 100}", None),
    ],
)  # fmt: skip
def test_a_zone_is_a_posix_one(rig: Rig, zone: str, hours: float | None) -> None:
    assert zone_offset(zone) == (None if hours is None else timedelta(hours=hours))


@given(st.text(max_size=60))
def test_no_zone_makes_it_fall(zone: str) -> None:
    offset = zone_offset(zone)
    assert offset is None or abs(offset) <= timedelta(hours=15, minutes=39)


def set_clock(kind: str, zone: str = "") -> tuple[Element, ...]:
    parts = arguments("tds", DateTimeType=kind, DaylightSavings="false")
    return (*parts, el("tds:TimeZone", el("tt:TZ", zone))) if zone else parts


def test_a_zone_is_kept_and_the_local_time_is_told_by_it(rig: Rig) -> None:
    rig.ask("tds:SetSystemDateAndTime", *set_clock("NTP", "IST-5:30"))
    rig.seconds += NTP_SECONDS
    told = rig.ask("tds:GetSystemDateAndTime")
    assert texts(told, "tt:TZ") == ["IST-5:30"]
    utc, local = (texts(told, f"tt:{each}DateTime/tt:Time/*") for each in ("UTC", "Local"))
    assert (utc[:2], local[:2]) == (["12", "30"], ["18", "0"])
    assert subcode(rig, "tds:SetSystemDateAndTime", *set_clock("NTP", "Hanoi")) == "ter:InvalidTimeZone"
    assert subcode(rig, "tds:SetSystemDateAndTime", *set_clock("Guess")) == "ter:InvalidDateTime"
    assert rig.clock.zone == "IST-5:30"


def test_a_clock_set_by_hand_is_not_set_by_a_time_server_any_more(rig: Rig) -> None:
    rig.clock.offset = timedelta(hours=-7)
    rig.ask("tds:SetSystemDateAndTime", *set_clock("NTP"))
    rig.ask("tds:SetSystemDateAndTime", *set_clock("Manual"))
    rig.seconds += 60
    assert rig.clock.wall() - rig.clock.host() == timedelta(hours=-7)
    assert rig.clock.synchronized is None


def servers(*hosts: str) -> tuple[Element, ...]:
    given_ = (el("tds:NTPManual", *arguments("tt", Type="DNS", DNSname=each)) for each in hosts)
    return (*arguments("tds", FromDHCP="false"), *given_)


def test_several_time_servers_are_kept_in_order(rig: Rig) -> None:
    rig.ask("tds:SetNTP", *servers("a.example", "b.example"))
    assert texts(rig.ask("tds:GetNTP"), "tt:DNSname") == ["a.example", "b.example"]
    assert subcode(rig, "tds:SetNTP", *servers("c.example", "<d>")) == "ter:InvalidDnsName"
    assert subcode(rig, "tds:SetNTP", *servers(*"abcde")) == "ter:InvalidArgs"
    assert texts(rig.ask("tds:GetNTP"), "tt:DNSname") == ["a.example", "b.example"]


def test_name_servers_and_protocols_are_kept(rig: Rig) -> None:
    def name_server(address: str) -> tuple[Element, ...]:
        server = el("tds:DNSManual", *arguments("tt", Type="IPv4", IPv4Address=address))
        return (*arguments("tds", FromDHCP="false"), server)

    rig.ask("tds:SetDNS", *name_server("192.0.2.53"))
    assert subcode(rig, "tds:SetDNS", *name_server("a.example")) == "ter:InvalidIPv4Address"
    assert texts(rig.ask("tds:GetDNS"), "tt:IPv4Address") == ["192.0.2.53"]
    https = el("tds:NetworkProtocols", *arguments("tt", Name="HTTPS", Enabled="true", Port="9"))
    telnet = el("tds:NetworkProtocols", *arguments("tt", Name="TELNET", Enabled="true", Port="23"))
    rig.ask("tds:SetNetworkProtocols", https)
    assert subcode(rig, "tds:SetNetworkProtocols", telnet) == "ter:ServiceNotSupported"
    told = rig.ask("tds:GetNetworkProtocols")
    assert texts(told, "tt:Enabled") == ["true", "true", "true"]
    assert texts(told, "tt:Port") == ["8080", "443", "554"], "the ports stay"


def user(name: str, level: str = "User", word: str = "long enough") -> Element:
    return el("tds:User", *arguments("tt", Username=name, Password=word, UserLevel=level))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("tds:CreateUsers", user("admin"), "ter:UsernameClash"),
        ("tds:CreateUsers", user("a", word="abc"), "ter:PasswordTooWeak"),
        ("tds:CreateUsers", user("a", "Root"), "ter:InvalidUserLevel"),
        ("tds:SetUser", user("a"), "ter:UsernameMissing"),
        ("tds:SetUser", user("admin", "Operator"), "ter:FixedUser"),
        ("tds:DeleteUsers", el("tds:Username", "admin"), "ter:FixedUser"),
    ],
)
def test_the_faults_of_accounts_are_the_standards(rig: Rig, name: str, content: Element, code: str) -> None:
    assert subcode(rig, name, content) == code
    assert set(rig.accounts.all) == {"admin"}


def test_a_password_keeps_its_spaces(rig: Rig) -> None:
    rig.ask("tds:SetUser", user("admin", "Administrator", " a b "))
    assert rig.accounts.password("admin", 0.0) == " a b "


def test_scopes_that_are_set_are_told_on(rig: Rig) -> None:
    rig.ask("tds:SetScopes", *arguments("tds", Scopes="onvif://www.onvif.org/name/gate"))
    assert "onvif://www.onvif.org/name/gate" in rig.scopes[-1]
    assert any("/type/" in scope for scope in rig.scopes[-1]), "the fixed ones as well"


def test_the_relay_is_reached_by_the_device_service_too(rig: Rig) -> None:
    switch = arguments("tds", RelayOutputToken=RELAY, LogicalState="active")
    name = "tds:SetRelayOutputState"
    device = next(each for each in rig.services if each.path.endswith("device_service"))
    assert name.replace("tds:", f"{{{NS['tds']}}}") in device.operations()
    rig.ask(name, *switch)
    assert rig.relay == [True]


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("tds:GetUsers", Level.ADMINISTRATOR), ("tds:SetUser", Level.ADMINISTRATOR),
        ("tds:SystemReboot", Level.ADMINISTRATOR), ("tds:GetScopes", Level.USER),
        ("tds:SetRelayOutputState", Level.OPERATOR), ("tptz:ContinuousMove", Level.OPERATOR),
        ("tev:CreatePullPointSubscription", Level.USER), ("wsnt:Renew", Level.USER),
        ("trt:SetVideoEncoderConfiguration", Level.OPERATOR), ("tr2:CreateOSD", Level.OPERATOR),
    ],
)  # fmt: skip
def test_rights_are_those_of_the_default_policy(name: str, level: Level) -> None:
    assert level_of(name) is level

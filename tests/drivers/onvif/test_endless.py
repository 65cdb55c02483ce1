"""Devices with lists and texts without end: what is kept of them is bounded, and opening them ends."""

from __future__ import annotations

from drivers import onvif
from drivers.contract import Configurable, Login, Target
from drivers.onvif.device import STILLS
from drivers.onvif.media import LONGEST, MOST
from tests.drivers.onvif.conftest import DEVICE_INFO, Scripted, envelope, fault

LOGIN = Login("admin", "secret")


def profile(token: str, source: str, name: str = "p") -> str:
    return (
        f'<trt:Profiles token="{token}"><tt:Name>{name}</tt:Name><tt:VideoSourceConfiguration token="c">'
        f"<tt:SourceToken>{source}</tt:SourceToken></tt:VideoSourceConfiguration></trt:Profiles>"
    )


def device(scripted: Scripted, *profiles: str) -> Target:
    scripted.answers |= {
        "GetDeviceInformation": envelope(DEVICE_INFO),
        "GetProfiles": envelope(f"<trt:GetProfilesResponse>{''.join(profiles)}</trt:GetProfilesResponse>"),
        "GetSnapshotUri": fault("ter:ActionNotSupported"),
    }
    return Target(scripted.url)


async def test_profiles_without_end_are_a_few_hundred(scripted: Scripted) -> None:
    target = device(scripted, *(profile(f"p{n}", f"s{n}") for n in range(8000)))
    async with onvif.driver.open(target, LOGIN) as opened:
        assert len(opened.cameras) == MOST


async def test_a_recorder_without_stills_is_not_asked_for_each_channel(scripted: Scripted) -> None:
    target = device(scripted, *(profile(f"p{n}", f"s{n}") for n in range(64)))
    async with onvif.driver.open(target, LOGIN) as opened:
        assert len(opened.cameras) == 64
    assert 0 < scripted.operations().count("GetSnapshotUri") <= 2 * STILLS  # by two services


async def test_tokens_that_come_twice_or_are_no_tokens_are_passed_over(scripted: Scripted) -> None:
    odd = "&lt;b&gt; ../é %2E"
    target = device(
        scripted, profile(odd, "s", "n" * 5000), profile(odd, "t"), profile("x" * 300, "s"), profile("y", "z" * 300),
        profile("", "s"),
    )  # fmt: skip
    async with onvif.driver.open(target, LOGIN) as opened:
        ((camera,),) = (opened.cameras,)
        assert [each.token for each in camera.profiles] == ["<b> ../é %2E"]
        assert len(camera.profiles[0].name) == LONGEST


async def test_a_host_name_is_short_and_harmless(scripted: Scripted) -> None:
    target = device(scripted, profile("p", "s"))
    told = "\u202egate&#x9b;31m" + "x" * 100_000
    scripted.answers["GetHostname"] = envelope(
        "<tds:GetHostnameResponse><tds:HostnameInformation><tt:Name>"
        f"{told}</tt:Name></tds:HostnameInformation></tds:GetHostnameResponse>"
    )
    async with onvif.driver.open(target, LOGIN) as opened:
        assert isinstance(opened, Configurable)
        assert "network.hostname" in {each.id for each in await opened.configuration()}
        value = str(await opened.read("network.hostname"))
    assert value.startswith("·gate")
    assert len(value) == 253
    assert value.isprintable()

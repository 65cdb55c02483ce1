"""Names and places by which a device is searched for: one is set, the others stay."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from drivers import onvif
from drivers.contract import Feature, Target
from drivers.errors import Unsupported
from drivers.onvif.device import OnvifDevice
from tests.drivers.onvif.conftest import Scripted, envelope

BASE = "onvif://www.onvif.org"


@pytest.fixture
async def device(scripted: Scripted) -> AsyncIterator[OnvifDevice]:
    scripted.answers |= dict.fromkeys(("SetScopes", "AddScopes", "RemoveScopes"), b"")
    async with onvif.driver.open(Target(scripted.url), None) as device:
        assert isinstance(device, OnvifDevice)
        yield device


def scopes(*each: str, kind: str = "Configurable") -> str:
    listed = "".join(
        f"<tds:Scopes><tt:ScopeDef>{kind if item[0] != '!' else 'Fixed'}</tt:ScopeDef>"
        f"<tt:ScopeItem>{item.lstrip('!')}</tt:ScopeItem></tds:Scopes>"
        for item in each
    )
    return envelope(f"<tds:GetScopesResponse>{listed}</tds:GetScopesResponse>")


async def offered(device: OnvifDevice) -> dict[str, Feature]:
    return {each.id: each for each in await device.configuration() if each.id.startswith("scopes.")}


async def test_one_is_set_and_the_others_stay(scripted: Scripted, device: OnvifDevice) -> None:
    scripted.answers["GetScopes"] = scopes(
        f"!{BASE}/type/ptz",
        f"{BASE}/name/Old%20one",
        f"{BASE}/location/city/hue",
        f"{BASE}/location/x",
        "urn:a&amp;b",
    )
    assert await device.read("scopes.name") == "Old one"
    assert await device.read("scopes.location") == "city/hue"
    await device.write("scopes.location", "city/Đà Nẵng")
    sent = scripted.asked[-1].body
    assert sent.count("<q:Scopes>") == 4
    for item in (
        f"{BASE}/name/Old%20one", f"{BASE}/location/city/%C4%90%C3%A0%20N%E1%BA%B5ng",
        f"{BASE}/location/x", "urn:a&amp;b",
    ):  # fmt: skip
        assert f"<q:Scopes>{item}</q:Scopes>" in sent


async def test_one_that_is_missing_is_added_and_one_is_dropped(
    scripted: Scripted, device: OnvifDevice
) -> None:
    scripted.answers["GetScopes"] = scopes(f"{BASE}/location/x")
    assert await device.read("scopes.name") == ""
    await device.write("scopes.name", "a/b?<c>")
    assert f"<q:ScopeItem>{BASE}/name/a/b%3F%3Cc%3E</q:ScopeItem>" in scripted.asked[-1].body
    await device.write("scopes.location", "")
    assert scripted.operations()[-1] == "RemoveScopes"
    before = len(scripted.asked)
    await device.write("scopes.name", "")
    await device.write("scopes.location", "x")
    assert scripted.operations()[before:] == ["GetScopes", "GetScopes"]


async def test_what_the_maker_fixed_is_read_only(scripted: Scripted, device: OnvifDevice) -> None:
    scripted.answers["GetScopes"] = scopes(f"!{BASE}/name/fixed", f"!{BASE}/location/a", f"{BASE}/location/b")
    found = await offered(device)
    assert (found["scopes.name"].writable, found["scopes.location"].writable) == (False, True)
    assert await device.read("scopes.location") == "b"
    with pytest.raises(Unsupported):
        await device.write("scopes.name", "x")


async def test_ten_thousand_scopes_are_not_sent_back(scripted: Scripted, device: OnvifDevice) -> None:
    """And none of them is lost: what cannot be sent back whole is not set."""
    scripted.answers["GetScopes"] = scopes(*(f"{BASE}/name/{number}" for number in range(10_000)))
    assert not any(each.writable for each in (await offered(device)).values())
    assert await device.read("scopes.name") == "0"


@pytest.mark.parametrize(
    "item", ["%1b%5B2J%E2%80%AEx", "%C2%A0a%E3%80%80b%0A", "%FF%FE", "x" * 5000, "%", "Cam\u202e\u200b", ""]
)
async def test_hostile_names(scripted: Scripted, device: OnvifDevice, item: str) -> None:
    scripted.answers["GetScopes"] = scopes(f"{BASE}/name/{item}")
    feature = (await offered(device))["scopes.name"]
    value = await device.read(feature.id)
    assert feature.fits(value)
    before = len(scripted.asked)
    await device.write(feature.id, value)
    assert scripted.operations()[before:] == ["GetScopes"]

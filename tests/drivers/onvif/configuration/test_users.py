"""Accounts: made, raised, lowered, deleted; ours is safe; no password comes out again, whatever the device says."""

from __future__ import annotations

import logging
import traceback
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from drivers import onvif
from drivers.contract import Login, Target
from drivers.errors import DriverError, Refused, Unsupported
from drivers.onvif.device import OnvifDevice
from drivers.virtual.accounts import MOST_USERS
from drivers.virtual.camera import VirtualCamera
from drivers.virtual.spec import CameraSpec
from tests.drivers.onvif.conftest import DEVICE_INFO, Asked, Scripted, envelope, fault

SECRET = "Chim-sáo <&> 5b1e"
DEVICE = envelope(DEVICE_INFO)
OWN = Login("Admin", "p")


@pytest.fixture
async def camera() -> AsyncIterator[VirtualCamera]:
    async with VirtualCamera(CameraSpec(name="users", password="p", discoverable=False)) as camera:
        yield camera


@pytest.fixture
async def device(camera: VirtualCamera) -> AsyncIterator[OnvifDevice]:
    async with onvif.driver.open(Target(camera.onvif_url), camera.spec.login) as device:
        assert isinstance(device, OnvifDevice)
        yield device


@pytest.fixture
async def other(scripted: Scripted) -> AsyncIterator[OnvifDevice]:
    """A device that says what the test wants, and has not refused anything yet."""
    scripted.answers["GetUsers"] = users(("admin", "Administrator"), ("guard", "User"))
    async with onvif.driver.open(Target(scripted.url), OWN) as device:
        assert isinstance(device, OnvifDevice)
        yield device


def users(*each: tuple[str, str]) -> str:
    listed = "".join(
        f"<tds:User><tt:Username>{name}</tt:Username><tt:UserLevel>{level}</tt:UserLevel></tds:User>"
        for name, level in each
    )
    return envelope(f"<tds:GetUsersResponse>{listed}</tds:GetUsersResponse>")


async def ids(device: OnvifDevice) -> list[str]:
    return [each.id for each in await device.configuration() if each.id.startswith("user")]


def shown(error: BaseException) -> str:
    """All that a log could print of an error, down to what it hides."""
    text = ""
    here: BaseException | None = error
    while here is not None:
        text += f"{here!r} {here} {here.args} {vars(here)} {''.join(traceback.format_exception(here))}"
        here = here.__context__
    return text


async def test_the_life_of_an_account(device: OnvifDevice) -> None:
    await device.write("users.add", f"bảo vệ.1:{SECRET}:too")
    account = "user.b%E1%BA%A3o%20v%E1%BB%87%2E1"
    assert account in await ids(device)
    assert await device.read("users.count") == 2
    assert await device.read(f"{account}.level") == "user"
    await device.write(f"{account}.level", "operator")
    await device.write(f"{account}.password", SECRET)
    assert await device.read(f"{account}.level") == "operator"
    await device.write(account, False)
    assert await device.read(account) is False
    for feature, value in ((account, True), (f"{account}.level", "user"), (f"{account}.password", SECRET)):
        with pytest.raises(Unsupported) as caught:
            await device.write(feature, value)
        assert caught.value.code == "driver.no_account"
    assert account not in await ids(device)


async def test_a_device_that_is_full_is_not_busy(device: OnvifDevice) -> None:
    for number in range(MOST_USERS - 1):
        await device.write("users.add", f"u{number}:{SECRET}")
    with pytest.raises(Unsupported) as caught:
        await device.write("users.add", f"one more:{SECRET}")
    assert caught.value.values["detail"] == "TooManyUsers"
    assert SECRET not in shown(caught.value)


async def test_the_password_goes_out_whole(scripted: Scripted, other: OnvifDevice) -> None:
    scripted.answers["CreateUsers"] = scripted.answers["SetUser"] = b""
    await other.write("users.add", f"new:a:{SECRET}")
    assert "Password>a:Chim-sáo &lt;&amp;&gt; 5b1e<" in scripted.asked[-1].body
    assert "UserLevel>User<" in scripted.asked[-1].body
    await other.write("user.guard.level", "operator")
    assert "Password" not in scripted.asked[-1].body.partition("Body")[2]


@pytest.mark.parametrize(
    ("feature", "value"),
    [("user.admin", False), ("user.admin.level", "user"), ("user.admin.password", SECRET)],
)
async def test_the_account_that_we_are_logged_in_with_is_safe(
    scripted: Scripted, other: OnvifDevice, feature: str, value: bool | str
) -> None:
    """Also where it is written otherwise: logged in as Admin, told as admin."""
    scripted.answers["SetUser"] = scripted.answers["DeleteUsers"] = b""
    with pytest.raises(Unsupported) as caught:
        await other.write(feature, value)
    assert caught.value.code == "driver.own_account"
    assert SECRET not in shown(caught.value)
    assert not {"SetUser", "DeleteUsers"} & set(scripted.operations())
    await other.write("user.admin.level", "administrator")  # what it is already
    assert "SetUser" not in scripted.operations()


@pytest.mark.parametrize("value", ["", "new", "new:", f":{SECRET}", "Guard:" + SECRET, f"new:{'x' * 129}"])
async def test_what_is_no_new_account(scripted: Scripted, other: OnvifDevice, value: str) -> None:
    with pytest.raises(Unsupported) as caught:
        await other.write("users.add", value)
    assert SECRET not in shown(caught.value)
    assert "CreateUsers" not in scripted.operations()


async def test_a_device_that_repeats_the_password(
    scripted: Scripted, other: OnvifDevice, caplog: pytest.LogCaptureFixture
) -> None:
    """In a fault, cut within it, in nonsense, in an HTML page: nothing of it comes out."""

    def tell(asked: Asked) -> str:
        reason = f"{'x' * 150} ter:PasswordTooWeak Chim-sáo 5b1e Chim-sáo 5b1e"
        return fault("ter:OperationProhibited").replace(">no<", f">{reason}<")

    caplog.set_level(logging.DEBUG)
    for answer in (tell, b"<html>Chim-s\xc3\xa1o 5b1e</html>", b"Chim-s\xc3\xa1o"):
        scripted.answers["SetUser"] = scripted.answers["CreateUsers"] = answer
        for feature, value in (("user.guard.password", "Chim-sáo 5b1e"), ("users.add", "new:Chim-sáo 5b1e")):
            with pytest.raises(DriverError) as caught:
                await other.write(feature, value)
            assert "Chim" not in shown(caught.value)
    scripted.answers["SetUser"] = tell
    with pytest.raises(DriverError) as caught:
        await other.write("user.guard.password", "Chim-sáo 5b1e")
    assert caught.value.values["detail"] == "PasswordTooWeak"
    assert "Chim" not in caplog.text


async def test_a_device_with_ten_thousand_users(scripted: Scripted, other: OnvifDevice) -> None:
    scripted.answers["GetUsers"] = users(*((f"u{number}", "User") for number in range(10_000)))
    assert len(await ids(other)) == 2 + 3 * 64
    assert await other.read("users.count") == 10_000


async def test_hostile_names_and_levels(scripted: Scripted, other: OnvifDevice) -> None:
    scripted.answers["GetUsers"] = users(
        ("", "User"), ("x" * 5000, "User"), ("a&#x202e;b\nc", "User"), ("&lt;b&gt;", "Root"), ("a.level", "")
    )
    found = await ids(other)
    assert found == [
        "users.count", "users.add", "user.a%E2%80%AEb%0Ac", "user.a%E2%80%AEb%0Ac.level",
        "user.a%E2%80%AEb%0Ac.password", "user.%3Cb%3E", "user.%3Cb%3E.password", "user.a%2Elevel",
        "user.a%2Elevel.password",
    ]  # fmt: skip
    scripted.answers["DeleteUsers"] = b""
    await other.write("user.%3Cb%3E", False)
    assert "Username>&lt;b&gt;<" in scripted.asked[-1].body


@pytest.mark.parametrize("how", [fault("ter:NotAuthorized"), None])
async def test_a_login_that_may_not_know_is_not_held_for_wrong(scripted: Scripted, how: str | None) -> None:
    """Devices refuse an operator's question as they refuse a wrong password; three of those would hold the login."""

    def guarded(asked: Asked) -> str | bytes | web.Response:
        return DEVICE if "UsernameToken" in asked.body else fault("ter:NotAuthorized")

    scripted.answers["GetDeviceInformation"] = guarded
    scripted.answers["GetUsers"] = how or (lambda _: web.Response(status=401))
    scripted.answers["GetScopes"] = envelope("<tds:GetScopesResponse/>")
    async with onvif.driver.open(Target(scripted.url), Login("op", "p")) as device:
        assert isinstance(device, OnvifDevice)
        for _ in range(5):
            assert await ids(device) == []
            assert await device.read("time.mode") == "ntp"
    assert scripted.operations().count("GetUsers") == 5


async def test_a_login_that_has_become_wrong_is_told(scripted: Scripted, other: OnvifDevice) -> None:
    await other.configuration()
    scripted.answers["GetUsers"] = fault("ter:NotAuthorized")
    with pytest.raises(Refused):
        await other.configuration()

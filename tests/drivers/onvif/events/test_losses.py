"""Events are never given up: whatever loses a subscription may be better later."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import pytest
from aiohttp import web

from drivers.contract import Feature, Login, Target
from drivers.errors import Refused, Unreachable, Unsupported
from drivers.onvif import driver

LOGIN = Login("operator", "Chim-7f3a")


EVENTS = "http://www.onvif.org/ver10/events/wsdl"


async def test_a_lost_subscription_ends_with_our_error(pullpoint: Any, onvif: Any, events: Any) -> None:
    pullpoint.answers["PullMessages"] = onvif.fault("ter:InvalidArgVal")
    with pytest.raises(Unreachable) as caught:
        await events.hear(pullpoint)
    assert caught.value.code == "driver.deaf"
    assert pullpoint.operations()[-1] == "Unsubscribe"


async def test_a_password_changed_meanwhile_is_a_refusal(pullpoint: Any, onvif: Any, events: Any) -> None:
    pullpoint.answers["PullMessages"] = onvif.fault("ter:NotAuthorized")
    with pytest.raises(Refused):
        await events.hear(pullpoint)


LOSSES: dict[str, Any] = {
    "a fault of the standard": lambda onvif: onvif.fault("wsrf-rw:ResourceUnknownFault"),
    "a fault of the maker": lambda onvif: onvif.fault("acme:Gone", "Receiver"),
    "a fault of SOAP 1.1": lambda onvif: onvif.envelope(
        "<s:Fault><faultcode>s:Client</faultcode><faultstring>no such subscription</faultstring></s:Fault>"
    ),
    "not supported": lambda onvif: onvif.fault("ter:ActionNotSupported"),
    "400": lambda _: web.Response(status=400),
    "404": lambda _: web.Response(status=404, text="<html>not here</html>"),
    "410": lambda _: web.Response(status=410),
    "500": lambda _: web.Response(status=500, text="<html>boot</html>"),
    "503": lambda _: web.Response(status=503),
    "moved": lambda _: web.Response(status=302, headers={"Location": "/login"}),
    "nonsense": lambda _: b"<html>Welcome</html>",
    "no XML": lambda _: b"Envelope \x00",
}


@pytest.mark.parametrize("operation", ["CreatePullPointSubscription", "PullMessages"])
@pytest.mark.parametrize("kind", LOSSES)
async def test_whatever_loses_a_subscription_may_be_better_later(
    pullpoint: Any, onvif: Any, operation: str, kind: str, events: Any
) -> None:
    pullpoint.answers[operation] = lambda _: LOSSES[kind](onvif)
    with pytest.raises(Unreachable):
        await events.hear(pullpoint)


async def test_only_a_device_without_an_event_service_ends_it(scripted: Any) -> None:
    async with driver.open(Target(scripted.url), LOGIN) as device:
        assert Feature.SIGNALS not in device.cameras[0].features
        with pytest.raises(Unsupported) as caught:
            await anext(device.signals())
    assert caught.value.code == "driver.no_signals"


async def test_an_event_service_that_comes_up_later(pullpoint: Any) -> None:
    whole = pullpoint.answers.pop("GetServices")
    async with driver.open(Target(pullpoint.url), LOGIN) as device:
        assert Feature.SIGNALS not in device.cameras[0].features
        pullpoint.answers["GetServices"] = whole
        async with aclosing(device.signals()) as signals:
            assert await anext(signals)


@pytest.mark.parametrize("mended", [True, False])
async def test_half_a_list_of_services_is_no_missing_event_service(pullpoint: Any, mended: bool) -> None:
    whole = pullpoint.answers["GetServices"]
    half = whole[: whole.index(f"Namespace>{EVENTS}")]
    pullpoint.answers["GetServices"] = half
    async with driver.open(Target(pullpoint.url), LOGIN) as device:
        assert Feature.SIGNALS in device.cameras[0].features
        with pytest.raises(Unreachable) as caught:
            await anext(device.signals())
        assert caught.value.code == "driver.deaf"
        if mended:
            pullpoint.answers["GetServices"] = whole
            async with aclosing(device.signals()) as signals:
                signal = await anext(signals)
                assert signal is not None
                assert signal.state is True


@pytest.mark.parametrize(
    "told",
    [
        "<wsnt:SubscribeCreationFailedFault/>",
        "<tt:Reason>Maximum number of subscriptions reached</tt:Reason>",
    ],
)
async def test_no_place_for_a_subscription_is_told(
    pullpoint: Any, onvif: Any, told: str, events: Any
) -> None:
    reason = "Maximum number of subscriptions reached" if "Maximum" in told else "no"
    pullpoint.answers["CreatePullPointSubscription"] = onvif.envelope(
        "<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code>"
        f'<s:Reason><s:Text xml:lang="en">{reason}</s:Text></s:Reason><s:Detail>{told}</s:Detail></s:Fault>'
    )
    with pytest.raises(Unreachable) as caught:
        await events.hear(pullpoint)
    assert caught.value.code == "driver.full"

"""Addresses that a device tells are led to the host that was reached."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import Malformed
from drivers.onvif.addresses import DeviceAddress


@pytest.mark.parametrize(
    ("reached", "told", "rewritten"),
    [
        ("http://cam", "http://10.0.0.5/onvif/media", "http://cam:80/onvif/media"),
        ("http://cam:8080", "http://10.0.0.5:2020/x?a=b", "http://cam:2020/x?a=b"),
        ("https://cam:8443", "http://cam:80/onvif/media", "https://cam:8443/onvif/media"),  # never downgraded
        ("https://cam", "https://10.0.0.5:444/x", "https://cam:444/x"),
        ("http://cam", "https://10.0.0.5/x", "https://cam:443/x"),
        ("http://cam", "http://cam:8106:8106/sub?Idx=4", "http://cam:8106/sub?Idx=4"),  # doubled port
        ("http://cam", "rtsp://u:p@127.0.0.1/live", "rtsp://cam:554/live"),
        ("http://cam", " rtsp://10.0.0.5:8554/Live&HighStream ", "rtsp://cam:8554/Live&HighStream"),
        ("http://[fe80::1]:81", "http://10.0.0.5:81/x", "http://[fe80::1]:81/x"),
    ],
)
def test_addresses_lead_to_the_host_we_reached(reached: str, told: str, rewritten: str) -> None:
    assert DeviceAddress.at(reached).rewrite(told) == rewritten


def test_a_forwarded_port_serves_all() -> None:
    from dataclasses import replace

    reached = replace(DeviceAddress.at("http://cam:8081"), forwarded=True)
    assert reached.rewrite("http://192.168.1.64/media") == "http://cam:8081/media"
    assert reached.rewrite("rtsp://192.168.1.64/live") == "rtsp://cam:554/live"


@pytest.mark.parametrize(
    "told", ["", "ftp://x/y", "file:///etc/passwd", "http://", "http://x:port/", "rubbish"]
)
def test_other_addresses_are_malformed(told: str) -> None:
    with pytest.raises(Malformed):
        DeviceAddress.at("http://cam").rewrite(told)


@given(st.text(max_size=60))
def test_rewrite_raises_nothing_else(told: str) -> None:
    try:
        rewritten = DeviceAddress.at("http://cam").rewrite(told)
    except Malformed:
        return
    assert "//cam:" in rewritten

"""Commissions a camera with the PyPI client `onvif-zeep` and prints one JSON object of what it saw.

Runs in an environment of its own: ``python onvif_zeep_client.py HOST PORT wsse``, password in PASSWORD.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import onvif
from onvif import ONVIFCamera, ONVIFError

#: Where this client's wheel puts the WSDL files.
WSDL = Path(onvif.__file__).parents[1] / "wsdl"
NEW = "canary-41bc"


def login(host: str, port: int, password: str) -> Any:
    return ONVIFCamera(host, port, "admin", password, str(WSDL), no_cache=True)


def encoder(media: Any) -> dict[str, Any]:
    configuration = media.GetVideoEncoderConfigurations()[0]
    configuration.Resolution.Width, configuration.Resolution.Height = 960, 540
    configuration.RateControl.FrameRateLimit, configuration.RateControl.BitrateLimit = 12, 900
    configuration.H264.GovLength = 24
    media.SetVideoEncoderConfiguration({"Configuration": configuration, "ForcePersistence": True})
    told = media.GetVideoEncoderConfiguration({"ConfigurationToken": configuration.token})
    rate = told.RateControl
    return {
        "size": [told.Resolution.Width, told.Resolution.Height],
        "rate": [rate.FrameRateLimit, rate.BitrateLimit, told.H264.GovLength],
    }


def osd(media: Any) -> list[str]:
    wanted = {
        "token": "",
        "VideoSourceConfigurationToken": media.GetVideoSourceConfigurations()[0].token,
        "Type": "Text",
        "Position": {"Type": "UpperRight"},
        "TextString": {"Type": "Plain", "PlainText": "Cổng trước"},
    }
    token = media.CreateOSD({"OSD": wanted}).OSDToken
    told = [each.TextString.PlainText for each in media.GetOSDs()]
    media.DeleteOSD({"OSDToken": token})
    return [*told, *(each.token for each in media.GetOSDs())]


def clock(device: Any) -> dict[str, Any]:
    device.SetNTP(
        {
            "FromDHCP": False,
            "NTPManual": [
                {"Type": "DNS", "DNSname": "vn.pool.ntp.org"},
                {"Type": "IPv4", "IPv4Address": "192.0.2.7"},
            ],
        }
    )
    device.SetSystemDateAndTime(
        {"DateTimeType": "NTP", "DaylightSavings": False, "TimeZone": {"TZ": "ICT-7"}}
    )
    told = device.GetNTP()
    now = device.GetSystemDateAndTime()
    servers = [each.DNSname or each.IPv4Address for each in told.NTPManual]
    return {"servers": servers, "kind": now.DateTimeType, "zone": now.TimeZone.TZ}


def look(host: str, port: int) -> dict[str, Any]:
    camera = login(host, port, os.environ["PASSWORD"])
    device, media = camera.devicemgmt, camera.create_media_service()
    saw: dict[str, Any] = {"encoder": encoder(media), "osd": osd(media), "clock": clock(device)}
    saw["mac"] = device.GetNetworkInterfaces()[0].Info.HwAddress
    saw["protocols"] = [each.Name for each in device.GetNetworkProtocols()]
    device.CreateUsers({"User": [{"Username": "op", "Password": "long enough", "UserLevel": "Operator"}]})
    device.SetUser({"User": [{"Username": "admin", "Password": NEW, "UserLevel": "Administrator"}]})
    try:
        saw["old_password"] = str(device.GetUsers())
    except ONVIFError as error:
        saw["old_password"] = str(error)
    device = login(host, port, NEW).devicemgmt
    saw["users"] = [[each.Username, each.UserLevel] for each in device.GetUsers()]
    device.SystemReboot()
    time.sleep(0.5)
    saw["after_reboot"] = back(host, port)
    return saw


def back(host: str, port: int) -> str:
    """Return what the camera says of itself when it is there again."""
    for _ in range(200):
        try:
            return str(login(host, port, NEW).devicemgmt.GetDeviceInformation().Model)
        except ONVIFError:
            time.sleep(0.2)
    return "never"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(look(sys.argv[1], int(sys.argv[2]))))

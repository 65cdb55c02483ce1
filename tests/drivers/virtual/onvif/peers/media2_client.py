"""Commissions a camera with the PyPI client `onvif-python`, by the second media service, and prints what it saw.

Runs in an environment of its own: ``python media2_client.py HOST PORT wsse|digest``, password in PASSWORD.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from onvif import ONVIFClient, ONVIFOperationException
from onvif.operator import CacheMode

NEW = "canary-0b5e"


def encoder(media: Any) -> dict[str, Any]:
    profile = media.GetProfiles(Type=["VideoEncoder"])[1]
    wanted = profile.Configurations.VideoEncoder
    options = media.GetVideoEncoderConfigurationOptions(ConfigurationToken=wanted.token)
    wanted.Encoding, wanted.GovLength = "H265", 16
    wanted.Resolution.Width, wanted.Resolution.Height = 320, 180
    wanted.RateControl.FrameRateLimit, wanted.RateControl.BitrateLimit = 8, 300
    media.SetVideoEncoderConfiguration(Configuration=wanted)
    told = media.GetVideoEncoderConfigurations(ConfigurationToken=wanted.token)[0]
    return {
        "profile": profile.token,
        "offered": [each.Encoding for each in options],
        "told": [told.Encoding, told.Resolution.Width, told.RateControl.FrameRateLimit, told.GovLength],
    }


def osd(media: Any) -> list[str]:
    source = media.GetVideoSourceConfigurations()[0].token
    wanted = {
        "token": "",
        "VideoSourceConfigurationToken": source,
        "Type": "Text",
        "Position": {"Type": "Custom", "Pos": {"x": 0.5, "y": -0.5}},
        "TextString": {"Type": "Plain", "PlainText": "Cổng trước"},
    }
    places = media.GetOSDOptions(ConfigurationToken=source).PositionOption
    media.CreateOSD(OSD=wanted)
    return [*(each.TextString.PlainText for each in media.GetOSDs()), *places]


def look(host: str, port: int, mode: str) -> dict[str, Any]:
    how = {"http_digest": mode == "digest", "cache": CacheMode.NONE}
    client = ONVIFClient(host, port, "admin", os.environ["PASSWORD"], **how)
    device, media = client.devicemgmt(), client.media2()
    saw: dict[str, Any] = {"encoder": encoder(media), "osd": osd(media), "masks": media.GetMasks()}
    saw["uris"] = [
        media.GetStreamUri(Protocol="RTSP", ProfileToken="sub"),
        media.GetSnapshotUri(ProfileToken="sub"),
    ]
    device.SetNTP(FromDHCP=False, NTPManual=[{"Type": "DNS", "DNSname": "vn.pool.ntp.org"}])
    saw["ntp"] = device.GetNTP().NTPManual[0].DNSname
    device.SetUser(User=[{"Username": "admin", "Password": NEW, "UserLevel": "Administrator"}])
    try:
        saw["old_password"] = str(device.GetUsers())
    except ONVIFOperationException as error:
        saw["old_password"] = str(error)
    client = ONVIFClient(host, port, "admin", NEW, **how)
    saw["users"] = [[each.Username, each.UserLevel] for each in client.devicemgmt().GetUsers()]
    return saw


if __name__ == "__main__":
    sys.stdout.write(json.dumps(look(sys.argv[1], int(sys.argv[2]), sys.argv[3]), default=str))

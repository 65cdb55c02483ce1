"""Drives a camera with the PyPI client `onvif-python` and prints one JSON object of what it saw.

Runs in an environment of its own: ``python onvif_client.py HOST PORT wsse|digest``, password in PASSWORD.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from onvif import ONVIFClient, ONVIFDiscovery, ONVIFOperationException
from onvif.operator import CacheMode

PROFILE = "main"


def when_idle(ptz: Any) -> list[float]:
    while True:
        status = ptz.GetStatus(ProfileToken=PROFILE)
        if status.MoveStatus.PanTilt == status.MoveStatus.Zoom == "IDLE":
            return [status.Position.PanTilt.x, status.Position.PanTilt.y, status.Position.Zoom.x]
        time.sleep(0.05)


def move(ptz: Any, saw: dict[str, Any]) -> None:
    saw["presets"] = {preset.Name: preset.token for preset in ptz.GetPresets(ProfileToken=PROFILE)}
    ptz.GotoPreset(ProfileToken=PROFILE, PresetToken=saw["presets"]["gate"])
    saw["at_gate"] = when_idle(ptz)
    velocity = {"PanTilt": {"x": 1.0, "y": 0.0}, "Zoom": {"x": 0.0}}
    slowly = {"PanTilt": {"x": 0.01, "y": 0.0}, "Zoom": {"x": 0.0}}
    ptz.ContinuousMove(ProfileToken=PROFILE, Velocity=slowly, Timeout="PT50S")
    saw["moving"] = ptz.GetStatus(ProfileToken=PROFILE).MoveStatus.PanTilt
    ptz.GotoPreset(ProfileToken=PROFILE, PresetToken=saw["presets"]["gate"])
    when_idle(ptz)
    ptz.ContinuousMove(ProfileToken=PROFILE, Velocity=velocity, Timeout="PT0.2S")
    saw["after_timeout"] = when_idle(ptz)  # nobody sends Stop
    ptz.Stop(ProfileToken=PROFILE, PanTilt=True, Zoom=True)


def listen(client: Any, saw: dict[str, Any]) -> None:
    made = client.events().CreatePullPointSubscription()
    pulled = client.pullpoint(made).PullMessages(Timeout="PT5S", MessageLimit=10)
    # with the published schema zeep loses the text of Topic, so the source items must do
    messages = [each.Message.Message for each in pulled.NotificationMessage]
    saw["sources"] = sorted(message["Source"]["SimpleItem"]["Name"] for message in messages)
    client.subscription(made).Unsubscribe()


def look(host: str, port: int, mode: str) -> dict[str, Any]:
    how = {"http_digest": mode == "digest", "cache": CacheMode.NONE}
    client = ONVIFClient(host, port, "admin", os.environ["PASSWORD"], **how)
    device, media = client.devicemgmt(), client.media()
    setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
    saw: dict[str, Any] = {
        "model": device.GetDeviceInformation().Model,
        "profiles": [profile.token for profile in media.GetProfiles()],
        "stream": media.GetStreamUri(StreamSetup=setup, ProfileToken=PROFILE).Uri,
        "snapshot": media.GetSnapshotUri(ProfileToken=PROFILE).Uri,
    }
    move(client.ptz(), saw)
    listen(client, saw)
    try:
        ONVIFClient(host, port, "admin", "wrong", **how).devicemgmt().GetDeviceInformation()
        saw["wrong_password"] = "let in"
    except ONVIFOperationException as error:
        saw["wrong_password"] = str(error)
    saw["discovered"] = []
    while port not in saw["discovered"]:  # datagrams get lost
        found = ONVIFDiscovery(timeout=1, interface="127.0.0.1").discover()
        saw["discovered"] = [each["port"] for each in found]
    return saw


if __name__ == "__main__":
    sys.stdout.write(json.dumps(look(sys.argv[1], int(sys.argv[2]), sys.argv[3])))

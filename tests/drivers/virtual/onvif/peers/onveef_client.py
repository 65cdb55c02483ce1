"""Commissions a camera with the PyPI client `onveef` and prints one JSON object of what it saw.

Runs in an environment of its own: ``python onveef_client.py HOST PORT wsse|digest``, password in PASSWORD.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from typing import Any

from onveef import OnvifClient, OnvifError

NEW = "canary-77d0"


def client(host: str, port: int, password: str, mode: str) -> OnvifClient:
    # its circuit breaker would keep a later, right login out as well
    auth = "digest" if mode == "digest" else "none"
    return OnvifClient(
        host, port, "admin", password, http_auth=auth, breaker_key=password, retries=0, timeout_s=60
    ).connect()


def encoders(camera: OnvifClient, saw: dict[str, Any]) -> None:
    options = camera.get_video_encoder_options_normalized(configuration_token="encoder0")
    saw["options"] = options
    sets = {"name": "x", "width": 640, "height": 360, "quality": 5, "fps": 8, "bitrate_kbps": 500, "gop": 16}
    camera.set_video_encoder_configuration(token="encoder0", encoding="H264", **sets)
    # not by its Media2: it puts the parts of a configuration into the wrong namespace (0.6.0)
    saw["profiles"] = camera.media2_get_profiles(types=["All"])


def writing(camera: OnvifClient, saw: dict[str, Any]) -> None:
    source = {"video_source_configuration_token": "source_config0"}
    token = camera.create_osd(plain_text="Cổng trước", **source)
    camera.set_osd(osd_token=token, plain_text="Cổng sau", position_type="LowerLeft", **source)
    saw["osds"] = camera.get_osds()
    camera.delete_osd(osd_token=token)
    saw["osds_left"] = camera.get_osds()


def network(camera: OnvifClient, saw: dict[str, Any]) -> None:
    # not SetNTP and SetDNS: it puts their servers into the wrong namespace as well
    camera.set_system_date_time(date_time_type="NTP", timezone="ICT-7")
    saw["clock"] = str(camera.get_system_date_time())
    saw["protocols"] = camera.get_network_protocols()
    saw["interfaces"] = camera.get_network_interfaces()
    saw["gateway"] = camera.get_network_default_gateway()


def picture(camera: OnvifClient, saw: dict[str, Any]) -> None:
    source = {"video_source_token": "source0"}
    saw["imaging"] = camera.imaging_get_options_parsed(**source)
    saw["status"] = str(camera.imaging_get_status(**source))
    data, kind = camera.get_snapshot(profile_token="sub")
    saw["still"] = [kind, data[:2].hex()]


def accounts(camera: OnvifClient, host: str, port: int, mode: str, saw: dict[str, Any]) -> None:
    camera.create_user(username="guard", password="long enough", user_level="User")
    camera.set_user(username="admin", password=NEW, user_level="Administrator")
    saw["users"] = client(host, port, NEW, mode).get_users()
    try:
        camera.get_users()
        saw["old_password"] = "let in"
    except OnvifError as error:
        saw["old_password"] = str(error)
    now = client(host, port, NEW, mode)
    now.delete_users(usernames=["guard"])
    try:
        now.set_user(username="admin", password="abc", user_level="Administrator")
        saw["short_password"] = "taken"
    except OnvifError as error:
        saw["short_password"] = str(error)
    now.system_reboot()
    began = time.monotonic()
    while time.monotonic() < began + 60:
        time.sleep(0.3)
        try:
            saw["after_reboot"] = client(host, port, NEW, mode).get_users()
            return
        except OnvifError:
            continue


def look(host: str, port: int, mode: str) -> dict[str, Any]:
    camera = client(host, port, os.environ["PASSWORD"], mode)
    saw: dict[str, Any] = {"services": camera.get_services(), "at": datetime.now(UTC).isoformat()}
    saw["stream"] = camera.get_stream_uri(profile_token="sub")
    encoders(camera, saw)
    writing(camera, saw)
    network(camera, saw)
    picture(camera, saw)
    accounts(camera, host, port, mode, saw)
    return saw


if __name__ == "__main__":
    sys.stdout.write(json.dumps(look(sys.argv[1], int(sys.argv[2]), sys.argv[3]), default=str))

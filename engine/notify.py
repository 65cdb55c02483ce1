"""Tell systemd how the service is (sd_notify); silent where there is no systemd."""

from __future__ import annotations

import os
import socket
from contextlib import suppress


def notify(state: str) -> None:
    """Send one state, e.g. ``READY=1`` or ``STOPPING=1``, to ``$NOTIFY_SOCKET``."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with (
        suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel,
    ):  # nobody listens: no harm
        channel.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)

"""Where an engine answers on this machine, and why it does not. Light: no HTTP, no models."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

#: Where an engine's socket may be, in the order of trust: systemd's, root's, this user's.
SYSTEM_SOCKETS: Final = (Path("/run/matthan/api.sock"), Path("/var/lib/matthan/api.sock"))


def default_socket(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the engine's socket: ``MATTHAN_SOCKET``, else the first that exists, else this user's own."""
    if told := environ.get("MATTHAN_SOCKET"):
        return Path(told)
    from platformdirs import user_state_path

    own = user_state_path("matthan") / "api.sock"
    return next((path for path in SYSTEM_SOCKETS if path.exists()), own)


def words_of(error: Exception) -> str:
    """Return what went wrong, in few words."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text or type(error).__name__


def cause_of(error: Exception) -> str:
    """Return the code of what went wrong, as in `engine.api.client.Disconnected`; empty where there is none."""
    if isinstance(error, (FileNotFoundError, ConnectionRefusedError)):
        return "link.absent"
    if isinstance(error, PermissionError):
        return "link.denied"
    if isinstance(error, ConnectionError):
        return "link.closed"
    return "link.silent" if isinstance(error, TimeoutError) else ""

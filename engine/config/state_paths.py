"""Where a site's state lives: one folder, and what is in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_state_path

from engine.config.settings import Settings
from engine.errors import StoreError

SYSTEM = Path("/var/lib/matthan")
#: Bytes that the path of a unix socket may have (sun_path without its end).
SOCKET_LIMIT = 107


@dataclass(frozen=True, slots=True)
class StatePaths:
    """The state folder of one site.

    Attributes:
        heads_elsewhere: The folder of signed heads that the configuration names; None: they lie here.
    """

    state: Path
    socket: Path
    heads_elsewhere: Path | None = None

    @property
    def database(self) -> Path:
        """The event store."""
        return self.state / "matthan.db"

    @property
    def logins(self) -> Path:
        """What cameras said to our logins."""
        return self.state / "logins.json"

    @property
    def cameras_seen(self) -> Path:
        """What cameras are known again by, should they move."""
        return self.state / "cameras-seen.json"

    @property
    def tls(self) -> Path:
        """The certificate that the engine makes for its doors; no backup carries it: it belongs to a machine."""
        return self.state / "tls"

    @property
    def keys(self) -> Path:
        """The folder of the keys that this site signs with."""
        return self.state / "keys"

    @property
    def references(self) -> Path:
        """The folder of pictures that cameras are compared with: how each looked when it was signed off."""
        return self.state / "references"

    @property
    def heads(self) -> Path:
        """The folder of signed heads."""
        return self.heads_elsewhere or self.state / "heads"

    def prepare(self) -> None:
        """Make the folders (mode 0750).

        Raises:
            StoreError: The folder cannot be made or written, or the socket's path is too long; names it.
        """
        if len(os.fsencode(self.socket)) > SOCKET_LIMIT:
            raise StoreError(
                f"the socket's path {self.socket} is longer than the {SOCKET_LIMIT} bytes that Linux allows: "
                "set api.socket (or state) to a shorter one"
            )
        try:
            self.state.mkdir(mode=0o750, parents=True, exist_ok=True)
            self.socket.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot make the state folder {self.state}: {error.strerror}") from error
        if not os.access(self.state, os.W_OK | os.X_OK):
            raise StoreError(f"the state folder {self.state} is not writable by this user")


def state_paths(settings: Settings) -> StatePaths:
    """Return where a site's state lives: as configured, else by who runs the engine."""
    default = SYSTEM if os.geteuid() == 0 else user_state_path("matthan")
    state = Path(settings.state).expanduser() if settings.state else default
    socket = Path(settings.api.socket).expanduser() if settings.api.socket else state / "api.sock"
    heads = Path(settings.store.heads).expanduser() if settings.store.heads else None
    return StatePaths(state, socket, heads)

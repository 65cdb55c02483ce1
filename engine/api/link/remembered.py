"""Sessions of this machine's user, each by the engine that it is of: what `matthan login` got, and clients show.

One file in the user's own state folder, mode 0600. Whoever else could read it could be that user for some hours, so
a file that others may read is not used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_state_path

from engine.api.errors import ApiError
from engine.api.link.address import default_socket
from engine.runtime.whole_file import put


class TooOpen(ApiError):
    """Others may read the file; it is not used."""

    def __init__(self, path: Path) -> None:
        super().__init__(0, "api.remembered_open", str(path))


def shown(address: str | Path | None) -> str | None:
    """Return what is shown an engine where nobody says what: the environment's token, else a login.

    Raises:
        TooOpen: Others may read where logins are kept.
    """
    return os.environ.get("MATTHAN_TOKEN") or remembered(address)


def remembered(address: str | Path | None) -> str | None:
    """Return the secret to show an engine; None: nobody has logged in there.

    Raises:
        TooOpen: Others may read it.
    """
    return _read().get(_key(address))


def remember(address: str | Path | None, secret: str) -> None:
    """Keep a secret.

    Raises:
        OSError: It cannot be kept.
    """
    path = _path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True) if _open_to_others(path) else None
    _write({**_read(), _key(address): secret})


def forget(address: str | Path | None) -> None:
    """Forget a secret."""
    left = {key: secret for key, secret in _read().items() if key != _key(address)}
    if _path().exists():
        _write(left)


def _path() -> Path:
    return user_state_path("matthan") / "sessions.json"


def _key(address: str | Path | None) -> str:
    told = str(address if address is not None else default_socket())
    return told.rstrip("/") if told.startswith(("http://", "https://")) else str(Path(told).absolute())


def _read() -> Mapping[str, str]:
    path = _path()
    if _open_to_others(path):
        raise TooOpen(path)
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    found = told.items() if isinstance(told, dict) else ()
    return {str(key): secret for key, secret in found if isinstance(secret, str)}


def _write(sessions: Mapping[str, str]) -> None:
    put(_path(), json.dumps(dict(sessions), indent=1).encode(), mode=0o600)


def _open_to_others(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & 0o077)
    except OSError:
        return False

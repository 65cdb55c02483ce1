"""A technician's own key: it signs what was commissioned, on whichever site. Blocking.

It lies in the user's own configuration, beside no site: who signs is a person, and the person goes from site to site.
"""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_config_path

from engine.seal.keys import KeyFolder

NAME = "technician"


def folder() -> Path:
    """Return where this user's key lies, or will."""
    return user_config_path("matthan") / NAME


def keys() -> KeyFolder:
    """Return this user's keys; `KeyFolder.opened` makes one at its first use."""
    return KeyFolder(folder(), None)

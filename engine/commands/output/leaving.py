"""What a command does without an engine is left for its audit log, which takes it in at its start or while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.commands.output.terminal import out

if TYPE_CHECKING:
    from engine.config.writer import Revised
    from engine.identity.record import Deed
    from engine.text import Language
    from rules.model import Fact


def leave(state: Path, deed: Deed, about: dict[str, Fact], lang: Language) -> None:
    """Leave a record of what was just done; where that cannot be, say so: the deed is done all the same.

    A state folder that is not there has no engine yet, which will say at its first start what it runs by.
    """
    from uuid_utils import uuid7

    from engine.identity.caller import Principal, unix_user
    from engine.identity.record import AuditRecord
    from engine.identity.spool import Spool, drafted
    from engine.runtime.clock import SystemClock
    from engine.text import render

    if not state.is_dir():
        return
    who, sudo = _who()
    told = about | ({"sudo": sudo} if sudo else {})
    record = AuditRecord(
        deed,
        who=unix_user(who),
        principal=Principal.LOCAL_USER.value,
        means="command",
        address="local",
        basis="files",
        about=told,
    )
    spool = Spool(state)
    try:
        spool.leave(drafted(record, str(uuid7()), SystemClock().now().wall))
    except OSError as error:
        values = {"path": str(spool.folder), "detail": error.strerror or type(error).__name__}
        out(f"matthan: {render('audit.not_left', values, lang)}", "yellow", err=True)


def leave_configured(made: Revised, lang: Language) -> None:
    """Leave for the audit log that a configuration was changed, and to what; not the values, which may be secret."""
    from engine.config.state_paths import state_paths
    from engine.identity.record import Deed

    configuration = made.report.configuration
    if configuration is not None and made.revision != made.before.revision:
        told: dict[str, Fact] = {
            "how": "command",
            "file": str(made.before.path),
            "configuration": made.revision,
            "configuration_before": made.before.revision,
        }
        leave(state_paths(configuration.settings).state, Deed.CONFIGURE, told, lang)


def _who() -> tuple[str, str]:
    """Return the user who runs this, as the kernel knows them, and who they were before sudo."""
    import os
    import pwd

    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    sudo = os.environ.get("SUDO_USER", "")
    return name, sudo if sudo != name else ""

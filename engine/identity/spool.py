"""Records on their way to the log as files: of what commands did without an engine, and of what it could not keep yet.

One file for each, in a folder of the state folder that only the engine's user and root can write to. The engine takes
them into its log at its start and while it runs. A record that is there already under its id is not told twice, so a
file may stay until its record is durable. Blocking.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from engine.draft import AuditDraft
from engine.identity.audit_body import clean, written
from engine.identity.audit_body import read as read_body
from engine.identity.record import AuditRecord
from engine.runtime.whole_file import put, sync

#: Name of the folder within the state folder.
FOLDER: Final = "audit-spool"
#: Bytes of a file that is read, and files that are read at once.
MOST_BYTES: Final = 64 << 10
MOST_FILES: Final = 200
#: Letters of a camera's id.
MOST_CAMERA: Final = 200
_END: Final = ".json"
_ID: Final = re.compile(r"[0-9a-f-]{36}")
_WORD: Final = re.compile(r"[a-z][a-z._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Unusable:
    """A file of the spool that is no record."""

    name: str
    detail: str


class Spool:
    """The folder of one site."""

    def __init__(self, state: Path) -> None:
        self.folder = state / FOLDER

    def leave(self, draft: AuditDraft) -> None:
        """Leave a record for the engine's log; on return it survives power loss.

        Raises:
            OSError: It cannot be written.
        """
        self._prepare()
        told = {
            "id": draft.id, "at": draft.at.isoformat(), "deed": draft.deed, "camera": draft.camera,
            "told": json.loads(draft.body),
        }  # fmt: skip
        # Readable by the engine's user where root has written it; nobody else gets into the folder.
        put(self.folder / f"{draft.id}{_END}", json.dumps(told, ensure_ascii=False).encode(), mode=0o644)
        sync(self.folder)  # its name, too

    def _prepare(self) -> None:
        with suppress(FileExistsError):
            self.folder.mkdir(mode=0o700)
            owner, own = self.folder.parent.stat(), self.folder.stat()
            if (owner.st_uid, owner.st_gid) != (own.st_uid, own.st_gid):
                os.chown(self.folder, owner.st_uid, owner.st_gid)

    def waiting(self) -> Iterator[AuditDraft | Unusable]:
        """Yield what was left, oldest first, as much as is read at once."""
        with suppress(FileNotFoundError):
            names = sorted(name for name in os.listdir(self.folder) if name.endswith(_END))
            for name in islice(names, MOST_FILES):
                if (found := _read(self.folder / name)) is not None:
                    yield found

    def done(self, id: str) -> None:
        """Forget a record that is in the log."""
        (self.folder / f"{id}{_END}").unlink(missing_ok=True)

    def put_aside(self, name: str) -> None:
        """Keep a file that is no record under another name: a person may look at it, the engine does not again."""
        (self.folder / name).rename(self.folder / f"{name}.bad")


def _read(path: Path) -> AuditDraft | Unusable | None:
    """Return the record of a file; None: it has gone meanwhile."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise ValueError("too long")
        return _draft(json.loads(content), path.stem)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        return Unusable(path.name, str(error) or type(error).__name__)


def _draft(told: dict[str, Any], name: str) -> AuditDraft:
    id_, deed, camera, at = told["id"], told["deed"], told["camera"], datetime.fromisoformat(told["at"])
    if id_ != name or not _ID.fullmatch(id_) or not _WORD.fullmatch(deed) or at.tzinfo is None:
        raise ValueError("no record")
    if camera is not None and (not isinstance(camera, str) or len(camera) > MOST_CAMERA):
        raise ValueError("no camera")
    # Read and written again: whatever stands there, what is kept is a record's body.
    body = written(read_body(deed, camera, json.dumps(told["told"])))
    return AuditDraft(id_, deed, at, camera, body)


def drafted(record: AuditRecord, id: str, at: datetime) -> AuditDraft:
    """Return a record of a moment on its way to the log; whatever it holds, it can be kept."""
    camera = None if record.camera is None else clean(record.camera)[:MOST_CAMERA]
    return AuditDraft(id, clean(record.deed), at, camera, written(record))

"""A small file beside the database that says how far it had come.

So a lost past is noticed, and no number is given twice. Blocking. The file is replaced as a whole, and synced only
where a run begins or ends and once an hour; a power cut may take it back or empty it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.runtime import log
from engine.runtime.whole_file import put
from engine.store.model import Damage

_log = log.get(__name__)
#: Numbers that may have been given after the last that is known: far more than any site's in the time between.
MARGIN = 1_000_000


@dataclass(frozen=True, slots=True)
class Witness:
    """How far a database had come.

    Attributes:
        store: Which database.
        last_seq: Highest number of the log known to be given.
        schema: Number of its last upgrade.
        at: When, by the wall clock (ISO 8601).
    """

    store: str
    last_seq: int
    schema: int
    at: str


def witness_file(path: Path) -> Path:
    """Return where the witness of a database lies."""
    return path.with_name(path.name + ".witness")


def damage_file(path: Path) -> Path:
    """Return where the last damage of a database is told; as long as the file is there, it is a problem."""
    return path.with_name(path.name + ".damage")


def suspect_file(path: Path) -> Path:
    """Return the file whose presence says: damage was met while running, set this database aside."""
    return path.with_name(path.name + ".suspect")


def suspect(path: Path, why: str) -> None:
    """Let the next start set a database aside; where the disk says no, it has to find the damage by itself."""
    with suppress(OSError):
        suspect_file(path).write_text(why, "utf-8")


def read(path: Path) -> Witness | None:
    """Return the witness of the database at `path`; None where there is none that can be read."""
    body = _body(witness_file(path))
    try:
        return Witness(str(body["store"]), int(body["last_seq"]), int(body["schema"]), str(body["at"]))
    except (KeyError, TypeError, ValueError):
        return None


def write(path: Path, witness: Witness, *, sync: bool) -> None:
    """Replace the witness of the database at `path`; where the disk says no, that is logged and the old one stays."""
    _put(witness_file(path), asdict(witness), sync=sync)


def tell(path: Path, damage: Damage) -> None:
    """Keep what was found damaged until a person has taken note and deletes the file."""
    _put(damage_file(path), asdict(replace(damage, saved=dict(damage.saved))), sync=True)


def told(path: Path) -> Damage | None:
    """Return the damage that nobody has taken note of yet."""
    body = _body(damage_file(path))
    try:
        lost = body["lost"]
        return Damage(
            complaint=str(body["complaint"]),
            quarantine=str(body["quarantine"]),
            saved={str(table): int(rows) for table, rows in body["saved"].items()},
            lost=None if lost is None else int(lost),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def beyond(known: int, wall: datetime) -> int:
    """Return a number that was certainly not given yet: far above the highest known, and the seconds since 1970."""
    return max(known + MARGIN, int(wall.timestamp()))


def _body(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _put(path: Path, body: Mapping[str, object], *, sync: bool) -> None:
    try:
        put(path, json.dumps(body, ensure_ascii=False).encode(), sync=sync)
    except OSError as error:
        _log.warning("store.witness_not_written", path=str(path), reason=error.strerror)

"""docs/guide/privacy.md names everything that is kept: every table, every file of the state folder."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from engine.actions import snapshot
from engine.config.state_paths import StatePaths
from engine.identity import spool
from engine.store.schema import steps, upgrade

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "guide" / "privacy.md").read_text("utf-8")
#: What stands in a code span.
NAMED = set(re.findall(r"`([^`\n]+)`", PAGE))
#: How the store names a file beside its database.
BESIDE = re.compile(r"""with_name\(f?(?:\w+\.name \+ "|"\{\w+\.name\})([.-][a-z]+-?)""")


def tables() -> list[str]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        upgrade(db, steps())
        return [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]


def files() -> set[str]:
    """Every file that the program makes in the state folder, by its beginning."""
    beside = {
        f"matthan.db{suffix}"
        for path in (ROOT / "engine" / "store").rglob("*.py")
        for suffix in BESIDE.findall(path.read_text("utf-8"))
    }
    where = StatePaths(Path("/s"), Path("/s/api.sock"))
    named = {
        value.name
        for name in dir(StatePaths)
        if not name.startswith("_")
        and isinstance(value := getattr(where, name), Path)
        and value != where.state
    }
    return {*beside, *named, spool.FOLDER, snapshot.FOLDER}


@pytest.mark.parametrize("table", tables())
def test_every_table_is_named(table: str) -> None:
    assert re.search(rf"^\|[^|\n]*`{table}`", PAGE.split("## The database")[1], re.MULTILINE)


@pytest.mark.parametrize("file", sorted(files()))
def test_every_file_is_named(file: str) -> None:
    assert any(name.startswith(file) for name in NAMED), file


def test_they_are_found() -> None:
    assert {"event", "audit", "person"} <= set(tables())
    assert {"matthan.db-wal", "matthan.db.witness", "matthan.db.schema-", "keys", "logins.json"} <= files()

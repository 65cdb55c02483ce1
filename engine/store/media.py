"""Pictures in a folder, a folder per day in it: the port `engine.store.ports.Media` on a file system."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from engine.runtime.whole_file import put, sync


class MediaFolder:
    """Files below a folder; a crash leaves each as it was, as it is to be, or not there, but never a piece of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(self, files: Mapping[str, bytes | None]) -> None:
        """Write files of one day in their order; None: there is none any more."""
        await asyncio.to_thread(self._write, files)

    async def days(self) -> Mapping[date, int]:
        """Return the days that have a folder, each with when that was last written to (ns)."""
        return await asyncio.to_thread(self._days)

    async def pictures(self, day: date) -> int:
        """Return how many pictures a day has."""
        return await asyncio.to_thread(lambda: sum(1 for _ in self._of(day).glob("*.jpg")))

    async def forget(self, day: date) -> None:
        """Delete a day's folder."""
        await asyncio.to_thread(shutil.rmtree, self._of(day))

    def _of(self, day: date) -> Path:
        return self._folder / day.isoformat()

    def _write(self, files: Mapping[str, bytes | None]) -> None:
        folder = (self._folder / next(iter(files))).parent
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        for name, data in files.items():
            if data is None:
                (self._folder / name).unlink(missing_ok=True)
            else:
                put(self._folder / name, data, mode=0o640)
        sync(folder)

    def _days(self) -> dict[date, int]:
        found = dict[date, int]()
        for day in self._folder.glob("????-??-??"):
            try:
                name = date.fromisoformat(day.name)
                if day.is_dir() and not day.is_symlink():
                    found[name] = day.stat().st_mtime_ns
            except (ValueError, FileNotFoundError):
                continue
        return found

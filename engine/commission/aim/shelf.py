"""Where reference pictures are kept. Light: the engine has it before anybody aims."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from engine.runtime import whole_file


class Shelf:
    """The reference pictures of a site, one JPEG for each camera, in a folder. Blocking."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, camera: str, jpeg: bytes) -> None:
        """Keep a picture; that of before is gone.

        Raises:
            OSError: It cannot be written; the old one is still there.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        whole_file.put(self._path(camera), jpeg)

    def get(self, camera: str) -> tuple[bytes, datetime] | None:
        """Return a camera's picture and since when it is kept; None: there is none.

        Raises:
            OSError: It cannot be read.
        """
        path = self._path(camera)
        try:
            return path.read_bytes(), self._at(path)
        except FileNotFoundError:
            return None

    def at(self, camera: str) -> datetime | None:
        """Return since when a camera's picture is kept; None: there is none."""
        try:
            return self._at(self._path(camera))
        except OSError:
            return None

    def _path(self, camera: str) -> Path:
        return self._folder / f"{camera}.jpg"

    def _at(self, path: Path) -> datetime:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)

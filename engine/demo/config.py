"""The configuration that the demo writes: what a technician would write after discovery."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from drivers.contract import Found
from engine.config import writer

#: The road and pavement of the drawn street: the lower two thirds of the picture.
STREET = [[0.0, 0.35], [1.0, 0.35], [1.0, 1.0], [0.0, 1.0]]


def write(
    folder: Path, devices: Sequence[Found], *, ptz: str, username: str, password_file: Path, language: str
) -> Path:
    """Write ``matthan.yaml`` and its rules into `folder` and return the path.

    Nothing is probed again: what else answers on this machine, another demo's cameras say, is not ours to tell of.

    Args:
        devices: The devices that discovery brought; each becomes a camera.
        ptz: Endpoint reference of the PTZ camera.
        password_file: Mode 0600, beside the configuration; never its content.
    """
    fixed = [each.identity for each in devices if each.identity != ptz]
    names = {identity: f"cam-{number}" for number, identity in enumerate(fixed, 1)} | {ptz: "ptz"}
    cameras = [_camera(names[each.identity], each, username, password_file) for each in devices]
    document = {
        "site": "demo",
        "title": "Mắt Thần demo",
        "language": language,
        "state": str(folder / "state"),
        "rules": ["rules.yaml"],
        "cameras": cameras,
        "preview": {"port": 0},
    }
    path = folder / "matthan.yaml"
    writer.put(folder / "rules.yaml", files("engine.demo").joinpath("rules.yaml").read_bytes())
    writer.put(path, writer.spelled(document))
    return path


def _camera(name: str, found: Found, username: str, password_file: Path) -> dict[str, object]:
    return {
        "id": name,
        "name": found.name,
        "url": found.url,
        "login": {"username": username, "password": f"file:{password_file}"},
        "zones": {"street": STREET},
    }

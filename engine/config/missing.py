"""What a configuration names and this machine does not have: drivers, secrets.

No part of reading a configuration: a camera whose driver or secret is missing must not keep the others from
being watched. It is looked at where somebody asks whether all is well.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Mapping
from typing import Any

from drivers import registry
from engine.config.addresses import empty_level
from engine.config.cleartext import SHORTEST
from engine.config.credentials import SECRET_KEYS, CredentialError, Vault
from engine.config.settings import Settings
from rules.document.source import Flaw, Gravity, Path
from rules.document.validation import nearest
from rules.geometry import Polygon, surface
from rules.model import Fact

#: What a vault says -> our sentences. What only the running service can have (systemd's) is not told.
_SENTENCES = {
    "credentials.unreadable": "secret_unreadable",
    "credentials.open_to_others": "secret_open",
    "credentials.no_variable": "secret_unset",
    "credentials.empty": "secret_content",
    "credentials.too_large": "secret_content",
    "credentials.not_text": "secret_content",
}
#: Area of a polygon, of the picture's, below which nothing lies in it: a few pixels.
FLAT = 1e-4
_REFERENCE = re.compile("(file|env|credential):.+")


def doubts(settings: Settings) -> Iterator[Flaw]:
    """Yield what works and is probably not meant."""
    for index, camera in enumerate(settings.cameras):
        yield from _flat(("cameras", index, "zones"), camera.zones)
        yield from _flat(("cameras", index, "motion", "ignore"), camera.motion.ignore)
    mqtt = settings.actions.mqtt
    within = empty_level(mqtt.prefix) if mqtt else None
    if mqtt is not None and within is not None:
        meant = "/".join(filter(None, mqtt.prefix.split("/")))
        where: Path = ("actions", "mqtt", "prefix")
        yield Flaw(where, "problem.topic_level", {}, meant, Gravity.WARNING, within=within)


def _flat(path: Path, polygons: Mapping[str, Polygon]) -> Iterator[Flaw]:
    """Yield the polygons in which nothing can lie."""
    for name, corners in polygons.items():
        if surface(corners) < FLAT:
            yield Flaw((*path, name), "problem.flat_polygon", {"name": name}, severity=Gravity.WARNING)


def missing(data: object, vault: Vault) -> Iterator[Flaw]:
    """Yield what a configuration, as it is written, names and this machine does not have."""
    yield from _interfaces(data)
    cameras = data.get("cameras") if isinstance(data, Mapping) else None
    for index, camera in enumerate(cameras if isinstance(cameras, list) else ()):
        driver = camera.get("driver") if isinstance(camera, Mapping) else None
        known = registry.names()
        if isinstance(driver, str) and driver not in known:
            values: dict[str, Fact] = {"driver": driver, "known": ", ".join(known)}
            where: Path = ("cameras", index, "driver")
            yield Flaw(where, "problem.unknown_driver", values, nearest(driver, known))
    for path, reference in _references(data, ()):
        if _REFERENCE.fullmatch(reference):
            yield from _secret(path, reference, vault)


def _interfaces(data: object) -> Iterator[Flaw]:
    """Yield the networks that are to be probed, and that this machine is not on."""
    section = data.get("discovery") if isinstance(data, Mapping) else None
    named = section.get("interfaces") if isinstance(section, Mapping) else None
    for index, address in enumerate(named if isinstance(named, list) else ()):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            try:
                sock.bind((address, 0))
            except OSError:
                where: Path = ("discovery", "interfaces", index)
                yield Flaw(where, "problem.foreign_interface", {}, severity=Gravity.WARNING)
            except (TypeError, ValueError):  # no text, or no address: the shape is checked elsewhere
                continue


def _references(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield every reference to a secret and its path; cameras that are switched off need none."""
    if isinstance(value, Mapping):
        for key, inner in value.items() if value.get("enabled") is not False else ():
            if key in SECRET_KEYS and isinstance(inner, str):
                yield (*path, key), inner
            else:
                yield from _references(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _references(inner, (*path, index))


def _secret(path: Path, reference: str, vault: Vault) -> Iterator[Flaw]:
    try:
        secret = vault.secret(reference)
        if path[-1] == "token" and len(secret) < SHORTEST:  # it opens the API to whoever guesses it
            values: dict[str, Fact] = {"reference": reference, "least": SHORTEST}
            yield Flaw(path, "problem.short_secret", values, severity=Gravity.WARNING)
    except CredentialError as error:
        if error.code in _SENTENCES:
            code = _SENTENCES[error.code]
            values = {"reference": reference, **error.values}
            # Others than the service's user may ask, and elsewhere; a mode that is too wide is wrong for all.
            severity = Gravity.ERROR if code == "secret_open" else Gravity.WARNING
            yield Flaw(path, f"problem.{code}", values, severity=severity)

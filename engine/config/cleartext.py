"""Secrets that a configuration sends or keeps in the clear, or shares: it works, and nobody knows who has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from drivers.errors import redact
from engine.config.addresses import host_and_port, is_loopback
from engine.config.settings import CameraSettings, Settings, Tls
from rules.document.source import Flaw, Gravity, Path
from rules.model import Fact

#: Characters below which a token that opens the API is guessed; 16 random ones are not.
SHORTEST = 16
#: Names of options that hold secrets, whatever driver they are for.
_SECRET = re.compile(r"pass(word|wd|phrase)?$|secret|token|api_?key", re.IGNORECASE)


def in_clear(settings: Settings) -> Iterator[Flaw]:
    """Yield what others could read on the way, or in the file and its backups."""
    yield from _broker(settings)
    yield from _webhooks(settings)
    yield from _doors(settings)
    if settings.api.token is not None:
        yield _warning(("api", "token"), "shared_token", role=settings.api.token_role)
    for path in kept_in_clear(settings):
        yield _warning(path, "option_login")


def kept_in_clear(settings: Settings) -> Iterator[Path]:
    """Yield where the file itself, thus every backup of it, holds a password."""
    for index, camera in enumerate(settings.cameras):
        for name in _secret_options(camera):
            yield ("cameras", index, "options", name)


def _secret_options(camera: CameraSettings) -> Iterator[str]:
    for name, value in camera.options.items():
        if isinstance(value, str) and value and (_SECRET.search(name) or redact(value) != value):
            yield name


def _broker(settings: Settings) -> Iterator[Flaw]:
    mqtt = settings.actions.mqtt
    if mqtt is not None and mqtt.login is not None and not mqtt.tls and not is_loopback(mqtt.host):
        yield _warning(("actions", "mqtt", "login"), "clear_login", host=mqtt.host)


def _webhooks(settings: Settings) -> Iterator[Flaw]:
    for name, hook in settings.actions.webhooks.items():
        parts = urlsplit(hook.url)
        if hook.secret is not None and parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            where: Path = ("actions", "webhooks", name, "secret")
            yield _warning(where, "clear_bearer", host=parts.hostname or "")


def _doors(settings: Settings) -> Iterator[Flaw]:
    """Yield doors that must not be open like that: the engine would not open them."""
    api, preview = settings.api, settings.preview
    host = host_and_port(api.tcp)[0] or api.tcp if api.tcp else "127.0.0.1"
    doors: tuple[tuple[Path, str, Tls | None], ...] = (
        (("api", "tls"), host, api.tls),
        (("preview", "tls"), preview.host if preview.enabled else "127.0.0.1", preview.tls),
    )
    for path, where, tls in doors:
        if tls == "off" and not is_loopback(where):
            yield Flaw(path, "problem.clear_door", {"where": where})


def _warning(path: Path, code: str, **values: Fact) -> Flaw:
    return Flaw(path, f"problem.{code}", values, severity=Gravity.WARNING)

"""Which actions a site has: built from its settings. Targets that are not configured are not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from engine.actions.contract import Action, Cameras
from engine.config.settings import ActionSettings, LoginSettings, MqttSettings, WebhookSettings
from engine.runtime.clock import Clock
from engine.store.ports import Media
from engine.text import Language

#: Returns what a secret reference (``file:``, ``env:``, ``credential:``) stands for.
Secret = Callable[[str], str]


def build(
    settings: ActionSettings,
    hands: Cameras,
    media: Media,
    *,
    site: str,
    clock: Clock,
    secret: Secret,
    random: Random,
    language: Language = "vi",
) -> Mapping[str, Action]:
    """Return the actions by name; those with `serve` are held open by the outbox.

    Args:
        media: Where pictures go.
        secret: Raises what it likes for a secret that cannot be read; nothing is caught here.
    """
    from engine.actions.log import Log
    from engine.actions.ptz import PtzPreset
    from engine.actions.snapshot import Snapshot

    found: dict[str, Action] = {
        "log": Log(language),
        "ptz": PtzPreset(hands, clock),
        "snapshot": Snapshot(hands, clock, media),
    }
    if settings.mqtt is not None:
        found["mqtt"] = _mqtt(site, settings.mqtt, secret, random)
    if settings.webhooks:
        found["webhook"] = _webhook(site, settings.webhooks, secret, clock)
    return found


def _mqtt(site: str, settings: MqttSettings, secret: Secret, random: Random) -> Action:
    from engine.actions.mqtt import Broker, Mqtt  # heavy: only where a broker is configured

    username, password = _login(settings.login, secret)
    broker = Broker(
        host=settings.host,
        port=settings.port,
        prefix=settings.prefix,
        username=username,
        password=password,
        tls=settings.tls,
        ca=settings.ca,
    )
    return Mqtt(site, broker, random)


def _login(login: LoginSettings | None, secret: Secret) -> tuple[str | None, str | None]:
    return (None, None) if login is None else (login.username, secret(login.password))


def _webhook(site: str, settings: Mapping[str, WebhookSettings], secret: Secret, clock: Clock) -> Action:
    from engine.actions.webhook import HttpTarget, Webhook  # heavy: only where a target is configured

    targets = {
        name: HttpTarget(each.url, each.timeout, secret(each.secret) if each.secret else None)
        for name, each in settings.items()
    }
    return Webhook(site, targets, clock)

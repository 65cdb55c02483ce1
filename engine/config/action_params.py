"""Parameters of every action, strict. Light to import: the rule compiler checks against them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_core import ErrorDetails

from engine.config.addresses import Topic
from engine.config.settings import ActionSettings
from rules.document.scalars import Slug
from rules.text import render

#: Seconds after which a movement or a picture would show another moment than the one decided about.
LATE = 30.0
_TARGET = "Name under `actions.webhooks`."


class Params(BaseModel):
    """Base: unknown keys are errors, nothing is coerced from text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class LogParams(Params):
    """Write a line into the engine's log."""

    level: Literal["info", "warning", "error"] = Field("info", description="Level of the line.")


class MqttParams(Params):
    """Publish a CloudEvent to the site's MQTT broker, QoS 1."""

    topic: Topic | None = Field(None, description="Topic; default: PREFIX/SITE/CAMERA/decision/RULE.")
    retain: bool = Field(False, description="Let the broker keep the last one for late subscribers.")


class WebhookParams(Params):
    """Post a CloudEvent to one of the configured webhooks."""

    target: Slug = Field(description=_TARGET)


class PtzParams(Params):
    """Send a PTZ camera to a preset."""

    preset: Annotated[str, Field(min_length=1)] = Field(description="Preset by token or name.")
    camera: Slug | None = Field(None, description="Which camera; default: the one decided about.")
    late: Annotated[float, Field(gt=0)] = Field(
        LATE, description="Seconds after the decision when it is too late to move."
    )


class SnapshotParams(Params):
    """Keep a picture of the camera."""

    camera: Slug | None = Field(None, description="Which camera; default: the one decided about.")
    width: Annotated[int, Field(ge=64, le=4096)] = Field(1280, description="Most pixels wide.")
    late: Annotated[float, Field(gt=0)] = Field(
        LATE, description="Seconds after the decision when it is too late for a picture."
    )


#: Every action that there is.
PARAMS: Mapping[str, type[Params]] = MappingProxyType(
    {
        "log": LogParams,
        "mqtt": MqttParams,
        "webhook": WebhookParams,
        "ptz": PtzParams,
        "snapshot": SnapshotParams,
    }
)


def available(settings: ActionSettings) -> Mapping[str, type[Params]]:
    """Return the actions that a site's rules may name, `webhook` narrowed to the configured targets."""
    found = dict(PARAMS)
    if settings.mqtt is None:
        del found["mqtt"]
    del found["webhook"]
    if settings.webhooks:
        found["webhook"] = _narrowed(tuple(settings.webhooks))
    return found


def _narrowed(names: tuple[str, ...]) -> type[Params]:
    choice: Any = Literal[names]  # known at run time only, which no type checker can follow
    return create_model("WebhookParams", __base__=WebhookParams, target=(choice, Field(description=_TARGET)))


def check(name: str, params: Mapping[str, object], settings: ActionSettings) -> list[str]:
    """Return everything wrong with an action as a rule names it; empty when it can be carried out."""
    known = available(settings)
    if name not in known:
        return [f"no action {name!r}; configured: {', '.join(known)}"]
    try:
        known[name].model_validate(dict(params))
    except ValidationError as error:
        return complaints(error, name)
    return []


def complaints(error: ValidationError, name: str = "") -> list[str]:
    """Return what is wrong with parameters, one sentence for each; `name` where it is the whole."""
    return [f"{'.'.join(map(str, each['loc'])) or name}: {_said(each)}" for each in error.errors()]


def _said(detail: ErrorDetails) -> str:
    """Return a check's sentence: of one of our own (`rules.document.scalars.problem`) its code's."""
    context = detail.get("ctx", {})
    own = context.get("code") == detail["type"]
    return render(f"problem.{detail['type']}", context, "en") if own else detail["msg"]

"""What a camera can do and what of it can be set, as a list that programs go through."""

from __future__ import annotations

from typing import Annotated, Final, Protocol

from pydantic import Field

from engine.api.question import Inquiry, Question, Resource
from engine.api.sentence import Sentence
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.identity.record import Deed
from engine.web.payload import Wire

#: What fits in 64 bits, a number, a text that is not endless.
Written = (
    bool
    | Annotated[int, Field(ge=-(2**63), lt=2**63)]
    | Annotated[float, Field(allow_inf_nan=False)]
    | Annotated[str, Field(max_length=1000)]
)


class Feature(Wire):
    """One ability (`kind` is ``ability``), or one value that can be read, set or heard of.

    Attributes:
        kind: ``ability``, ``flag``, ``number``, ``text``, ``choice``, ``moment``; more of them may come.
        category: ``camera``, ``ptz``, ``audio``, ``events``, ``io``, ``time``, ``network``, ``encoder``, ``imaging``,
            ``users``; likewise.
        range: What it may be, for people: ``1..30 fps``, ``on|off``.
        least: Smallest number; `most`: largest, or a text's longest length; missing: not said.
        choices: What a choice may be.
        pulse: Seconds after which a relay falls back by itself; 0: it stays.
        value: As it is now, a moment in RFC 3339; missing: it cannot be read, or could not.
        fault: Why it could not.
    """

    id: str
    kind: str
    category: str
    unit: str = ""
    range: str = ""
    least: float | None = None
    most: float | None = None
    whole: bool = False
    choices: tuple[str, ...] = ()
    pulse: float = 0.0
    readable: bool = False
    writable: bool = False
    value: bool | int | float | str | None = None
    fault: Sentence | None = None


class FeatureValue(Wire):
    """What a feature is to be. A text is read as the feature's kind has it: ``on``, ``25``, RFC 3339."""

    value: Written


class OutputState(Wire):
    """What an output is to be."""

    on: bool


#: What stands before an output's name in its feature.
OUTPUT: Final = "output."
FEATURES = Question(
    "GET", "/v1/cameras/{id}/features", "What a camera can do, and how it is set", Permission.STATE,
    list[Feature], of="path",
)  # fmt: skip
SET_FEATURE = Question(
    "PUT", "/v1/cameras/{id}/features/{feature}", "Set a feature of a camera", Permission.CONFIGURE,
    Feature, body=FeatureValue, of="path", deed=Deed.CONFIGURE,
)  # fmt: skip


SWITCH = Question(
    "PUT", "/v1/cameras/{id}/outputs/{output}", "Switch an output of a camera: a relay", Permission.RELAY,
    Feature, body=OutputState, of="path", deed=Deed.RELAY,
)  # fmt: skip


class FeaturePort(Protocol):
    """What is asked of the engine.

    Both raise 404 ``camera.unknown``, 409 ``camera.offline``, and a DriverError where the device fails.
    """

    async def features(self, caller: Caller, camera: str) -> list[Feature]:
        """Return every feature; the device is asked, which may take seconds."""
        ...

    async def set_feature(
        self, caller: Caller, camera: str, feature: str, value: bool | int | float | str
    ) -> Feature:
        """Set a feature; return it as the device tells it then.

        Raises:
            HttpProblem: 404 ``driver.no_feature``; 422 ``driver.value``, ``feature.read_only``.
        """
        ...


def resource(port: FeaturePort) -> Resource:
    """Return the questions about features."""

    async def features(asked: Inquiry[None, None]) -> list[Feature]:
        return await port.features(asked.caller, asked.name)

    async def set_feature(asked: Inquiry[None, FeatureValue]) -> Feature:
        camera, feature = asked.names["id"], asked.names["feature"]
        return await port.set_feature(asked.caller, camera, feature, asked.body.value)

    async def switch(asked: Inquiry[None, OutputState]) -> Feature:
        camera, output = asked.names["id"], f"{OUTPUT}{asked.names['output']}"
        return await port.set_feature(asked.caller, camera, output, asked.body.on)

    answers = (FEATURES.by(features), SET_FEATURE.by(set_feature), SWITCH.by(switch))
    return Resource("features", answers)

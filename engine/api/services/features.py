"""Features as clients ask for them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from drivers.contract import Value
from drivers.errors import Unsupported
from engine.api import present
from engine.api.resources.features import Feature
from engine.api.services.runners import runner_of
from engine.errors import Again
from engine.identity.caller import Caller
from engine.runtime import log
from engine.web.refusals import refusal
from rules.model import Fact

if TYPE_CHECKING:
    from engine.fleet.camera import CameraRunner
    from engine.fleet.features import CameraFeatures, FeatureState

logger = log.get(__name__)
#: HTTP's word where it is whoever asked that is wrong, and not the device.
_STATUS = {"driver.no_feature": 404, "driver.value": 422, "feature.read_only": 422}


class FeatureService:
    """Implements `engine.api.resources.features.FeaturePort`."""

    def __init__(self, cameras: Mapping[str, CameraRunner]) -> None:
        self._cameras = cameras

    async def features(self, caller: Caller, camera: str) -> list[Feature]:
        """Return every feature of an open camera."""
        return [on_wire(each) for each in await self._of(caller, camera).states()]

    async def set_feature(self, caller: Caller, camera: str, feature: str, value: Fact) -> Feature:
        """Set a feature; return it as it is then. Who set what stands in the log."""
        of = self._of(caller, camera)
        try:
            now = on_wire(await of.set(feature, value))
        except Unsupported as error:
            if error.code not in _STATUS:
                raise
            raise refusal(_STATUS[error.code], error.code, **error.values) from error
        logger.info("feature set", camera=camera, feature=feature, value=str(value)[:80], by=caller.user)
        return now

    def _of(self, caller: Caller, camera: str) -> CameraFeatures:
        try:
            return runner_of(self._cameras, camera, caller).configurable
        except Again as error:
            raise refusal(409, "camera.offline", camera=camera) from error


def on_wire(state: FeatureState) -> Feature:
    """Return a feature as it goes over the wire."""
    it = state.feature
    return Feature(
        id=_text(it.id), kind=str(it.kind), category=str(it.category), unit=_text(it.unit), range=_text(it.range),
        least=it.least, most=it.most, whole=it.whole, choices=tuple(map(_text, it.choices)), pulse=it.pulse,
        readable=it.readable, writable=it.writable, value=_value(state.value),
        fault=None if state.fault is None else present.sentence(state.fault),
    )  # fmt: skip


def _value(value: Value | None) -> Fact | None:
    """Return a value that JSON can bear, whatever a driver hands over."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (bool, int, float)) else _text(value)


def _text(text: str) -> str:
    """Return a text without lone surrogates, which UTF-8 cannot bear."""
    return str(text).encode("utf-8", "replace").decode()

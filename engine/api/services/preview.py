"""Links to the live picture, as long as there is a preview."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from engine.api.resources.preview import PreviewLink
from engine.api.services.runners import runner_of
from engine.identity.caller import Caller
from engine.web.refusals import refusal

if TYPE_CHECKING:
    from engine.fleet.camera import CameraRunner


class PreviewDoor(Protocol):
    """The preview; implemented by `engine.preview.server`."""

    @property
    def viewers(self) -> int:
        """How many are watching now."""
        ...

    @property
    def dropped(self) -> int:
        """How many packets were lost on the way through encoders."""
        ...

    def link(self, caller: Caller, camera: str) -> tuple[str, datetime]:
        """Return a link by which a camera may be watched as somebody may, and when it expires (UTC)."""
        ...


class PreviewService:
    """Implements `engine.api.resources.preview.PreviewPort`.

    Args:
        preview: Returns it; None: there is none now.
    """

    def __init__(
        self, cameras: Mapping[str, CameraRunner], preview: Callable[[], PreviewDoor | None]
    ) -> None:
        self._cameras, self._preview = cameras, preview

    def preview_link(self, caller: Caller, camera: str) -> PreviewLink:
        """Return a short-lived link to the camera's preview page."""
        runner_of(self._cameras, camera, caller)
        preview = self._preview()
        if preview is None:
            raise refusal(409, "preview.disabled")
        url, expires = preview.link(caller, camera)
        return PreviewLink(url=url, expires=expires)

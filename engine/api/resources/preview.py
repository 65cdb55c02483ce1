"""Links to the live picture."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from engine.api.question import Inquiry, Question, Resource
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.identity.record import Deed
from engine.web.payload import Wire


class PreviewLink(Wire):
    """A short-lived link to a camera's preview page."""

    url: str
    expires: datetime


PREVIEW = Question(
    "POST", "/v1/cameras/{id}/preview", "A short-lived preview link", Permission.LIVE, PreviewLink,
    of="path", deed=Deed.LIVE,
)  # fmt: skip


class PreviewPort(Protocol):
    """What is asked of the engine."""

    def preview_link(self, caller: Caller, camera: str) -> PreviewLink:
        """Return a short-lived link to the camera's preview page.

        Raises:
            HttpProblem: 404 ``camera.unknown``, 409 ``preview.disabled``.
        """
        ...


def resource(previews: PreviewPort) -> Resource:
    """Return the question about previews."""

    async def preview(asked: Inquiry[None, None]) -> PreviewLink:
        return previews.preview_link(asked.caller, asked.name)

    return Resource("preview", (PREVIEW.by(preview),))

"""The one check of `engine.web.permission`, by the name that the API has for it."""

from __future__ import annotations

from engine.web.permission import permit

__all__ = ["permit"]

"""Severities in their order."""

from __future__ import annotations

from collections.abc import Mapping

#: The worst first; what is not among them comes after.
RANK: Mapping[str, int] = {"critical": 0, "warning": 1, "info": 2}

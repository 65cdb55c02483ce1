"""Compiled kernels: typed, cached on disk, made at first use.

Numba is imported by the first call of a kernel, not by importing the module that holds it. Compiled
code goes beside the source if that can be written, else into the user's cache, else (systemd) into
``$CACHE_DIRECTORY``; where nothing can be written it is compiled anew in every run.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger(__name__)
_compiling = threading.Lock()


def build(function: Callable[P, R], signature: str) -> Callable[P, R]:
    """Compile a function for one signature, without the GIL, from the cache where there is one."""
    if "CACHE_DIRECTORY" in os.environ:  # numba reads its settings when it is imported
        os.environ.setdefault("NUMBA_CACHE_DIR", os.environ["CACHE_DIRECTORY"].split(":")[0])
    import numba

    with _compiling:
        lasting = True
        try:
            made = numba.njit(signature, nogil=True, cache=True)(function)
        except (RuntimeError, OSError):  # "no locator available", read-only or full disk: do without
            lasting, made = False, numba.njit(signature, nogil=True)(function)
        if made.stats.cache_misses:
            _tell(lasting=lasting)
    return cast("Callable[P, R]", made)


@cache
def _tell(*, lasting: bool) -> None:
    """Say once why a start takes so long."""
    if lasting:
        logger.info("compiling kernels: the first start on a machine takes up to half a minute more")
    else:
        logger.warning("compiled kernels cannot be kept: every start takes longer (matthan doctor)")


def kernel(signature: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile the decorated function at its first call."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        made: list[Callable[..., Any]] = []

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            if not made:
                made.append(build(function, signature))
            result: R = made[0](*args, **kwargs)
            return result

        return call

    return decorate

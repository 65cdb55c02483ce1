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


def once(make: Callable[P, R]) -> Callable[P, R]:
    """Return what makes the same thing once for each set of arguments, also where many threads ask at the same time.

    `functools.cache` alone would let each of them make its own: a site's cameras begin together, and each would
    have loaded all kernels (0.5 MB for each camera, for good).
    """
    known, lock = cache(make), threading.Lock()

    @wraps(make)
    def made(*args: P.args, **kwargs: P.kwargs) -> R:
        with lock:
            return known(*args, **kwargs)  # type: ignore[arg-type]  # what is made by is hashable

    return made


def kernel(signature: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile the decorated function at its first call."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        made: list[Callable[..., Any]] = []
        making = once(lambda: build(function, signature))

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            if not made:
                made.append(making())
            result: R = made[0](*args, **kwargs)
            return result

        return call

    return decorate

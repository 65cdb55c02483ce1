"""The heap is kept small, and what grows on and on is told."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runtime.memory import EASE, STEP, STEPS, Growth, MemoryKeeping

GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
#: Threads that come and go, each of which takes and frees what a stream takes; prints the arenas that there were.
STREAMS = """
import ctypes, re, sys, threading
from engine.runtime import memory
if sys.argv[1] == "bound":
    assert memory.bound()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
gate = threading.Barrier(8)
def work():
    gate.wait()
    held = [libc.malloc(50_000) for _ in range(20)]
    gate.wait()
    for each in held:
        libc.free(each)
threads = [threading.Thread(target=work) for _ in range(8)]
[each.start() for each in threads]
[each.join() for each in threads]
memory.trim()
libc.malloc_stats()
"""


def arenas(how: str) -> int:
    told = subprocess.run([sys.executable, "-c", STREAMS, how], capture_output=True, text=True, check=True)
    return told.stderr.count("Arena ")


@GLIBC
def test_threads_share_one_heap_once_it_is_bound() -> None:
    assert arenas("bound") == 1
    assert arenas("as it is") > 1


def fed(growth: Growth, sizes: list[float]) -> float | None:
    for size in sizes:
        for _ in range(STEP):
            growth.look(size)
    return growth.grown


def test_what_grows_on_and_on_is_told_and_what_levels_off_is_not() -> None:
    assert fed(Growth(), [100 + 20 * hour for hour in range(STEPS + 1)]) == 20 * STEPS
    assert fed(Growth(), [100 + 20 * hour for hour in range(STEPS)]) is None
    assert fed(Growth(), [100, 300, 350, 360, 361, 361, 362, 362]) is None
    assert fed(Growth(), [100 + 5 * hour for hour in range(STEPS + 1)]) is None  # 30 MB in six hours
    growth = Growth()
    assert fed(growth, [100 + 20 * hour for hour in range(STEPS + 1)]) is not None
    assert fed(growth, [220]) is None


@given(st.lists(st.floats(100, 400), min_size=STEPS + 1, max_size=30))
def test_a_size_that_ever_fell_lately_does_not_grow(sizes: list[float]) -> None:
    growth = Growth()
    grown = fed(growth, sizes)
    last = sizes[-STEPS - 1 :]
    assert (grown is not None) <= (last == sorted(last))


async def test_it_is_a_problem_while_it_lasts_and_unused_memory_is_let_go_now_and_then() -> None:
    size, eased = [100.0], list[float]()
    keeping = MemoryKeeping(lambda: size[0], lambda: eased.append(size[0]))
    for _ in range(STEPS + 1):
        for _ in range(STEP):
            await keeping.look()
        size[0] += 30
    assert [each.code for each in keeping.problems()] == ["engine.memory_grown"]
    assert len(eased) == (STEPS + 1) * STEP // EASE

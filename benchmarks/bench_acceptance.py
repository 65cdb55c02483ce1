"""What the quick set of checks costs: seconds of a camera, CPU of the checks, and its ratio to bare reading.

The cameras (a stream each, 640x360 at 10) run in another process, so that their coding is not
counted. The peer is the same driver that reads the same stream as long and does nothing with the packets.

``python benchmarks/bench_acceptance.py [--cameras N] [--json]``: docs/design/acceptance.md, "Measured".
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from drivers.contract import Device, Login, Target
from drivers.onvif import driver
from engine.census.sighting import Expected, Identity
from engine.commission.acceptance import Acceptance
from engine.commission.checks.examination import examine
from engine.commission.standard import Standard
from engine.commission.subject import Pictures, Subject
from engine.runtime.clock import SystemClock
from engine.runtime.thread import in_thread

LOGIN = Login("admin", "Mat-Khau-Tot-9")
PROGRAM = """
import asyncio, sys
from contextlib import AsyncExitStack
from drivers.virtual.camera import VirtualCamera
from drivers.virtual.encoding import SINGLE
from drivers.virtual.spec import CameraSpec
async def main():
    async with AsyncExitStack() as stack:
        for n in range(int(sys.argv[1])):
            spec = CameraSpec(name=f"c{n}", serial=f"S{n}", username="admin", password=sys.argv[2], profiles=SINGLE,
                              street=1, writes_streams=False, discoverable=False)
            print((await stack.enter_async_context(VirtualCamera(spec))).onvif_url, flush=True)
        await asyncio.to_thread(sys.stdin.read)
asyncio.run(main())
"""


@asynccontextmanager
async def cameras(count: int) -> AsyncIterator[list[str]]:
    """Run virtual cameras in a process of their own; give their addresses."""
    command = [sys.executable, "-c", PROGRAM, str(count), LOGIN.password]
    with subprocess.Popen(  # noqa: ASYNC220 - it only starts
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        try:
            yield [await asyncio.to_thread(child.stdout.readline) for _ in range(count)]
        finally:
            child.stdin.close()


async def subject(stack: AsyncExitStack, url: str, number: int) -> Subject:
    target = Target(url.strip())
    device = await stack.enter_async_context(driver.open(target, LOGIN))
    info = device.info
    return Subject(
        Expected(f"c{number}", serial=info.serial), driver, target, LOGIN, device, device.cameras[0],
        Identity(info.manufacturer, info.model, info.serial, info.firmware), {}, {}, Standard(), SystemClock(),
        Pictures(), features=(),
    )  # fmt: skip


async def bare(device: Device, seconds: float) -> None:
    """Read the streams and do nothing with them."""

    async def read(token: str) -> None:
        stream = await device.cameras[0].open_stream(token)

        def run() -> None:
            stream.start()
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                stream.read()
            stream.close()

        await in_thread(f"bare[{token}]", run, stream.close, 4)

    async with asyncio.TaskGroup() as group:
        for each in device.cameras[0].profiles:
            group.create_task(read(each.token), name=f"bare[{each.token}]")


async def measured(count: int) -> dict[str, float]:
    async with cameras(count) as urls, AsyncExitStack() as stack:
        subjects = [await subject(stack, url, number) for number, url in enumerate(urls)]
        acceptance = Acceptance()
        await examine(
            subjects[0], acceptance, False, lambda _: None
        )  # what is imported at the first is not counted
        begun, cpu = time.monotonic(), time.process_time()
        async with asyncio.TaskGroup() as group:
            for each in subjects:
                group.create_task(examine(each, acceptance, False, lambda _: None), name=each.expected.id)
        wall, spent = time.monotonic() - begun, time.process_time() - cpu
        cpu = time.process_time()
        async with asyncio.TaskGroup() as group:
            for each in subjects:
                group.create_task(bare(each.device, wall), name=f"bare-{each.expected.id}")
        least = time.process_time() - cpu
    return {
        "cameras": count, "wall_s": round(wall, 2), "cpu_s_per_camera": round(spent / count, 3),
        "bare_cpu_s_per_camera": round(least / count, 3), "times_bare": round(spent / least, 1),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = [asyncio.run(measured(count)) for count in sorted({1, asked.cameras})]
    if asked.json:
        print(json.dumps({"bench": "acceptance", "runs": found}))
        return
    for each in found:
        print("  ".join(f"{name} {value}" for name, value in each.items()))


if __name__ == "__main__":
    main()

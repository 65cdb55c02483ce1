"""Sweep: what it costs to ask 254 hosts one by one, against connecting to their ports and no more.

    python benchmarks/bench_sweep.py --json

The hosts are addresses of loopback; `answering` of them are small ONVIF servers in a process of their own, the others
refuse. `CPU, ratio` is the processor time of the sweep (ONVIF's eleven ports and RTSP's three, answers read) over that
of plain `asyncio.open_connection` to the same ports, as many at once, in the same run. `dead /24`: seconds for a
network on whose cable nobody answers, from beginning to end, in a network namespace; only where root may make one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress

from drivers.contract import Found, Scope
from drivers.errors import DriverError
from drivers.kit.knocking import AT_ONCE, Knocker
from drivers.onvif.discovery import sweep as onvif
from drivers.rtsp import search as rtsp

HOSTS = tuple(f"127.0.77.{number}" for number in range(1, 255))
PORT, TRIES = 8080, 3
CLOCK = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><GetSystemDateAndTimeResponse/></s:Body>'
    b"</s:Envelope>"
)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(CLOCK), CLOCK)


async def devices(count: int) -> None:
    """Be so many devices for ever; prints a line when they listen."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b"</s:Envelope>")
                writer.write(ANSWER)

    servers = [await asyncio.start_server(serve, host, PORT) for host in HOSTS[:count]]
    print(len(servers), flush=True)
    await asyncio.Event().wait()


@contextmanager
def network(count: int) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, __file__, "--devices", str(count)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield
        finally:
            process.kill()


async def ours(hosts: tuple[str, ...]) -> int:
    """Sweep once, as fast as the machine allows; return how many were found."""
    scope, found = Scope(hosts=hosts, sweep=True), 0
    for module in (onvif, rtsp):
        with suppress(DriverError):
            async for _ in module.swept(scope, Knocker(per_second=1e9)):
                found += 1
    return found


async def plain() -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(host: str, port: int) -> None:
        async with places:
            with suppress(OSError):
                _, writer = await asyncio.open_connection(host, port)
                writer.close()

    await asyncio.gather(*(one(host, port) for host in HOSTS for port in (*onvif.PORTS, *rtsp.PORTS)))


def cpu(answering: int) -> dict[str, object]:
    """Return the cost of a sweep against plain connections, the best of each."""
    with network(answering):
        best: dict[str, float] = {"ours": 1e9, "plain": 1e9}
        found = 0
        for _ in range(TRIES):
            began = time.process_time()
            found = asyncio.run(ours(HOSTS))
            best["ours"] = min(best["ours"], time.process_time() - began)
            began = time.process_time()
            asyncio.run(plain())
            best["plain"] = min(best["plain"], time.process_time() - began)
    return {
        "found": f"{found} of {answering}",
        "CPU, ratio": round(best["ours"] / best["plain"], 2),
        "CPU, s": round(best["ours"], 2),
    }


def dead() -> str:
    """Return how long a network takes on which nobody answers."""
    name = f"bench{os.getpid()}"
    try:
        for words in (
            f"netns add {name}",
            f"-n {name} link add eth0 type veth peer name other",
            f"-n {name} link set other up",
            f"-n {name} addr add 192.0.2.1/24 dev eth0",
            f"-n {name} link set eth0 up",
        ):
            subprocess.run(["ip", *words.split()], check=True, capture_output=True)
        command = ["ip", "netns", "exec", name, sys.executable, __file__, "--dead"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        return f"not measured: {error}"
    finally:
        with suppress(OSError):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


async def dead_here() -> None:
    """Sweep a network of nobody, at the pace of the product, both drivers at once."""
    scope = Scope(hosts=tuple(f"192.0.2.{number}" for number in range(2, 255)), sweep=True)

    async def one(found: AsyncIterator[Found]) -> None:
        async for _ in found:
            raise AssertionError("nobody is there")

    began = time.monotonic()
    await asyncio.gather(one(onvif.swept(scope)), one(rtsp.swept(scope)))
    print(f"{time.monotonic() - began:.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    parser.add_argument("--devices", type=int, help="be so many devices")
    parser.add_argument("--dead", action="store_true", help="sweep a network of nobody, here")
    given = parser.parse_args()
    if given.devices is not None:
        asyncio.run(devices(given.devices))
    elif given.dead:
        asyncio.run(dead_here())
    else:
        result: dict[str, object] = {"bench": "sweep", "hosts": len(HOSTS)}
        print(
            json.dumps(
                result | {f"{count} answering": cpu(count) for count in (0, 25)} | {"dead /24": dead()}
            )
        )


if __name__ == "__main__":
    main()

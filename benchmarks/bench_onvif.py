"""What an ONVIF device costs beside its video: idle pulls, memory, and many that open at once.

    python benchmarks/bench_onvif.py --json

A fake device answers from another process. `bare` is the limit: the same bytes written to and read from a kept
connection by asyncio, unread. `library` is the former way: the same pull signed, sent and read through zeep.
Rounds are interleaved, medians reported. `loop_busy_ms` is the longest stretch of CPU that the loop's thread spent
between two turns of a timer of 1 ms while the devices opened: so long do the other cameras wait.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter, process_time, thread_time
from typing import Any

import psutil

NAMESPACES = (
    'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" '
    'xmlns:trt="http://www.onvif.org/ver10/media/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema" '
    'xmlns:tev="http://www.onvif.org/ver10/events/wsdl" xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" '
    'xmlns:wsa="http://www.w3.org/2005/08/addressing"'
)
PROFILE = (
    '<trt:Profiles token="{0}" fixed="true"><tt:Name>{0}</tt:Name><tt:VideoSourceConfiguration token="c">'
    "<tt:Name>v</tt:Name><tt:UseCount>1</tt:UseCount><tt:SourceToken>s</tt:SourceToken></tt:VideoSourceConfiguration>"
    '<tt:VideoEncoderConfiguration token="e"><tt:Name>e</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>H264'
    "</tt:Encoding><tt:Resolution><tt:Width>640</tt:Width><tt:Height>360</tt:Height></tt:Resolution></tt:VideoEncoder"
    "Configuration></trt:Profiles>"
)
LOGIN = ("operator", "bench-7f3a")


# -- the device, in a process of its own ---------------------------------------------------------------


def said(operation: str, port: int) -> str:
    root = f"http://127.0.0.1:{port}"
    now = datetime.now(UTC)
    match operation:
        case "GetSystemDateAndTime":
            date = f"<tt:Year>{now.year}</tt:Year><tt:Month>{now.month}</tt:Month><tt:Day>{now.day}</tt:Day>"
            hour = f"<tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute><tt:Second>0</tt:Second>"
            return f"<tt:UTCDateTime><tt:Time>{hour}</tt:Time><tt:Date>{date}</tt:Date></tt:UTCDateTime>"
        case "GetDeviceInformation":
            return "<tds:Manufacturer>Acme</tds:Manufacturer><tds:Model>M1</tds:Model>"
        case "GetCapabilities":
            return f"<tds:Capabilities><tt:Media><tt:XAddr>{root}/m</tt:XAddr></tt:Media></tds:Capabilities>"
        case "GetServices":
            spaces = {
                "m": "http://www.onvif.org/ver10/media/wsdl",
                "e": "http://www.onvif.org/ver10/events/wsdl",
            }
            return "".join(
                f"<tds:Service><tds:Namespace>{space}</tds:Namespace><tds:XAddr>{root}/{path}</tds:XAddr></tds:Service>"
                for path, space in spaces.items()
            )
        case "GetProfiles":
            return PROFILE.format("main") + PROFILE.format("sub")
        case "GetSnapshotUri":
            return f"<trt:MediaUri><tt:Uri>{root}/still.jpg</tt:Uri></trt:MediaUri>"
        case "CreatePullPointSubscription":
            return f"<tev:SubscriptionReference><wsa:Address>{root}/sub</wsa:Address></tev:SubscriptionReference>"
        case "PullMessages":
            moment = f"{now:%Y-%m-%dT%H:%M:%SZ}"
            times = f"<tev:CurrentTime>{moment}</tev:CurrentTime><tev:TerminationTime>{moment}</tev:TerminationTime>"
            return f"<tev:PullMessagesResponse>{times}</tev:PullMessagesResponse>"
    return ""


async def device() -> None:
    """Serve until killed; print the port. ``/sub`` waits as long as the pull says, ``/now`` does not."""
    port = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                body = (
                    await reader.readexactly(int(re.findall(r"(?i)content-length: (\d+)", head)[0]))
                ).decode()
                operation = re.findall(r"Body[^>]*>\s*<(?:\w+:)?(\w+)", body)[0]
                if operation == "PullMessages" and " /sub " in head:
                    await asyncio.sleep(float(re.findall(r"PT(\d+)S<", body)[0]))
                told = (
                    f"<s:Envelope {NAMESPACES}><s:Body>{said(operation, port)}</s:Body></s:Envelope>".encode()
                )
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\n")
                writer.write(b"Content-Length: %d\r\n\r\n" % len(told) + told)

    server = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    print(port, flush=True)
    await server.serve_forever()


# -- what is measured ------------------------------------------------------------------------------------


async def per_call(call: Callable[[], Awaitable[object]], times: int) -> float:
    """Return milliseconds of CPU of one call."""
    began = process_time()
    for _ in range(times):
        await call()
    return (process_time() - began) / times * 1e3


async def pulls(port: int, rounds: int, times: int) -> dict[str, Any]:
    """Return the CPU of one pull by hand, through the library, and bare."""
    from drivers.contract import Login
    from drivers.onvif.addresses import DeviceAddress
    from drivers.onvif.events import pull_point as events
    from drivers.onvif.events.subscription import EVENTS
    from drivers.onvif.soap import client as soap
    from drivers.onvif.soap import device_clock as clock
    from drivers.onvif.soap import zeep_library as library
    from drivers.onvif.soap.http_session import HttpSession
    from drivers.onvif.soap.wsse import UsernameToken

    login, url = Login(*LOGIN), f"http://127.0.0.1:{port}/now"
    session = HttpSession(DeviceAddress.at(url), login)
    subscription = events.PullPoint(soap.SoapClient(session, clock.DeviceClock()), None, timedelta(), {})  # type: ignore[arg-type]  # no task is begun
    subscription.url, subscription.renew_at = url, perf_counter() + 1e6
    proxy = await library.proxy(
        "pullpoint", url, soap._SessionTransport(session, 20.0), UsernameToken(login, timedelta())
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def by_hand() -> object:
        return await subscription.read(await subscription._pull(0.0))

    async def through_the_library() -> object:
        return await proxy.PullMessages(Timeout=timedelta(seconds=10), MessageLimit=100)

    signature = UsernameToken(login, timedelta()).header()
    asked = soap.enveloped(soap.request(EVENTS, "PullMessages", Timeout="PT10S"), signature)
    request = b"POST /now HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(asked) + asked

    async def bare() -> object:
        writer.write(request)
        return await reader.readuntil(b"</s:Envelope>")

    ways = {"by_hand": by_hand, "library": through_the_library, "bare": bare}
    found: dict[str, list[float]] = {name: [] for name in ways}
    for call in ways.values():
        await per_call(call, 10)
    for _ in range(rounds):
        for name, call in ways.items():
            found[name].append(await per_call(call, times))
    writer.close()
    await session.close()
    middle = {name: median(values) for name, values in found.items()}
    return {
        "pull_cpu_ms": {name: round(value, 3) for name, value in middle.items()},
        "times_bare": round(middle["by_hand"] / middle["bare"], 1),
        "times_library": round(middle["by_hand"] / middle["library"], 2),
        "idle_share_of_a_core_percent": round(middle["by_hand"] / 10_000 * 100, 4),
    }


async def openings(port: int, many: int) -> dict[str, Any]:
    """Return what it takes to open many devices at once, and to keep them listening."""
    from drivers.contract import Login, Target
    from drivers.onvif import driver

    busy = 0.0

    async def watch() -> None:
        nonlocal busy
        while True:
            began = thread_time()
            await asyncio.sleep(0.001)
            busy = max(busy, thread_time() - began)

    async with AsyncExitStack() as stack:
        target, login = Target(f"http://127.0.0.1:{port}"), Login(*LOGIN)
        async with driver.open(target, login):  # what is loaded once
            pass
        gc.collect()
        before = psutil.Process().memory_info().rss
        group = await stack.enter_async_context(asyncio.TaskGroup())
        watching = group.create_task(watch())
        began = process_time()

        async def listen() -> None:
            device = await stack.enter_async_context(driver.open(target, login))
            opened.release()
            async for _ in device.signals():
                pass

        opened = asyncio.Semaphore(0)
        listening = [group.create_task(listen()) for _ in range(many)]
        for _ in range(many):
            await opened.acquire()
        spent = process_time() - began
        await asyncio.sleep(3.0)
        watching.cancel()
        gc.collect()
        grown = psutil.Process().memory_info().rss - before
        began, idle = process_time(), 20.0
        await asyncio.sleep(idle)
        share = (process_time() - began) / idle / many
        for task in listening:
            task.cancel()
        await asyncio.sleep(1.0)
    return {
        "at_once": many,
        "open_cpu_ms": round(spent / many * 1e3, 2),
        "loop_busy_ms": round(busy * 1e3, 1),
        "memory_mb": round(grown / many / (1 << 20), 3),
        "core_percent": round(share * 100, 4),
    }


async def measure(port: int, rounds: int, times: int, many: int) -> dict[str, Any]:
    opened = {f"{count} devices": await openings(port, count) for count in (many, 4 * many)}
    return {"bench": "onvif", **await pulls(port, rounds, times), **opened}


def with_device(options: argparse.Namespace) -> dict[str, Any]:
    process = subprocess.Popen([sys.executable, __file__, "--device"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        return asyncio.run(measure(port, options.rounds, options.times, options.many))
    finally:
        process.kill()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--device", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--times", type=int, default=200, help="calls per round")
    parser.add_argument("--many", type=int, default=50, help="devices opened at once")
    options = parser.parse_args()
    if options.device:
        asyncio.run(device())
        return
    found = with_device(options)
    print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()

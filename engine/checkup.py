"""What `matthan doctor` looks at: each check is a function that returns one finding."""

from __future__ import annotations

import errno
import locale
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from platformdirs import user_cache_path

from drivers import registry
from drivers.errors import DriverError

#: Every foreign package whose version matters when somebody asks for help.
PACKAGES = (
    "numpy", "numba", "av", "aiortc", "aiohttp", "aiomqtt", "aiosqlite", "onvif-zeep-async",
    "pydantic", "pyyaml", "ruamel.yaml", "textual", "textual-image",
)  # fmt: skip
RUNTIMES = ("ai-edge-litert", "tflite-runtime")
#: Bytes free below which the state's disk is a warning, and a failure.
LEAST_DISK, FULL = 1 << 30, 64 << 20
MULTICAST_PORT = 3702


class Grade(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what was looked at, how it is, and what to do about it."""

    about: str
    grade: Grade
    found: str
    advice: str = ""


def python() -> Finding:
    """Return the interpreter's version."""
    told = ".".join(map(str, sys.version_info[:3]))
    fits = (3, 11) <= sys.version_info[:2] < (3, 14)
    return Finding(
        "python", Grade.OK if fits else Grade.FAIL, told, "" if fits else "use Python 3.11 to 3.13"
    )


def packages() -> Iterator[Finding]:
    """Return one finding per missing package, or one that names all versions."""
    versions = {name: _version(name) for name in PACKAGES}
    missing = [name for name, told in versions.items() if told is None]
    for name in missing:
        yield Finding(
            "package",
            Grade.FAIL,
            f"{name} is missing",
            "install matthan again",
        )
    if not missing:
        yield Finding("packages", Grade.OK, ", ".join(f"{name} {told}" for name, told in versions.items()))


def runtime() -> Finding:
    """Return which TFLite runtime is there."""
    for name in RUNTIMES:
        if told := _version(name):
            slow = name == "tflite-runtime"
            advice = "ai-edge-litert is several times faster for uint8 models" if slow else ""
            return Finding("detector runtime", Grade.WARN if slow else Grade.OK, f"{name} {told}", advice)
    return Finding(
        "detector runtime", Grade.WARN, "none", "pip install ai-edge-litert; without it: motion only"
    )


def drivers() -> Iterator[Finding]:
    """Return one finding per installed driver; a broken one says why."""
    for name in registry.names():
        about = registry.about(name)
        origin = f"{about.value} from {about.distribution} {about.version}"
        try:
            registry.load(name)
        except DriverError as error:
            yield Finding(f"driver {name}", Grade.FAIL, f"{origin}: {error}", "update or remove this plug-in")
        else:
            yield Finding(f"driver {name}", Grade.OK, origin)


def commands(broken: list[str]) -> Iterator[Finding]:
    """Return one finding per command plug-in that could not be loaded."""
    for sentence in broken:
        yield Finding("command", Grade.FAIL, sentence, "update or remove this plug-in")


def disk(state: Path) -> Finding:
    """Return the room where the state lives."""
    place = next(path for path in (state, *state.parents) if os.path.exists(path))  # False where not allowed
    if not os.access(place, os.W_OK | os.X_OK):
        advice = "run as the service's user, or set state: in the configuration"
        return Finding("disk", Grade.FAIL, f"{place} is not writable by this user", advice)
    free = shutil.disk_usage(place).free
    room = f"{free / 2**30:.1f} GiB free at {place}"
    if free < FULL:
        return Finding("disk", Grade.FAIL, room, "free some room: no event can be stored")
    if free < LEAST_DISK:
        return Finding(
            "disk", Grade.WARN, room, "free some room: new events have to wait when the disk is full"
        )
    return Finding("disk", Grade.OK, room)


def clock() -> Finding:
    """Return whether the machine's clock is kept right by NTP."""
    tool = shutil.which("timedatectl")
    if tool is None:
        return Finding(
            "clock", Grade.WARN, "cannot tell whether NTP runs", "install systemd-timesyncd or chrony"
        )
    command = [tool, "show", "--property=NTPSynchronized", "--value"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=5)  # noqa: S603 - fixed
    except (OSError, subprocess.TimeoutExpired):
        return Finding("clock", Grade.WARN, "cannot tell whether NTP runs", "timedatectl does not answer")
    told = done.stdout.strip()
    if told == "yes":
        return Finding("clock", Grade.OK, "synchronised by NTP")
    advice = "switch NTP on: evidence needs exact times (timedatectl set-ntp true)"
    return Finding("clock", Grade.WARN, "not synchronised", advice)


def discovery() -> Finding:
    """Return whether WS-Discovery answers can be received."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
            probe.bind(("127.0.0.1", 0))
        except OSError as error:
            return Finding(
                "discovery", Grade.FAIL, f"no multicast: {error.strerror}", "check the network set-up"
            )
    return Finding("discovery", Grade.OK, f"multicast to port {MULTICAST_PORT} works")


def port(name: str, host: str, number: int) -> Finding:
    """Return whether a port that the engine wants is free (or held by a running engine)."""
    if number == 0:
        return Finding(name, Grade.OK, "any free port")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as a server does: TIME_WAIT is no owner
        try:
            probe.bind((host, number))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                told = f"{host}:{number}: {error.strerror or error}"
                return Finding(name, Grade.FAIL, told, "set an address and port of this machine")
        else:
            return Finding(name, Grade.OK, f"{host}:{number} is free")
    return Finding(
        name, Grade.WARN, f"{host}:{number} is in use", "fine while the engine runs; else choose another"
    )


def terminal(environ: dict[str, str]) -> Iterator[Finding]:
    """Return what pictures this terminal can show, and whether it speaks UTF-8."""
    encoding = locale.getpreferredencoding(False)
    utf8 = encoding.lower().replace("-", "") == "utf8"
    advice = "" if utf8 else "set LANG=vi_VN.UTF-8 or C.UTF-8: Vietnamese needs it"
    yield Finding("terminal text", Grade.OK if utf8 else Grade.WARN, encoding, advice)
    yield Finding("terminal pictures", Grade.OK, graphics(environ))


def graphics(environ: dict[str, str]) -> str:
    """Return the best way to show pictures that the environment promises."""
    if "TMUX" in environ or environ.get("TERM", "").startswith(("screen", "tmux")):
        return "half-blocks (inside tmux)"
    if "KITTY_WINDOW_ID" in environ or environ.get("TERM_PROGRAM") in {"WezTerm", "ghostty"}:
        return "kitty graphics"
    if environ.get("TERM_PROGRAM") in {"iTerm.app", "mintty"} or "foot" in environ.get("TERM", ""):
        return "sixel"
    if environ.get("TERM", "dumb") == "dumb":
        return "none (no terminal)"
    return "half-blocks"


def kernels(environ: Mapping[str, str]) -> Finding:
    """Return whether compiled kernels can be kept between runs; Numba looks in this order."""
    told = [
        environ[key].partition(":")[0] for key in ("NUMBA_CACHE_DIR", "CACHE_DIRECTORY") if environ.get(key)
    ]
    places = [*map(Path, told[:1]), Path(__file__).parent / "vision", user_cache_path("numba")]
    for place in places:
        there = next(path for path in (place, *place.parents) if os.path.exists(path))
        if os.access(there, os.W_OK | os.X_OK):
            return Finding("kernel cache", Grade.OK, str(place))
    advice = "every start compiles for some seconds; set NUMBA_CACHE_DIR to a writable folder"
    return Finding("kernel cache", Grade.WARN, "nowhere writable", advice)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None

"""What `matthan doctor` looks at: each check is a function that returns one finding."""

from __future__ import annotations

import errno
import locale
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from platformdirs import user_cache_path

from drivers import registry
from drivers.errors import DriverError
from engine.config.credentials import CredentialError, Vault

#: Every foreign package whose version matters when somebody asks for help.
PACKAGES = (
    "numpy", "numba", "av", "aiortc", "aiohttp", "aiomqtt", "aiosqlite", "onvif-zeep-async",
    "pydantic", "pyyaml", "ruamel.yaml", "textual", "textual-image",
)  # fmt: skip
RUNTIMES = ("ai-edge-litert", "tflite-runtime")
#: Bytes free below which the state's disk is a warning, and a failure.
LEAST_DISK, FULL = 1 << 30, 64 << 20
#: WS-Discovery's group, and seconds that the echo of a probe may take.
DISCOVERY_GROUP, ECHO_SECONDS = "239.255.255.250", 1.0


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


def decoders() -> Finding:
    """Return which hardware decodes here."""
    from engine.vision.hardware import present

    found = ", ".join(present()) or "none"
    return Finding(
        "hardware decoder",
        Grade.OK,
        found,
        "" if found == "none" else "decoder: auto uses it, below a camera",
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


def commands(broken: list[str], loaded: Iterable[object]) -> Iterator[Finding]:
    """Return one finding per command plug-in that could not be loaded, and what the others say of themselves.

    Args:
        loaded: Modules of commands. One may have ``checkup()``, which yields (about, grade, found, advice).
    """
    for sentence in broken:
        yield Finding("command", Grade.FAIL, sentence, "update or remove this plug-in")
    for module in loaded:
        for about, grade, found, advice in getattr(module, "checkup", tuple)():
            yield Finding(about, Grade(grade), found, advice)


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


def secrets(references: Iterable[str], base: Path) -> Iterator[Finding]:
    """Return one finding per secret that cannot be read, or one that counts them.

    Args:
        references: As the configuration names them.
        base: The configuration's folder.
    """
    vault, good = Vault(base), 0
    for reference in dict.fromkeys(references):
        try:
            vault.secret(reference)
        except CredentialError as error:
            yield _secret(reference, error)
        else:
            good += 1
    if good:
        yield Finding("secrets", Grade.OK, f"{good} can be read")


def _secret(reference: str, error: CredentialError) -> Finding:
    if reference.startswith("file:"):
        advice = (
            "mend the file, or run this as the service's user: its camera or target cannot be logged in to"
        )
        return Finding("secret", Grade.FAIL, str(error), advice)
    return Finding("secret", Grade.WARN, str(error), "fine if the service is given it (systemd)")


def discovery(interface: str) -> Finding:
    """Return whether multicast works on an interface: a probe of our own is sent to the group and must be heard.

    It never leaves this machine (its TTL is 0), and goes to a port of its own: no camera hears it.
    """
    try:
        heard = _echo(interface)
    except OSError as error:
        told = f"no multicast on {interface}: {error.strerror or error}"
        return Finding("discovery", Grade.FAIL, told, "check the network set-up and discovery.interfaces")
    if not heard:
        told = f"nothing is heard of multicast on {interface}"
        return Finding("discovery", Grade.FAIL, told, "let the firewall pass UDP to and from 239.255.255.250")
    return Finding("discovery", Grade.OK, f"multicast works on {interface}")


def _echo(interface: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind((DISCOVERY_GROUP, 0))
        member = socket.inet_aton(interface)
        receiver.setsockopt(
            socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(DISCOVERY_GROUP) + member
        )
        receiver.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, member)
        receiver.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)
        receiver.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        receiver.settimeout(ECHO_SECONDS)
        probe = os.urandom(16)
        receiver.sendto(probe, receiver.getsockname())
        try:
            return any(
                receiver.recv(64) == probe for _ in range(16)
            )  # a stranger may have chosen this port, too
        except TimeoutError:
            return False


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


def terminal() -> Finding:
    """Return whether this terminal speaks UTF-8."""
    encoding = locale.getpreferredencoding(False)
    utf8 = encoding.lower().replace("-", "") == "utf8"
    advice = "" if utf8 else "set LANG=vi_VN.UTF-8 or C.UTF-8: Vietnamese needs it"
    return Finding("terminal text", Grade.OK if utf8 else Grade.WARN, encoding, advice)


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

"""``matthan sim``: virtual cameras for training, demonstration and replay."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import secrets
import signal
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from drivers.printable import clean, escaped
from drivers.virtual.quirks import Quirk

if TYPE_CHECKING:
    from drivers.virtual.camera import VirtualCamera
    from drivers.virtual.impairment import Planned
    from drivers.virtual.makes import Make
    from drivers.virtual.spec import CameraSpec

app = typer.Typer()

#: Cameras of one process at most.
MOST = 128
#: Streets that so many cameras, or more, share, so that nobody draws a hundred of them; the most cameras first.
SHARED = ((33, 2), (9, 4))
#: Ports of ONVIF and RTSP of a camera that has an address of its own.
PORTS = (8080, 8554)
LAST_PORT = 65535

PASSWORD_VARIABLE = "MATTHAN_SIM_PASSWORD"  # noqa: S105 (the name of a variable)

_ADVICE = {
    errno.EADDRINUSE: " (choose another port, or 0 for a free one; --no-discovery leaves UDP 3702 alone)",
    errno.EADDRNOTAVAIL: " (--host must be an address of this machine)",
    errno.ENODEV: " (--host must be an address of this machine, and no network's last one)",
}


@app.command()
def sim(
    cameras: Annotated[int, typer.Option(min=1, max=MOST, help="How many cameras.")] = 1,
    ptz: Annotated[int, typer.Option(min=0, max=MOST, help="How many of them have a PTZ head.")] = 0,
    channels: Annotated[
        int,
        typer.Option(min=1, max=64, help="Video sources of each; above 1 they are recorders, without PTZ."),
    ] = 1,
    streams: Annotated[
        int,
        typer.Option(
            min=1, max=2, help="Streams of each source: main (1280x720) and sub (640x360), or main alone."
        ),
    ] = 2,
    video: Annotated[
        list[Path] | None,
        typer.Option(
            help="Play this clip instead of the drawn street (repeat for several; PTZ cameras draw)."
        ),
    ] = None,
    onvif_port: Annotated[
        int, typer.Option(min=0, max=65535, help="First ONVIF port, then consecutive; 0: any free ones.")
    ] = 0,
    rtsp_port: Annotated[
        int, typer.Option(min=0, max=65535, help="First RTSP port, then consecutive; 0: any free ones.")
    ] = 0,
    host: Annotated[
        str, typer.Option(help="IPv4 address to listen on and to answer discovery on; 0.0.0.0: everywhere.")
    ] = "127.0.0.1",
    own_addresses: Annotated[
        bool,
        typer.Option(
            "--own-addresses",
            help="Each camera on an address of its own, counted from --host (127.0.1.1, 127.0.1.2, ...),"
            f" at its make's ports, else {PORTS[0]} and {PORTS[1]}.",
        ),
    ] = False,
    username: Annotated[str, typer.Option(help="Account on every camera.")] = "admin",
    password_file: Annotated[
        Path | None,
        typer.Option(
            help=f"File with the password; written (mode 0600) if it does not exist. Default: ${PASSWORD_VARIABLE},"
            " else a random one is shown."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Chooses streets and traffic; the next camera has the next.")] = 1,
    night: Annotated[bool, typer.Option("--night", help="Draw the street at night.")] = False,
    name: Annotated[
        str, typer.Option(help="What the cameras call themselves, followed by a number.")
    ] = "virtual",
    serial: Annotated[
        str,
        typer.Option(
            help="Serial number, followed by a number where there are several; cameras of another one have "
            "another identity. Default: made of name and seed."
        ),
    ] = "",
    quirk: Annotated[
        list[Quirk] | None,
        typer.Option(
            metavar="NAME", help="Misbehave like this (repeat for several); --quirks says what there is."
        ),
    ] = None,
    quirks: Annotated[
        bool,
        typer.Option(
            "--quirks",
            is_eager=True,
            callback=lambda wanted: _list() if wanted else None,
            help="Say what quirks and makes there are, a sentence each, and end.",
        ),
    ] = False,
    impair: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CAUSE[@SECONDS]",
            help="Cover, turn away or spoil the picture, so many seconds after the start (repeat for what comes then; "
            "none: all is well again): covered, sprayed, defocused, turned, frozen, dark, bright, infrared, stripes, "
            "signal_loss. The camera says so itself where cameras do.",
        ),
    ] = None,
    make: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Be as this maker's cameras are (repeat for several: they are dealt out)."
        ),
    ] = None,
    default_password: Annotated[
        bool,
        typer.Option(
            "--default-password", help="Every account still has its maker's password (admin, admin)."
        ),
    ] = False,
    only: Annotated[str, typer.Option(metavar="rtsp|http", help="Speak this alone, and no ONVIF.")] = "",
    discovery: Annotated[bool, typer.Option(help="Answer WS-Discovery on UDP port 3702.")] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON with every address when ready.")
    ] = False,
) -> None:
    """Run virtual cameras that speak real ONVIF and RTSP, until Ctrl-C.

    Anything that can open a network camera can open them. Only this machine can reach them unless --host says so.

    A class for commissioning, ten cameras of two makes:

      matthan sim --cameras 10 --make north --make kite --default-password

    A camera whose clock is wrong, and one that says more than it streams:

      matthan sim --quirk wrong-clock --onvif-port 8081

      matthan sim --quirk lying-encoder --onvif-port 8082

    One that is covered after 30 seconds, and uncovered after two minutes:

      matthan sim --impair covered@30 --impair none@120
    """
    from drivers.errors import DriverError
    from drivers.virtual.encoding import PAIR
    from drivers.virtual.spec import CameraSpec

    clips = _clips(video or [])
    if only not in ("", "rtsp", "http"):
        raise typer.BadParameter(f"{only}: rtsp or http", param_hint="--only")
    if ptz > cameras:
        raise typer.BadParameter(f"{ptz} of {cameras} cameras cannot be PTZ", param_hint="--ptz")
    if ptz and channels > 1:
        raise typer.BadParameter("a recorder has no PTZ head", param_hint="--channels")
    for hint, port in (("--onvif-port", onvif_port), ("--rtsp-port", rtsp_port)):
        if port and not own_addresses and port + cameras - 1 > LAST_PORT:
            raise typer.BadParameter(
                f"{cameras} cameras need ports up to {port + cameras - 1}", param_hint=hint
            )
    password, kept_in = _password(password_file)
    base = CameraSpec(name, seed, night, username=username, password=password, host=_address(host))
    asked = {*(quirk or ()), *([Quirk.DEFAULT_PASSWORD] if default_password else [])}
    base = replace(base, discoverable=discovery, serial=serial, channels=channels, quirks=frozenset(asked))
    base = replace(base, profiles=PAIR[:streams], only=only)
    base = replace(base, impairments=tuple(map(_planned, impair or ())))
    makes = _makes(make or [])
    specs = _specs(base, cameras, ptz, clips, (onvif_port, rtsp_port))
    specs = [_made(spec, makes, index) for index, spec in enumerate(specs)]
    if own_addresses:
        specs = [_moved(spec, makes, index) for index, spec in enumerate(specs)]
    try:
        asyncio.run(_run(specs, kept_in, as_json))
    except OSError as error:
        _die(f"{error.strerror or error}{_ADVICE.get(error.errno or 0, '')}")
    except DriverError as error:
        _die(f"this clip cannot be played: {': '.join(map(str, error.values.values()))}")


def _die(sentence: str) -> None:
    _say(clean(f"matthan sim: {sentence}"), err=True)
    raise typer.Exit(1)


def _list() -> None:
    """Say what quirks and makes there are."""
    from drivers.virtual.makes import MAKES

    for quirk in Quirk:
        _say(f"{quirk.value:20} {quirk.sentence}")
    _say("")
    for make in MAKES.values():
        _say(f"--make {make.name:13} {make.manufacturer}: {make.sentence}")
    raise typer.Exit


def _makes(names: list[str]) -> list[Make]:
    from drivers.virtual.makes import MAKES

    for name in names:
        if name not in MAKES:
            raise typer.BadParameter(f"{name}: there are {', '.join(MAKES)}", param_hint="--make")
    return [MAKES[name] for name in names]


def _planned(written: str) -> Planned:
    from drivers.virtual.impairment import Impairment, planned

    try:
        return planned(written)
    except ValueError:
        known = ", ".join(Impairment)
        raise typer.BadParameter(
            f"{written}: CAUSE or CAUSE@SECONDS of {known}", param_hint="--impair"
        ) from None


def _made(spec: CameraSpec, makes: list[Make], index: int) -> CameraSpec:
    """Return a camera of the make whose turn it is."""
    return makes[index % len(makes)].of(spec) if makes else spec


def _moved(spec: CameraSpec, makes: list[Make], index: int) -> CameraSpec:
    """Return a camera that has an address of its own, and so the ports that are usual."""
    onvif, rtsp = makes[index % len(makes)].ports if makes else PORTS
    return replace(
        spec,
        host=_next_address(spec.host, index),
        onvif_port=spec.onvif_port - index if spec.onvif_port else onvif,  # one port will do for all of them
        rtsp_port=spec.rtsp_port - index if spec.rtsp_port else rtsp,
    )


def _next_address(host: str, index: int) -> str:
    try:
        return str(IPv4Address(host) + index)
    except ValueError:
        raise typer.BadParameter(
            f"there is no address {index} after {host}", param_hint="--own-addresses"
        ) from None


def _clips(video: list[Path]) -> list[Path]:
    missing = [str(path) for path in video if not path.is_file()]
    if missing:
        raise typer.BadParameter(f"no such file: {', '.join(missing)}", param_hint="--video")
    return [path.resolve() for path in video]


def _address(host: str) -> str:
    """Return an IPv4 address of this machine for what was given, e.g. ``localhost``."""
    import socket

    try:
        return socket.gethostbyname(host)
    except OSError as error:
        raise typer.BadParameter(f"{host}: {error.strerror}", param_hint="--host") from None


def _password(file: Path | None) -> tuple[str, str]:
    """Return the password and where a person finds it; nowhere: it must be shown."""
    try:
        if file is not None:
            return _kept(file), str(file)
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="--password-file") from None
    if given := os.environ.get(PASSWORD_VARIABLE):
        return given, f"${PASSWORD_VARIABLE}"
    return secrets.token_urlsafe(12), ""


def _kept(file: Path) -> str:
    """Return the password in a file; a file that does not exist is made with a random one."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        password = file.read_text("utf-8").strip()
        if not password:
            raise typer.BadParameter(f"{file} is empty", param_hint="--password-file") from None
        return password
    made = secrets.token_urlsafe(12)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(made + "\n")
    return made


def _specs(
    base: CameraSpec, cameras: int, ptz: int, clips: list[Path], ports: tuple[int, int]
) -> list[CameraSpec]:
    """Return one camera after the other: the fixed ones first, clips dealt out among them."""
    made = []
    streets = next((streets for least, streets in SHARED if cameras >= least), 0)
    for index in range(cameras):
        is_ptz = index >= cameras - ptz
        onvif, rtsp = (port + index if port else 0 for port in ports)
        made.append(
            replace(
                base,
                name=base.name if cameras == 1 else f"{base.name} {index + 1}",
                serial=base.serial if cameras == 1 or not base.serial else f"{base.serial}-{index + 1}",
                seed=base.seed + index,
                street=base.seed + index % streets if streets else None,
                writes_streams=not streets,
                ptz=is_ptz,
                video=clips[index % len(clips)] if clips and not is_ptz else None,
                onvif_port=onvif,
                rtsp_port=rtsp,
            )
        )
    return made


async def _run(specs: list[CameraSpec], kept_in: str, as_json: bool) -> None:
    from drivers.virtual.camera import VirtualCamera
    from drivers.virtual.street.film import FilmLibrary

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        library = await stack.enter_async_context(FilmLibrary())
        running = [await stack.enter_async_context(VirtualCamera(spec, library=library)) for spec in specs]
        told = _told(running, None if kept_in else specs[0].password)
        for line in [_json(told)] if as_json else map(clean, _sentences(told, kept_in)):
            _say(line)
        await stop.wait()


def _told(running: list[VirtualCamera], password: str | None) -> dict[str, Any]:
    cameras = [
        {
            "name": camera.spec.name,
            "identity": camera.spec.identity.urn,
            "onvif": camera.onvif_url,
            "rtsp": camera.rtsp_url,
            "http": camera.http_url,
            "serial": camera.spec.info.serial,
            "manufacturer": camera.spec.manufacturer,
            "mac": camera.spec.hardware_address,
            "quirks": sorted(camera.spec.quirks),
            **_default_login(camera.spec),
            "ptz": camera.spec.ptz,
            "channels": camera.spec.channels,
            "video": str(camera.spec.video) if camera.spec.video else None,
            "discoverable": camera.spec.discoverable,
        }
        for camera in running
    ]
    return {"username": running[0].spec.username, "password": password, "cameras": cameras}


def _default_login(spec: CameraSpec) -> dict[str, str]:
    """Return the maker's login where it still holds: it is no secret."""
    if Quirk.DEFAULT_PASSWORD not in spec.quirks:
        return {}
    return {"username": spec.login.username, "password": spec.login.password}


def _sentences(told: dict[str, Any], kept_in: str) -> list[str]:
    lines: list[str] = []
    for camera in told["cameras"]:
        what = "PTZ" if camera["ptz"] else "fixed"
        what = f"{camera['channels']} channels" if camera["channels"] > 1 else what
        shows = camera["video"] or "a drawn street"
        lines.append(f"{camera['name']} ({what}, {shows})")
        ways = {"ONVIF": camera["onvif"], "RTSP": camera["rtsp"]}
        if not camera["onvif"]:
            ways["HTTP"] = camera["http"]
        lines += [f"  {way:5}  {url}" for way, url in ways.items() if url]
        if camera["quirks"]:
            lines.append(f"  quirks {', '.join(camera['quirks'])}")
        if "username" in camera:
            lines.append(f"  login  {camera['username']}, {camera['password']}")
    if not all("username" in camera for camera in told["cameras"]):  # else nobody has it
        password = f"password in {kept_in}" if kept_in else f"password {told['password']}"
        lines.append(f"login {told['username']}, {password}")
    return [*lines, "Ctrl-C stops."]


def _json(told: dict[str, Any]) -> str:
    return escaped(json.dumps(told, ensure_ascii=False))


def _say(line: str, *, err: bool = False) -> None:
    """Print a harmless line at once."""
    typer.echo(line, err=err)
    (sys.stderr if err else sys.stdout).flush()

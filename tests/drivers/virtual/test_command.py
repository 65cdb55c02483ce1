"""``matthan sim``: the real program, what it prints, how it ends, what it refuses."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from typer.testing import CliRunner

from drivers.virtual.command import app
from drivers.virtual.makes import MAKES
from drivers.virtual.quirks import Quirk

MAIN = "from drivers.virtual.command import app; app(prog_name='matthan sim')"
PROGRAM = (sys.executable, "-W", "error", "-c", MAIN)
CANARY = "canary-51c9"
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "MATTHAN_SIM_PASSWORD"}


@contextmanager
def running(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Start it; whatever happens, it is gone afterwards."""
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT | environment,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    return line


def end(process: subprocess.Popen[str], number: int) -> str:
    """Stop it as a person or systemd would; return what it said on stderr."""
    process.send_signal(number)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return errors


def ports(told: dict[str, Any], kind: str) -> list[int]:
    return [int(re.findall(r":(\d+)/", camera[kind])[0]) for camera in told["cameras"]]


def test_cameras_of_another_serial_number_are_other_cameras() -> None:
    told = []
    for words in ((), ("--serial", "A"), ("--serial", "B"), ("--serial", "A")):
        with running("--cameras", "2", "--json", "--no-discovery", *words) as process:
            told.append([camera["identity"] for camera in json.loads(first_line(process))["cameras"]])
    assert told[1] == told[3]
    assert len({identity for each in told[:3] for identity in each}) == 6


def consecutive(free_port: Callable[[], int], count: int) -> int:
    """Return the first of so many free ports in a row."""
    row = [free_port()]
    while len(row) < count:
        port = free_port()
        row = [*row, port] if port == row[-1] + 1 else [port]
    return row[0]


def test_it_says_as_json_what_can_be_opened_and_ends_cleanly(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    secret = tmp_path / "password"
    first = str(consecutive(free_port, 3))
    arguments = ("--cameras", "3", "--ptz", "1", "--json", "--password-file", str(secret), "--no-discovery")
    with running(*arguments, "--onvif-port", first) as process:
        told = json.loads(first_line(process))
        assert (told["username"], told["password"]) == ("admin", None)
        assert [camera["ptz"] for camera in told["cameras"]] == [False, False, True]
        assert len({camera["identity"] for camera in told["cameras"]}) == 3
        assert len({*ports(told, "onvif"), *ports(told, "rtsp")}) == 6
        for port in (*ports(told, "onvif"), *ports(told, "rtsp")):
            socket.create_connection(("127.0.0.1", port)).close()
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        password = secret.read_text().strip()
        command_line = Path(f"/proc/{process.pid}/cmdline").read_bytes().decode()
        assert password not in command_line + json.dumps(told)
        assert end(process, signal.SIGTERM) == ""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", ports(told, "onvif")[0]))


def test_a_password_nobody_knows_is_shown_once_and_a_given_one_never() -> None:
    with running("--json", "--no-discovery") as process:
        assert len(json.loads(first_line(process))["password"]) >= 12
        assert end(process, signal.SIGINT) == ""
    with running("--no-discovery", "--name", "Cổng", MATTHAN_SIM_PASSWORD=CANARY) as process:
        told = [first_line(process)]
        while told[-1] != "Ctrl-C stops.\n":
            told.append(first_line(process))
        assert told[0] == "Cổng (fixed, a drawn street)\n"
        assert told[-2] == "login admin, password in $MATTHAN_SIM_PASSWORD\n"
        assert CANARY not in "".join(told) + end(process, signal.SIGINT)


def test_ports_are_consecutive_where_a_first_one_is_given(free_port: Callable[[], int]) -> None:
    first = consecutive(free_port, 2)
    with running("--cameras", "2", "--onvif-port", str(first), "--json", "--no-discovery") as process:
        assert ports(json.loads(first_line(process)), "onvif") == [first, first + 1]


def test_a_taken_port_is_named_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with running("--onvif-port", port, "--no-discovery") as process:
            _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert errors.startswith("matthan sim: ")
    assert port in errors
    assert "in use" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--video", "/no/such.mp4"), "no such file"),
        (("--cameras", "1", "--ptz", "2"), "cannot be PTZ"),
        (("--host", "no.such.invalid"), "--host"),
        (("--seed", "x"), "--seed"),
        (("--password-file", "/no/such/folder/file"), "--password-file"),
        (("--password-file", "/dev/null"), "empty"),
        (("--cameras", "0"), "--cameras"),
        (("--password", "x"), "--password"),
        (("--cameras", "129"), "128"),
        (("--streams", "3"), "--streams"),
        (("--quirk", "sings"), "wrong-clock"),
        (("--make", "sings"), "north, lotus"),
        (("--only", "gopher"), "rtsp or http"),
        (("--cameras", "10", "--onvif-port", "65530"), "--onvif-port: 10 cameras need ports up to 65539"),
        (("--cameras", "2", "--rtsp-port", "65535"), "--rtsp-port: 2 cameras need ports up to 65536"),
        (
            ("--cameras", "2", "--own-addresses", "--host", "255.255.255.255"),
            "--own-addresses: there is no address 1 after 255.255.255.255",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_option_named(arguments: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert said in re.sub(r"[│\s]+", " ", result.stderr)


def test_quirks_and_makes_are_listed_with_a_sentence_each() -> None:
    result = CliRunner().invoke(app, ["--quirks"])
    assert result.exit_code == 0
    for known in (*Quirk, *(f"--make {name}" for name in MAKES)):
        assert re.search(rf"^{known} +\w.{{20}}", result.stdout, re.MULTILINE)


def test_a_class_of_several_makes_each_at_an_address_of_its_own() -> None:
    makes = [word for name in ("north", "kite") for word in ("--make", name)]
    arguments = ("--cameras", "3", *makes, "--own-addresses", "--host", "127.0.61.1", "--default-password")
    with running(*arguments, "--quirk", "no-osd", "--json", "--no-discovery") as process:
        cameras = json.loads(first_line(process))["cameras"]
        assert [each["http"] for each in cameras] == [
            "http://127.0.61.1:8000/", "http://127.0.61.2:6688/", "http://127.0.61.3:8000/",
        ]  # fmt: skip
        assert [each["manufacturer"] for each in cameras] == ["North Optics", "Kite Cameras", "North Optics"]
        assert [each["password"] for each in cameras] == ["12345", "pass", "12345"]
        assert all({"no-osd", "default-password"} <= set(each["quirks"]) for each in cameras)
        for each in cameras:
            with urlopen(each["http"]) as page:  # noqa: S310 (our own address on loopback)
                assert each["manufacturer"] in page.read().decode()


def test_a_password_that_no_camera_has_is_not_told() -> None:
    for more in ((), ("--cameras", "2", "--make", "north", "--make", "kite")):
        with running("--default-password", "--no-discovery", *more) as process:
            told = [first_line(process)]
            while told[-1] != "Ctrl-C stops.\n":
                told.append(first_line(process))
            assert [line for line in told if line.startswith("login ")] == []
            assert any(line.startswith("  login  admin, ") for line in told)


def test_what_speaks_less_than_onvif_is_said_so() -> None:
    with running("--only", "rtsp", "--json") as process:
        (camera,) = json.loads(first_line(process))["cameras"]
        assert (camera["onvif"], camera["http"], camera["rtsp"][:7]) == ("", "", "rtsp://")
    with running("--only", "http", "--quirk", "slow") as process:
        told = [first_line(process) for _ in range(3)]
        assert told[1].startswith("  HTTP   http://")
        assert told[2] == "  quirks slow\n"


def test_a_broken_clip_is_refused(tmp_path: Path) -> None:
    clip = tmp_path / "broken.mp4"
    clip.write_bytes(b"no video" * 100)
    with running("--video", str(clip), "--no-discovery") as process:
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "broken.mp4" in errors
    assert "Traceback" not in errors


def test_a_hundred_cameras_rest_while_nobody_looks() -> None:
    """Not timed: what they cost is what they do, and a camera that nobody listens to does nothing."""
    with running("--cameras", "100", "--json", "--no-discovery") as process:
        assert len(json.loads(first_line(process))["cameras"]) == 100
        threads = Path(f"/proc/{process.pid}/task")
        before = sum(_switches(each) for each in threads.iterdir())
        time.sleep(2)
        after = sum(_switches(each) for each in threads.iterdir())
        assert len(list(threads.iterdir())) < 10
        assert after - before < 20, "a loop that looks runs several times a second, for each of them"


def _switches(thread: Path) -> int:
    """Return how often a thread went to sleep by itself."""
    told = (thread / "status").read_text()
    return int(re.findall(r"^voluntary_ctxt_switches:\s*(\d+)", told, re.MULTILINE)[0])


def test_its_module_is_light_to_import() -> None:
    code = "import drivers.virtual, drivers.virtual.command, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"av", "numpy", "aiohttp", "zeep", "lxml", "PIL"} & set(loaded.stdout.split())


def test_a_clip_is_dealt_to_the_fixed_cameras() -> None:
    clip = Path(__file__).parents[3] / "../shared/data/video/car-detection.mp4"
    if not clip.is_file():
        pytest.skip(f"no {clip.name} here")
    arguments = ("--cameras", "2", "--ptz", "1", "--video", str(clip), "--json", "--no-discovery")
    with running(*arguments) as process:
        told = json.loads(first_line(process))
        assert [camera["video"] for camera in told["cameras"]] == [str(clip.resolve()), None]
        url = told["cameras"][0]["onvif"]
        body = (
            '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
            '<GetHostname xmlns="http://www.onvif.org/ver10/device/wsdl"/></s:Body></s:Envelope>'
        )
        with urlopen(url, body.encode()) as answer:  # noqa: S310 (our own address on loopback)
            assert answer.status == 200

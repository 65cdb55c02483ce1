"""Prove a bundle for a foreign machine without having one: install it under qemu, run tests and the demo.

``sudo python tools/try_bundle.py dist/matthan-bundle-aarch64-py3.11.tar [--work FOLDER] [--demo 120s]``

Needs root, Debian's ``debootstrap`` and ``qemu-user-static`` and the network; takes some ten minutes and 1.5 GB in
the work folder, which is kept, so that a second run is quicker. Not for CI. Each step says what came of it; exit
code 0: all of them went well, 1: one did not, 2: wrong usage.

What is proven: every wheel is there and loads, kernels are compiled for that processor and give what tests say,
cameras are drawn, found, decoded, looked at. What is not: how fast it is; an emulator is ten to forty times slower.
qemu's user emulation does not know some socket options (IP_MULTICAST_IF, TCP_NODELAY): inside, they are left out.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
MIRROR, SUITE = "http://deb.debian.org/debian", "bookworm"
#: Debian's name of the machine, and the first bytes of its programs (binfmt_misc's format: magic, then mask).
MACHINES = {"aarch64": ("arm64", r"\x7fELF\x02\x01\x01" + r"\x00" * 9 + r"\x02\x00\xb7\x00")}
MASK = r"\xff" * 7 + r"\x00" + r"\xff" * 8 + r"\xfe\xff\xff\xff"
#: Tests that need no program, no network and no picture of others.
TESTS = (
    "tests/engine/vision/motion", "tests/engine/vision/tracking", "tests/engine/vision/rest",
    "tests/engine/fleet/budget/test_budget.py", "tests/rules/language",
)  # fmt: skip
TOOLS = ("pytest", "pytest-asyncio", "pytest-timeout", "hypothesis", "syrupy", "jsonschema")
#: What is put beside the installation: options that the emulator does not know are left out.
EMULATED = """\
import errno, socket
_set = socket.socket.setsockopt
def setsockopt(self, *asked):
    try:
        return _set(self, *asked)
    except OSError as error:
        if error.errno != errno.ENOPROTOOPT:
            raise
socket.socket.setsockopt = setsockopt
"""


def run(*command: str | Path) -> str:
    """Run a command; return what it printed.

    Raises:
        CalledProcessError: It failed.
    """
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    return done.stdout


class Machine:
    """A root folder of a foreign Debian."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.debian, self._magic = MACHINES[name]

    def prepare(self) -> str:
        """Make it, where it is not there yet."""
        self._register()
        if not (self.folder / "usr/bin/python3.11").exists() or (self.folder / "debootstrap").exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            include = "--include=python3.11,python3.11-venv,python3-venv,ca-certificates"
            run(
                "debootstrap",
                "--foreign",
                f"--arch={self.debian}",
                "--variant=minbase",
                include,
                SUITE,
                self.folder,
                MIRROR,
            )
            run("chroot", self.folder, "/debootstrap/debootstrap", "--second-stage")
        for name in ("proc", "dev"):
            if not any((self.folder / name).iterdir()) or (
                name == "proc" and not (self.folder / "proc/1").exists()
            ):
                run("mount", "--bind", f"/{name}", self.folder / name)
        return self.inside("uname -m; python3 --version").replace("\n", " ")

    def inside(self, line: str) -> str:
        """Run a line of its shell; return what it printed."""
        return run("chroot", self.folder, "/bin/sh", "-c", f"export LANG=C.UTF-8 HOME=/root; {line}")

    def alone(self, line: str) -> str:
        """Run a line of its shell in a network of its own, whose multicast stays within."""
        network = "ip link set lo up && ip route add 224.0.0.0/4 dev lo"
        inside = f"chroot {self.folder} /bin/sh -c 'export LANG=C.UTF-8 HOME=/root; {line}'"
        return run("unshare", "--net", "/bin/sh", "-c", f"{network} && {inside}")

    def close(self) -> None:
        """Let go of what was mounted."""
        for name in ("proc", "dev"):
            subprocess.run(["umount", str(self.folder / name)], capture_output=True, check=False)

    def _register(self) -> None:
        """Let the kernel run its programs by the emulator."""
        misc = Path("/proc/sys/fs/binfmt_misc")
        if not (misc / "register").exists():
            run("mount", "-t", "binfmt_misc", "none", misc)
        if not (misc / f"qemu-{self.name}").exists():
            emulator = shutil.which(f"qemu-{self.name}-static") or sys.exit(
                "qemu-user-static is not installed"
            )
            (misc / "register").write_text(f":qemu-{self.name}:M::{self._magic}:{MASK}:{emulator}:F")


def installed(machine: Machine, bundle: Path) -> str:
    """Install the bundle, as a person would."""
    there = machine.folder / "root/bundle"
    shutil.rmtree(there, ignore_errors=True)
    there.mkdir(parents=True)
    with tarfile.open(bundle) as tar:
        tar.extractall(there, filter="data")
    told = machine.inside("cd /root/bundle/* && rm -rf /opt/matthan && ./install.sh /opt/matthan 2>/dev/null")
    packages = next((machine.folder / "opt/matthan/lib").glob("python3*/site-packages"))
    (packages / "emulated_sockets.py").write_text(EMULATED)
    (packages / "emulated_sockets.pth").write_text("import emulated_sockets\n")
    return told.splitlines()[0]


def tested(machine: Machine) -> str:
    """Run the pure tests against what was installed."""
    wheels, source = machine.folder / "root/wheels", machine.folder / "root/source"
    wheels.mkdir(exist_ok=True)
    platforms = [
        word for level in ("2_28", "2_17") for word in ("--platform", f"manylinux_{level}_{machine.name}")
    ]
    run(
        sys.executable, "-m", "pip", "download", "-q", "--only-binary=:all:", *platforms, "--python-version", "3.11",
        "-d", wheels, "-c", ROOT / "constraints.txt", *TOOLS,
    )  # fmt: skip
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir()
    with subprocess.Popen(["git", "-C", str(ROOT), "archive", "HEAD"], stdout=subprocess.PIPE) as archive:
        run_in = subprocess.run(["tar", "x", "-C", str(source)], stdin=archive.stdout, check=False)
        if run_in.returncode:
            sys.exit("the sources cannot be copied")
    python = "/opt/matthan/bin/python"
    machine.inside(
        f"{python} -m pip install -q --no-index --find-links /root/wheels {' '.join(TOOLS)} 2>/dev/null"
    )
    options = "-q -p no:cacheprovider -o addopts=--import-mode=importlib -o filterwarnings=default"
    told = machine.inside(f"cd /root/source && {python} -m pytest {options} {' '.join(TESTS)}")
    return told.strip().splitlines()[-1]


def demonstrated(machine: Machine, length: str) -> str:
    """Run the demo; it must have looked at pictures."""
    told = machine.alone(f"cd /root && /opt/matthan/bin/matthan demo --headless --for {length}")
    seen = [line.strip() for line in told.splitlines() if line.strip().startswith(("camera cam-", "events"))]
    if not any("online" in line for line in seen):
        raise subprocess.CalledProcessError(1, ["matthan", "demo"], told, "")
    return "; ".join(seen)


def main() -> int:
    """Do it all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--work", type=Path, default=Path("build/foreign"), help="where the machine is kept")
    parser.add_argument("--demo", default="120s", help="how long the demo runs")
    given = parser.parse_args()
    name = next((each for each in MACHINES if each in given.bundle.name), None)
    if os.geteuid() or name is None or not given.bundle.exists():
        print(f"root and a bundle for {', '.join(MACHINES)} are needed: see --help", file=sys.stderr)
        return 2
    machine = Machine((given.work / name).absolute(), name)
    steps: dict[str, Callable[[], str]] = {
        "machine": machine.prepare,
        "install": lambda: installed(machine, given.bundle),
        "version": lambda: machine.inside("/opt/matthan/bin/matthan --version").strip(),
        "doctor": lambda: (
            f"{len(machine.inside('/opt/matthan/bin/matthan doctor || true').splitlines())} lines"
        ),
        "tests": lambda: tested(machine),
        "demo": lambda: demonstrated(machine, given.demo),
    }
    try:
        for step, work in steps.items():
            print(f"{step:<8} ", end="", flush=True)
            print(work())
    except subprocess.CalledProcessError as error:
        print(f"failed: {(error.stderr or error.stdout).strip()[-2000:]}")
        return 1
    finally:
        machine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Make an installation bundle for machines without internet: wheels, installer, checksums.

``python tools/bundle.py [--machine x86_64|aarch64 ...] [--python 3.11] [--out dist]``

Every wheel is installed by its hash (``requirements.txt``), and ``sbom.cdx.json`` lists all of them (CycloneDX). Both
are made from the wheels alone: the same wheels make the same files, on any machine.

The bundle carries foreign packages under their own licences; ``licences.txt`` lists them. The PyAV
wheel carries libx264 and libx265 (GPL): whoever hands a bundle on must obey the GPL for that part
(docs/design/dependencies.md).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path
from urllib.parse import quote
from zipfile import ZipFile

ROOT = Path(__file__).parents[1]
#: glibc levels whose wheels run on Debian 12, Ubuntu 22.04 and newer.
LEVELS = ("2_28", "2_27", "2_26", "2_24", "2_17", "2_12", "2_5")
INSTALLER = """#!/bin/sh
# Installs matthan from this folder, without internet. Needs Python {python} with venv.
# Usage: ./install.sh [TARGET, default /opt/matthan]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=${{1:-/opt/matthan}}
[ "$(uname -m)" = "{machine}" ] || {{ echo "this bundle is for {machine}, this machine is $(uname -m)"; exit 2; }}
python=$(command -v python{python} || true)
[ -n "$python" ] || {{ echo "Python {python} is missing (Debian: apt install python{python}-venv)"; exit 2; }}
(cd "$here" && sha256sum --quiet -c SHA256SUMS) || {{ echo "the bundle is damaged: copy it again"; exit 3; }}
"$python" -m venv "$target"
"$target/bin/python" -m pip install --quiet --no-index --find-links "$here/wheels" \\
    --require-hashes -r "$here/requirements.txt"
"$target/bin/matthan" --version
echo "installed in $target; next: $target/bin/matthan doctor, then see $target/share/matthan/configs"
"""


def pip(*words: str) -> None:
    """Run this environment's pip."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *words]
    subprocess.run(command, check=True, cwd=ROOT)


def download(machine: str, python: str, folder: Path) -> None:
    """Fetch every wheel for one kind of machine, ours included."""
    pip("wheel", "--quiet", "--no-deps", "-w", str(folder), ".")
    platforms = [f"manylinux_{level}_{machine}" for level in LEVELS]
    platforms += [f"manylinux2014_{machine}", f"manylinux1_{machine}"]
    chosen = [word for platform in platforms for word in ("--platform", platform)]
    own = next(folder.glob("matthan-*.whl"))
    pip("download", "--quiet", "--only-binary=:all:", "--python-version", python, "--implementation", "cp",
        *chosen, "-c", "constraints.txt", "-d", str(folder), str(own))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wheel:
    """What a wheel says of itself, and its SHA-256."""

    name: str
    version: str
    licence: str
    summary: str
    digest: str

    @property
    def purl(self) -> str:
        """The package's URL, see the purl specification."""
        return f"pkg:pypi/{re.sub('[-_.]+', '-', self.name).lower()}@{quote(self.version)}"


def wheels(folder: Path) -> list[Wheel]:
    """Return the wheels in a folder, by name."""
    return sorted(map(_read, folder.glob("*.whl")), key=lambda wheel: (wheel.name.lower(), wheel.version))


def _read(path: Path) -> Wheel:
    with ZipFile(path) as archive:
        name = next(entry for entry in archive.namelist() if entry.endswith(".dist-info/METADATA"))
        told = HeaderParser().parsestr(archive.read(name).decode("utf-8", "replace"))
    first = (told["License-Expression"] or told["License"] or "").strip().splitlines()
    classifiers = [each for each in told.get_all("Classifier", []) if each.startswith("License")]
    licence = (first[0][:80] if first else "") or "; ".join(classifiers) or "see the wheel"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Wheel(told["Name"], told["Version"], licence, (told["Summary"] or "").strip(), digest)


def licences(found: Sequence[Wheel]) -> str:
    """Return one line per wheel: name, version, licence as its metadata says."""
    return "".join(f"{wheel.name} {wheel.version}: {wheel.licence}\n" for wheel in found)


def requirements(found: Sequence[Wheel]) -> str:
    """Return what pip installs, each by its hash, so that no other file can take a wheel's place."""
    return "".join(f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.digest}\n" for wheel in found)


def bill(found: Sequence[Wheel]) -> str:
    """Return a bill of materials: CycloneDX 1.5, JSON. No machine's name and no time of day is in it."""
    about = next(wheel for wheel in found if wheel.name == "matthan")
    body = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": _component(about, "application")},
        "components": [_component(wheel, "library") for wheel in found if wheel is not about],
    }
    return json.dumps(body, ensure_ascii=False, indent=1) + "\n"


def _component(wheel: Wheel, kind: str) -> dict[str, object]:
    return {
        "type": kind,
        "bom-ref": wheel.purl,
        "name": wheel.name,
        "version": wheel.version,
        "description": wheel.summary,
        "licenses": [{"license": {"name": wheel.licence}}],
        "hashes": [{"alg": "SHA-256", "content": wheel.digest}],
        "purl": wheel.purl,
    }


def sums(folder: Path) -> str:
    """Return ``sha256sum -c`` lines for every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n" for path in files
    )


def describe(folder: Path, found: Sequence[Wheel]) -> None:
    """Write what is in a bundle: licences, hashes, bill of materials."""
    (folder / "licences.txt").write_text(licences(found), "utf-8")
    (folder / "requirements.txt").write_text(requirements(found), "utf-8")
    (folder / "sbom.cdx.json").write_text(bill(found), "utf-8")


def make(machine: str, python: str, out: Path) -> Path:
    """Make one bundle and return its path."""
    with tempfile.TemporaryDirectory() as temporary:
        name = f"matthan-bundle-{machine}-py{python}"
        folder = Path(temporary, name)
        (folder / "wheels").mkdir(parents=True)
        download(machine, python, folder / "wheels")
        describe(folder, wheels(folder / "wheels"))
        own = [str(ROOT / name) for name in ("configs", "LICENSE", "SECURITY.md")]
        subprocess.run(["cp", "-r", *own, str(folder)], check=True)
        (folder / "SHA256SUMS").write_text(sums(folder), "utf-8")
        installer = folder / "install.sh"
        installer.write_text(INSTALLER.format(machine=machine, python=python), "utf-8")
        installer.chmod(0o755)
        out.mkdir(parents=True, exist_ok=True)
        path = out / f"{name}.tar"
        with tarfile.open(path, "w") as archive:
            archive.add(folder, arcname=name)
    return path


def main() -> None:
    """Run the tool."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--machine", action="append", choices=("x86_64", "aarch64"), help="default: both")
    parser.add_argument(
        "--python", default=f"3.{sys.version_info.minor}", help="Python of the target machine"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    chosen = parser.parse_args()
    for machine in chosen.machine or ("x86_64", "aarch64"):
        print(f"collecting wheels for {machine}, Python {chosen.python} …", flush=True)
        path = make(machine, chosen.python, chosen.out)
        print(f"  {path} ({path.stat().st_size / 2**20:.0f} MiB)")


if __name__ == "__main__":
    main()

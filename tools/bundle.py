"""Make an installation bundle for machines without internet: wheels, installer, checksums.

``python tools/bundle.py [--machine x86_64|aarch64 ...] [--python 3.11] [--out dist]``

The bundle carries foreign packages under their own licences; ``licences.txt`` lists them. The PyAV
wheel carries libx264 and libx265 (GPL): whoever hands a bundle on must obey the GPL for that part
(docs/design/dependencies.md).
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from email.parser import HeaderParser
from pathlib import Path
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
"$target/bin/python" -m pip install --quiet --no-index --find-links "$here/wheels" matthan
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


def licences(folder: Path) -> str:
    """Return one line per wheel: name, version, licence as its metadata says."""
    lines = []
    for wheel in sorted(folder.glob("*.whl")):
        with ZipFile(wheel) as archive:
            name = next(entry for entry in archive.namelist() if entry.endswith(".dist-info/METADATA"))
            told = HeaderParser().parsestr(archive.read(name).decode("utf-8", "replace"))
        first = (told["License-Expression"] or told["License"] or "").strip().splitlines()
        classifiers = [each for each in told.get_all("Classifier", []) if each.startswith("License")]
        licence = (first[0][:80] if first else "") or "; ".join(classifiers) or "see the wheel"
        lines.append(f"{told['Name']} {told['Version']}: {licence}")
    return "\n".join(lines) + "\n"


def sums(folder: Path) -> str:
    """Return ``sha256sum -c`` lines for every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n" for path in files
    )


def make(machine: str, python: str, out: Path) -> Path:
    """Make one bundle and return its path."""
    with tempfile.TemporaryDirectory() as temporary:
        name = f"matthan-bundle-{machine}-py{python}"
        folder = Path(temporary, name)
        (folder / "wheels").mkdir(parents=True)
        download(machine, python, folder / "wheels")
        (folder / "licences.txt").write_text(licences(folder / "wheels"), "utf-8")
        subprocess.run(["cp", "-r", str(ROOT / "configs"), str(ROOT / "LICENSE"), str(folder)], check=True)
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

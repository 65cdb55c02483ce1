"""Make an installation bundle for machines without internet: wheels, installer, checksums, signature.

``python tools/bundle.py [--machine x86_64|aarch64 ...] [--python 3.11] [--key bundle.key] [--out dist]``

Every wheel is installed by its hash (``requirements.txt``), and ``sbom.cdx.json`` lists all of them (CycloneDX). Both
are made from the wheels alone: the same wheels make the same files, on any machine. ``SHA256SUMS`` names every file,
and is what ``--key`` signs: ``verify_bundle.py`` looks at it before anything of the bundle is run
(docs/guide/bundle.md).

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
from getpass import getpass
from pathlib import Path
from urllib.parse import quote
from zipfile import ZipFile

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

ROOT = Path(__file__).parents[1]
SUMS, SIGNATURE = "SHA256SUMS", "SHA256SUMS.sig"
#: glibc levels whose wheels run on Debian 12, Ubuntu 22.04 and newer.
LEVELS = ("2_28", "2_27", "2_26", "2_24", "2_17", "2_12", "2_5")
INSTALLER = """#!/bin/sh
# Installs matthan from this folder, without internet. Needs Python {python} with venv.
# Usage: ./install.sh [TARGET, default /opt/matthan]
set -eu
say() {{ case "${{LC_ALL:-${{LANG:-}}}}" in vi*) echo "$1";; *) echo "$2";; esac; }}
here=$(cd "$(dirname "$0")" && pwd)
target=${{1:-/opt/matthan}}
is=$(uname -m)
[ "$is" = "{machine}" ] || {{
    say "gói này dành cho {machine}, máy này là $is" "this bundle is for {machine}, this machine is $is"; exit 2; }}
python=$(command -v python{python} || true)
[ -n "$python" ] || {{
    say "thiếu Python {python} (Debian: apt install python{python}-venv)" \
        "Python {python} is missing (Debian: apt install python{python}-venv)"; exit 2; }}
(cd "$here" && sha256sum --quiet -c SHA256SUMS) || {{
    say "gói bị hỏng: hãy chép lại" "the bundle is damaged: copy it again"; exit 3; }}
"$python" -m venv "$target"
"$target/bin/python" -m pip install --quiet --no-index --find-links "$here/wheels" \\
    --require-hashes -r "$here/requirements.txt"
"$target/bin/matthan" --version
say "đã cài vào $target; tiếp theo: $target/bin/matthan doctor, rồi xem $target/share/matthan/configs" \
    "installed in $target; next: $target/bin/matthan doctor, then see $target/share/matthan/configs"
"""


def pip(*words: str) -> None:
    """Run this environment's pip."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *words]
    subprocess.run(command, check=True, cwd=ROOT)


def own_wheel(folder: Path) -> Path:
    """Build our own wheel into a folder and return its path; pip fetches the build's tools."""
    pip("wheel", "--quiet", "--no-deps", "-w", str(folder), ".")
    return next(folder.glob("matthan-*.whl"))


def download(machine: str, python: str, folder: Path) -> None:
    """Fetch every wheel for one kind of machine, ours included."""
    own = own_wheel(folder)
    platforms = [f"manylinux_{level}_{machine}" for level in LEVELS]
    platforms += [f"manylinux2014_{machine}", f"manylinux1_{machine}"]
    chosen = [word for platform in platforms for word in ("--platform", platform)]
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
    """Return ``sha256sum -c`` lines for every file below a folder, but those lines' own and their signature's."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    named = {path.relative_to(folder).as_posix(): path for path in files}
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n"
        for name, path in named.items()
        if name not in (SUMS, SIGNATURE)
    )


def describe(folder: Path, found: Sequence[Wheel]) -> None:
    """Write what is in a bundle: licences, hashes, bill of materials."""
    (folder / "licences.txt").write_text(licences(found), "utf-8")
    (folder / "requirements.txt").write_text(requirements(found), "utf-8")
    (folder / "sbom.cdx.json").write_text(bill(found), "utf-8")


def private_key(path: Path) -> Ed25519PrivateKey:
    """Return the key in a file (PEM), asking for its passphrase; ends the program where there is none."""
    try:
        text = path.read_bytes()
        asked = getpass(f"passphrase of {path}: ").encode() if b"ENCRYPTED" in text else None
        key = load_pem_private_key(text, asked)
    except (OSError, ValueError) as error:
        sys.exit(f"{path}: {error}")
    if not isinstance(key, Ed25519PrivateKey):
        sys.exit(f"{path}: this is no Ed25519 key")
    return key


def seal(folder: Path, key: Ed25519PrivateKey | None) -> None:
    """Write the digest of every file of a finished bundle, and sign that."""
    text = sums(folder)
    (folder / SUMS).write_text(text, "utf-8")
    if key is not None:
        (folder / SIGNATURE).write_bytes(key.sign(text.encode()))


def told_of(key: Ed25519PrivateKey | None) -> str:
    """Return who signs, in words: by the digest of the public key that `verify_bundle.py` shows, too."""
    if key is None:
        return "not signed (--key)"
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"signed by the key {hashlib.sha256(public).hexdigest()}"


def make(machine: str, python: str, out: Path, key: Ed25519PrivateKey | None = None) -> Path:
    """Make one bundle and return its path."""
    with tempfile.TemporaryDirectory() as temporary:
        name = f"matthan-bundle-{machine}-py{python}"
        folder = Path(temporary, name)
        (folder / "wheels").mkdir(parents=True)
        download(machine, python, folder / "wheels")
        describe(folder, wheels(folder / "wheels"))
        own = [str(ROOT / name) for name in ("configs", "LICENSE", "NOTICE", "LICENSES", "SECURITY.md")]
        subprocess.run(["cp", "-r", *own, str(folder)], check=True)
        installer = folder / "install.sh"
        installer.write_text(INSTALLER.format(machine=machine, python=python), "utf-8")
        installer.chmod(0o755)
        seal(folder, key)
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
    parser.add_argument("--key", type=Path, help="private Ed25519 key (PEM) that signs; default: none does")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    chosen = parser.parse_args()
    key = private_key(chosen.key) if chosen.key else None
    for machine in chosen.machine or ("x86_64", "aarch64"):
        print(f"collecting wheels for {machine}, Python {chosen.python} …", flush=True)
        path = make(machine, chosen.python, chosen.out, key)
        print(f"  {path} ({path.stat().st_size / 2**20:.0f} MiB), {told_of(key)}")


if __name__ == "__main__":
    main()

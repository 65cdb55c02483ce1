"""The bundle says what is in it: each wheel by its hash, for pip and for whoever asks what he runs."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bundle_tool", ROOT / "tools" / "bundle.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclass looks itself up
    spec.loader.exec_module(module)
    return module


def wheel(folder: Path, name: str, version: str, *more: str) -> Path:
    """Make a wheel that pip installs."""
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    files = {
        f"{name.replace('-', '_')}.py": "",
        f"{info}/METADATA": "\n".join(
            ("Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *more, "")
        ),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{each},,\n" for each in (*files, f"{info}/RECORD"))
    path = folder / f"{stem}-py3-none-any.whl"
    with ZipFile(path, "w") as archive:
        for each, text in files.items():
            archive.writestr(each, text)
    return path


@pytest.fixture
def bundle(tool: ModuleType, tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    wheel(folder, "matthan", "0.3.0", "License-Expression: MIT", "Summary: Mắt Thần")
    wheel(folder, "Some-Library", "1.2+cpu", "Classifier: License :: OSI Approved :: BSD License")
    tool.describe(tmp_path, tool.wheels(folder))
    return tmp_path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_bill_of_materials_names_every_wheel(bundle: Path) -> None:
    told = json.loads((bundle / "sbom.cdx.json").read_text("utf-8"))
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.5")
    about = told["metadata"]["component"]
    assert (about["purl"], about["description"]) == ("pkg:pypi/matthan@0.3.0", "Mắt Thần")
    (library,) = told["components"]
    assert library["purl"] == "pkg:pypi/some-library@1.2%2Bcpu"
    assert library["licenses"] == [{"license": {"name": "License :: OSI Approved :: BSD License"}}]
    (hashed,) = library["hashes"]
    assert hashed == {"alg": "SHA-256", "content": digest(next((bundle / "wheels").glob("Some*")))}


def test_it_tells_nothing_of_the_machine_and_is_the_same_again(bundle: Path, tool: ModuleType) -> None:
    names = ("sbom.cdx.json", "requirements.txt", "licences.txt")
    first = [(bundle / name).read_bytes() for name in names]
    tool.describe(bundle, tool.wheels(bundle / "wheels"))
    assert [(bundle / name).read_bytes() for name in names] == first
    for text in first:
        assert os.uname().nodename.encode() not in text
        assert str(bundle).encode() not in text


def test_pip_takes_what_was_hashed_and_nothing_else(bundle: Path) -> None:
    if importlib.util.find_spec("pip") is None:
        pytest.skip("this environment has no pip")

    def install() -> int:
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-index",
            "--no-deps",
            "--require-hashes",
        ]
        command += ["--find-links", str(bundle / "wheels"), "-r", str(bundle / "requirements.txt")]
        command += ["--disable-pip-version-check", "--target", str(bundle / "there")]
        return subprocess.run(command, capture_output=True, check=False).returncode

    assert install() == 0
    assert (bundle / "there" / "Some_Library.py").exists()
    wheel(bundle / "wheels", "Some-Library", "1.2+cpu", "Summary: another")
    assert install() != 0


def test_the_installer_asks_for_hashes(tool: ModuleType) -> None:
    shown = tool.INSTALLER.format(machine="x86_64", python="3.11")
    assert "--require-hashes -r" in shown
    done = subprocess.run(["sh", "-n"], input=shown, text=True, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr

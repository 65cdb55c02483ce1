"""The bundle says what is in it, each wheel by its hash, and who made it so: a signature over everything."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from zipfile import ZipFile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

ROOT = Path(__file__).parents[1]
VERIFIER = ROOT / "tools" / "verify_bundle.py"
GUIDE = ROOT / "docs" / "guide" / "bundle.md"


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{path.stem}_tool", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclass looks itself up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    return load(ROOT / "tools" / "bundle.py")


@pytest.fixture(scope="module")
def verifier() -> ModuleType:
    return load(VERIFIER)


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
    made = tmp_path / "bundle"
    folder = made / "wheels"
    folder.mkdir(parents=True)
    wheel(folder, "matthan", "0.3.0", "License-Expression: MIT", "Summary: Mắt Thần")
    wheel(folder, "Some-Library", "1.2+cpu", "Classifier: License :: OSI Approved :: BSD License")
    tool.describe(made, tool.wheels(folder))
    return made


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


# -- the signature -----------------------------------------------------------------------------------


class Signer:
    """Somebody with a key pair."""

    def __init__(self, folder: Path, name: str) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.path = folder / f"{name}.pub"
        self.path.write_bytes(
            self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )

    def private(self, path: Path, how: KeySerializationEncryption) -> Path:
        path.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))
        return path


@pytest.fixture
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer(tmp_path_factory.mktemp("keys"), "ours")


@pytest.fixture
def sealed(tool: ModuleType, bundle: Path, signer: Signer) -> Path:
    """A whole bundle, whose installer only says that it ran."""
    (bundle / "install.sh").write_text('#!/bin/sh\nset -eu\nmkdir -p "$1/share/matthan"\necho installed\n')
    (bundle / "install.sh").chmod(0o755)
    tool.seal(bundle, signer.key)
    return bundle


def verify(
    *words: str | Path, lang: str = "en", without: bool = False, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the tool as on a bare machine; `without`: one whose Python has no packages."""
    command = [sys.executable, *(["-S"] if without else []), str(VERIFIER), *map(str, words)]
    environ = {"PATH": os.environ["PATH"], "MATTHAN_LANG": lang, **(env or {})}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environ)


needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
BARE = [False, pytest.param(True, marks=needs_openssl)]


@pytest.mark.parametrize("without", BARE)
def test_what_is_as_signed_is_told_so_and_by_whom(
    sealed: Path, signer: Signer, tool: ModuleType, without: bool
) -> None:
    done = verify(sealed, "--key", signer.path, without=without)
    assert (done.returncode, done.stderr) == (0, "")
    (mark,) = re.findall(r"[0-9a-f]{64}", done.stdout)
    assert tool.told_of(signer.key) == f"signed by the key {mark}"
    assert "as it was signed: 6 files" in done.stdout


def changed(folder: Path) -> None:
    (folder / "sbom.cdx.json").write_bytes((folder / "sbom.cdx.json").read_bytes() + b" ")


def installer(folder: Path) -> None:
    (folder / "install.sh").write_text("#!/bin/sh\necho pwned\n")


def extra(folder: Path) -> None:
    (folder / "wheels" / "evil.whl").write_bytes(b"")


def missing(folder: Path) -> None:
    (folder / "requirements.txt").unlink()


def link(folder: Path) -> None:
    (folder / "licences.txt").rename(folder.parent / "licences.txt")
    (folder / "licences.txt").symlink_to(folder.parent / "licences.txt")


def linked_folder(folder: Path) -> None:
    (folder / "wheels").rename(folder.parent / "wheels.elsewhere")
    (folder / "wheels").symlink_to(folder.parent / "wheels.elsewhere")


def odd_name(folder: Path) -> None:
    (folder / "a\x1b[2J\n\u202eb").touch()


def sums_and_all(folder: Path) -> None:
    """Change a file and what is said of it: only the signature tells."""
    old = digest(folder / "licences.txt")
    (folder / "licences.txt").write_text("evil")
    text = (folder / "SHA256SUMS").read_text().replace(old, digest(folder / "licences.txt"))
    (folder / "SHA256SUMS").write_text(text)


def unsigned(folder: Path) -> None:
    (folder / "SHA256SUMS.sig").unlink()


def short(folder: Path) -> None:
    (folder / "SHA256SUMS.sig").write_bytes(b"x" * 63)


def empty(folder: Path) -> None:
    (folder / "SHA256SUMS.sig").write_bytes(b"")


def flipped(folder: Path) -> None:
    signature = bytearray((folder / "SHA256SUMS.sig").read_bytes())
    signature[5] ^= 1
    (folder / "SHA256SUMS.sig").write_bytes(signature)


def no_bundle(folder: Path) -> None:
    (folder / "SHA256SUMS").unlink()


WRONG: dict[Callable[[Path], None], tuple[str, str]] = {
    changed: ("sbom.cdx.json was changed after it was signed", "sbom.cdx.json: đã bị sửa sau khi ký"),
    installer: ("install.sh was changed", "install.sh: đã bị sửa"),
    extra: ("wheels/evil.whl was not there when it was signed", "wheels/evil.whl: không có lúc ký"),
    missing: ("requirements.txt was there when it was signed, and is missing", "requirements.txt: có lúc ký"),
    link: ("licences.txt is no plain file", "licences.txt: không phải tệp thường"),
    linked_folder: ("wheels is no plain file", "wheels: không phải tệp thường"),
    odd_name: ("a·[2J··b was not there", "a·[2J··b: không có"),
    sums_and_all: ("the signature is not by the key", "chữ ký không phải của khoá"),
    unsigned: ("the bundle has no signature", "gói không có chữ ký"),
    short: ("the signature is not by the key", "chữ ký không phải của khoá"),
    empty: ("the signature is not by the key", "chữ ký không phải của khoá"),
    flipped: ("the signature is not by the key", "chữ ký không phải của khoá"),
    no_bundle: ("is no folder of a bundle", "không phải thư mục của gói"),
}


@pytest.mark.parametrize("wrong", WRONG, ids=lambda each: each.__name__)
@pytest.mark.parametrize("without", BARE)
def test_what_is_not_as_signed_is_not_installed(
    sealed: Path, signer: Signer, tmp_path: Path, wrong: Callable[[Path], None], without: bool
) -> None:
    wrong(sealed)
    for lang, told in zip(("en", "vi"), WRONG[wrong], strict=True):
        done = verify(
            sealed, "--key", signer.path, "--install", tmp_path / "there", lang=lang, without=without
        )
        assert (done.returncode, done.stdout) == (3, "")
        assert told in done.stderr
        assert ("Do not install it" if lang == "en" else "Đừng cài") in done.stderr or wrong is no_bundle
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize("without", BARE)
def test_another_key_does_not_do(sealed: Path, tmp_path: Path, without: bool) -> None:
    other = Signer(tmp_path, "other")
    done = verify(sealed, "--key", other.path, without=without)
    assert (done.returncode, done.stdout) == (3, "")
    assert "somebody else signed it" in done.stderr


@pytest.mark.parametrize(
    "text", ["", "x", "\xff", "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----"]
)
def test_what_is_no_key_is_said_to_be_none(sealed: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "k.pub").write_text(text, "latin-1")
    for lang, told in (("en", "is no public Ed25519 key"), ("vi", "không phải khoá công khai")):
        done = verify(sealed, "--key", tmp_path / "k.pub", lang=lang)
        assert (done.returncode, done.stdout) == (3, "")
        assert told in done.stderr
    assert verify(sealed).returncode == 3  # nothing was installed by a key before


def test_a_key_of_another_kind_is_none(sealed: Path, signer: Signer, tmp_path: Path) -> None:
    text = signer.private(tmp_path / "private.key", NoEncryption()).read_text()
    (tmp_path / "k.pub").write_text(text)
    assert verify(sealed, "--key", tmp_path / "k.pub").returncode == 3


def test_without_anything_to_look_with_nothing_is_good(sealed: Path, signer: Signer, tmp_path: Path) -> None:
    for lang, told in (("en", "takes the Python package `cryptography`"), ("vi", "cần gói Python")):
        done = verify(sealed, "--key", signer.path, without=True, lang=lang, env={"PATH": str(tmp_path)})
        assert (done.returncode, done.stdout) == (3, "")
        assert told in done.stderr


def test_an_openssl_that_cannot_is_no_verdict(sealed: Path, signer: Signer, tmp_path: Path) -> None:
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / "openssl").write_text("#!/bin/sh\necho unknown option -rawin >&2\nexit 1\n")
    (fake / "openssl").chmod(0o755)
    done = verify(sealed, "--key", signer.path, without=True, env={"PATH": f"{fake}:{os.environ['PATH']}"})
    assert done.returncode == 3
    assert "takes the Python package" in done.stderr


def test_it_is_installed_and_the_next_one_needs_no_key(
    sealed: Path, signer: Signer, tool: ModuleType, verifier: ModuleType, tmp_path: Path
) -> None:
    target = tmp_path / "there"
    done = verify(sealed, "--key", signer.path, "--install", target)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("installed\n")
    kept = target / verifier.SHARE
    shutil.copy(VERIFIER, kept)  # as the wheel brings it
    again = [sys.executable, str(kept / VERIFIER.name), str(sealed), "--install", str(target)]
    assert subprocess.run(again, capture_output=True, check=False).returncode == 0
    changed(sealed)
    tool.seal(sealed, Ed25519PrivateKey.generate())
    assert subprocess.run(again, capture_output=True, check=False).returncode == 3


def test_an_installer_that_fails_keeps_no_key(
    sealed: Path, signer: Signer, tool: ModuleType, verifier: ModuleType, tmp_path: Path
) -> None:
    (sealed / "install.sh").write_text('#!/bin/sh\nmkdir -p "$1/share/matthan"; exit 7\n')
    tool.seal(sealed, signer.key)
    assert verify(sealed, "--key", signer.path, "--install", tmp_path / "there").returncode == 7
    assert not (tmp_path / "there" / verifier.SHARE / verifier.KEPT).exists()


def test_every_file_is_named_the_installer_too(tool: ModuleType, sealed: Path) -> None:
    named = {line[66:] for line in (sealed / "SHA256SUMS").read_text().splitlines()}
    there = {path.relative_to(sealed).as_posix() for path in sealed.rglob("*") if path.is_file()}
    assert there - named == {"SHA256SUMS", "SHA256SUMS.sig"}
    assert "install.sh" in named


def test_the_key_is_read_with_its_passphrase(
    tool: ModuleType, signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded = signer.private(tmp_path / "k", BestAvailableEncryption(b"open"))
    monkeypatch.setattr(tool, "getpass", lambda _: "open")
    assert tool.private_key(guarded).public_key() == signer.key.public_key()
    monkeypatch.setattr(tool, "getpass", lambda _: "shut")
    with pytest.raises(SystemExit, match=str(guarded)):
        tool.private_key(guarded)
    (tmp_path / "none").write_text("none")
    with pytest.raises(SystemExit):
        tool.private_key(tmp_path / "none")
    with pytest.raises(SystemExit):
        tool.private_key(tmp_path / "absent")
    assert tool.private_key(signer.private(tmp_path / "plain", NoEncryption())) is not None


@needs_openssl
def test_the_commands_of_the_guide_work(
    sealed: Path, tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every line of the guide, `make bundle` played by a bundle of ours; a passphrase is typed."""
    lines = [
        line
        for block in re.findall(r"```sh\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
        for line in block.splitlines()
        if "aarch64" not in line  # the emulated machine takes ten minutes, root and the network
    ]
    folder = tmp_path / "operator"
    name = "matthan-bundle-x86_64-py3.11"
    shutil.copytree(sealed, folder / name)
    shutil.copy(VERIFIER, folder)
    (folder / "bin").mkdir()
    (folder / "bin" / "python3").symlink_to(sys.executable)
    env = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "MATTHAN_LANG": "en"}
    ran = []
    for line in lines:
        played = line.replace("/opt/matthan/bin/python", "python3").replace("/opt/matthan", f"{folder}/opt")
        played = played.replace("-out bundle.key", "-out bundle.key -pass pass:x")
        played = played.replace("-in bundle.key", "-in bundle.key -passin pass:x")
        where = folder
        if line.startswith("make bundle"):
            key = folder / "bundle.key"
            monkeypatch.setattr(tool, "getpass", lambda _: "x")
            tool.seal(folder / name, tool.private_key(key))
            subprocess.run(["tar", "cf", f"{name}.tar", name], cwd=folder, check=True)
            shutil.rmtree(folder / name)
            continue
        if "SHA256SUMS" in line:
            where = folder / name
            shutil.copy(folder / "bundle.pub", folder.parent)
            played = played.replace("bundle.pub", str(folder.parent / "bundle.pub"))
        if line.startswith("/opt/"):
            shutil.copy(VERIFIER, folder / "opt" / "share" / "matthan")  # as the wheel brings it
        done = subprocess.run(
            ["bash", "-c", played], cwd=where, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        ran.append(line)
    assert len(ran) == 9


def test_the_installer_says_it_in_both_languages(tool: ModuleType) -> None:
    shown = tool.INSTALLER.format(machine="toaster", python="3.11")
    for locale, told in (("vi_VN.UTF-8", "gói này dành cho toaster"), ("C", "this bundle is for toaster")):
        env = {"PATH": os.environ["PATH"], "LC_ALL": locale}
        done = subprocess.run(["sh", "-c", shown], capture_output=True, text=True, check=False, env=env)
        assert done.returncode == 2
        assert told in done.stdout

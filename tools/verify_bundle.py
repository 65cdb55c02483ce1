#!/usr/bin/env python3
"""Look whether a bundle is as somebody signed it, before anything of it is run; then install it, if asked to.

``python3 verify_bundle.py FOLDER [--key KEY.pub] [--install TARGET]``

Have this file and the public key from somebody whom you trust, never from the bundle: who can change a bundle can
change what is in it. Nothing has to be installed: the signature (Ed25519) is looked at by the package ``cryptography``
where Python has it (every installed matthan has), else by the program ``openssl``, 3.0 or newer.

Exit codes: 0 it is as signed (and installed), 2 wrong usage, 3 it is not as signed, else what the installer says.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

SUMS, SIGNATURE = "SHA256SUMS", "SHA256SUMS.sig"
#: The key that a bundle was installed by; it lies beside this file, and the next bundle needs no ``--key``.
KEPT = "bundle.pub"
#: Where an installation has both, from its folder on.
SHARE = Path("share", "matthan")
#: What stands before the 32 bytes of a public Ed25519 key (RFC 8410).
_HEAD = bytes.fromhex("302a300506032b6570032100")
_PEM = re.compile(r"\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]*)-----END PUBLIC KEY-----\s*")
#: A line of ``SHA256SUMS``: digest, two blanks, a path inside the bundle.
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
_SENTENCES = {
    "good": ("đúng như đã ký: {count} tệp, khoá {mark}", "as it was signed: {count} files, key {mark}"),
    "no_bundle": ("{name}: không phải thư mục của gói cài đặt", "{name} is no folder of a bundle"),
    "no_key": (
        "{name}: không phải khoá công khai Ed25519 (chỉ ra bằng --key)",
        "{name} is no public Ed25519 key (name one with --key)",
    ),
    "no_means": (
        "cần gói Python `cryptography` hoặc chương trình `openssl` từ 3.0",
        "this takes the Python package `cryptography` or the program `openssl` from 3.0 on",
    ),
    "unsigned": (
        "gói không có chữ ký ({name}). Đừng cài; hãy hỏi người đã đưa gói",
        "the bundle has no signature ({name}). Do not install it; ask who gave it to you",
    ),
    "forged": (
        "chữ ký không phải của khoá {mark}: gói bị sửa, hoặc người khác đã ký. Đừng cài",
        "the signature is not by the key {mark}: the bundle was changed, or somebody else signed it. Do not install it",
    ),
    "changed": ("{name}: đã bị sửa sau khi ký", "{name} was changed after it was signed"),
    "missing": ("{name}: có lúc ký, nay thiếu", "{name} was there when it was signed, and is missing"),
    "extra": ("{name}: không có lúc ký", "{name} was not there when it was signed"),
    "odd": ("{name}: không phải tệp thường", "{name} is no plain file"),
    "bad": ("Đừng cài: {count} tệp không như đã ký", "Do not install it: {count} files are not as they were signed"),
}  # fmt: skip


class Refused(Exception):
    """A bundle is not to be installed, or nobody can tell; `code` and `values` make the sentence."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code, self.values = code, values


def sentence(code: str, values: Mapping[str, object], environ: Mapping[str, str] = os.environ) -> str:
    """Return what a person is told: in Vietnamese where the locale is, else in English; one harmless line."""
    names = ("MATTHAN_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    spoken = next(filter(None, map(environ.get, names)), "")
    text = _SENTENCES[code][not spoken.startswith("vi")].format_map(values)
    return "".join(sign if sign.isprintable() else "·" for sign in text)


def public_key(path: Path) -> bytes:
    """Return the 32 bytes of a public key in a file (PEM).

    Raises:
        Refused: There is none.
    """
    try:
        found = _PEM.fullmatch(path.read_text("ascii"))
        told = base64.b64decode(found[1] if found else "")
    except (OSError, ValueError):
        told = b""
    if len(told) != len(_HEAD) + 32 or not told.startswith(_HEAD):
        raise Refused("no_key", name=path)
    return told[len(_HEAD) :]


def mark_of(key: bytes) -> str:
    """Return by what people compare a key: as ``openssl pkey -pubin -outform DER | sha256sum`` prints it."""
    return hashlib.sha256(_HEAD + key).hexdigest()


def holds(key: bytes, signature: bytes, text: bytes) -> bool:
    """Return whether a signature is a key's, of a text.

    Raises:
        Refused: There is nothing here to find that out with.
    """
    if len(signature) != 64:
        return False
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return _openssl_holds(key, signature, text)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text)
    except InvalidSignature:
        return False
    return True


def _openssl_holds(key: bytes, signature: bytes, text: bytes) -> bool:
    program = shutil.which("openssl")
    if program is None:
        raise Refused("no_means")
    with TemporaryDirectory() as folder:
        for name, content in (("key", _HEAD + key), ("signature", signature), ("text", text)):
            Path(folder, name).write_bytes(content)
        words = ("-keyform", "DER", "-inkey", "key", "-in", "text", "-sigfile", "signature")
        command = [program, "pkeyutl", "-verify", "-pubin", "-rawin", *words]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    told = done.stdout + done.stderr
    if "Signature Verified Successfully" in told and done.returncode == 0:
        return True
    if "Signature Verification Failure" in told:
        return False
    raise Refused("no_means")


def signed(folder: Path, key: bytes) -> dict[str, str]:
    """Return the digests of a bundle's files by path, as its signer wrote them.

    Raises:
        Refused: It has none, or they are not signed by this key.
    """
    try:
        text = (folder / SUMS).read_bytes()
    except OSError:
        raise Refused("no_bundle", name=folder) from None
    try:
        signature = (folder / SIGNATURE).read_bytes()
    except OSError:
        raise Refused("unsigned", name=SIGNATURE) from None
    if not holds(key, signature, text):
        raise Refused("forged", mark=mark_of(key))
    lines = map(_LINE.fullmatch, text.decode().splitlines())
    return {line[2]: line[1] for line in lines if line}


def differences(folder: Path, told: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what is not as it was signed, each as a code and a path."""
    found = dict(_files(folder))
    yield from (("missing", name) for name in told.keys() - found.keys())
    for name, path in sorted(found.items()):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            yield "odd", name
        elif name not in told:
            yield "extra", name
        elif path.is_dir() or hashlib.sha256(path.read_bytes()).hexdigest() != told[name]:
            yield "changed", name


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield everything below a folder but folders and the signature itself, by its path in there."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if name not in (SUMS, SIGNATURE) and (path.is_symlink() or not path.is_dir()):
            yield name, path


def verify(folder: Path, key: bytes) -> int:
    """Return how many files a bundle has, all of them as they were signed by a key.

    Raises:
        Refused: They are not; each that is not was told.
    """
    told = signed(folder, key)
    bad = list(differences(folder, told))
    for code, name in bad:
        _say(code, name=name)
    if bad:
        raise Refused("bad", count=len(bad))
    return len(told)


def install(folder: Path, target: Path, key: Path) -> int:
    """Run a verified bundle's installer, and keep the key for the next one; return its exit code."""
    text = key.read_bytes()  # it may lie in the target
    done = subprocess.run([str(folder / "install.sh"), str(target)], check=False)
    if done.returncode == 0:
        (target / SHARE / KEPT).write_bytes(text)
    return done.returncode


def _say(code: str, **values: object) -> None:
    print(sentence(code, values), file=sys.stdout if code == "good" else sys.stderr, flush=True)


def main() -> int:
    """Run the tool."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="what the bundle was unpacked to")
    kept = Path(__file__).resolve().with_name(KEPT)
    parser.add_argument("--key", type=Path, default=kept, help="public key (PEM); default: the last one")
    parser.add_argument("--install", type=Path, metavar="TARGET", help="where to install what is as signed")
    chosen = parser.parse_args()
    folder = chosen.folder.resolve()
    try:
        key = public_key(chosen.key)
        _say("good", count=verify(folder, key), mark=mark_of(key))
    except Refused as error:
        _say(error.code, **error.values)
        return 3
    return install(folder, chosen.install, chosen.key) if chosen.install else 0


if __name__ == "__main__":
    sys.exit(main())

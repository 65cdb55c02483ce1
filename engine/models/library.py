"""The folder of installed models: ``NAME.tflite``, and ``NAME.toml`` beside those that we do not know."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from engine.models.known import COLOURS, HEADS, Entry, ModelFault, named_labels, registry

SYSTEM = Path("/var/lib/matthan/models")
SUFFIX = ".tflite"
#: What comes with the engine itself: NAME.tflite with its model card NAME.md.
BOXED = Path(__file__).parent / "boxed"
#: Chosen where no detector is wanted: moving regions are followed, nothing is recognised.
NONE = "none"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model on this machine.

    Attributes:
        sha256: Of the file as it is now.
        entry: The registry's entry with the same hash, if there is one.
        head: One of `HEADS`; None: to be guessed from its tensors.
        labels: The model's own class names; empty: unknown.
        colours: Order of the input's channels.
    """

    name: str
    path: Path
    sha256: str
    entry: Entry | None
    head: str | None
    labels: tuple[str, ...]
    colours: str


def folder() -> Path:
    """Return where models are kept: ``$MATTHAN_MODELS``, else by who runs the engine."""
    chosen = os.environ.get("MATTHAN_MODELS")
    if chosen:
        return Path(chosen).expanduser()
    return SYSTEM if os.geteuid() == 0 else user_data_path("matthan") / "models"


def fingerprint(path: Path) -> str:
    """Return a file's SHA-256, hexadecimal.

    Raises:
        ModelFault: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelFault("model.unreadable", path=path, reason=error.strerror or error) from error


def describe(path: Path) -> ModelFile:
    """Return what is known of a model file: by its hash, else by its sidecar.

    Raises:
        ModelFault: It cannot be read, or is damaged: it bears a known name and other content.
    """
    digest = fingerprint(path)
    for entry in registry().values():
        if entry.sha256 == digest:
            return ModelFile(path.stem, path, digest, entry, entry.head, entry.labels, entry.colours)
    sidecar = path.with_suffix(".toml")
    told = _sidecar(sidecar) if sidecar.exists() else {}
    if path.stem in registry() and path.parent in (folder(), BOXED):
        raise ModelFault("model.damaged", name=path.stem, path=path)
    if told.get("sha256", digest) != digest:
        raise ModelFault("model.damaged", name=path.stem, path=path)
    head, labels = told.get("head"), named_labels(told.get("labels", []))
    return ModelFile(path.stem, path, digest, None, head, labels, told.get("colours", "rgb"))


def _sidecar(path: Path) -> dict[str, Any]:
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelFault("model.sidecar", path=path, reason=error) from error
    if told.get("head") not in (None, *HEADS) or told.get("colours", "rgb") not in COLOURS:
        raise ModelFault("model.sidecar", path=path, reason=f"head: {HEADS}, colours: {COLOURS}")
    return told


def paths() -> list[Path]:
    """Return the files of the folder and of the box: the registry's in its order, then others by name."""
    order = list(registry())
    there = {path.stem: path for place in (BOXED, folder()) for path in place.glob(f"*{SUFFIX}")}

    def rank(path: Path) -> tuple[int, str]:
        return (order.index(path.stem) if path.stem in order else len(order), path.stem)

    return sorted(there.values(), key=rank)


def installed() -> Iterator[ModelFile]:
    """Yield the usable models, best first; a damaged one is left out."""
    for path in paths():
        try:
            yield describe(path)
        except ModelFault:
            continue


def find(model: str | None) -> ModelFile | None:
    """Return a model by name or path, or, for None, the best one there is; None: there is, or is to be, none.

    Raises:
        ModelFault: The named model is not installed, cannot be read or is damaged.
    """
    if model is None:
        return next(installed(), None)
    if model == NONE:
        return None
    if model.endswith(SUFFIX) or os.sep in model:
        return describe(Path(model).expanduser())
    there = {path.stem: path for path in paths()}
    if model not in there:
        raise ModelFault("model.missing", name=model, folder=folder(), installed=", ".join(there) or "-")
    return describe(there[model])


def keep(source: Path, name: str, sidecar: dict[str, str | Sequence[str]] | None) -> Path:
    """Copy a file into the folder under a name, whole or not at all; return where it is.

    Raises:
        ModelFault: The folder cannot be written.
    """
    target = folder() / f"{name}{SUFFIX}"
    part = target.with_suffix(".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, part)
        if sidecar is not None:
            lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in sidecar.items())
            target.with_suffix(".toml").write_text("".join(lines), "utf-8")
        part.replace(target)
    except OSError as error:
        raise ModelFault("model.unwritable", path=target.parent, reason=error.strerror or error) from error
    finally:
        with suppress(OSError):
            part.unlink()
    return target

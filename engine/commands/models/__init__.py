"""``matthan models``: which detector models there are, and getting one."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from engine.commands.models.compare import compare
from engine.commands.output.report import language
from engine.commands.output.terminal import complain, data, document, flash, out
from engine.models import Entry, ModelFault, ModelFile, folder, library, registry, reported
from engine.models.known import COLOURS, HEADS
from engine.models.library import describe, fingerprint, keep, paths
from engine.text import render

app = typer.Typer(no_args_is_help=True)
models = typer.Typer(
    no_args_is_help=True, help="Detector models: list, card, pull, add, verify, bench, compare."
)
app.add_typer(models, name="models")
models.command()(compare)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON array.")]


@models.command("list")
def list_models(as_json: Json = False) -> None:
    """Show the known models and the installed ones; the engine takes the first installed one."""
    rows = _rows()
    if as_json:
        data(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1))
        return
    out(f"folder: {folder()}")
    for row in rows:
        state = {"ok": "installed", "damaged": "DAMAGED"}.get(row.state, "-")
        size = f"{row.size / 1e6:>5.1f} MB"
        out(f"{row.name:<16} {state:<10} {size}  {row.licence:<11} {row.title}")


@models.command()
def card(name: Annotated[str, typer.Argument(help="A known model.")] = "matthan-nano") -> None:
    """Print what a model learned from, how right it is, its limits, and what it must not be used for."""
    entry = registry().get(name)
    if entry is None:
        _fail(ModelFault("model.unknown", name=name, known=", ".join(registry())))
    own = library.BOXED / f"{name}.md"
    if own.exists():
        document(own.read_text("utf-8"))
        return
    out(f"{name}: {entry.title}")
    out(f"licence: {entry.licence}")
    out(f"sha256: {entry.sha256}")
    for url in entry.urls:
        out(f"from: {url}")


@models.command()
def pull(
    names: Annotated[list[str] | None, typer.Argument(help="Models to fetch; default: the best one.")] = None,
) -> None:
    """Fetch known models from where they are published; check size and hash, show the licence."""
    from engine.models.fetch import fetch

    for name in names or [next(iter(registry()))]:
        entry = registry().get(name)
        if entry is None:
            _fail(ModelFault("model.unknown", name=name, known=", ".join(registry())))
        out(f"{name}: {entry.title}")
        if not entry.urls:
            out(f"licence: {entry.licence}; it comes with matthan, there is nothing to fetch")
            continue
        out(f"licence: {entry.licence}; from {entry.urls[0]}")
        try:
            path = fetch(entry, _progress)
        except ModelFault as fault:
            _fail(fault)
        document(f"\n{path}\n")


@models.command()
def add(
    file: Annotated[Path, typer.Argument(help="A .tflite file on this machine.")],
    name: Annotated[
        str, typer.Option(help="Name to install it under; default: as known, or the file's.")
    ] = "",
    head: Annotated[str, typer.Option(help=f"How its outputs are read: {', '.join(HEADS)}.")] = "",
    labels: Annotated[str, typer.Option(help="Its classes in order: coco80, coco90 or a,b,c.")] = "",
    colours: Annotated[
        str, typer.Option(help=f"Order of its input's channels: {', '.join(COLOURS)}.")
    ] = "rgb",
) -> None:
    """Install a model from a file: a known one by its hash, any other by --head and --labels."""
    try:
        found = describe(file)
        if found.entry is not None:
            path = keep(file, found.entry.name, None)
        else:
            path = _add_unknown(file, name or file.stem, head, labels, colours)
    except ModelFault as fault:
        _fail(fault)
    document(f"{path}\n")


def _add_unknown(file: Path, name: str, head: str, labels: str, colours: str) -> Path:
    """Open it before it is kept: what the engine would not understand is refused now."""
    from engine.models.known import named_labels

    if not labels or head not in ("", *HEADS) or colours not in COLOURS or name in registry():
        raise ModelFault("model.undescribed", path=file)
    told = ModelFile(name, file, fingerprint(file), None, head or None, named_labels(labels), colours)
    from engine.vision.objects import Detector  # heavy (numpy, TFLite): for unknown files only

    detector = Detector(told)
    return keep(
        file,
        name,
        {"head": detector.head, "labels": list(told.labels), "colours": colours, "sha256": told.sha256},
    )


@models.command()
def verify() -> None:
    """Check every installed model against its hash; exit code 1 if one is damaged."""
    damaged = False
    for path in paths():
        try:
            found = describe(path)
        except ModelFault as fault:
            damaged = True
            out(f"{path.stem:<16} {_sentence(fault)}")
        else:
            out(f"{path.stem:<16} ok  {found.sha256}")
    raise typer.Exit(int(damaged))


@models.command()
def bench(
    pictures: Annotated[
        Path | None, typer.Option(help="Folder of pictures with YOLO label files (class cx cy w h [score]).")
    ] = None,
    names: Annotated[
        str, typer.Option(help="The labels' classes in order: coco80, coco90 or a,b,c.")
    ] = "person,two_wheeler,car,heavy,animal",
    as_json: Json = False,
) -> None:
    """Compare the installed models on this machine: CPU time of a look, and AP50 on labelled pictures."""
    from engine.commands.models.side_by_side import bench  # heavy: numpy, TFLite

    try:
        bench(pictures, names, as_json=as_json)
    except ModelFault as fault:
        _fail(fault)


@dataclass(frozen=True, slots=True)
class Row:
    """One model as `list` shows it; `state` is absent, ok or damaged."""

    name: str
    state: str
    path: str | None
    size: int
    licence: str
    title: str
    head: str | None
    labels: tuple[str, ...]
    sha256: str | None
    urls: tuple[str, ...] = ()
    sizes: tuple[tuple[int, int], ...] = ()


def _rows() -> list[Row]:
    there = {path.stem: path for path in paths()}
    known = [_known(entry, there.pop(entry.name, None)) for entry in registry().values()]
    return known + [_own(path) for path in there.values()]


def _known(entry: Entry, path: Path | None) -> Row:
    return Row(
        entry.name,
        "absent" if path is None else _state(path),
        str(path) if path else None,
        entry.size,
        entry.licence,
        entry.title,
        entry.head,
        reported(entry.labels),
        entry.sha256,
        entry.urls,
        entry.sizes,
    )


def _own(path: Path) -> Row:
    size = path.stat().st_size
    try:
        found = describe(path)
    except ModelFault as fault:
        return Row(path.stem, "damaged", str(path), size, "?", _sentence(fault), None, (), None)
    labels = reported(found.labels)
    return Row(path.stem, "ok", str(path), size, "?", ", ".join(labels), found.head, labels, found.sha256)


def _state(path: Path) -> str:
    try:
        describe(path)
    except ModelFault:
        return "damaged"
    return "ok"


def _progress(done: int, total: int) -> None:
    if sys.stdout.isatty():
        flash(f"{done / total:4.0%} of {total / 1e6:.1f} MB", sys.stdout)


def _sentence(fault: ModelFault) -> str:
    return render(fault.code, fault.values, language(None))


def _fail(fault: ModelFault) -> NoReturn:
    complain(f"{_sentence(fault)}")
    raise typer.Exit(1)

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from typer.testing import CliRunner

from engine.commands.models import app
from engine.models import Entry, ModelFault, find, folder, installed, registry, reported
from engine.models.fetch import fetch
from engine.models.known import HEADS, class_of, sizes_of
from engine.models.library import describe, keep
from engine.text import LANGUAGES, catalogue

CONTENT = bytes(range(256)) * 1024


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MATTHAN_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setattr("engine.models.library.BOXED", tmp_path / "no-box")
    return tmp_path / "models"


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Entry:
    """A registry of one model whose content we have."""
    made = replace(
        registry()["light-person"], name="tiny", sha256=hashlib.sha256(CONTENT).hexdigest(), size=len(CONTENT)
    )
    for module in ("engine.models.library", "engine.commands.models"):
        monkeypatch.setattr(f"{module}.registry", lambda: {"tiny": made})
    return made


@pytest.fixture
async def site() -> AsyncIterator[str]:
    """A web server that has the model, a changed one, one that is cut short and one that is too long."""

    async def serve(request: web.Request) -> web.Response:
        body = {
            "good": CONTENT,
            "changed": CONTENT[:-1] + b"x",
            "short": CONTENT[:1000],
            "long": CONTENT * 3,
        }.get(request.match_info["name"])
        return web.Response(body=body) if body else web.Response(status=404)

    server = web.Application()
    server.router.add_get("/{name}", serve)
    runner = web.AppRunner(server)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


async def fetched(entry: Entry, *urls: str) -> tuple[Path, list[tuple[int, int]]]:
    told: list[tuple[int, int]] = []
    path = await asyncio.to_thread(
        fetch, replace(entry, urls=urls), lambda done, total: told.append((done, total))
    )
    return path, told


def test_the_registry_is_whole() -> None:
    fetched = [name for name, entry in registry().items() if entry.urls]
    assert fetched == ["yolox-nano", "coco-ssd-v1", "light-person"]
    for entry in registry().values():
        assert len(entry.sha256) == 64
        assert entry.head in HEADS
        assert entry.licence == "Apache-2.0"
        assert all(url.startswith("https://") for url in entry.urls)
    assert [len(registry()[name].labels) for name in fetched] == [80, 90, 1]
    assert all(min(size) >= 128 for entry in registry().values() for size in entry.sizes)
    assert sizes_of([416, 256]) == ((416, 256),)
    assert sizes_of([[416, 256], [320, 192]]) == ((416, 256), (320, 192))
    ours = reported(registry()["yolox-nano"].labels)
    assert {"person", "two_wheeler", "car", "heavy", "animal", "backpack"} <= set(ours)
    assert "toilet" not in ours


def test_classes_are_called_by_our_names() -> None:
    told = [class_of(each) for each in ("bus", "motorcycle", "cow", "suitcase", "toilet", "???", "xe ba gác")]
    assert told == ["heavy", "two_wheeler", "animal", "suitcase", None, None, "xe ba gác"]


async def test_a_model_is_fetched_checked_and_found(site: str, known: Entry, place: Path) -> None:
    assert find(None) is None
    path, told = await fetched(known, f"{site}/absent", f"{site}/good")  # the second address has it
    assert path == place / "tiny.tflite"
    assert path.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [each.name for each in place.iterdir()] == ["tiny.tflite"]
    best = find(None)
    assert best is not None
    assert (best.name, best.head, best.labels, best.colours) == ("tiny", "yolox", ("person",), "bgr")
    assert find("tiny") == best == find(str(path))


@pytest.mark.parametrize("name", ["changed", "short", "long", "absent"])
async def test_what_is_not_the_model_is_not_installed(
    site: str, known: Entry, place: Path, name: str
) -> None:
    keep_name = place / "tiny.tflite"
    place.mkdir()
    keep_name.write_bytes(b"the one before")
    with pytest.raises(ModelFault) as caught:
        await fetched(known, f"{site}/{name}")
    assert caught.value.code == ("model.offline" if name == "absent" else "model.changed")
    assert keep_name.read_bytes() == b"the one before"
    assert [each.name for each in place.iterdir() if each.suffix == ".part"] == []


async def test_an_interrupted_download_leaves_nothing(site: str, known: Entry, place: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    def pull() -> None:
        with pytest.raises(KeyboardInterrupt):
            fetch(replace(known, urls=(f"{site}/good",)), interrupt)

    await asyncio.to_thread(pull)
    assert list(place.iterdir()) == []


def test_offline_the_sentence_says_how_to_add_a_file(known: Entry) -> None:
    with pytest.raises(ModelFault, match="matthan models add FILE") as caught:
        fetch(replace(known, urls=("http://127.0.0.1:1/x",)), lambda done, total: None)
    assert "Connection refused." in str(caught.value)
    assert "Errno" not in str(caught.value)
    with pytest.raises(ModelFault, match="neither https"):
        fetch(replace(known, urls=("ftp://example.org/x",)), lambda done, total: None)


def test_a_folder_that_cannot_be_written_is_named(known: Entry, place: Path, tmp_path: Path) -> None:
    place.write_text("a file is in the way")
    source = tmp_path / "model.tflite"
    source.write_bytes(CONTENT)
    with pytest.raises(ModelFault) as caught:
        keep(source, "tiny", None)
    assert caught.value.code == "model.unwritable"


def test_damage_is_noticed_and_the_next_best_taken(known: Entry, place: Path) -> None:
    place.mkdir()
    (place / "tiny.tflite").write_bytes(CONTENT + b"!")
    (place / "own.tflite").write_bytes(b"own")
    (place / "own.toml").write_text('head = "boxes"\nlabels = ["person", "car"]\ncolours = "rgb"\n')
    with pytest.raises(ModelFault, match="damaged"):
        find("tiny")
    best = find(None)
    assert best is not None
    assert (best.name, best.head, best.labels) == ("own", "boxes", ("person", "car"))
    assert [each.name for each in installed()] == ["own"]
    with pytest.raises(ModelFault, match="not installed"):
        find("other")


@pytest.mark.parametrize("text", ["head = [", 'head = "magic"', 'colours = "cmyk"'])
def test_a_bad_sidecar_is_refused(place: Path, text: str) -> None:
    place.mkdir()
    (place / "own.tflite").write_bytes(b"own")
    (place / "own.toml").write_text(text)
    with pytest.raises(ModelFault) as caught:
        describe(place / "own.tflite")
    assert caught.value.code == "model.sidecar"


def test_the_folder_is_the_users_or_the_systems(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MATTHAN_MODELS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert folder() == tmp_path / "matthan" / "models"
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert folder() == Path("/var/lib/matthan/models")


def command(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["models", *arguments])


def test_commands_add_list_and_verify(known: Entry, place: Path, tmp_path: Path) -> None:
    source = tmp_path / "downloaded-by-hand.tflite"
    source.write_bytes(CONTENT)
    rows = json.loads(command("list", "--json").stdout)
    assert [(row["name"], row["state"]) for row in rows] == [("tiny", "absent")]
    added = command("add", str(source))
    assert (added.exit_code, added.stdout.strip()) == (0, str(place / "tiny.tflite"))
    rows = json.loads(command("list", "--json").stdout)
    assert [(row["state"], row["labels"]) for row in rows] == [("ok", ["person"])]
    assert "installed" in command("list").stdout
    assert command("verify").exit_code == 0
    (place / "tiny.tflite").write_bytes(b"bit rot")
    broken = command("verify")
    assert broken.exit_code == 1
    assert "damaged" in broken.stdout
    assert "DAMAGED" in command("list").stdout


def test_commands_fail_with_a_sentence(known: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.models.fetch.TIMEOUT", 1.0)
    unknown = command("pull", "yolo-9000")
    assert unknown.exit_code == 1
    assert "known are: tiny" in unknown.stderr
    source = tmp_path / "foreign.tflite"
    source.write_bytes(b"foreign")
    assert "--head" in command("add", str(source)).stderr
    monkeypatch.setenv("LC_ALL", "vi_VN.UTF-8")
    assert "Không đọc được" in command("add", str(tmp_path / "absent.tflite")).stderr


def test_a_foreign_model_is_opened_before_it_is_kept(place: Path, tmp_path: Path, model: Any) -> None:
    original = model("yolox_nano_float16_quantize.tflite").path
    source = tmp_path / "ours.tflite"
    source.write_bytes(original.read_bytes() + b"\0")  # another hash, the same network
    refused = command("add", str(source), "--labels", "person,car")
    assert refused.exit_code == 1
    assert "80 classes" in refused.stderr
    assert not place.exists()
    assert command("add", str(source), "--labels", "coco80", "--colours", "bgr").exit_code == 0
    found = find("ours")
    assert found is not None
    assert (found.head, len(found.labels), found.colours) == ("yolox", 80, "bgr")


def test_the_commands_load_nothing_heavy() -> None:
    code = (
        "import sys, engine.commands.models, engine.models, engine.models.fetch;"
        "print([m for m in ('numpy','numba','av','ai_edge_litert','aiohttp') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_fault_has_its_sentence_in_both_languages() -> None:
    codes = {key for key in catalogue("en") if key.startswith("model.")}
    assert len(codes) >= 14
    for language in LANGUAGES:
        assert codes <= catalogue(language).keys()

"""Files that are put in place: whole or not at all, only where nobody else changed them, as they were in all else."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.config.configuration import check
from engine.config.edit import Add, Set
from engine.config.writer import create, opened, replace, revised, revision_of, spelled, write
from engine.errors import Because, ConfigError, Refusal

ROOT = Path(__file__).parents[3]
TEXT = "# của xã\nsite: a   # giữ\ncameras: []\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "matthan.yaml"
    file.write_text(TEXT, "utf-8")
    return file


def camera(id: str) -> Add:
    return Add(("cameras",), {"id": id, "url": f"rtsp://192.0.2.1/{id}"})


def alone(path: Path) -> bool:
    """Return whether nothing is left beside a file."""
    return [each.name for each in path.parent.iterdir()] == [path.name]


def test_an_edit_is_checked_then_written(path: Path) -> None:
    before = opened(path)
    made = revised(before, [Set(("site",), "b"), camera("gate")])
    assert path.read_text("utf-8") == TEXT
    assert (
        made.diff()[-4:] == ["+cameras:", "+  - id: gate", "+    url: rtsp://192.0.2.1/gate"][-3:]
        or made.diff()
    )
    write(made)
    assert path.read_text("utf-8") == TEXT.replace("site: a", "site: b").replace(
        "cameras: []", "cameras:\n  - id: gate\n    url: rtsp://192.0.2.1/gate"
    )
    assert opened(path).revision == made.revision == revision_of(path.read_bytes())
    assert alone(path)


def test_what_an_engine_would_refuse_is_told_whole_and_not_written(path: Path) -> None:
    with pytest.raises(ConfigError) as told:
        revised(opened(path), [Set(("timezone",), "Hanoi"), Set(("store", "keep_days"), -1), camera("Gate")])
    places = [(problem.line, problem.column, problem.key) for problem in told.value.problems]
    assert places == [(4, 9, "cameras.0.id"), (6, 11, "timezone"), (8, 14, "store.keep_days")]
    assert path.read_text("utf-8") == TEXT


def test_somebody_else_was_faster(path: Path) -> None:
    made = revised(opened(path), [Set(("site",), "b")])
    path.write_text(TEXT + "title: x\n", "utf-8")
    with pytest.raises(Refusal) as told:
        write(made)
    assert (told.value.because, told.value.code) == (Because.CONFLICT, "config.changed_meanwhile")
    assert path.read_text("utf-8") == TEXT + "title: x\n"
    assert alone(path)


def test_mode_and_owner_stay_and_a_link_stays_one(path: Path, tmp_path: Path) -> None:
    path.chmod(0o640)
    if os.getuid() == 0:
        os.chown(path, 1234, 2345)
    link = tmp_path / "sub"
    link.mkdir()
    link /= "here.yaml"
    link.symlink_to(path)
    write(revised(opened(link), [Set(("site",), "b")]))
    assert link.is_symlink()
    told = path.stat()
    assert told.st_mode & 0o7777 == 0o640
    if os.getuid() == 0:
        assert (told.st_uid, told.st_gid) == (1234, 2345)
    assert "site: b" in path.read_text("utf-8")
    assert [each.name for each in link.parent.iterdir()] == ["here.yaml"]


@pytest.mark.parametrize("fails", ["fsync", "chmod", "replace"])
def test_a_disk_that_fails_costs_nothing(path: Path, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    made = revised(opened(path), [Set(("site",), "b")])

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, fails, full)
        with pytest.raises(OSError, match="No space"):
            write(made)
    assert path.read_text("utf-8") == TEXT
    assert alone(path)


def test_a_file_that_really_finds_no_room(path: Path) -> None:
    """The operating system itself cuts the write after some bytes; the command says so and the old file stays."""
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))\n"
        "from engine.cli import main; sys.argv = ['matthan', *sys.argv[1:]]; main()"
    )
    assert resource.RLIMIT_FSIZE >= 0
    words = [
        sys.executable,
        "-c",
        script,
        "config",
        "set",
        "site",
        "b",
        "--config",
        str(path),
        "--lang",
        "en",
    ]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2, done.stderr
    assert "cannot be written: File too large" in done.stderr
    assert path.read_text("utf-8") == TEXT
    assert alone(path)


def test_many_writers_lose_nothing(path: Path) -> None:
    """Each reads, edits and writes; whoever was overtaken begins again: every camera is there at the end."""

    def add(id: str) -> int:
        tries = 0
        while True:
            tries += 1
            try:
                write(revised(opened(path), [camera(id)]))
            except Refusal as error:
                if error.because is not Because.CONFLICT:
                    raise
                continue
            return tries

    names = [f"cam-{number}" for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(add, names)) >= len(names)
    report = check(path)
    assert report.configuration is not None
    assert sorted(each.id for each in report.configuration.settings.cameras) == sorted(names)
    assert alone(path)


def test_a_new_file_is_whole_and_never_in_anothers_place(tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    create(
        path,
        spelled({"site": "x", "title": "Mắt: Thần", "rules": [], "cameras": [{"id": "a", "url": "file:x"}]}),
    )
    assert path.read_text("utf-8") == (
        'site: x\ntitle: "Mắt: Thần"\nrules: []\ncameras:\n  - id: a\n    url: file:x\n'
    )
    mask = os.umask(0o022)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask
    with pytest.raises(FileExistsError):
        create(path, b"other")
    assert alone(path)
    assert path.read_bytes().startswith(b"site")


def test_a_file_that_is_gone_is_not_made(path: Path) -> None:
    made = revised(opened(path), [Set(("site",), "b")])
    path.unlink()
    with pytest.raises(FileNotFoundError):
        write(made)
    assert list(path.parent.iterdir()) == []
    with pytest.raises(ConfigError):
        opened(path)
    with pytest.raises(FileNotFoundError):
        replace(path, b"x")


def test_a_writer_waits_for_another_in_the_same_folder(path: Path) -> None:
    made = revised(opened(path), [Set(("site",), "b")])
    folder = os.open(path.parent, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    writer = threading.Thread(target=write, args=(made,))
    writer.start()
    writer.join(0.2)  # it would be done by far
    assert path.read_text("utf-8") == TEXT
    os.close(folder)
    writer.join()
    assert "site: b" in path.read_text("utf-8")

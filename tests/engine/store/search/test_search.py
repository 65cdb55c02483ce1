"""What is looked for in the log is found: all of it, nothing else, newest first, whatever happens to log and index."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event as Event_

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.store.search import bits, index_file, indexing
from engine.store.search import search as search_
from engine.store.search.entries import BUCKET
from engine.store.search.index_file import index_path
from engine.store.search.search import END, NotReady, NoWords, Search
from engine.store.search.sought import Sought, Words, term
from rules.model import Change, Event, Kind, Phase, RuleName, Sentence, Severity
from tests.engine.store.search.logs import (
    BEGIN,
    Logged,
    append,
    decision,
    event,
    forget,
    make_database,
    naive,
)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of eight entries, pieces of three: every border is crossed."""
    for name, value in (("SHIFT", 3), ("SIZE", 8), ("ALL", 255)):
        monkeypatch.setattr(bits, name, value)
    monkeypatch.setattr(indexing, "PIECE", 3)
    monkeypatch.setattr(search_, "FRESH", 100)
    monkeypatch.setattr(indexing, "HELD", 100)


def ready(path: Path) -> Search:
    """Return a search whose index is complete."""
    search = Search(path, lambda: 0.0)
    settle(search)
    return search


def settle(search: Search) -> None:
    while search.look():
        pass


def found(search: Search, sought: Sought, limit: int = 3) -> list[int]:
    """Return all that is found, page by page."""
    all_: list[int] = []
    before: int | None = END
    while before is not None:
        page = search._find(sought, before, limit)
        assert (page.waits, page.behind) == (False, False)
        assert len(page.seqs) <= limit
        assert page.next is None or page.next <= before
        all_ += page.seqs
        before = page.next
    return all_


# -- a log and what is looked for, by chance --------------------------------------------------

WORDS = ("Cổng", "cong", "Đường", "duong", "người", "NGUOI", "51F-123", "x")
CAMERAS = ("gate", "Gate", "yard", None)


@st.composite
def logs(draw: st.DrawFn) -> list[Logged]:
    made: list[Logged] = []
    seq = 0
    for _ in range(draw(st.integers(0, 40))):
        seq += draw(st.sampled_from((1, 1, 1, 1, 2, 9, 40)))
        after = seq + draw(st.sampled_from((0, 0, 0, -30, 500)))
        causes = [each for each in made if each.cause is None]
        if causes and draw(st.integers(0, 3)) == 0:
            cause = draw(st.sampled_from(causes))
            made.append(
                decision(
                    seq, cause, after=after,
                    rule=RuleName(draw(st.sampled_from(("Cổng", "yard")))),
                    severity=draw(st.sampled_from(Severity)), phase=draw(st.sampled_from(Phase)),
                    title={"vi": draw(st.sampled_from(WORDS))},
                    reason=Sentence("reason.x", {"a": draw(st.sampled_from(WORDS))}),
                )
            )  # fmt: skip
        else:
            made.append(
                event(
                    seq, draw(st.sampled_from(CAMERAS)), after=after,
                    kind=draw(st.sampled_from((Kind.OBJECT, Kind.OPERATOR, Kind.PLATE))),
                    change=draw(st.sampled_from(Change)),
                    label=draw(st.sampled_from((None, "person", "Chó"))),
                    zones=tuple(draw(st.lists(st.sampled_from(("Cổng", "sân")), max_size=2, unique=True))),
                    facts={"note": " ".join(draw(st.lists(st.sampled_from(WORDS), max_size=3))), "n": 1},
                )
            )  # fmt: skip
    return made


TERMS = st.sampled_from(
    (
        "is:event", "is:decision", term("camera", "gate"), term("camera", "Gate"), term("camera", None),
        term("kind", "object"), term("label", "cho"), term("zone", "CONG"), term("rule", "cổng"), "severity:critical",
        "phase:firing", "change:began", "zone:nowhere",
    )
)  # fmt: skip
PHRASES = st.builds(
    Words,
    st.lists(
        st.sampled_from(("cong", "duong", "nguoi", "ng", "51f", "123", "1", "x")), min_size=1, max_size=2
    ).map(tuple),
    st.booleans(),
)
MOMENTS = st.none() | st.integers(-10, 900).map(lambda s: BEGIN + timedelta(seconds=s))
WANTED = st.builds(
    Sought,
    MOMENTS,
    MOMENTS,
    st.lists(st.frozensets(TERMS, min_size=1, max_size=3), max_size=3).map(tuple),
    st.frozensets(TERMS, max_size=2),
    st.lists(PHRASES, max_size=2).map(tuple),
    st.lists(PHRASES, max_size=1).map(tuple),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(logs(), st.lists(WANTED, min_size=1, max_size=4), st.integers(0, 40))
def test_what_is_found_is_what_a_naive_scan_finds(
    made: list[Logged], wanted: list[Sought], early: int
) -> None:
    with TemporaryDirectory() as folder:
        path = make_database(Path(folder) / "matthan.db", made[:early])
        with closing(ready(path)) as search:
            append(path, made[early:])  # what has come since is found at once, too
            for sought in wanted:
                assert found(search, sought) == naive(made, sought)
            settle(search)
            for sought in wanted:
                assert found(search, sought) == naive(made, sought)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(logs(), WANTED, st.integers(0, 120))
def test_what_the_log_has_forgotten_is_found_no_more(made: list[Logged], sought: Sought, before: int) -> None:
    with TemporaryDirectory() as folder:
        path = make_database(Path(folder) / "matthan.db", made)
        with closing(ready(path)) as search:
            forget(path, before)
            search._indexing._forget()  # type: ignore[union-attr]
            settle(search)
            left = [each for each in made if each.seq >= before or _stays(each)]
            gone = {each.seq for each in made} - {each.seq for each in left}
            assert not gone & set(found(search, sought))
            # What a decision came from is known for as long as that is kept.
            sure = [
                each for each in left if each.seq >= before and (not each.cause or each.cause.seq >= before)
            ]
            assert set(naive(sure, sought)) <= set(found(search, sought))


def _stays(each: Logged) -> bool:
    return getattr(each.what, "severity", None) == "critical"


# -- what is counted --------------------------------------------------------------------------


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(logs(), st.integers(0, 40))
def test_what_is_counted_is_what_there_was(made: list[Logged], early: int) -> None:
    with TemporaryDirectory() as folder:
        path = make_database(Path(folder) / "matthan.db", made[:early])
        with closing(ready(path)) as search:
            append(path, made[early:])
            for _ in range(2):  # from memory, then from the file
                for scope in ("camera", "zone", "rule", "alert"):
                    counted = search._counts(scope, 0, END)
                    assert {key[0::2] + key[3:]: n for key, (n, _) in counted.items()} == by_hand(made, scope)
                settle(search)


def by_hand(made: Sequence[Logged], scope: str) -> Counter[tuple[int, str, str]]:
    """Count entries by bucket, camera and name."""
    found: Counter[tuple[int, str, str]] = Counter()
    for each in made:
        bucket = int(each.at.timestamp()) // (BUCKET // 1_000_000)
        what, camera = each.what, each.what.camera or ""
        if isinstance(what, Event):
            if not camera or what.kind is Kind.OPERATOR:
                continue
            if scope == "camera" and what.change in (Change.BEGAN, Change.NOTED):
                found[bucket, camera, ""] += 1
            if scope == "zone" and what.change is not Change.ENDED:
                found.update((bucket, camera, zone) for zone in what.zones)
        elif what.phase is Phase.FIRING and scope in ("rule", "alert"):
            found[bucket, camera, what.rule if scope == "rule" else ""] += 1
    return found


# -- what happens to the index ----------------------------------------------------------------

MANY = [event(seq, zones=("sân",)) for seq in range(1, 60)]


def test_a_large_log_is_built_newest_first_and_answers_say_how_far_it_is(tmp_path: Path) -> None:
    path = make_database(tmp_path / "matthan.db", MANY)
    with closing(Search(path, lambda: 0.0)) as search:
        with pytest.raises(NotReady):
            search._find(Sought(), END, 5)
        search.look()  # opens it
        assert search._progress().share < 1
        page = search._find(Sought(), END, 100)
        assert page.waits
        assert page.seqs == [59, 58, 57, 56]  # the youngest block, which is in memory
        assert page.next == 56
        seen = 4
        while search.look():
            page = search._find(Sought(), END, 100)
            assert list(page.seqs) == [*range(59, 59 - len(page.seqs), -1)]
            assert len(page.seqs) >= seen
            seen = len(page.seqs)
        assert found(search, Sought(), 100) == [*range(59, 0, -1)]
        assert search._progress().share == 1


def test_a_page_that_has_no_time_left_says_where_to_go_on(tmp_path: Path) -> None:
    path = make_database(tmp_path / "matthan.db", MANY)
    ticks = count(step=10.0)
    with closing(Search(path, lambda: next(ticks))) as search:
        settle(search)
        nowhere = Sought(every=(frozenset({"zone:nowhere"}), frozenset({"zone:san", "label:x"})))
        pages, before = 0, END
        while (page := search._find(nowhere, before, 5)).next is not None:
            assert page.next < before
            pages, before = pages + 1, page.next
        assert pages >= 1


def test_an_index_is_there_again_after_a_kill_and_follows_on(tmp_path: Path) -> None:
    path = make_database(tmp_path / "matthan.db", MANY[:30])
    search = ready(path)
    append(path, MANY[30:50])
    while not search._indexing._keep_complete():  # type: ignore[union-attr]
        search._indexing.follow(1)  # type: ignore[union-attr]
    del search  # killed: nothing is closed in order
    append(path, MANY[50:])
    with closing(ready(path)) as again:
        assert found(again, Sought(every=(frozenset({"zone:san"}),))) == [*range(59, 0, -1)]
        assert sum(n for n, _ in again._counts("camera", 0, END).values()) == 59


@pytest.mark.parametrize("other", ["name", "entries", "shorter"])
def test_an_index_of_another_log_is_made_anew(tmp_path: Path, other: str) -> None:
    path = make_database(tmp_path / "matthan.db", MANY)
    ready(path).close()
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    left = [replace(each, what=replace(each.what, id=f"other-{each.seq}", zones=())) for each in MANY]  # type: ignore[arg-type]
    left = {"name": MANY[:40], "entries": left, "shorter": MANY[:20]}[other]
    make_database(path, left, name="that" if other == "name" else "this")
    with closing(ready(path)) as search:
        assert found(search, Sought(every=(frozenset({"zone:san"}),))) == naive(
            left, Sought(every=(frozenset({"zone:san"}),))
        )
        assert sum(n for n, _ in search._counts("camera", 0, END).values()) == len(left)


@pytest.mark.parametrize("damage", [b"", b"\0" * 4096, b"no database" * 500], ids=["empty", "zeroes", "text"])
def test_a_damaged_index_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    path = make_database(tmp_path / "matthan.db", MANY)
    ready(path).close()
    index_path(path).write_bytes(damage)
    with closing(ready(path)) as search:
        assert found(search, Sought()) == [*range(59, 0, -1)]
        assert search.trouble == ""


def test_a_set_whose_bits_were_flipped_is_not_believed(tmp_path: Path) -> None:
    path = make_database(tmp_path / "matthan.db", MANY)
    with closing(ready(path)) as search:
        with closing(sqlite3.connect(index_path(path))) as db, db:
            (id_, held), *_ = db.execute("SELECT id, bits FROM posting").fetchall()
            db.execute("UPDATE posting SET bits = ? WHERE id = ?", (held[:-1] + bytes([held[-1] ^ 1]), id_))
        with pytest.raises(NotReady):
            found(search, Sought())


def test_without_fts5_all_but_words_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_file, "has_words", lambda db: False)
    path = make_database(tmp_path / "matthan.db", MANY)
    with closing(ready(path)) as search:
        assert len(found(search, Sought(every=(frozenset({"zone:san"}),)))) == 59
        with pytest.raises(NoWords):
            search._find(Sought(words=(Words(("san",)),)), END, 5)
        assert [each.code for each in search.problems()] == ["search.no_words"]
    monkeypatch.undo()


def test_where_the_index_cannot_be_written_it_is_said_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_database(tmp_path / "matthan.db", MANY)
    index_path(path).mkdir()
    with closing(Search(path, lambda: 0.0)) as search:
        assert not search.look()
        assert [each.code for each in search.problems()] == ["search.broken"]
        index_path(path).rmdir()
        settle(search)
        assert found(search, Sought()) == [*range(59, 0, -1)]
        assert [*search.problems()] == []


def test_what_cannot_be_kept_for_long_is_read_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "HELD", 2)
    path = make_database(tmp_path / "matthan.db", MANY[:4])
    with closing(ready(path)) as search:
        append(path, MANY[4:])
        assert search._find(Sought(), END, 100).waits  # the oldest of the new blocks had to go from memory
        settle(search)
        assert found(search, Sought()) == [*range(59, 0, -1)]


def test_texts_that_went_are_gone_from_the_file(tmp_path: Path) -> None:
    notes = [event(n, kind=Kind.OPERATOR, facts={"note": f"bimat{n} xyz"}) for n in range(1, 40)]
    path = make_database(tmp_path / "matthan.db", notes)
    with closing(ready(path)) as search:
        assert (
            b"bimat3"
            in index_path(path).read_bytes()
            + index_path(path).with_name(path.name + ".search-wal").read_bytes()
        )
        forget(path, 30)
        indexed = search._indexing
        assert indexed is not None
        indexed._forget()
        indexed.index.squeeze()
        settle(search)
        assert found(search, Sought(words=(Words(("xyz",)),))) == [*range(39, 29, -1)]
        indexed.index.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        held = index_path(path).read_bytes()
        assert b"bimat12" not in held


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "5", '{"kind": 7, "zones": "x", "facts": 3}', '{"kind": "operator", "facts": [1]}'],
)
def test_a_damaged_row_stops_nobody(tmp_path: Path, body: str) -> None:
    path = make_database(tmp_path / "matthan.db", [*MANY[:9], decision(10, MANY[0])])
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE event SET body = ?, received_at = 'x' WHERE seq IN (1, 5)", (body,))
        db.execute("UPDATE decision SET body = ?", (body,))
    with closing(ready(path)) as search:
        assert search.trouble == ""
        assert found(search, Sought(every=(frozenset({"zone:san"}),))) == [9, 8, 7, 6, 4, 3, 2]
        assert found(search, Sought(every=(frozenset({"camera:gate"}),))) == [*range(10, 0, -1)]


async def test_an_index_is_not_cut_off_by_a_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_database(tmp_path / "matthan.db", MANY)
    inside, go = Event_(), Event_()
    keep = index_file.IndexFile.keep

    def slow(self: index_file.IndexFile, *told: object, **how: object) -> None:
        inside.set()
        go.wait(10)
        keep(self, *told, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(index_file.IndexFile, "keep", slow)
    search = Search(path, lambda: 0.0)
    task = asyncio.create_task(search.run())  # noqa: TID251 - it is stopped by this test
    await asyncio.to_thread(inside.wait, 10)
    task.cancel()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert search.trouble == ""
    with closing(sqlite3.connect(index_path(path))) as db:
        assert db.execute("SELECT count(*) FROM block").fetchone()[0] >= 1
    assert not search.look()

"""What is looked for in the log is found: all of it, nothing else, newest first, whatever happens to log and index."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.store.search import bits, indexing
from engine.store.search import search as search_
from engine.store.search.search import END, Search
from engine.store.search.sought import Sought, Words, term
from rules.model import Change, Kind, Phase, RuleName, Sentence, Severity
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


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
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


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
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
            assert {each for each in naive(left, sought) if each >= before} <= set(found(search, sought))


def _stays(each: Logged) -> bool:
    return getattr(each.what, "severity", None) == "critical"

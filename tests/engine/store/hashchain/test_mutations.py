"""Whoever changes a sealed log is found out: 500 mutants here, 10,000 in the soak; and for the reason that it is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from engine.runtime.clock import ManualClock
from tests.engine.store.hashchain.mutants import (
    GONE,
    MUTATORS,
    Attacker,
    MakeDecision,
    MakeEvent,
    MakeVerdict,
    Site,
    sealed,
)
from tests.engine.store.test_audited import record


@pytest.fixture
async def site(
    tmp_path: Path,
    clock: ManualClock,
    make_event: MakeEvent,
    make_decision: MakeDecision,
    make_verdict: MakeVerdict,
) -> Site:
    return await sealed(tmp_path / "site", clock, make_event, make_decision, make_verdict, record)


def key_of(site: Site) -> str:
    history = site.keys.history()
    assert history is not None
    return history.key.id


def test_a_log_that_nobody_touched_is_whole(site: Site, clock: ManualClock) -> None:
    found = site.examined(clock, key_of(site))
    assert [each for each in found.findings if each.grave] == []
    assert found.whole
    assert (found.emptied, found.start.seq) == (10, GONE)
    assert found.vouched is not None


def mutate(site: Site, clock: ManualClock, folder: Path, times: int, seed: int) -> Counter[str]:
    """Make mutants; return how many of each kind there were. Each is found, and for a reason of its kind."""
    done, key = Counter[str](), key_of(site)
    for number in range(times):
        random = Random(f"{seed}/{number}")
        mutator = MUTATORS[number % len(MUTATORS)]
        attacker = Attacker(site.copied(folder), random, clock)
        codes, did = mutator(attacker)
        found = attacker.site.examined(clock, key)
        told = {each.code for each in found.findings if each.grave}
        assert not found.whole, f"{number}: {mutator.__name__}: {did}: accepted"
        assert told & set(codes), f"{number}: {mutator.__name__}: {did}: {told}"
        done[mutator.__name__] += 1
    return done


def test_mutants_of_every_kind_are_found(site: Site, clock: ManualClock, tmp_path: Path) -> None:
    done = mutate(site, clock, tmp_path / "mutant", 500, seed=1)
    assert set(done) == {each.__name__ for each in MUTATORS}


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_ten_thousand_mutants_are_found(site: Site, clock: ManualClock, tmp_path: Path) -> None:
    assert sum(mutate(site, clock, tmp_path / "mutant", 10_000, seed=2).values()) == 10_000

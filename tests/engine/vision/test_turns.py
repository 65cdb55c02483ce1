"""Few detectors, many cameras: whose turn it is."""

from __future__ import annotations

import threading

from engine.vision.turns import PATIENCE, FairTurns


class Crowd:
    """Takers in threads of their own, one after the other, until they are let go."""

    def __init__(self, turns: FairTurns[str]) -> None:
        self._turns = turns
        self._threads: list[threading.Thread] = []
        self.served: list[str] = []
        self.sent_away: list[str] = []

    def ask(self, name: str, priority: int = 0) -> None:
        """Return when somebody waits."""
        waiting = len(self._turns._queue)
        self._threads.append(threading.Thread(target=self._take, args=(name, priority)))
        self._threads[-1].start()
        while len(self._turns._queue) == waiting:
            threading.Event().wait(0.001)

    def _take(self, name: str, priority: int) -> None:
        thing = self._turns.take(name, priority, 60.0)
        (self.served if thing else self.sent_away).append(name)
        if thing:
            self._turns.give_back(thing)

    def join(self) -> None:
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()


def busy() -> tuple[FairTurns[str], Crowd, str]:
    """Return turns whose only thing is away, who will wait for it, and the thing."""
    turns = FairTurns(["it"])
    thing = turns.take("other", 0, 0.0)
    assert thing is not None
    return turns, Crowd(turns), thing


def test_who_was_served_last_goes_last() -> None:
    turns, crowd, thing = busy()
    for name in ("a", "b", "c"):
        turns.give_back(thing)
        assert turns.take(name, 0, 0.0) == thing
    for name in ("c", "a", "new", "b"):
        crowd.ask(name)
    turns.give_back(thing)
    crowd.join()
    assert crowd.served == ["new", "a", "b", "c"]


def test_the_urgent_go_first() -> None:
    turns, crowd, thing = busy()
    for name, priority in (("idle", 0), ("later", 1), ("latest", 1)):
        crowd.ask(name, priority)
    turns.give_back(thing)
    crowd.join()
    assert crowd.served == ["later", "latest", "idle"]


def test_who_was_turned_away_too_often_is_urgent() -> None:
    turns, crowd, thing = busy()
    assert [turns.take("poor", 0, 0.0) for _ in range(PATIENCE)] == [None] * PATIENCE
    turns.give_back(thing)
    assert turns.take("rich", 1, 0.0) == thing
    crowd.ask("rich", 1)
    crowd.ask("poor", 0)
    turns.give_back(thing)
    crowd.join()
    assert crowd.served == ["poor", "rich"]


def test_what_was_in_vain_is_counted_by_taker_and_leaves_no_trace() -> None:
    turns, _, thing = busy()
    assert [turns.take("yard", 0, 0.0) for _ in range(2)] == [None, None]
    assert (turns.asked["yard"], turns.refused["yard"], turns.refused["other"]) == (2, 2, 0)
    turns.give_back(thing)
    assert turns.take("yard", 0, 0.0) == thing


def test_what_is_handed_over_at_the_last_moment_is_not_lost() -> None:
    """The time to wait is over and the thing comes before its taker has left the queue."""
    turns, _, thing = busy()
    waiting = turns._enqueue("yard", 0)
    turns.give_back(thing)
    assert turns._handed("yard", waiting) == thing
    assert turns.refused["yard"] == 0


def test_closing_turns_everyone_away_now_and_later() -> None:
    turns, crowd, thing = busy()
    crowd.ask("now")
    turns.close()
    crowd.join()
    turns.give_back(thing)
    assert turns.take("later", 0, 60.0) is None
    assert (crowd.served, crowd.sent_away) == ([], ["now"])


def test_every_one_of_many_gets_its_turns() -> None:
    """Sixty-four who ask without a pause, and each is served as often as the others."""
    turns, rounds = FairTurns(["it"]), 10
    names = [f"c{number}" for number in range(64)]
    served: list[str] = []

    def live(name: str) -> None:
        while len(served) < rounds * len(names):
            if (thing := turns.take(name, 0, 60.0)) is not None:
                served.append(name)
                while len(turns._queue) < len(names) - 1 and len(served) < rounds * len(names):
                    threading.Event().wait(0.0005)  # the others come back before it is given back
                turns.give_back(thing)

    threads = [threading.Thread(target=live, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    counts = [served[: rounds * len(names)].count(name) for name in names]
    assert (min(counts), max(counts)) == (rounds, rounds)

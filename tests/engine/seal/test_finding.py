"""Of many findings of one kind the first is told, and how many there are."""

from __future__ import annotations

from engine.seal.finding import Finding, Findings


def test_the_first_of_a_kind_is_told_with_how_many_there_are() -> None:
    found = Findings()
    for n in range(3):
        found.add("seal.head_cut", {"number": n}, "log")
    found.add("seal.head_torn", {"line": 1}, grave=False)
    found.add("seal.head_cut", {"number": 9}, "audit")
    assert found.told() == [
        Finding("seal.head_cut", {"number": 0, "times": 3}),
        Finding("seal.head_torn", {"line": 1, "times": 1}, grave=False),
        Finding("seal.head_cut", {"number": 9, "times": 1}),
    ]

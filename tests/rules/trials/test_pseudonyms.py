"""Other names: of the same form, the same each time, nobody's."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from rules.model import Change, Event, EventId, Kind
from rules.trials.pseudonyms import Pseudonyms

NOON = datetime(2026, 3, 1, 5, tzinfo=UTC)


def event(kind: Kind, label: str, **facts: str) -> Event:
    return Event(EventId("e"), "s", 1, kind, Change.NOTED, None, NOON, NOON, label=label, facts=facts)


@given(st.lists(st.from_regex(r"[0-9]{2}[A-Z][0-9]{4,5}", fullmatch=True), min_size=1, max_size=40))
def test_each_plate_has_one_other_name_of_its_form(plates: list[str]) -> None:
    names = Pseudonyms([event(Kind.PLATE, each) for each in plates])
    told = {each: names.hide(each) for each in plates}
    assert len(set(told.values())) == len(told)
    assert set(told.values()).isdisjoint(plates)
    for was, now in told.items():
        assert [each.isdigit() for each in was] == [each.isdigit() for each in now]


def test_plates_and_people_are_hidden_wherever_they_stand() -> None:
    seen = [event(Kind.PLATE, "29E12345"), event(Kind.OPERATOR, "call", by="Lan", note="29e-123.45 of Lan")]
    names = Pseudonyms(seen)
    hidden = names.hide("29e-123.45 of Lan")
    assert hidden.endswith(" of officer-1")
    assert hidden.split()[0].replace("-", "").replace(".", "").upper() == names.hide("29E12345")
    assert Pseudonyms(seen, {"29E12345"}).hide("29E-123.45") == "29E-123.45"
    assert names.hide("track:6b0eb712.2") == "track:6b0eb712.2"

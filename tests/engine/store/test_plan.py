"""What is written about a row in a hurry is what is written about it at leisure."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.seal.chain import digest
from engine.store.plan import event_digest

TEXT = st.text(st.characters(codec="utf-8")) | st.text(st.characters(codec="ascii"))


@given(st.integers(), TEXT, TEXT | st.none(), st.integers(), st.floats(), TEXT)
def test_an_events_digest_is_that_of_its_row(
    seq: int, id_: str, camera: str | None, received_at: int, engine: float, body: str
) -> None:
    row = seq, id_, camera, received_at, engine, body
    assert event_digest(row) == digest("event", row)

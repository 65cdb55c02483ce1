"""What a form says becomes a request."""

from __future__ import annotations

import pytest

from engine.api.resources.commissioning.jobs import Risk, Step
from tui.model.wish import OPTIONAL, Wish, agreed


def test_a_request_has_what_the_form_has() -> None:
    wish = Wish("~/a.csv", " An ", "192.0.2.0/24;2001:db8::/120", OPTIONAL[1:], thorough=True, anew=True)
    request = wish.request(b"id\n")
    assert wish.path.is_absolute()
    assert (request.name, request.technician, request.thorough, request.anew, request.adopt) == (
        "a.csv", "An", True, True, True,
    )  # fmt: skip
    assert request.subnets == ("192.0.2.0/24", "2001:db8::/120")
    assert Step.TIME not in request.steps
    assert {Step.FIND, Step.IDENTIFY} <= set(request.steps)
    assert not Wish("a.csv", steps=(Step.TIME,)).request(b"").adopt


def test_what_is_longer_than_an_engine_takes_is_refused_here() -> None:
    with pytest.raises(ValueError, match="technician"):
        Wish("a.csv", technician="x" * 201).request(b"")
    with pytest.raises(ValueError, match="subnets"):
        Wish("a.csv", subnets="192.0.2.0/24 " * 65).request(b"")


def test_what_is_agreed_to_is_meant() -> None:
    request = Wish("a.csv").request(b"").model_copy(update={"dry": True})
    assert (agreed(request, [Risk.MOVES]).dry, agreed(request, [Risk.MOVES]).yes) == (False, (Risk.MOVES,))

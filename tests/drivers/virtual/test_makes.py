"""Makes: none is a real maker's, each keeps what a camera was told to be, and each can be found where it is usual."""

import pytest

from drivers.virtual.encoding import PAIR
from drivers.virtual.makes import MAKES, Make
from drivers.virtual.quirks import Quirk
from drivers.virtual.spec import CameraSpec

SPEC = CameraSpec("gate", 3, password="secret", quirks=frozenset({Quirk.SLOW}))


@pytest.mark.parametrize("make", MAKES.values(), ids=list(MAKES))
def test_a_camera_of_a_make_is_still_that_camera(make: Make) -> None:
    made = make.of(SPEC)
    assert (made.identity, made.login, made.name) == (SPEC.identity, SPEC.login, SPEC.name)
    assert made.info.manufacturer == make.manufacturer
    assert made.info.model == make.model
    assert Quirk.SLOW in made.quirks
    assert made.quirks >= make.quirks
    assert made.profiles == PAIR


@pytest.mark.parametrize("make", MAKES.values(), ids=list(MAKES))
def test_the_makers_password_is_asked_for_and_never_there_by_itself(make: Make) -> None:
    sold = make.of(CameraSpec(password="secret", quirks=frozenset({Quirk.DEFAULT_PASSWORD})))
    assert sold.login == make.login
    assert Quirk.DEFAULT_PASSWORD not in make.quirks
    assert len(make.login.password) >= 4


def test_makes_differ() -> None:
    for what in ("manufacturer", "model", "firmware", "login", "quirks"):
        assert len({getattr(make, what) for make in MAKES.values()}) == len(MAKES)
    assert len({make.ports[0] for make in MAKES.values()}) == len(MAKES)

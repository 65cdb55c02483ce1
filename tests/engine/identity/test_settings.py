"""What the configuration says of people is what the room of identity knows."""

from __future__ import annotations

from typing import get_args

from engine.config.settings import AccessSettings, ApiSettings, Settings
from engine.identity.permission import Role
from engine.identity.record import Deed


def test_a_role_of_the_shared_token_is_a_role() -> None:
    assert set(get_args(ApiSettings.model_fields["token_role"].annotation)) == {each.value for each in Role}


def test_what_must_be_said_why_is_a_deed() -> None:
    (each,) = get_args(AccessSettings.model_fields["why"].annotation)
    assert set(get_args(each)) <= {deed.value for deed in Deed}


def test_without_a_word_a_session_is_a_shift_and_idle_an_hour() -> None:
    access = Settings().access
    assert (access.session_hours, access.idle_minutes, access.why) == (12.0, 60.0, [])

"""Persons, grants and what lets people in, as rows of the store, and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from engine.identity.grant import Grant, Hours
from engine.identity.people.credential import Code, Purpose, Session, Token
from engine.identity.people.person import Person
from engine.identity.permission import Role
from engine.identity.place import Place
from engine.store.codec import micros, moment
from engine.store.people import Row

Columns = Sequence[Any]


def person_row(person: Person) -> Row:
    """Return a person's row."""
    local = json.dumps(sorted(person.local), ensure_ascii=False)
    return (
        person.id, person.name, local, person.by, micros(person.made), person.password,
        _maybe(person.set_at), _maybe(person.disabled), _maybe(person.removed),
    )  # fmt: skip


def person_of(row: Columns) -> Person:
    """Return the person of a row."""
    id, name, local, by, made, password, set_at, disabled, removed = row
    return Person(
        _text(id), _text(name), moment(made), by, frozenset(map(_text, json.loads(local))), password,
        _when(set_at), _when(disabled), _when(removed),
    )  # fmt: skip


def grant_row(grant: Grant) -> Row:
    """Return a grant's row."""
    hours = None if grant.hours is None else hours_text(grant.hours)
    return (
        grant.id, grant.person, grant.role.value, str(grant.place), grant.by, grant.why,
        _maybe(grant.since), _maybe(grant.until), hours, grant.engine,
    )  # fmt: skip


def grant_of(row: Columns) -> Grant:
    """Return the grant of a row."""
    id, person, role, place, by, why, since, until, hours, engine = row
    return Grant(
        _text(id), _text(person), Role(role), Place.read(place), _when(since), _when(until),
        None if hours is None else hours_of(hours), by, why,
        None if engine is None else float(engine),
    )  # fmt: skip


def hours_text(hours: Hours) -> str:
    """Return hours as they are kept."""
    told = {"begin": f"{hours.begin:%H:%M}", "end": f"{hours.end:%H:%M}", "days": sorted(hours.days)}
    return json.dumps(told)


def hours_of(text: str) -> Hours:
    """Return the hours that were kept."""
    told = json.loads(text)
    days = frozenset(int(day) for day in told["days"])
    if not days <= frozenset(range(7)):
        raise ValueError("no day of a week")
    return Hours(time.fromisoformat(told["begin"]), time.fromisoformat(told["end"]), days)


def token_row(token: Token) -> Row:
    """Return a token's row."""
    return (
        token.id, token.secret, token.person, token.purpose, micros(token.made), micros(token.until), token.engine,
        token.by, None if token.role is None else token.role.value,
        None if token.place is None else str(token.place), _maybe(token.used),
    )  # fmt: skip


def token_of(row: Columns) -> Token:
    """Return the token of a row."""
    id, secret, person, purpose, made, until, engine, by, role, place, used = row
    return Token(
        _text(id), _bytes(secret), _text(person), purpose, moment(made), moment(until), float(engine), by,
        None if role is None else Role(role), None if place is None else Place.read(place), _when(used),
    )  # fmt: skip


def session_row(session: Session) -> Row:
    """Return a session's row."""
    return (
        session.id, session.secret, session.person, session.address, micros(session.made), session.engine,
        micros(session.used), session.used_at,
    )  # fmt: skip


def session_of(row: Columns) -> Session:
    """Return the session of a row."""
    id, secret, person, address, made, engine, used, used_at = row
    return Session(
        _text(id), _bytes(secret), _text(person), address, moment(made), float(engine), moment(used), float(used_at),
    )  # fmt: skip


def code_row(code: Code) -> Row:
    """Return a code's row."""
    return code.id, code.secret, code.purpose.value, micros(code.made), code.engine, code.person


def code_of(row: Columns) -> Code:
    """Return the code of a row."""
    id, secret, purpose, made, engine, person = row
    return Code(_text(id), _bytes(secret), Purpose(purpose), moment(made), float(engine), person)


def _maybe(at: datetime | None) -> int | None:
    return None if at is None else micros(at)


def _when(at: int | None) -> datetime | None:
    return None if at is None else moment(at)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return value


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("no bytes")
    return value

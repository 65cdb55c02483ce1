"""``matthan access list|add|disable|enable|remove|map|reset``: who is registered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.output.talk import AsJson, Language_, Socket, Speaker, Token, Why, speak
from engine.commands.output.terminal import data, out

if TYPE_CHECKING:
    from engine.api.resources.people import CodeMade, Grant, PersonInfo

PersonId = Annotated[str, typer.Argument(metavar="PERSON", help="The name by which they log in.")]
Place = Annotated[
    str, typer.Option("--place", metavar="PLACE", help="site, group:NAME, camera:ID or a camera's id.")
]


def listed(
    removed: Annotated[bool, typer.Option("--removed", help="Those who were removed as well.")] = False,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
) -> None:
    """List who is registered, and what each is granted."""
    from engine.api.resources.people import PEOPLE

    async def talk(speaker: Speaker) -> None:
        found = await speaker.client.ask(PEOPLE, query={"removed": removed})
        for each in found:
            data(each.model_dump_json()) if as_json else _show(speaker, each)
        if not found and not as_json:
            out(speaker.say("who.nobody"))

    speak(socket, token, lang, talk)


def _show(speaker: Speaker, person: PersonInfo) -> None:
    out(f"{person.id:<16} {person.name}{''.join(_marks(speaker, person))}", dim=person.disabled is not None)
    for each in person.grants:
        out(f"  {line(speaker, each)}")
    if not person.grants and person.removed is None:
        out(f"  {speaker.say('who.no_grants')}")
    for user in _unknown(speaker, person.local):
        out(f"  {speaker.say('who.no_such_user', user=user)}", "yellow")


def _unknown(speaker: Speaker, users: Iterable[str]) -> Iterator[str]:
    """Yield those who are no users of this machine, where the engine is on it."""
    import pwd

    if speaker.client.address.startswith("http"):
        return
    for user in users:
        try:
            pwd.getpwnam(user)
        except (KeyError, ValueError):
            yield user


def _marks(speaker: Speaker, person: PersonInfo) -> Iterator[str]:
    """Yield what there is to know of a person beside the name."""
    if person.local:
        yield "  " + speaker.say("who.local", users=", ".join(person.local))
    if person.removed is not None:
        yield "  " + speaker.say("who.removed", at=speaker.time(person.removed))
    elif person.disabled is not None:
        yield "  " + speaker.say("who.disabled", at=speaker.time(person.disabled))
    elif not person.password and not person.local:
        yield "  " + speaker.say("who.no_password")


def line(speaker: Speaker, grant: Grant) -> str:
    """Return a grant in one line."""
    words = [f"{grant.id}  {speaker.known(f'role.{grant.role}', grant.role)}  {grant.place}"]
    if grant.since is not None:
        words.append(speaker.say("who.since", at=speaker.time(grant.since)))
    if grant.until is not None:
        words.append(speaker.say("who.until", at=speaker.time(grant.until)))
    if grant.hours is not None:
        words.append(f"{grant.hours.begin:%H:%M}-{grant.hours.end:%H:%M}")
        if len(grant.hours.days) < 7:
            words.append(",".join(speaker.say(f"weekday.{day}") for day in grant.hours.days))
    if not grant.holds:
        words.append(speaker.say("who.not_now"))
    return "  ".join(words) + (f"  — {grant.why}" if grant.why else "")


def add(
    person: PersonId,
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="Their name, for people.")] = "",
    role: Annotated[
        str | None,
        typer.Option("--role", metavar="ROLE", help="viewer, officer, author, technician, admin, auditor."),
    ] = None,
    place: Place = "site",
    local: Annotated[
        list[str] | None,
        typer.Option("--local", metavar="USER", help="A user of the engine's machine who is this person."),
    ] = None,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
    why: Why = "",
) -> None:
    """Register a person; prints a code by which they choose a password, once, within 24 hours.

    \b
    matthan access add an --name "Nguyễn Văn An" --role officer
    matthan access add binh --role viewer --place group:gates --local binh
    """  # noqa: D301 - click's mark for lines that stay as they are
    from engine.api.resources.people import ADD

    body = {"id": person, "name": name, "role": role, "place": placed(place), "local": local or []}

    async def talk(speaker: Speaker) -> None:
        _code(speaker, await speaker.client.ask(ADD, body=body), as_json)

    speak(socket, token, lang, talk, why)


def reset(
    person: PersonId,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
    why: Why = "",
) -> None:
    """Print a code by which a person chooses a new password, once, within 24 hours. The old one works until then."""
    from engine.api.resources.people import RESET

    async def talk(speaker: Speaker) -> None:
        _code(speaker, await speaker.client.ask(RESET, person), as_json)

    speak(socket, token, lang, talk, why)


def _code(speaker: Speaker, made: CodeMade, as_json: bool) -> None:
    if as_json:
        data(made.model_dump_json())
    else:
        out(speaker.say("who.code", person=made.person, secret=made.code, until=speaker.time(made.until)))


def disable(
    person: PersonId, socket: Socket = None, token: Token = None, lang: Language_ = None, why: Why = ""
) -> None:
    """Let a person in no more, and end what they have open; `enable` takes it back."""
    _change(socket, token, lang, person, {"disabled": True}, why)


def enable(
    person: PersonId, socket: Socket = None, token: Token = None, lang: Language_ = None, why: Why = ""
) -> None:
    """Let a person in again who was disabled."""
    _change(socket, token, lang, person, {"disabled": False}, why)


def map_local(
    person: PersonId,
    users: Annotated[
        list[str] | None,
        typer.Argument(metavar="[USER]...", help="Users of the engine's machine; none: no user."),
    ] = None,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    why: Why = "",
) -> None:
    """Say which users of the engine's machine are a person: on its socket they need no password.

    \b
    matthan access map an an          the user `an` is An
    matthan access map an             no user is
    """  # noqa: D301 - click's mark for lines that stay as they are
    _change(socket, token, lang, person, {"local": users or []}, why)


def _change(
    socket: str | None, token: str | None, lang: Language_, person: str, body: dict[str, object], why: str
) -> None:
    from engine.api.resources.people import CHANGE

    async def talk(speaker: Speaker) -> None:
        _show(speaker, await speaker.client.ask(CHANGE, person, body=body))

    speak(socket, token, lang, talk, why)


def remove(
    person: PersonId, socket: Socket = None, token: Token = None, lang: Language_ = None, why: Why = ""
) -> None:
    """Remove a person with all grants, sessions and tokens; the records keep the name, which is never given again."""
    from engine.api.resources.people import REMOVE

    async def talk(speaker: Speaker) -> None:
        _show(speaker, await speaker.client.ask(REMOVE, person))

    speak(socket, token, lang, talk, why)


def placed(written: str) -> str:
    """Return a place as the engine reads it; a bare word is a camera's id."""
    return written if written == "site" or ":" in written else f"camera:{written}"

"""Who one is: logging in and out, choosing a password, sessions that are open, what one may."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Protocol

from pydantic import Field, SecretStr

from engine.api.person import Given, Person
from engine.api.question import Inquiry, Question, Resource
from engine.identity.access import Reach
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.identity.record import Deed
from engine.web.payload import Wire

#: A password, as long as it may be sent; how long it may be is said where one is chosen.
Password = Annotated[SecretStr, Field(min_length=1, max_length=512)]


class Login(Given):
    """A name and its password."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    password: Password


class LoggedIn(Wire):
    """A session; its secret is told this one time, and shown as ``Authorization: Bearer``."""

    id: str
    secret: str
    person: str
    name: str
    until: datetime = Field(description="When it ends at the latest; sooner when it is not used.")


class Setup(Given):
    """A code and the password that is chosen with it; of the first person of a site also who that is."""

    code: Annotated[SecretStr, Field(min_length=1, max_length=100)]
    password: Password
    name: Annotated[str, Field(max_length=32)] = ""
    title: Person = ""


class SetUp(Wire):
    """Who can log in now."""

    person: str
    name: str


class PasswordChange(Given):
    """One's own password, and the new one."""

    old: Password
    new: Password


class SessionInfo(Wire):
    """Somebody who has logged in."""

    id: str
    person: str
    address: str
    made: datetime
    used: datetime
    until: datetime
    current: bool = Field(False, description="Whether it is that of whoever asks.")


class May(Wire):
    """Something that one may."""

    permission: Permission
    everywhere: bool = Field(description="At the whole site; else at some place.")
    basis: str
    until: datetime | None = None


class Me(Wire):
    """Who one is, by what that is known, and what one may."""

    principal: str
    user: str
    name: str
    means: str
    address: str
    until: datetime | None = Field(None, description="When the session or token ends at the latest.")
    may: tuple[May, ...] = ()


LOGIN = Question(
    "POST", "/v1/sessions", "Log in; whoever has shown nothing yet may ask this", Permission.LOGIN, LoggedIn,
    body=Login, where=Reach.ANYWHERE, deed=Deed.LOGIN, told_by_answerer=True,
)  # fmt: skip
LOGOUT = Question(
    "DELETE", "/v1/sessions/current", "Log out: end the session that is shown", Permission.LOGIN,
    where=Reach.ANYWHERE, deed=Deed.LOGOUT,
)  # fmt: skip
SETUP = Question(
    "POST", "/v1/setup", "Choose a password with a code; whoever has shown nothing yet may ask this",
    Permission.LOGIN, SetUp, body=Setup, where=Reach.ANYWHERE, deed=Deed.LOGIN, told_by_answerer=True,
)  # fmt: skip
ME = Question("GET", "/v1/me", "Who one is, and what one may", Permission.LOGIN, Me, where=Reach.ANYWHERE)
PASSWORD = Question(
    "PUT", "/v1/me/password", "Change one's own password; all sessions end", Permission.LOGIN,
    body=PasswordChange, where=Reach.ANYWHERE, deed=Deed.ACCESS, told_by_answerer=True,
)  # fmt: skip
SESSIONS = Question("GET", "/v1/sessions", "Who is logged in", Permission.ACCESS, list[SessionInfo])
END = Question(
    "DELETE", "/v1/sessions/{id}", "End somebody's session", Permission.ACCESS, deed=Deed.SESSION_ENDED
)


class SessionPort(Protocol):
    """What is asked of the engine."""

    async def login(self, caller: Caller, asked: Login) -> LoggedIn:
        """Let somebody in.

        Raises:
            Refusal: ``access.wrong``, ``access.locked``, ``access.busy``, ``access.not_kept``.
        """
        ...

    async def logout(self, caller: Caller) -> None:
        """End the caller's session.

        Raises:
            Refusal: ``access.no_session_shown``.
        """
        ...

    async def setup(self, caller: Caller, asked: Setup) -> SetUp:
        """Let whoever shows a code choose a password.

        Raises:
            Refusal: ``access.no_code``, ``access.password_short``, ..., ``access.locked``.
        """
        ...

    async def change_password(self, caller: Caller, asked: PasswordChange) -> None:
        """Change the caller's own password.

        Raises:
            Refusal: ``access.wrong``, ``access.no_password``, ``access.password_short``, ...
        """
        ...

    def me(self, caller: Caller) -> Me:
        """Return who the caller is."""
        ...

    def sessions(self, caller: Caller) -> list[SessionInfo]:
        """Return who is logged in."""
        ...

    async def end(self, caller: Caller, session: str) -> None:
        """End a session.

        Raises:
            Refusal: ``access.no_session``.
        """
        ...


def resource(sessions: SessionPort) -> Resource:
    """Return the questions about who one is."""

    async def login(asked: Inquiry[None, Login]) -> LoggedIn:
        return await sessions.login(asked.caller, asked.body)

    async def logout(asked: Inquiry[None, None]) -> None:
        await sessions.logout(asked.caller)

    async def setup(asked: Inquiry[None, Setup]) -> SetUp:
        return await sessions.setup(asked.caller, asked.body)

    async def me(asked: Inquiry[None, None]) -> Me:
        return sessions.me(asked.caller)

    async def password(asked: Inquiry[None, PasswordChange]) -> None:
        await sessions.change_password(asked.caller, asked.body)

    async def listed(asked: Inquiry[None, None]) -> list[SessionInfo]:
        return sessions.sessions(asked.caller)

    async def end(asked: Inquiry[None, None]) -> None:
        await sessions.end(asked.caller, asked.name)

    answers = (
        LOGIN.by(login), LOGOUT.by(logout), SETUP.by(setup), ME.by(me), PASSWORD.by(password),
        SESSIONS.by(listed), END.by(end),  # after LOGOUT, whose path is one of these, too
    )  # fmt: skip
    return Resource("sessions", answers)

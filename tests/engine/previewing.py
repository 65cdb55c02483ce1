"""What a preview shows in tests, and to whom: people that a test lets in and sends away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from engine.fleet.tap import Tap
from engine.fleet.watchers import Watchers
from engine.identity.access import Ruling, Where
from engine.identity.caller import Caller, Principal
from engine.identity.permission import Permission
from engine.preview.server import Preview
from engine.preview.showing import Showing
from engine.web.refusals import refusal
from rules.model import Sentence
from tests.fakes.engine import ROOT, FakeAuditor

CAMERAS = {"cong": "Cổng <chính> & ngõ"}


class Grants:
    """Implements `engine.identity.access.Rights`: what a test grants, camera by camera."""

    def __init__(self, *cameras: str) -> None:
        self.cameras = set(cameras)

    def rule(self, permission: Permission, where: Where) -> Ruling:
        if permission is Permission.LIVE and where in self.cameras:
            return Ruling(basis="g1")
        told = {"who": "lan", "person": "lan", "permission": permission.value, "roles": "viewer"}
        return Ruling(missing=Sentence("access.no_role", told))


def lan(*cameras: str) -> Caller:
    """Return a person who may watch some cameras."""
    return Caller(Principal.SESSION, "lan", Grants(*cameras), "Lan", "s1")


class FakeEntrance:
    """Implements `engine.preview.visitor.Entrance`: one person, one password, one code.

    Attributes:
        sessions: Those that are open, by their secrets.
        asked: What was tried.
    """

    def __init__(self, *cameras: str) -> None:
        self.grants = Grants(*cameras)
        self.sessions: dict[str, Caller] = {}
        self.asked: list[tuple[str, ...]] = []

    def caller(self, secret: str, address: str) -> Caller | None:
        return self.sessions.get(secret)

    async def login(self, name: str, password: str, address: str) -> str:
        self.asked.append(("login", name, address))
        if (name, password) != ("lan", "a long sentence"):
            raise refusal(401, "access.wrong")
        return self._begin()

    def _begin(self) -> str:
        secret = f"ms_{len(self.asked)}"
        self.sessions[secret] = Caller(Principal.SESSION, "lan", self.grants, "Lan", "s1")
        return secret

    async def logout(self, secret: str, address: str) -> None:
        self.asked.append(("logout", secret))
        self.sessions.pop(secret, None)

    async def setup(self, code: str, name: str, password: str, address: str) -> str:
        self.asked.append(("setup", code, name))
        if code != "right":
            raise refusal(401, "access.wrong")
        return self._begin()


def showing(
    tap: Tap | None = None,
    still_of: Callable[[str, int], Awaitable[bytes]] | None = None,
    entrance: FakeEntrance | None = None,
    auditor: FakeAuditor | None = None,
    watchers: Watchers | None = None,
    asks_why: frozenset[str] = frozenset(),
) -> Showing:
    """Return what shows one camera, or none without a tap."""
    taps = {"cong": tap} if tap else {}
    watched = {"cong": watchers or Watchers(lambda: datetime.now(UTC))}
    return Showing(
        taps.get,
        lambda: CAMERAS,
        auditor or FakeAuditor(),
        watched.get,
        still_of,
        entrance,
        asks_why,
        title="Ngõ 12",
    )


def link(preview: Preview, camera: str = "cong", caller: Caller = ROOT) -> str:
    """Return a link for somebody."""
    return preview.link(caller, camera)[0]

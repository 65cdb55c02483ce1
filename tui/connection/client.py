"""What the terminal UI asks of an engine: `engine.api.client.Client` does it over a socket, a fake in tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from engine.api import wire
from engine.api.client import Message
from engine.api.explanation import Explanation
from engine.api.picture import Picture
from engine.api.question import A, Question


class EngineClient(Protocol):
    """One engine as the UI sees it. Every call raises `engine.api.client.ApiError` and nothing else.

    Attributes:
        language: Of the engine's sentences in errors.
        address: The engine's socket, or ``http(s)://HOST:PORT``.
    """

    language: str
    address: str

    def updates(self) -> AsyncIterator[Message]:
        """Yield a `State`, then what changes, for ever; reconnects and fills gaps by itself."""
        ...

    async def ask(
        self,
        question: Question[Any, Any, A],
        /,
        *names: str,
        query: Mapping[str, object] | None = None,
        body: BaseModel | Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> A:
        """Ask whatever is declared in `engine.api.resources`, and return its answer."""
        ...

    async def events(
        self, *, before: int | None = None, limit: int = 100, camera: str | None = None
    ) -> list[wire.Event]:
        """Return stored events, newest first, with ``seq < before``."""
        ...

    async def decisions(
        self, *, before: str | None = None, limit: int = 100, camera: str | None = None
    ) -> list[wire.Decision]:
        """Return stored decisions, newest first, older than the decision id `before`."""
        ...

    async def acknowledge(self, decision: str, *, by: str = "", note: str = "") -> wire.Decision:
        """Say who takes care of a decision; return it with who was the first to."""
        ...

    async def see(self, decision: str, *, by: str = "") -> wire.Event:
        """Say that somebody has seen an alert; return the event of it."""
        ...

    async def judge(
        self, decision: str, verdict: Literal["true", "false", "test"], *, by: str = "", note: str = ""
    ) -> wire.Event:
        """Say what a decision turned out to be; return the event of it."""
        ...

    async def unacknowledge(self, decision: str, acknowledgement: wire.Acknowledgement, /) -> wire.Decision:
        """Take back an acknowledgement, as it was answered a moment ago; return the decision without it."""
        ...

    async def silence(self, body: Mapping[str, object], /) -> wire.Silence:
        """Let something be judged and not told for a while."""
        ...

    async def unsilence(self, id: str, *, by: str = "") -> wire.Event:
        """End a silence before its time; return the event of it."""
        ...

    async def rules(self) -> list[wire.Rule]:
        """Return every rule and how it does."""
        ...

    async def explain(self, rule: str, *, camera: str | None = None) -> Explanation:
        """Return why a rule fired lately, and why it did not."""
        ...

    async def reload_rules(self) -> wire.RulesReloaded:
        """Let the engine read its rules again; an `ApiError` has every problem where they are bad."""
        ...

    async def picture(self, camera: str, width: int = 4096, *, best: bool = True) -> Picture:
        """Return a picture; not the `best`: the last analysed one, with what was seen in it."""
        ...

    async def presets(self, camera: str) -> list[wire.Preset]:
        """Return a PTZ camera's presets."""
        ...

    async def ptz(self, camera: str, command: wire.PtzCommand) -> None:
        """Carry out a PTZ command."""
        ...

    async def retry(self, camera: str) -> wire.Camera:
        """Let a camera be tried again at once; return it as it is now, before anything came of it."""
        ...

    async def preview_link(self, camera: str) -> wire.PreviewLink:
        """Return a short-lived link to the camera's preview page."""
        ...

"""What can be asked, as a declaration: the server's router, the OpenAPI document and the client are made from it.

Light to import, as the modules of `engine.api.resources` are, which hold questions: clients need them, too.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Final, Generic, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from typing_extensions import TypeVar

from engine.identity.access import Reach, Where
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.identity.record import Deed
from engine.text import Language
from engine.web.payload import KEY, Wire

Q = TypeVar("Q", default=None)
B = TypeVar("B", default=None)
A = TypeVar("A", default=None)

#: Header that names an act.
IDEMPOTENCY_KEY: Final = "Idempotency-Key"
#: Header with why something is done, in the words of whoever does it; percent-encoded UTF-8.
WHY: Final = "X-Matthan-Why"
#: Media type of an answer in JSON, and what stands for a WebSocket.
JSON, WEBSOCKET = "application/json", "websocket"
#: Seconds that a client waits for an answer; a PTZ command waits for the camera.
CALL_TIMEOUT: Final = 20.0


class Query(BaseModel):
    """Base of what stands after the question mark: unknown names are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


#: A name as it may be asked for; no camera's or rule's is longer.
Named = Annotated[str, Field(max_length=200)]


class Key(BaseModel):
    """What names an act, so that telling it again makes no second one."""

    key: Annotated[str, Field(pattern=KEY)] | None = Field(
        None,
        description="An act with the same key of the same user is the same event, however often it is told.",
    )


@dataclass(frozen=True, slots=True)
class Blob:
    """An answer that is not JSON.

    Attributes:
        content: Its bytes, of the media type that its question declares.
        headers: HTTP's, beside that.
        status: HTTP's; 200 or 503.
    """

    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Inquiry(Generic[Q, B]):
    """A question as it was asked, validated.

    Attributes:
        caller: By whom.
        names: What stands in the path, by its name there.
        query: What stands after the question mark; None where nothing is declared.
        body: Likewise.
        key: The idempotency key; empty without one.
        language: Of sentences for people.
    """

    caller: Caller
    names: Mapping[str, str]
    query: Q
    body: B
    key: str = ""
    language: Language = "en"

    @property
    def name(self) -> str:
        """What stands in a path with one name."""
        (only,) = self.names.values()
        return only


#: A name in a path.
_NAME = re.compile(r"{(\w+)}")
#: Answers a question; of a WebSocket, the messages.
Answering = Callable[[Inquiry[Q, B]], Awaitable[A]]
Messages = AsyncGenerator[Wire, None]


@dataclass(frozen=True, slots=True)
class Route:
    """A question and who answers it."""

    question: Question[Any, Any, Any]
    answering: Answering[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """What belongs together: the questions about one thing, with who answers them."""

    name: str
    answers: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class Question(Generic[Q, B, A]):
    """One thing that can be asked.

    Attributes:
        method: HTTP's; `path` may have names in braces.
        summary: In few English words, for the OpenAPI document.
        needs: What whoever asks must be granted; there is none without.
        of: Where the camera stands that it is about: in the path (as ``id``), the query or the body (as ``camera``).
        where: How far the grant has to reach where it is about no camera; what is answered to whoever may ask it only
            `ANYWHERE` is only of what they may see.
        deed: As what it is recorded in the audit log; None: it is not. A refusal always is.
        told_by_answerer: Whoever answers it records it, because floods of it are told as one.
        answer: A model, a list of one, `Blob`, or None: there is nothing to answer (204).
        query: What stands after the question mark; None: that is not looked at.
        body: What is sent along; where `optional`, nothing is the same as ``{}``.
        media: The answer's media type.
        keyed: An idempotency key is looked at.
        within: Seconds that a client waits for the answer.
        largest: Bytes that the body may have; 0: what every body may have. It is read of nobody who may not ask.
        streamed: What comes over a WebSocket.
    """

    method: str
    path: str
    summary: str
    needs: Permission
    answer: type[A] | None = None
    query: type[Q] | None = None
    body: type[B] | None = None
    optional: bool = False
    media: str = JSON
    keyed: bool = False
    within: float = CALL_TIMEOUT
    largest: int = 0
    streamed: tuple[type[BaseModel], ...] = ()
    of: Literal["", "path", "query", "body"] = ""
    where: Reach = Reach.SITE
    deed: Deed | None = None
    told_by_answerer: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.needs, Permission):
            raise ValueError(f"{self.path}: it must be said what it needs")

    def by(self, answering: Answering[Q, B, A]) -> Route:
        """Return this question with who answers it."""
        return Route(self, answering)

    def place(self, asked: Inquiry[Q, B]) -> Where:
        """Return where whoever asks must be allowed it."""
        camera: str | None = None
        if self.of == "path":
            camera = asked.names["id"]
        elif self.of:
            camera = getattr(asked.query if self.of == "query" else asked.body, "camera")  # noqa: B009 - of any model
        return self.where if camera is None else camera

    @property
    def names(self) -> tuple[str, ...]:
        """What the places in its path are called, in their order."""
        return tuple(_NAME.findall(self.path))

    def at(self, *names: str) -> str:
        """Return its path with names in it.

        Raises:
            ValueError: There are more, or fewer, than it has places.
        """
        given = iter(names)
        if len(self.names) != len(names):
            raise ValueError(f"{self.path} does not take {len(names)} names")
        return _NAME.sub(lambda _: quote(next(given), safe=""), self.path)

    def read(self, content: bytes) -> A:
        """Return an answer as it came.

        Raises:
            ValidationError: It is none.
        """
        if self.answer is None:
            return None  # type: ignore[return-value]  # that is what `A` is then
        if self.answer is Blob:
            return Blob(content)  # type: ignore[return-value]  # likewise
        return shape(self.answer).validate_json(content)  # type: ignore[no-any-return]  # of this very type


def shape(answer: Any) -> TypeAdapter[Any]:
    """Return what reads and writes an answer, made once."""
    return _shape(answer)


_shape = cache(TypeAdapter)

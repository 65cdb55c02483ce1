"""The OpenAPI document, tried by schemathesis with a caller of every role: nothing breaks, nobody gets too much.

A whole engine over TCP: people with their grants in its database, tokens of theirs, a stranger, somebody who shows
nothing. What is sent follows the document, or breaks it on purpose.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from engine import app
from engine.api.client import Client
from engine.api.question import WEBSOCKET, Question
from engine.api.resources.people import ADD, NewPerson
from engine.api.resources.tokens import MAKE, NewToken
from engine.api.routes import OPENAPI
from engine.config.configuration import load
from engine.identity.permission import OPEN, ROLES, Permission, Role
from engine.web.manners import HEADERS
from tests.engine.api.questions import declared

#: Cases of each question in `make test`, and in a soak.
FEW, MANY = 4, 60
#: Two cameras that nobody answers for; whoever is narrowed may see the first.
CAMERAS = ("cong", "ngo")
#: Answers that say: not now. What a camera or a full house refuses is no fault of ours, and has a code.
NOT_NOW = {502, 503, 504}
SITE = """
site: ngo
state: {folder}/s
preview: {{enabled: false}}
detector: {{model: none}}
api: {{tcp: "127.0.0.1:{port}"}}
cameras:
  - {{id: cong, url: "file:{folder}/none.mp4"}}
  - {{id: ngo, url: "file:{folder}/none.mp4"}}
"""


@dataclass(frozen=True)
class Asker:
    """Somebody who asks.

    Attributes:
        secret: What they show; empty: nothing.
        role: Theirs; None: they have none.
        camera: The only one that it holds of; None: it holds of the site.
    """

    name: str
    secret: str
    role: Role | None
    camera: str | None = None

    def may(self, question: Question[Any, Any, Any], sent: requests.PreparedRequest) -> bool:
        """Return whether what was sent may be answered to them."""
        if question.needs in OPEN:
            return True
        if self.role is None or question.needs not in ROLES[self.role]:
            return False
        if self.camera is None or question.where.value == "anywhere":
            return True
        place = sent.url if question.of in ("path", "query") else sent.body
        text = place.decode("utf-8", "replace") if isinstance(place, bytes) else str(place)
        return bool(question.of) and self.camera in text


@dataclass(frozen=True)
class Served:
    """The engine: where it is, what it says of itself, who asks it."""

    url: str
    document: dict[str, Any]
    askers: tuple[Asker, ...]


async def _begin(folder: Path, told: list[Any], ready: threading.Event, stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        running = group.create_task(app.run(load(folder / "m.yaml"), stop), name="engine")
        socket = folder / "s" / "api.sock"
        while not socket.exists() and not running.done():
            await asyncio.sleep(0.01)
        async with Client.connect(socket) as client:  # as the engine's own user, who may do everything
            told.append(await client.ask(OPENAPI))
            for role, place in [(role, "site") for role in Role] + [(Role.OFFICER, "camera:cong")]:
                name = role.value if place == "site" else "narrowed"
                await client.ask(ADD, body=NewPerson(id=name, role=role, place=place))
                made = await client.ask(MAKE, body=NewToken(person=name, purpose="test"))
                camera = None if place == "site" else CAMERAS[0]
                told.append(Asker(name, made.secret, role, camera))
            await client.ask(ADD, body=NewPerson(id="nobody"))
            made = await client.ask(MAKE, body=NewToken(person="nobody", purpose="test"))
            told.append(Asker("nobody", made.secret, None))
        ready.set()
        await stop.wait()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Served]:
    folder, port = tmp_path_factory.mktemp("roles"), free_port()
    (folder / "m.yaml").write_text(SITE.format(folder=folder, port=port), "utf-8")
    told: list[Any] = []
    ready, loop, stop = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    def run() -> None:
        try:
            loop.run_until_complete(_begin(folder, told, ready, stop))
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="engine")
    thread.start()
    assert ready.wait(120)
    document, *askers = told
    yield Served(f"http://127.0.0.1:{port}", document, (*askers, Asker("newcomer", "", None)))
    loop.call_soon_threadsafe(stop.set)
    thread.join(60)
    loop.close()


QUESTIONS = {f"{each.method} {each.path}": each for each in declared() if each.media != WEBSOCKET}


def tried(served: Served, question: Question[Any, Any, Any], cases: int) -> None:
    """Send cases of one question, each as everybody."""
    schema = schemathesis.openapi.from_dict(_plain(served.document))
    operation = schema[question.path][question.method]
    whole = st.one_of(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )
    camera = st.sampled_from([*CAMERAS, None])

    @settings(
        max_examples=cases, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=whole, camera=camera)
    def send(case: Any, camera: str | None) -> None:
        if camera is not None and "id" in (case.path_parameters or {}):
            case.path_parameters["id"] = camera
        for asker in served.askers:
            _send(served, question, case, asker)

    send()


def _plain(schema: Any) -> Any:
    """Return a document without patterns that Python cannot read: they are ECMA's, with classes of Unicode."""
    if isinstance(schema, dict):
        kept = {key: each for key, each in schema.items() if key != "pattern" or "\\p{" not in str(each)}
        return {key: _plain(each) for key, each in kept.items()}
    return [_plain(each) for each in schema] if isinstance(schema, list) else schema


def _send(served: Served, question: Question[Any, Any, Any], case: Any, asker: Asker) -> None:
    headers = {"Authorization": f"Bearer {asker.secret}"} if asker.secret else {}
    answer = case.call(base_url=served.url, headers=headers)
    said = f"{asker.name}: {answer.status_code} {answer.text[:300]}"
    assert {name.lower() for name in HEADERS} <= {name.lower() for name in answer.headers}, said
    assert answer.status_code < 500 or answer.status_code in NOT_NOW, said
    if answer.status_code >= 400:
        problem = answer.json()
        assert problem["code"] != "api.fault", said
        assert problem["status"] == answer.status_code, said
    elif answer.request.url.startswith(served.url + question.path.partition("{")[0]):
        assert asker.may(question, answer.request), said
    if question.needs not in OPEN and not _could(asker, question.needs):
        assert answer.status_code in (400, 401, 403, 404, 405), said


def _could(asker: Asker, needs: Permission) -> bool:
    return asker.role is not None and needs in ROLES[asker.role]


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_nothing_breaks_and_nobody_gets_what_is_not_theirs(
    served: Served, question: Question[Any, Any, Any]
) -> None:
    tried(served, question, FEW)


@pytest.mark.soak
@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_nor_in_the_long_run(served: Served, question: Question[Any, Any, Any]) -> None:
    tried(served, question, MANY)


@pytest.mark.parametrize("name", [role.value for role in Role] + ["narrowed"])
def test_everybody_gets_what_is_theirs(served: Served, name: str) -> None:
    """The other side: the tokens open, and what is asked plainly is answered."""
    asker = next(each for each in served.askers if each.name == name)
    headers = {"Authorization": f"Bearer {asker.secret}"}
    me = requests.get(f"{served.url}/v1/me", headers=headers, timeout=30).json()
    assert me["user"] == name
    theirs = ROLES[asker.role or Role.VIEWER] - OPEN
    assert {each["permission"] for each in me["may"]} == {each.value for each in theirs}
    assert requests.get(f"{served.url}/v1/state", headers=headers, timeout=30).status_code == 200

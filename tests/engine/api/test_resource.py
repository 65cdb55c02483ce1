"""A new resource is a module of its own and a line in a list: here one that nothing else of the engine knows.

The worked example of decision 0008.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, Protocol

import pytest
from pydantic import Field

from engine.api.client import Client
from engine.api.errors import ApiError
from engine.api.question import Inquiry, Query, Question, Resource
from engine.api.server import serve
from engine.config.settings import ApiSettings
from engine.errors import Because, Refusal
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.web.payload import Wire
from tests.fakes.client import FakeClient

# -- engine/api/resources/toys.py would be this: types, questions, what is asked of the engine, what answers


class Toy(Wire):
    """A toy."""

    name: str
    price: float
    sold_to: str = ""


class ToyQuery(Query):
    """Which toys."""

    most: Annotated[float, Field(gt=0)] | None = Field(None, description="Only up to this price.")
    wooden: bool = Field(False, description="Only wooden ones.")


class Sale(Wire):
    """Who buys."""

    to: str


TOYS = Question("GET", "/v1/toys", "All toys", Permission.STATE, list[Toy], query=ToyQuery)
SELL = Question("POST", "/v1/toys/{name}/sale", "Sell a toy", Permission.ACT, Toy, body=Sale)
BREAK = Question("DELETE", "/v1/toys/{name}", "Break a toy", Permission.CONFIGURE)


class Toys(Protocol):
    """What is asked of the engine."""

    def toys(self, caller: Caller) -> list[Toy]:
        """Return all of them."""
        ...

    def sell(self, caller: Caller, name: str, to: str) -> Toy:
        """Sell one."""
        ...

    def destroy(self, caller: Caller, name: str) -> None:
        """Break one."""
        ...


def resource(shop: Toys) -> Resource:
    """Return the questions about toys."""

    async def toys(asked: Inquiry[ToyQuery, None]) -> list[Toy]:
        return [each for each in shop.toys(asked.caller) if each.price <= (asked.query.most or each.price)]

    async def sell(asked: Inquiry[None, Sale]) -> Toy:
        return shop.sell(asked.caller, asked.name, asked.body.to)

    async def destroy(asked: Inquiry[None, None]) -> None:
        shop.destroy(asked.caller, asked.name)

    return Resource("toys", (TOYS.by(toys), SELL.by(sell), BREAK.by(destroy)))


# -- what some room of the engine would be


class Shop:
    """Implements `Toys`."""

    def __init__(self) -> None:
        self.shelf = {name: Toy(name=name, price=price) for name, price in (("xe/gỗ", 5.0), ("đèn", 20.0))}
        self.seen: list[Caller] = []

    def toys(self, caller: Caller) -> list[Toy]:
        self.seen.append(caller)
        return list(self.shelf.values())

    def sell(self, caller: Caller, name: str, to: str) -> Toy:
        if name not in self.shelf:
            raise Refusal(Because.UNKNOWN, "camera.unknown", camera=name, known=", ".join(self.shelf))
        self.shelf[name] = self.shelf[name].model_copy(update={"sold_to": f"{to} by {caller.user}"})
        return self.shelf[name]

    def destroy(self, caller: Caller, name: str) -> None:
        del self.shelf[name]


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
async def client(service: Any, shop: Shop, tmp_path: Path) -> AsyncIterator[Client]:
    api = service.api(resource(shop))  # the line in the list
    async with (
        serve(api, ApiSettings(), socket=tmp_path / "s") as doors,
        Client.connect(doors.socket) as client,
    ):
        yield client


async def test_a_toy_resource_is_asked_by_the_real_client_over_a_real_server(
    client: Client, shop: Shop
) -> None:
    assert [toy.name for toy in await client.ask(TOYS)] == ["xe/gỗ", "đèn"]
    assert [toy.name for toy in await client.ask(TOYS, query={"most": 6, "wooden": True})] == ["xe/gỗ"]
    sold = await client.ask(SELL, "xe/gỗ", body={"to": "Lan"})
    assert sold == shop.shelf["xe/gỗ"]
    assert sold.sold_to == f"Lan by {shop.seen[0].user}"
    assert await client.ask(SELL, "đèn", body=Sale(to="Tí")) == shop.shelf["đèn"]
    await client.ask(BREAK, "đèn")
    assert list(shop.shelf) == ["xe/gỗ"]
    assert (await client.health()).status == "ok"  # beside all that was there


@pytest.mark.parametrize(
    ("question", "options", "status", "code"),
    [
        (TOYS, {"query": {"most": 0}}, 400, "api.invalid"),
        (TOYS, {"query": {"colour": "red"}}, 400, "api.invalid"),
        (SELL, {"body": {"from": "x"}}, 400, "api.invalid"),
        (SELL, {}, 400, "api.invalid"),
        (SELL, {"body": {"to": "x"}}, 404, "camera.unknown"),
    ],
)
async def test_what_is_wrong_is_refused_without_a_line_of_its_own(
    client: Client, question: Question[Any, Any, Any], options: dict[str, Any], status: int, code: str
) -> None:
    names = ("nothing",) if "{" in question.path else ()
    with pytest.raises(ApiError) as refused:
        await client.ask(question, *names, **options)
    assert (refused.value.status, refused.value.code) == (status, code)


async def test_the_document_describes_it(service: Any, shop: Shop) -> None:
    document = service.api(resource(shop)).document()
    listed, sold = document["paths"]["/v1/toys"]["get"], document["paths"]["/v1/toys/{name}/sale"]["post"]
    assert [(each["name"], each["in"]) for each in listed["parameters"]] == [
        ("most", "query"),
        ("wooden", "query"),
    ]
    assert (listed["x-needs"], sold["x-needs"]) == ("state", "act")
    assert sold["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/Sale")
    assert {"Toy", "Sale"} <= set(document["components"]["schemas"])
    assert document["paths"]["/v1/toys/{name}"]["delete"]["responses"]["204"]


async def test_the_fake_client_of_the_terminal_asks_it_too(service: Any, shop: Shop) -> None:
    client = FakeClient(service)
    client.others.append(resource(shop))
    assert [toy.name for toy in await client.ask(TOYS, query={"most": 6})] == ["xe/gỗ"]
    assert (await client.ask(SELL, "đèn", body=Sale(to="Tí"))).sold_to == "Tí by root"
    with pytest.raises(ApiError, match="nothing"):
        await client.ask(SELL, "nothing", body={"to": "Tí"})
    assert client.asked[0] == "GET /v1/toys"


def test_a_path_takes_as_many_names_as_it_has() -> None:
    assert SELL.at("xe/gỗ") == "/v1/toys/xe%2Fg%E1%BB%97/sale"
    for names in ((), ("a", "b")):
        with pytest.raises(ValueError, match=r"/v1/toys/{name}/sale"):
            SELL.at(*names)

"""How a device names itself and its place when it is searched for: scopes of ``name`` and ``location``."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from drivers.contract import Feature, FeatureCategory, FeatureKind, Value
from drivers.features import LONGEST_TEXT
from drivers.onvif import xml
from drivers.onvif.configuration.part import MOST, Service, leaf
from drivers.onvif.discovery.probe_match import scopes_of
from drivers.printable import clean

_BASE = "onvif://www.onvif.org/"
_KINDS = ("name", "location")


@dataclass(frozen=True, slots=True)
class _Scope:
    """One as it came, and whether it can be changed."""

    item: str
    fixed: bool

    def is_a(self, kind: str) -> bool:
        return self.item.lower().startswith(f"{_BASE}{kind}/")


class Scopes:
    """The first scope of each kind; further ones, and those of other kinds, stay as they are."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def features(self) -> tuple[Feature, ...]:
        """Ask what it is called; what its maker fixed can be read only, as can all of a list too long to send back."""
        scopes = await self._told()
        few = sum(not scope.fixed for scope in scopes) <= MOST
        return tuple(_feature(kind, few and not _is_fixed(scopes, kind)) for kind in _KINDS)

    async def read(self, feature: Feature) -> Value:
        """Return the text, made harmless; empty where there is none."""
        scope = _first(await self._told(), _kind(feature))
        return _text(scope) if scope else ""

    async def write(self, feature: Feature, value: Value) -> None:
        """Set the text, or drop the scope (empty); the standard's sign for parts of a place is ``/``."""
        scopes, kind = await self._told(), _kind(feature)
        old, new = _first(scopes, kind), f"{_BASE}{kind}/{quote(str(value), safe='/')}"
        if str(value) == (_text(old) if old else ""):
            return
        if old is None:
            await self._service.tell("AddScopes", leaf("q:ScopeItem", new))
        elif not value:
            await self._service.tell("RemoveScopes", leaf("q:ScopeItem", old.item))
        else:
            kept = (new if scope is old else scope.item for scope in scopes if not scope.fixed)
            await self._service.tell("SetScopes", *(leaf("q:Scopes", item) for item in kept))

    async def _told(self) -> list[_Scope]:
        told = await self._service.ask("GetScopes")
        return [
            _Scope(xml.text(node, "ScopeItem"), xml.text(node, "ScopeDef").lower() == "fixed")
            for node in xml.every(told, "Scopes")
        ]


def _feature(kind: str, writable: bool) -> Feature:
    network = FeatureCategory.NETWORK
    return Feature(
        f"scopes.{kind}", FeatureKind.TEXT, network, most=LONGEST_TEXT, readable=True, writable=writable
    )


def _kind(feature: Feature) -> str:
    return feature.id.rpartition(".")[2]


def _first(scopes: list[_Scope], kind: str) -> _Scope | None:
    """Return the first of a kind, one that can be changed before one that cannot."""
    return min((scope for scope in scopes if scope.is_a(kind)), key=lambda scope: scope.fixed, default=None)


def _is_fixed(scopes: list[_Scope], kind: str) -> bool:
    first = _first(scopes, kind)
    return first is not None and first.fixed


def _text(scope: _Scope) -> str:
    text = "/".join(scopes_of(scope.item)[:1]).split("/", 4)[-1]
    return " ".join(clean(text).split())[:LONGEST_TEXT]

"""What every ONVIF service of the virtual camera shares: operations by qualified name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from drivers.virtual.accounts import Level
from drivers.virtual.encoding import numbered
from drivers.virtual.onvif.soap import Call, Element, qualified

__all__ = ["Answer", "OnvifService", "Operation", "ServiceRequest", "answers", "numbered"]

#: Tokens of the first channel; those of the others are numbered.
SOURCE = "source0"
SOURCE_CONFIGURATION = "source_config0"
ENCODER_CONFIGURATION = "encoder0"
PROFILE = "main"


Answer = Element | Awaitable[Element]


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """One call, and where the client believes the camera to be.

    Attributes:
        host: Host (and port) that the client reached, for the addresses it is told.
        subscription: Last part of a subscription's address; empty elsewhere.
    """

    call: Call
    host: str
    subscription: str = ""

    @property
    def body(self) -> Element:
        """The operation's element."""
        return self.call.body

    def url(self, path: str) -> str:
        """Return an address of this camera as the client can reach it."""
        return f"http://{self.host}{path}"


@dataclass(frozen=True, slots=True)
class Operation:
    """What answers a call, whether it may be asked before login (ONVIF's PRE_AUTH class), and whose rights it needs."""

    run: Callable[[ServiceRequest], Answer]
    before_login: bool
    level: Level = Level.USER


#: What a User may do beside asking (ONVIF's READ_MEDIA class), what even an Operator may not ask, and what one may set.
_USERS = ("CreatePullPointSubscription", "PullMessages", "Renew", "Unsubscribe", "SetSynchronizationPoint")
_SECRET = ("GetUsers",)
_ACTUATED = ("SetRelayOutputState", "SetRelayOutputSettings")


def level_of(name: str) -> Level:
    """Return whose rights the operation ``prefix:Name`` needs, by ONVIF's default access policy."""
    prefix, _, local = name.partition(":")
    if local in _SECRET:
        return Level.ADMINISTRATOR
    if local.startswith("Get") or local in _USERS:
        return Level.USER
    return Level.ADMINISTRATOR if prefix == "tds" and local not in _ACTUATED else Level.OPERATOR


_Method = TypeVar("_Method", bound=Callable[[Any, ServiceRequest], Answer])


def answers(name: str, *, before_login: bool = False) -> Callable[[_Method], _Method]:
    """Mark a method as what answers the operation ``prefix:Name``."""

    def mark(method: _Method) -> _Method:
        method.__dict__["operation"] = (qualified(name), before_login, level_of(name))
        return method

    return mark


class OnvifService:
    """Base of the services; collects the marked methods."""

    #: Its path on the camera, its prefix in `soap.NS`, and the version that it follows.
    path: str
    prefix: str
    version: tuple[int, int] = (2, 60)

    def operations(self) -> Mapping[str, Operation]:
        """Return the operations by qualified name."""
        found = {}
        for name, method in vars(type(self)).items():
            if mark := getattr(method, "operation", None):
                found[mark[0]] = Operation(getattr(self, name), mark[1], mark[2])
        return found

    def capabilities(self) -> Element:
        """Return what GetServiceCapabilities tells."""
        raise NotImplementedError

    def advertised(self, url: str) -> Element | None:
        """Return the service's part of GetCapabilities."""
        raise NotImplementedError

"""The accounts part of ONVIF device management: over the camera's `Accounts`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from drivers.virtual.accounts import Account, AccountRefusal, Accounts, Level
from drivers.virtual.onvif.service import OnvifService, ServiceRequest, answers
from drivers.virtual.onvif.soap import NS, Element, SoapFault, el, invalid, text


class DeviceUsers(OnvifService):
    """Makes, changes, removes and tells accounts; never a password."""

    path = "/onvif/device_service"
    prefix = "tds"

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    @answers("tds:GetUsers")
    def users(self, request: ServiceRequest) -> Element:
        """Tell names and levels; never a password."""
        told = (
            el("tds:User", el("tt:Username", each.name), el("tt:UserLevel", each.level.value))
            for each in self._accounts.all.values()
        )
        return el("tds:GetUsersResponse", *told)

    @answers("tds:CreateUsers")
    def create_users(self, request: ServiceRequest) -> Element:
        """Add accounts, all or none."""
        with _told():
            self._accounts.create(_accounts(request.body))
        return el("tds:CreateUsersResponse")

    @answers("tds:SetUser")
    def set_user(self, request: ServiceRequest) -> Element:
        """Change levels and passwords; a new password holds from now on, everywhere."""
        with _told():
            self._accounts.change(_accounts(request.body))
        return el("tds:SetUserResponse")

    @answers("tds:DeleteUsers")
    def delete_users(self, request: ServiceRequest) -> Element:
        """Remove accounts, all or none."""
        with _told():
            self._accounts.delete(
                [(node.text or "").strip() for node in request.body.findall("tds:Username", NS)]
            )
        return el("tds:DeleteUsersResponse")


@contextmanager
def _told() -> Iterator[None]:
    """Say a refusal as the standard does."""
    try:
        yield
    except AccountRefusal as refusal:
        raise _fault(refusal) from None


def _fault(refusal: AccountRefusal) -> SoapFault:
    match refusal.kind:
        case "clash":
            return SoapFault("that user is there already", "ter:OperationProhibited", "ter:UsernameClash")
        case "weak":
            return SoapFault("a longer password, please", "ter:OperationProhibited", "ter:PasswordTooWeak")
        case "missing":
            return invalid("ter:UsernameMissing", "no such user")
        case "last":
            return invalid("ter:FixedUser", "the last administrator")
    return SoapFault("too many users", "ter:Action", "ter:TooManyUsers", code="s:Receiver", status=500)


def _accounts(body: Element) -> list[Account]:
    return [_account(each) for each in body.findall("tds:User", NS)]


def _account(element: Element) -> Account:
    level = text(element, "tt:UserLevel")
    if level not in list(Level):
        raise invalid("ter:InvalidUserLevel", f"no level {level!r}")
    password = element.findtext("tt:Password", None, NS) or ""
    return Account(text(element, "tt:Username"), password, Level(level))

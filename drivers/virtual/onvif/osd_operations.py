"""ONVIF's operations for what is written into the picture: the same in both media services but for their namespace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from drivers.virtual.onvif.media_profiles import required
from drivers.virtual.onvif.service import Operation, ServiceRequest, level_of
from drivers.virtual.onvif.soap import NS, Element, el, invalid, number, qualified, text
from drivers.virtual.osd import (
    CUSTOM,
    MOST,
    MOST_CLOCKS,
    MOST_PLAIN,
    PLACES,
    PLAIN,
    TYPES,
    Osd,
    OsdBoard,
    OsdRefusal,
)

_DATES, _TIMES = ("yyyy-MM-dd", "dd/MM/yyyy"), ("HH:mm:ss",)


class OsdOperations:
    """The operations of one service.

    Args:
        board: The texts.
        prefix: ``trt`` or ``tr2``.
    """

    def __init__(self, board: OsdBoard, prefix: str) -> None:
        self._board, self._prefix = board, prefix

    def operations(self) -> Mapping[str, Operation]:
        """Return the operations by qualified name."""
        made: dict[str, Callable[[ServiceRequest], Element]] = {
            "GetOSDs": self.osds, "GetOSDOptions": self.options, "SetOSD": self.set_osd,
            "CreateOSD": self.create, "DeleteOSD": self.delete,
        }  # fmt: skip
        if self._prefix == "trt":
            made["GetOSD"] = self.osd
        names = {name: f"{self._prefix}:{name}" for name in made}
        return {
            qualified(names[name]): Operation(run, before_login=False, level=level_of(names[name]))
            for name, run in made.items()
        }

    def _el(self, name: str, *content: Element | str) -> Element:
        return el(f"{self._prefix}:{name}", *content)

    def _text(self, request: ServiceRequest, name: str, default: str | None = None) -> str:
        return text(request.body, f"{self._prefix}:{name}", default)

    def osds(self, request: ServiceRequest) -> Element:
        """Tell the texts of one source, or of all."""
        with _told():
            found = self._board.of(self._text(request, "ConfigurationToken", ""))
            if token := self._text(request, "OSDToken", ""):
                found = (self._board.get(token),)
        return self._el("GetOSDsResponse", *(_osd(f"{self._prefix}:OSDs", each) for each in found))

    def osd(self, request: ServiceRequest) -> Element:
        """Tell one text."""
        with _told():
            found = self._board.get(self._text(request, "OSDToken"))
        return self._el("GetOSDResponse", _osd(f"{self._prefix}:OSD", found))

    def options(self, request: ServiceRequest) -> Element:
        """Tell what can be written where."""
        with _told():
            self._board.of(self._text(request, "ConfigurationToken"))
        most = {
            "Total": str(MOST), "PlainText": str(MOST_PLAIN), "DateAndTime": str(MOST_CLOCKS),
            "Date": str(MOST_CLOCKS), "Time": str(MOST_CLOCKS),
        }  # fmt: skip
        texts = el(
            "tt:TextOption",
            *(el("tt:Type", each) for each in TYPES),
            *(el("tt:DateFormat", each) for each in _DATES),
            *(el("tt:TimeFormat", each) for each in _TIMES),
        )
        places = [el("tt:PositionOption", each) for each in (*PLACES, CUSTOM)]
        maximum = el("tt:MaximumNumberOfOSDs", **most)
        told = self._el("OSDOptions", maximum, el("tt:Type", "Text"), *places, texts)
        return self._el("GetOSDOptionsResponse", told)

    def set_osd(self, request: ServiceRequest) -> Element:
        """Put another text in a text's place."""
        with _told():
            self._board.change(self._given(request))
        return self._el("SetOSDResponse")

    def create(self, request: ServiceRequest) -> Element:
        """Write one more text."""
        with _told():
            token = self._board.create(self._given(request))
        return self._el("CreateOSDResponse", self._el("OSDToken", token))

    def delete(self, request: ServiceRequest) -> Element:
        """Remove a text."""
        with _told():
            self._board.delete(self._text(request, "OSDToken"))
        return self._el("DeleteOSDResponse")

    def _given(self, request: ServiceRequest) -> Osd:
        given = required(request.body, f"{self._prefix}:OSD")
        if text(given, "tt:Type", "Text") != "Text":
            raise invalid("ter:ConfigModify", "texts alone are offered")
        place, at = text(given, "tt:Position/tt:Type", "UpperLeft"), given.find("tt:Position/tt:Pos", NS)
        x, y = (0.0, 0.0) if at is None else (number(at, axis, -1, 1) for axis in ("x", "y"))
        return Osd(
            given.get("token", ""),
            text(given, "tt:VideoSourceConfigurationToken"),
            text(given, "tt:TextString/tt:Type", PLAIN),
            text(given, "tt:TextString/tt:PlainText", ""),
            place,
            x,
            y,
        )


@contextmanager
def _told() -> Iterator[None]:
    """Say a refusal as the standard does."""
    try:
        yield
    except OsdRefusal as refusal:
        raise invalid(refusal.subcode, refusal.reason) from None


def _osd(name: str, osd: Osd) -> Element:
    place = [el("tt:Type", osd.place)]
    if osd.place == CUSTOM:
        place.append(el("tt:Pos", x=f"{osd.x:g}", y=f"{osd.y:g}"))
    written = [el("tt:Type", osd.kind)]
    if osd.kind in ("Date", "DateAndTime"):
        written.append(el("tt:DateFormat", _DATES[0]))
    if osd.kind in ("Time", "DateAndTime"):
        written.append(el("tt:TimeFormat", _TIMES[0]))
    if osd.kind == PLAIN:
        written.append(el("tt:PlainText", osd.text))
    return el(
        name,
        el("tt:VideoSourceConfigurationToken", osd.configuration),
        el("tt:Type", "Text"),
        el("tt:Position", *place),
        el("tt:TextString", *written),
        token=osd.token,
    )

"""What a virtual camera writes into its pictures: texts and the time, some for each source. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count

from drivers.virtual.imaging import Caption

PLAIN, DATE, TIME, DATE_AND_TIME = TYPES = ("Plain", "Date", "Time", "DateAndTime")
CUSTOM = "Custom"
#: Where the named places are, left to right and bottom to top.
PLACES = {
    "UpperLeft": (-0.96, 0.92), "UpperRight": (0.96, 0.92), "LowerLeft": (-0.96, -0.92),
    "LowerRight": (0.96, -0.92),
}  # fmt: skip
#: Texts of each source: of all kinds, plain ones, with the time. Letters of a plain one.
MOST, MOST_PLAIN, MOST_CLOCKS, LONGEST = 4, 3, 1, 64


class OsdRefusal(Exception):
    """Nothing was changed, with the ONVIF subcode that says why."""

    def __init__(self, subcode: str, reason: str) -> None:
        super().__init__(reason)
        self.subcode, self.reason = subcode, reason


@dataclass(frozen=True, slots=True)
class Osd:
    """One text.

    Attributes:
        token: Its own; empty: not yet one.
        configuration: Token of the video source configuration whose picture it is in.
        kind: One of `TYPES`.
        text: Of a plain one.
        place: A name in `PLACES`, or `CUSTOM` with `x` and `y`.
    """

    token: str
    configuration: str
    kind: str = PLAIN
    text: str = ""
    place: str = "UpperLeft"
    x: float = 0.0
    y: float = 0.0

    @property
    def caption(self) -> Caption:
        """What is seen of it."""
        x, y = PLACES.get(self.place, (self.x, self.y))
        clock = self.kind != PLAIN
        return Caption(self.kind if clock else self.text, x, y, clock)


class OsdBoard:
    """All texts of a camera.

    Args:
        configurations: Tokens of the video source configurations.
    """

    def __init__(self, configurations: tuple[str, ...]) -> None:
        self._configurations = configurations
        self._osds: dict[str, Osd] = {}
        self._numbers = count(1)

    def of(self, configuration: str = "") -> tuple[Osd, ...]:
        """Return the texts of one source, or of all.

        Raises:
            OsdRefusal: There is no such source.
        """
        if configuration and configuration not in self._configurations:
            raise OsdRefusal("ter:NoConfig", f"no configuration {configuration!r}")
        return tuple(each for each in self._osds.values() if configuration in ("", each.configuration))

    def get(self, token: str) -> Osd:
        """Return a text.

        Raises:
            OsdRefusal: There is none of that name.
        """
        if token not in self._osds:
            raise OsdRefusal("ter:NoConfig", f"no OSD {token!r}")
        return self._osds[token]

    def create(self, wanted: Osd) -> str:
        """Add a text and return its token.

        Raises:
            OsdRefusal: It cannot be, or there is no room.
        """
        self._check(wanted, [*self.of(wanted.configuration), wanted])
        token = f"osd{next(self._numbers)}"
        self._osds[token] = replace(wanted, token=token)
        return token

    def change(self, wanted: Osd) -> None:
        """Put another text in a text's place.

        Raises:
            OsdRefusal: There is no such text, or it cannot be.
        """
        present = self.get(wanted.token)
        wanted = replace(wanted, configuration=wanted.configuration or present.configuration)
        others = [each for each in self.of(wanted.configuration) if each.token != wanted.token]
        self._check(wanted, [*others, wanted])
        self._osds[wanted.token] = wanted

    def delete(self, token: str) -> None:
        """Remove a text.

        Raises:
            OsdRefusal: There is none of that name.
        """
        del self._osds[self.get(token).token]

    def captions(self, configuration: str) -> tuple[Caption, ...]:
        """Return what is seen in the pictures of a source."""
        return tuple(each.caption for each in self.of(configuration) if each.caption.text)

    @staticmethod
    def _check(wanted: Osd, all_of_it: list[Osd]) -> None:
        if wanted.kind not in TYPES or wanted.place not in (*PLACES, CUSTOM):
            raise OsdRefusal("ter:ConfigModify", f"no OSD of kind {wanted.kind!r} at {wanted.place!r}")
        if len(wanted.text) > LONGEST or not (-1 <= wanted.x <= 1 and -1 <= wanted.y <= 1):
            raise OsdRefusal("ter:ConfigModify", f"more than {LONGEST} letters, or outside the picture")
        plain = sum(each.kind == PLAIN for each in all_of_it)
        if len(all_of_it) > MOST or plain > MOST_PLAIN or len(all_of_it) - plain > MOST_CLOCKS:
            raise OsdRefusal("ter:MaxOSDs", "no room for another one of that kind")

"""How a virtual camera's lens and sensor are set, and what that does to its picture. Pure: time is a parameter."""

from __future__ import annotations

from dataclasses import dataclass, field

#: Names of the numbers, in the schema's order; each from 0 to 100, 50: as drawn.
NUMBERS = ("Brightness", "ColorSaturation", "Contrast", "Sharpness")
DAY_NIGHT = ("ON", "OFF", "AUTO")
AUTO, MANUAL = "AUTO", "MANUAL"
MODES = (AUTO, MANUAL)
#: Focus positions from near to far, where the street is sharp, positions in a second at full speed.
FOCUS, SHARP_AT, FOCUS_SPEED = (0.0, 1.0), 0.62, 0.5
#: Microseconds that the sensor can look, and what it takes for the street as drawn.
EXPOSURE, EXPOSED_AT = (100.0, 40_000.0), 10_000.0
#: Gain in dB.
GAIN = (0.0, 30.0)
#: Pixels of blur, in a picture 640 wide, for a focus that is wrong by the whole range.
_BLUR = 16.0


@dataclass(frozen=True, slots=True)
class Caption:
    """A text in the picture.

    Attributes:
        x: -1 (left) to 1 (right) of the picture; `y`: -1 (bottom) to 1 (top).
        clock: It is the camera's time, in stills alone: a stream is a loop, where no time can stand.
    """

    text: str
    x: float
    y: float
    clock: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What a picture is like beside the scene.

    Attributes:
        blur: Radius in pixels of a picture 640 wide.
        gain: Factor of the light; `lift`: grey levels added; `contrast`: factor about the middle.
        colour: 0 grey, 1 as drawn.
        captions: What is written into it.
        flaw: What else is the matter with it (`drivers.virtual.impairment`); ``frozen``: it stands still.
    """

    blur: float = 0.0
    gain: float = 1.0
    lift: float = 0.0
    contrast: float = 1.0
    colour: float = 1.0
    captions: tuple[Caption, ...] = ()
    flaw: str = ""

    def moment(self, t: float) -> float:
        """Return which second of the scene is shown at `t`."""
        return 0.0 if self.flaw == "frozen" else t


#: As drawn.
PLAIN_LOOK = Look()


@dataclass(frozen=True, slots=True)
class _Travel:
    """A lens on its way."""

    start: float
    target: float
    speed: float = FOCUS_SPEED
    began: float = 0.0

    def position(self, now: float) -> float:
        way = max(0.0, now - self.began) * self.speed
        if abs(self.target - self.start) <= way:
            return self.target
        return self.start + (way if self.target > self.start else -way)


@dataclass(slots=True)
class Imaging:
    """One source's settings.

    Attributes:
        numbers: By their names in `NUMBERS`.
        filter: The infrared filter: ON by day, OFF by night, AUTO.
        exposure: AUTO or MANUAL; by hand `microseconds` and `gain` count.
        focus: AUTO or MANUAL; by hand the lens stays where it is put.
    """

    numbers: dict[str, float] = field(default_factory=lambda: dict.fromkeys(NUMBERS, 50.0))
    filter: str = AUTO
    exposure: str = AUTO
    microseconds: float = EXPOSED_AT
    gain: float = 0.0
    focus: str = AUTO
    _lens: _Travel = _Travel(SHARP_AT, SHARP_AT)

    def set_focus(self, mode: str, now: float) -> None:
        """Focus by itself, or by hand; by itself the lens travels to where the picture is sharp."""
        self.focus = mode
        if mode == AUTO:
            self.move_to(SHARP_AT, now)

    def move_to(self, target: float, now: float, speed: float = 1.0) -> None:
        """Begin to move the lens; `speed` up to 1."""
        rate = FOCUS_SPEED * min(1.0, max(0.01, speed))
        self._lens = _Travel(self.position(now), min(FOCUS[1], max(FOCUS[0], target)), rate, now)

    def stop(self, now: float) -> None:
        """Stop the lens where it is."""
        here = self.position(now)
        self._lens = _Travel(here, here)

    def position(self, now: float) -> float:
        """Return where the lens is."""
        return self._lens.position(now)

    def moving(self, now: float) -> bool:
        """Return whether the lens moves."""
        return self.position(now) != self._lens.target

    def look(self, now: float, captions: tuple[Caption, ...] = ()) -> Look:
        """Return what the picture is like now."""
        brightness, saturation, contrast, _ = (self.numbers[name] for name in NUMBERS)
        light = 1.0
        if self.exposure == MANUAL:
            light = self.microseconds / EXPOSED_AT * 10 ** (self.gain / 20)
        grey = self.filter == "OFF"
        return Look(
            blur=round(_BLUR * abs(self.position(now) - SHARP_AT), 1),
            gain=round(min(16.0, light), 2),
            lift=(brightness - 50.0) * 2.0,
            contrast=contrast / 50.0,
            colour=0.0 if grey else saturation / 50.0,
            captions=captions,
        )

"""What counts as good: ``configs/acceptance.yaml``, each figure with its unit, its source, and what it is worth.

The defaults here are the file that is shipped (a test compares them). A check's id leads to its section:
``clock.offset`` is ``clock: {offset: …}``; the ids of streams (``stream.main.fps``) leave the profile out.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from engine.commission.record import Outcome
from engine.config.settings import Section

#: Short names of sources; what is not a standard's or a maker's is `OURS`: to be tuned.
OURS, SITE = "ours", "site"
QCVN, IEC_TIME, IEC_VIEW = "QCVN 135:2024/BTTTT", "IEC 62676-1-2", "IEC 62676-4:2025"
LIST, APSI = "BS 8418 list", "APSI"

#: What a result is that is not good: a failure, a warning, or nothing, because the check is left out.
Otherwise = Literal["fail", "warn", "off"]


class Rule(Section):
    """What is so or is not so."""

    otherwise: Otherwise = Field(
        "fail", description="What it is where it is not so: fail, warn; off: not checked."
    )
    source: str = Field(OURS, description="Where this is from: a standard, the site, ours.")

    @property
    def is_off(self) -> bool:
        """Whether it is not checked."""
        return self.otherwise == "off"


class Limit(Rule):
    """Within which a figure is good, within which it is a warning; beyond, it is `otherwise`."""

    least: float | None = Field(None, description="Good from here on.")
    most: float | None = Field(None, description="Good up to here.")
    warn_least: float | None = Field(None, description="A warning from here on, where it is below `least`.")
    warn_most: float | None = Field(None, description="A warning up to here, where it is above `most`.")
    unit: str = ""

    @property
    def is_off(self) -> bool:
        """Whether it is not checked: what has no bound cannot be failed."""
        return self.otherwise == "off" or (self.least is None and self.most is None)

    def judged(self, value: float) -> Outcome:
        """Return what a figure is worth."""
        if _within(self.least, value, self.most):
            return Outcome.PASS
        low = self.least if self.warn_least is None else self.warn_least
        high = self.most if self.warn_most is None else self.warn_most
        return Outcome.WARN if _within(low, value, high) else worst(self)

    @property
    def written(self) -> str:
        """The limit as people write it: ``<= 0.5 s``."""
        unit = f" {self.unit}" if self.unit else ""
        if self.least is not None and self.most is not None:
            return f"{self.least:g}..{self.most:g}{unit}"
        if self.most is not None:
            return f"<= {self.most:g}{unit}"
        return f">= {self.least:g}{unit}" if self.least is not None else ""


def _within(least: float | None, value: float, most: float | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)


def worst(rule: Rule) -> Outcome:
    """Return what is not good is worth."""
    return Outcome.WARN if rule.otherwise == "warn" else Outcome.FAIL


class Seconds(Limit):
    """A duration."""

    unit: Literal["s"] = Field("s", description="Seconds.")


class Milliseconds(Limit):
    """A short duration."""

    unit: Literal["ms"] = Field("ms", description="Milliseconds.")


class Percent(Limit):
    """A share."""

    unit: Literal["%"] = Field("%", description="Per cent.")


class Plain(Limit):
    """A number without a unit: a count, grey levels."""

    unit: Literal[""] = Field("", description="No unit.")


def _rule(about: str, source: str = OURS, otherwise: Otherwise = "fail") -> Any:
    return Field(default_factory=partial(Rule, source=source, otherwise=otherwise), description=about)


def _limit(kind: type[Limit], about: str, source: str = OURS, **bounds: Any) -> Any:
    return Field(default_factory=partial(kind, source=source, **bounds), description=about)


class Group(Section):
    """Some checks: of an entry that is written in part, the rest is as shipped."""

    @model_validator(mode="before")
    @classmethod
    def _filled(cls, written: object) -> object:
        return (
            {name: _whole(cls, name, each) for name, each in written.items()}
            if isinstance(written, dict)
            else written
        )


def _whole(group: type[Section], name: object, written: object) -> object:
    shipped = (
        group.model_fields[name].get_default(call_default_factory=True)
        if name in group.model_fields
        else None
    )
    if not isinstance(shipped, Rule) or not isinstance(written, dict):
        return written
    return {**shipped.model_dump(exclude_none=True), **written}


class ReachAcceptance(Group):
    """Whether it answers."""

    answer: Seconds = _limit(Seconds, "From a question to its answer.", most=1.0, warn_most=3.0)
    services: Rule = _rule("It offers pictures, stills and events.", otherwise="warn")


class IdentityAcceptance(Group):
    """Whether it is who it should be."""

    planned: Rule = _rule("Serial number and hardware address are those of the sheet.", SITE)
    serial: Rule = _rule("It tells a serial number that no other device of the site has.", LIST)
    firmware: Rule = _rule("It has the firmware that the site wants of its model.", APSI, "warn")
    mixed: Rule = _rule("All devices of its model have one firmware.", APSI, "warn")


class LoginAcceptance(Group):
    """Whether it lets in whom it should, and nobody else."""

    required: Rule = _rule("Without a login it tells nothing that needs rights.", QCVN)
    wrong: Rule = _rule("It refuses a wrong password (long set: a wrong login or two).", QCVN)
    default: Rule = _rule("Its password is no default of the maker.", QCVN)
    administrators: Plain = _limit(Plain, "Accounts with all rights.", most=2, otherwise="warn")


class ClockAcceptance(Group):
    """Whether it knows what time it is."""

    offset: Seconds = _limit(Seconds, "Its clock against ours, without sign.", most=0.5, warn_most=2.0)
    ntp: Rule = _rule("A time server sets its clock, the one of the site.", IEC_TIME, "warn")
    zone: Rule = _rule("Its time zone is the site's.", LIST)


class NamesAcceptance(Group):
    """Whether it is called what it should be."""

    scope: Rule = _rule("Its name in discovery is the sheet's.", LIST, "warn")
    hostname: Rule = _rule("Its host name is the sheet's.", LIST, "warn")
    overlay: Rule = _rule("The name in the picture is the sheet's.", LIST, "warn")
    overlay_clock: Rule = _rule("Date and time are in the picture, or not, as the site wants.", LIST, "warn")


class StreamAcceptance(Group):
    """Whether its streams are what it says and what the site wants."""

    open: Seconds = _limit(
        Seconds, "From asking for a stream to its first whole picture.", most=3.0, warn_most=6.0
    )
    codec: Rule = _rule("The codec is the one that it tells.")
    resolution: Rule = _rule("Pictures are as large as it tells.")
    fps: Percent = _limit(
        Percent, "Pictures per second, of those that it tells.", least=90, most=115, warn_least=80
    )
    plan: Rule = _rule("Codec, size and rate are the site's.", SITE, "warn")
    gop: Seconds = _limit(Seconds, "Between two keyframes.", "ours", least=0.2, most=2.5, warn_most=10.0)
    bframes: Rule = _rule("No picture is built on a later one: browsers cannot show such.", otherwise="warn")
    bitrate: Percent = _limit(
        Percent, "Bits per second, of the limit that is set.", most=110, warn_most=130, otherwise="warn"
    )
    continuity: Plain = _limit(
        Plain,
        "Pictures missing in one gap, at most; stamps that run back count as gaps.",
        most=3,
        warn_most=10,
    )


class PictureAcceptance(Group):
    """Whether its picture can be looked at."""

    brightness: Plain = _limit(
        Plain, "Mean grey level, 0 to 255.", least=40, most=200, warn_least=25, warn_most=225
    )
    dark: Percent = _limit(Percent, "Of the picture that is black.", most=5, warn_most=30, otherwise="warn")
    bright: Percent = _limit(Percent, "Of the picture that is white.", most=2, warn_most=15, otherwise="warn")
    uniform: Plain = _limit(Plain, "Spread of grey levels: below it the lens is covered.", least=4)
    sharpness: Plain = _limit(
        Plain, "Variance of the Laplacian in the middle: below it it is out of focus.", least=15,
        otherwise="warn",
    )  # fmt: skip
    frozen: Rule = _rule("Two pictures, a second or more apart, differ.")


class NetworkAcceptance(Group):
    """The way to it, and what else it has open."""

    rtt: Milliseconds = _limit(
        Milliseconds, "From a question to its answer, the median of many.", "irex.ai", most=100, warn_most=300,
        otherwise="warn",
    )  # fmt: skip
    ports: Rule = _rule("None of the ports that give a camera away are open.", QCVN)
    https: Rule = _rule("It can be reached by HTTPS.", QCVN, "warn")
    closed: list[Annotated[int, Field(ge=1, le=65_535)]] = Field(
        default_factory=lambda: [21, 23, 9527, 34567],
        max_length=16,
        description="Ports that must be closed: FTP, telnet, and what known worms use.",
    )


class EventsAcceptance(Group):
    """Whether it tells what happens."""

    topics: Rule = _rule("It says what it could tell.", otherwise="warn")
    initial: Rule = _rule("It tells its present states to whoever subscribes.", otherwise="warn")


class DurationsAcceptance(Section):
    """How long is measured. Longer is surer."""

    clock: Annotated[float, Field(gt=0, le=30)] = Field(
        1.1, description="Seconds of asking for the time, over and over; above 1, a second's edge is in it."
    )
    stream: Annotated[float, Field(gt=0, le=60)] = Field(
        4.0,
        description="Seconds of each stream in the quick set, or less once a whole group of pictures came.",
    )
    bitrate: Annotated[float, Field(gt=0, le=3600)] = Field(
        60.0, description="Seconds of a stream without which a bitrate is not judged (long set)."
    )
    continuity: Annotated[float, Field(gt=0, le=86_400)] = Field(
        600.0, description="Seconds of each stream in the long set."
    )
    events: Annotated[float, Field(gt=0, le=600)] = Field(
        3.0, description="Seconds within which present states must be told."
    )
    patience: Annotated[float, Field(gt=0, le=120)] = Field(
        15.0, description="Seconds after which a question, or a stream's first picture, is given up."
    )


class Acceptance(Section):
    """Everything that a camera is held against."""

    reach: ReachAcceptance = Field(default_factory=ReachAcceptance, description="Answers.")
    identity: IdentityAcceptance = Field(default_factory=IdentityAcceptance, description="Identity.")
    login: LoginAcceptance = Field(default_factory=LoginAcceptance, description="Logins.")
    clock: ClockAcceptance = Field(default_factory=ClockAcceptance, description="Time.")
    names: NamesAcceptance = Field(default_factory=NamesAcceptance, description="Names.")
    stream: StreamAcceptance = Field(default_factory=StreamAcceptance, description="Streams.")
    picture: PictureAcceptance = Field(default_factory=PictureAcceptance, description="The picture.")
    network: NetworkAcceptance = Field(default_factory=NetworkAcceptance, description="The network.")
    events: EventsAcceptance = Field(default_factory=EventsAcceptance, description="Events.")
    durations: DurationsAcceptance = Field(default_factory=DurationsAcceptance, description="Durations.")

    def rule(self, check: str) -> Rule | None:
        """Return what a check is held against, by its id; None: against nothing that is written here."""
        group, *_, name = check.split(".")
        found = getattr(getattr(self, group, None), name, None)
        return found if isinstance(found, Rule) else None

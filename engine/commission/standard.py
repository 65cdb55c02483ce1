"""What a site wants of every camera: ``configs/commissioning.yaml``."""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import Field

from engine.config.addresses import Host
from engine.config.settings import LoginSettings, Section


class StreamSettings(Section):
    """What a stream of a camera should be. What the encoder cannot do, the nearest it can is taken for, and told."""

    codec: Literal["h264", "hevc"] = Field("h264", description="Codec: h264 or hevc (H.265).")
    width: Annotated[int, Field(ge=160, le=16_384)] = Field(description="Pixels across.")
    height: Annotated[int, Field(ge=90, le=16_384)] = Field(description="Pixels down.")
    fps: Annotated[float, Field(gt=0, le=60)] = Field(description="Pictures per second.")
    bitrate: Annotated[int, Field(ge=32, le=100_000)] = Field(description="kbit/s at most.")
    keyframe_seconds: Annotated[float, Field(gt=0, le=20)] = Field(
        2.0, description="Seconds between two keyframes."
    )


def _main() -> StreamSettings:
    return StreamSettings(width=1920, height=1080, fps=15, bitrate=2048)


def _sub() -> StreamSettings:
    return StreamSettings(width=640, height=360, fps=8, bitrate=384)


class TimeSettings(Section):
    """Clock, servers and zone."""

    ntp: Host | None = Field(
        None, description="NTP server; not given: the clock is set once, from this machine."
    )
    zone: str = Field("ICT-7", description="POSIX time zone of the cameras.")


class NamesSettings(Section):
    """What cameras are called; `{id}` and `{name}` stand for the sheet's."""

    hostname: str = Field("{id}", description="Host name; empty: left as it is.")
    name: str = Field("{name}", description="Name in discovery (scope); empty: left as it is.")
    overlay: str = Field("{name}", description="Name written into the picture (OSD); empty: left as it is.")
    clock: bool = Field(True, description="Write date and time into the picture.")


class CredentialSettings(LoginSettings):
    """A login that cameras of a site may have."""

    models: list[str] = Field(
        default_factory=list,
        description="Only for cameras whose model or name, as they announce them, is like one of these: `NB-*`. "
        "Not given: for all.",
    )

    def suits(self, words: Collection[str]) -> bool:
        """Return whether a device may have it that says this of itself; of one that says nothing nobody knows."""
        patterns = [each.casefold() for each in self.models]
        return (
            not words
            or not patterns
            or any(fnmatchcase(word.casefold(), each) for word in words for each in patterns)
        )


class PasswordSettings(Section):
    """What is done about passwords."""

    defaults: list[CredentialSettings] = Field(
        default_factory=list,
        description="Logins that count as defaults: whoever has one gets a new password.",
    )
    renew: bool = Field(True, description="Set a new random password where a default one is found.")
    length: Annotated[int, Field(ge=10, le=32)] = Field(16, description="Signs of a new password.")
    folder: str = Field(
        "secrets", description="Where new passwords are kept: a folder beside the configuration."
    )


class Standard(Section):
    """One site's standard."""

    credentials: list[CredentialSettings] = Field(
        default_factory=list,
        description="Logins that are tried, in this order, after the camera's own; three wrong ones at most.",
    )
    passwords: PasswordSettings = Field(default_factory=PasswordSettings, description="Passwords.")
    time: TimeSettings = Field(default_factory=TimeSettings, description="Time.")
    names: NamesSettings = Field(default_factory=NamesSettings, description="Names.")
    main: StreamSettings = Field(default_factory=_main, description="The stream for recording.")
    sub: StreamSettings = Field(default_factory=_sub, description="The stream for analysis.")
    firmware: dict[str, str] = Field(
        default_factory=dict, description="The firmware that a model should have: `Maker Model: version`."
    )

"""One row of a sheet: a camera that is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pydantic import Field

from engine.census.expected import Mac
from engine.census.sighting import Expected
from engine.config.addresses import Host, Url
from engine.config.settings import SecretRef, Section
from rules.document.scalars import Slug


class RowSettings(Section):
    """The columns that mean something."""

    id: Slug = Field(description="Short name, as in the configuration; never changed.")
    name: str = Field("", description="Display name; written into the picture too.")
    host: Host | None = Field(None, description="Its address.")
    url: Url | None = Field(None, description="Its address with scheme and port, instead of `host`.")
    mac: Mac | None = Field(None, description="Its hardware address.")
    serial: str = Field("", description="Its serial number.")
    source: str = Field("", description="Video source of a recorder.")
    driver: str = Field("", description="Driver by name; default: by the URL, else onvif.")
    username: str = Field("", description="Account on the camera.")
    password: SecretRef | None = Field(None, description="Where its password is: file:PATH, env:NAME, …")
    profile: str = Field("", description="Stream profile for analysis; default: the smaller one.")
    group: Slug | None = Field(None, description="Group of the configuration that it belongs to.")
    place: str = Field("", description="Where it hangs.")
    note: str = Field("", description="Anything.")


@dataclass(frozen=True, slots=True)
class Row:
    """A camera that is wanted.

    Attributes:
        expected: Where it should be, and who.
        password: Reference to its password; empty: none of its own.
        facts: What else is said of it, by heading, place and note included.
    """

    expected: Expected
    driver: str = ""
    username: str = ""
    password: str = ""
    profile: str = ""
    group: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Short name."""
        return self.expected.id

    @property
    def name(self) -> str:
        """Display name; the id where it has none."""
        return self.expected.name or self.expected.id

    @property
    def place(self) -> str:
        """What rows of one device have in common; empty: nobody knows where it is."""
        if self.expected.url:
            parts = urlsplit(self.expected.url)
            return f"{self.driver}|{parts.scheme}://{parts.netloc.lower()}{parts.path}"
        return f"{self.driver}|{self.expected.host.lower()}" if self.expected.host else ""


def row_of(told: RowSettings, facts: Mapping[str, str]) -> Row:
    """Return a row of what its columns say."""
    url, host = told.url or "", (told.host or "").strip("[]")
    expected = Expected(told.id, told.name, url, host, told.mac or "", told.serial, told.source)
    own = {key: text for key, text in (("place", told.place), ("note", told.note)) if text}
    return Row(
        expected, told.driver, told.username, told.password or "", told.profile, told.group or "", {**own, **facts}
    )  # fmt: skip

"""Taking what was found into a configuration: new cameras added, moved ones led to where they are now.

By the one writer of configurations: comments and order stay, what an engine would refuse is never written, and a file
that somebody else has changed meanwhile is left alone.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from engine.census.compare import By, Census, Entry, State
from engine.census.place import place_of
from engine.census.sighting import Sighting
from engine.config import writer
from engine.config.configuration import check
from engine.config.edit import Add, Edit, Set
from engine.config.settings import LoginSettings
from engine.errors import ConfigError
from rules.document.source import Gravity, parse
from rules.document.suggestions import slug
from rules.model import Sentence

#: Characters of an id, with room for what makes it unique.
_LONGEST = 55
#: Places that one sentence names.
_NAMED = 6
#: By the address of a sighting's best answer: the login that it let in.
Logins = Mapping[str, LoginSettings]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a file is to become; nothing is written before `write`.

    Attributes:
        path: The file.
        added: Ids of new cameras; `moved`: of those that got a new address.
        left: What was found and is not taken, and why.
        revised: The change of a file that is there; None: there is none yet.
        content: The content of a new file.
    """

    path: Path
    added: tuple[str, ...]
    moved: tuple[str, ...]
    left: tuple[Sentence, ...]
    revised: writer.Revised | None
    content: bytes = b""

    @property
    def changes(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.added or self.moved)

    def diff(self) -> list[str]:
        """Return what changes, as a unified diff."""
        if self.revised is not None:
            return self.revised.diff()
        lines = self.content.decode().splitlines()
        return ["--- /dev/null", f"+++ {self.path}", *(f"+{line}" for line in lines)]

    def write(self) -> None:
        """Put it in place.

        Raises:
            Refusal: Somebody else has changed the file meanwhile.
            OSError: It cannot be written, or there is one by now.
        """
        if self.revised is not None:
            writer.write(self.revised)
        else:
            writer.create(self.path, self.content)


def draft(path: Path, census: Census, logins: Logins, site: str = "site") -> Draft:
    """Return what a configuration becomes by what was found.

    Args:
        logins: Those that devices let in; a new camera gets its own.
        site: Name of the site in a file that is made.

    Raises:
        ConfigError: The file cannot be read, or would have these problems.
        Refusal: Something in it cannot be edited.
    """
    there = path.exists()
    file = writer.opened(path) if there else None
    held: Any = parse(file.text, str(path)).data if file else {}
    cameras = held.get("cameras") or [] if isinstance(held, dict) else []
    places = {str(each.get("id")): at for at, each in enumerate(cameras) if isinstance(each, dict)}
    new, left = _new(census, places, logins)
    moved, unclear = _moved(census, places)
    left += unclear
    if file is None:
        return Draft(path, tuple(each["id"] for each in new), (), tuple(left), None, _made(path, site, new))
    edits: list[Edit] = [Set(("cameras", places[id], "url"), url) for id, url in moved.items()]
    edits += [Add(("cameras",), each) for each in new]
    revised = writer.revised(file, edits)
    return Draft(path, tuple(each["id"] for each in new), tuple(moved), tuple(left), revised)


def _made(path: Path, site: str, cameras: list[dict[str, Any]]) -> bytes:
    content = writer.spelled({"site": slug(site) or "site", "cameras": cameras})
    report = check(path, text=content.decode())
    if any(problem.severity is Gravity.ERROR for problem in report.problems):
        raise ConfigError(report.problems)
    return content


def _new(
    census: Census, taken: Collection[str], logins: Logins
) -> tuple[list[dict[str, Any]], list[Sentence]]:
    """Return the entries of cameras that are not configured, and what is left out of them."""
    entries: list[dict[str, Any]] = []
    left: list[Sentence] = []
    names = set(taken)
    if strangers := [each.sighting.address for each in census.entries if _strange(each) and each.sighting]:
        left.append(_not_listed(strangers))
    for each in census.entries:
        if (
            _strange(each)
            or each.sighting is None
            or each.configured
            or each.id in taken
            or each.state is State.OTHER
        ):
            continue
        if not each.sighting.opens:  # where its pictures are, nothing tells
            left.append(Sentence("census.no_path", {"url": each.sighting.url, "id": each.id or "-"}))
            continue
        entries.append(_camera(each, each.sighting, names, logins.get(each.sighting.url)))
        names.add(entries[-1]["id"])
    return entries, left


def _strange(entry: Entry) -> bool:
    """Return whether a list was given, and does not name it: somebody else's, until a person says otherwise."""
    return entry.state is State.UNEXPECTED


def _not_listed(addresses: Sequence[str]) -> Sentence:
    places = list(dict.fromkeys(addresses))
    more = f" +{len(places) - _NAMED}" if len(places) > _NAMED else ""
    return Sentence(
        "census.not_listed", {"count": len(addresses), "places": ", ".join(places[:_NAMED]) + more}
    )


def _moved(census: Census, taken: Collection[str]) -> tuple[dict[str, str], list[Sentence]]:
    """Return the new addresses of cameras that moved, by id, and which have none that is sure."""
    moved: dict[str, str] = {}
    left: list[Sentence] = []
    for each in census.entries:
        if each.state is not State.MOVED or each.id not in taken or each.sighting is None:
            continue
        if each.known_by is By.REFERENCE:  # which anybody can take: logins would go to whoever did
            left.append(Sentence("census.moved_unproven", {"id": each.id, "place": each.sighting.address}))
        elif url := led(each.before, each.sighting):
            moved[each.id] = url
        else:
            left.append(Sentence("census.moved_unclear", {"id": each.id, "place": each.sighting.address}))
    return moved, left


def led(url: str, sighting: Sighting) -> str:
    """Return an address of a camera led to where it is now; empty where nothing is sure.

    Its port and path stay where somebody answers at that port: a stream's path is in no answer.
    """
    parts = urlsplit(url)
    host = place_of(sighting.url).host
    netloc = f"[{host}]" if ":" in host else host
    there = parts._replace(netloc=netloc if parts.port is None else f"{netloc}:{parts.port}").geturl()
    if place_of(there) in {place_of(each.url) for each in sighting.answers}:
        return there
    return sighting.url if parts.scheme in ("http", "https") and sighting.opens else ""


def _camera(
    entry: Entry, sighting: Sighting, names: Collection[str], login: LoginSettings | None
) -> dict[str, Any]:
    name = entry.name or sighting.name
    channel = f" {entry.source}" if entry.source and not entry.id else ""
    made: dict[str, Any] = {"id": unique(entry.id or f"{name or _by_place(sighting)}{channel}", names)}
    if name and name != made["id"]:
        made["name"] = f"{name}{channel}"
    made["url"] = sighting.url
    if sighting.driver != "onvif":  # which is what its scheme stands for
        made["driver"] = sighting.driver
    if entry.source:
        made["source"] = entry.source
    if login is not None:
        made["login"] = {"username": login.username, "password": login.password}
    return made


def _by_place(sighting: Sighting) -> str:
    host, port = place_of(sighting.url)
    return f"camera {host}" + ("" if port in (80, 443) else f" {port}")


def unique(name: str, taken: Collection[str]) -> str:
    """Return an id made of a name that nobody has yet: ``Cổng UBND`` -> ``cong-ubnd``, ``cong-ubnd-2``.

    >>> unique("Cổng UBND", {"cong-ubnd"})
    'cong-ubnd-2'
    """
    stem = slug(name)[:_LONGEST].rstrip("-") or "camera"
    if stem not in taken:
        return stem
    number = 2
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def rebased(login: LoginSettings, folder: Path, target: Path) -> LoginSettings:
    """Return a login whose password file is named as seen from another folder.

    Args:
        folder: Where relative paths start from as it is written.
        target: Where they start from in the file that it goes into.
    """
    plain = LoginSettings(username=login.username, password=login.password)  # a standard's says more
    kind, colon, name = login.password.partition(":")
    if kind != "file" or not colon or Path(name).expanduser().is_absolute():
        return plain
    there = os.path.relpath((folder / name).resolve(), target.resolve())
    return plain.model_copy(update={"password": f"file:{there}"})

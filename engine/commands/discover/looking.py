"""Where ``matthan discover`` looks, and the look itself: what has been found can be had at any moment."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import typer

from drivers.contract import Scope
from engine.census.compare import Census, Configured, compare
from engine.census.expected import COLUMNS, read_file
from engine.census.identify import Identified, Identifier
from engine.census.place import place_of
from engine.census.remembered import read, recalled
from engine.census.search import Search, addresses
from engine.census.sighting import Expected, Sighting
from engine.census.subnet import hosts_of
from engine.commands.discover.keys import Bunch, Site, site_of
from engine.commands.output.report import for_people
from engine.commands.output.terminal import block, complain, flash
from engine.fleet.inventory import installed_drivers
from engine.text import Language, render
from rules.model import Sentence


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the words on the command line mean.

    Attributes:
        site: The configuration that is compared with; None: none.
        subnets: What is swept, as a person wrote it.
    """

    scope: Scope
    expected: tuple[Expected, ...]
    site: Site | None
    subnets: tuple[str, ...] = ()

    @property
    def configured(self) -> tuple[Configured, ...]:
        """The site's cameras, with what is remembered of them."""
        if self.site is None:
            return ()
        known = read(self.site.paths.cameras_seen)
        every = self.site.configuration.settings.cameras
        cameras = [each for each in every if place_of(each.url).host]  # a file is never gone
        return recalled(
            (Configured(each.id, each.name, each.url, each.source or "") for each in cameras), known
        )

    @property
    def places(self) -> str:
        """Where was looked, for a sentence."""
        named = (*self.scope.interfaces, *(self.subnets or self.scope.hosts))
        return ", ".join(named[:8]) + (f" +{len(named) - 8}" if len(named) > 8 else "")


def own_addresses() -> dict[str, tuple[str, ...]]:
    """Return this machine's addresses by interface: IPv4, and IPv6 of its links; those without one are left out."""
    import psutil

    told = {
        name: tuple(
            each.address
            for each in group
            if each.family.name == "AF_INET" or (each.family.name == "AF_INET6" and "%" in each.address)
        )
        for name, group in psutil.net_if_addrs().items()
    }
    return {name: found for name, found in told.items() if found}


def wanted(
    interfaces: Sequence[str],
    hosts: Sequence[str],
    subnets: Sequence[str],
    expect: Path | None,
    config: Path | None,
    lang: Language,
) -> Wanted:
    """Return what is to be done; what is wrong is told, all of it, and ends the command with 2."""
    there = own_addresses()
    own = {address for group in there.values() for address in group}
    troubles = [_no_interface(name, there) for name in interfaces if name not in there and name not in own]
    swept = hosts_of(subnets, own)
    for said in (*troubles, *swept.troubles):
        complain(render(said.code, said.values, lang))
    expected = _expected(expect, lang)
    site = site_of(config, lang)
    if troubles or swept.troubles or expected is None:
        raise typer.Exit(2)
    named = interfaces or ([] if hosts or subnets else list(there))
    joined = dict.fromkeys(address for name in named for address in there.get(name, (name,)))
    listed = () if subnets else (each.host for each in expected if each.host and not each.url)
    every = tuple(dict.fromkeys((*hosts, *swept.hosts, *listed)))
    return Wanted(Scope(tuple(joined), every, sweep=bool(subnets)), expected, site, (*subnets, *hosts))


def _no_interface(name: str, there: Mapping[str, Iterable[str]]) -> Sentence:
    known = ", ".join(f"{each} ({', '.join(told)})" for each, told in there.items())
    return Sentence("discovery.no_interface", {"name": name, "known": known})


def _expected(path: Path | None, lang: Language) -> tuple[Expected, ...] | None:
    """Return the list; None where it is wrong, which is told."""
    if path is None:
        return ()
    told = read_file(path)
    if told.problems:
        block(for_people(told.problems, told.texts, lang, colours=False), err=True)
    if told.wrong:
        return None
    if not told.cameras:  # that nobody is missing of nobody would be no news
        complain(render("census.empty_list", {"path": str(path), "columns": ", ".join(COLUMNS)}, lang))
        return None
    return told.cameras


@dataclass(slots=True)
class Look:
    """One look at the networks.

    Attributes:
        bunch: What may be logged in with; None: nothing is logged in to.
    """

    wanted: Wanted
    wait: float
    bunch: Bunch | None
    lang: Language
    search: Search = field(init=False)
    identified: list[Identified] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    _sightings: tuple[Sighting, ...] = ()

    def __post_init__(self) -> None:
        troubles: dict[str, Sentence] = {}
        self.search = Search(installed_drivers(troubles.__setitem__), self._progress, troubles=troubles)

    async def run(self) -> None:
        """Look, and log in where that is wanted; may be cancelled at any moment."""
        try:
            self._progress(self.search)
            self.names = await addresses(_hosts(self.wanted))
            await self.search.run(await _by_address(self.wanted.scope), self.wait)
            await self.search.look_for(_known(self.wanted))
            self._sightings = await self.search.sightings()
            if self.bunch is not None:
                identifier = Identifier(self.bunch.driver_of, self.bunch.book_of)
                await identifier.all(self._sightings, self.bunch.logins_for, self._one_more)
        finally:
            _flash("")

    def census(self) -> Census:
        """Return what has been found so far, compared."""
        sightings = self._sightings or self.search.merged({})
        if self.bunch is not None:
            asked = {each.sighting.answers: each.sighting for each in self.identified}
            sightings = tuple(self.bunch.explained(asked.get(each.answers, each)) for each in sightings)
        return compare(sightings, self.wanted.expected, self.wanted.configured, self.names)

    def _progress(self, search: Search) -> None:
        hosts = len(self.wanted.scope.hosts) if self.wanted.scope.sweep else 0
        values = {"done": search.swept, "hosts": hosts, "found": search.heard}
        _flash(render("census.sweeping" if hosts else "census.listening", values, self.lang))

    def _one_more(self, identified: Identified) -> None:
        self.identified.append(identified)
        values = {"done": len(self.identified), "of": len(self._sightings)}
        _flash(render("census.asking", values, self.lang))


def _flash(text: str) -> None:
    if sys.stderr.isatty():
        flash(text, sys.stderr)


def _hosts(wanted: Wanted) -> list[str]:
    """Return the hosts that are written by name somewhere."""
    urls = [each.url for each in wanted.expected] + [each.url for each in wanted.configured]
    return [place_of(url).host for url in urls] + [each.host.lower() for each in wanted.expected]


async def _by_address(scope: Scope) -> Scope:
    """Return a scope whose swept hosts are addresses: a device asked by name and by address is one."""
    if not scope.sweep:
        return scope
    told = await addresses(scope.hosts)
    return replace(scope, hosts=tuple(dict.fromkeys(told[host] for host in scope.hosts)))


def _known(wanted: Wanted) -> list[tuple[str, str]]:
    """Return driver and address of the cameras that people have named."""
    listed = [each.url for each in wanted.expected if each.url]
    site = wanted.site.configuration.settings.cameras if wanted.site else ()
    schemes = {"http": "onvif", "https": "onvif", "rtsp": "rtsp", "rtsps": "rtsp"}
    told = [(each.driver or "", each.url) for each in site] + [("", url) for url in listed]
    return [
        (driver or schemes[scheme], url)
        for driver, url in told
        if (scheme := url.partition(":")[0]) in schemes
    ]

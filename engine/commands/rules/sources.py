"""What the tools work on: rule files, trials, the site's configuration, its history; and how moments are written."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from zoneinfo import ZoneInfo

import typer

from engine.commands.output.report import Language, finish
from engine.commands.output.terminal import out
from engine.commands.rules.check import TRIAL

if TYPE_CHECKING:
    from engine.config.configuration import Configuration, Report
    from rules.compiler.ruleset import Rule, RuleSet
    from rules.document.source import Problem

_FOLDER = ("*.yaml", "*.csv")


def leave(code: str, lang: Language, exit_code: int = 2, **values: object) -> NoReturn:
    """Say one sentence on the error output and end."""
    from engine.text import render

    out(f"matthan: {render(code, values, lang)}", err=True)
    raise typer.Exit(exit_code)


def texts_of(paths: Iterable[Path], lang: Language) -> dict[str, str]:
    """Return the texts of files by name; ends the command with every one that cannot be read."""
    from engine.config.configuration import read_text

    problems: list[Problem] = []
    texts: dict[str, str] = {}
    for path in paths:
        read_text(str(path), path, texts, problems)
    if problems:
        finish(problems, texts, "", lang=lang)
    return texts


def report_of(config: Path | None) -> Report:
    """Return what there is to say of the configuration; `Report.settings` are there even where its rules are wrong."""
    from engine.config import configuration as reading

    return reading.check(config or _of_running() or reading.default_path())


def _of_running() -> Path | None:
    """Return the configuration of the engine that runs here, where nobody named one and none lies in its place."""
    from engine.api.client import Client
    from engine.api.errors import ApiError
    from engine.api.link.address import default_socket
    from engine.api.link.remembered import remembered
    from engine.config.configuration import default_path

    door = default_socket()
    if os.environ.get("MATTHAN_CONFIG") or default_path().exists() or not door.exists():
        return None

    async def ask() -> str:
        async with Client.connect(door, token=remembered(door)) as client:
            return (await client.state()).engine.config

    try:
        told = asyncio.run(ask())
    except ApiError:
        return None
    return Path(told) if told and Path(told).exists() else None


def door_of(report: Report, named: Path | None, socket: str | None) -> str | None:
    """Return where the engine of a command is asked: as told, else the site's own; None where a named site is wrong."""
    from engine.api.link.address import default_socket
    from engine.config.state_paths import state_paths

    if socket is not None:
        return socket
    if report.settings is not None:
        return str(state_paths(report.settings).socket)
    return None if named else str(default_socket())


def whole(report: Report, lang: Language) -> Configuration:
    """Return the configuration; ends the command with its problems where it or its rules are wrong."""
    if report.configuration is None:
        finish(report.problems, report.texts, "", lang=lang)
        raise typer.Exit(1)
    return report.configuration


def site_of(config: Path | None, lang: Language) -> Configuration:
    """Return the configuration; ends the command with its problems where it is wrong."""
    return whole(report_of(config), lang)


def own_files(site: Configuration | None) -> list[Path]:
    """Return the rule files of a site."""
    return [Path(name) for name, _ in site.rules_files] if site else []


def rules_of(paths: Sequence[Path], site: Configuration | None, lang: Language) -> RuleSet:
    """Return rules compiled from files; ends the command with their problems."""
    from engine.config import configuration as reading
    from engine.config.world import no_site
    from rules.compiler.compile import compile_rules
    from rules.document.errors import RuleError

    texts = texts_of(expand(paths), lang)
    try:
        return compile_rules(list(texts.items()), reading.world(site.settings) if site else no_site())
    except RuleError as error:
        finish(error.problems, texts, "", lang=lang)
        raise typer.Exit(1) from None


def rule_of(name: str, paths: Sequence[Path] | None, config: Path | None, lang: Language) -> Rule:
    """Return one rule of the files that are named, else of the site's; ends the command where there is none."""
    site = None if paths and config is None else site_of(config, lang)
    return named(rules_of(paths or own_files(site), site, lang), name, lang)


def named(rules: RuleSet, name: str, lang: Language) -> Rule:
    """Return a rule by its name; ends the command where it is switched off, or where nobody knows it."""
    from engine.api.rule_report import known
    from rules.model import RuleName

    if name in rules.disabled:
        leave("explain.disabled", lang, rule=name)
    found = rules.named.get(RuleName(name))
    if found is None:
        leave("rules.no_rule", lang, rule=name, known=known(rules, name) or "–")
    return found


def expand(paths: Iterable[Path]) -> list[Path]:
    """Return rule files: of a folder all that are no trials."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(each for one in _FOLDER for each in path.glob(one)) if path.is_dir() else [path]
        found += [each for each in inside if not path.is_dir() or not each.name.endswith(TRIAL)]
    return found


@dataclass(frozen=True, slots=True)
class Moments:
    """Reads moments as people write them: ``2h`` ago, ``22:30`` today, ``2026-03-01T22:30`` where the site is."""

    zone: ZoneInfo
    now: datetime

    def read(self, text: str | None) -> datetime | None:
        """Return a moment in UTC.

        Raises:
            typer.BadParameter: It is none.
        """
        if text is None:
            return None
        from rules.document.scalars import seconds

        if re.fullmatch(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?", text):
            return self._today(text)
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            try:
                return self.now - timedelta(seconds=seconds(text))
            except ValueError:  # pydantic's own kind of it
                raise typer.BadParameter(f"{text!r} is no moment: 2h, 22:30 or 2026-03-01T22:30") from None
        return (at if at.tzinfo else at.replace(tzinfo=self.zone)).astimezone(UTC)

    def _today(self, text: str) -> datetime:
        """Return the last time that a clock showed this."""
        hour, minute, *rest = (int(part) for part in text.split(":"))
        local = self.now.astimezone(self.zone)
        at = local.replace(hour=hour % 24, minute=minute % 60, second=rest[0] if rest else 0, microsecond=0)
        return (at if at <= local else at - timedelta(days=1)).astimezone(UTC)

    def show(self, at: datetime) -> str:
        """Return a moment as people read it where the site is."""
        from engine.api.rule_report import local

        return local(at, self.zone)


def moments_of(site: Configuration | None) -> Moments:
    """Return how moments are read at a site, from now on."""
    from engine.runtime.clock import SystemClock

    zone = ZoneInfo(site.settings.timezone if site else "Asia/Ho_Chi_Minh")
    return Moments(zone, SystemClock().now().wall)


def lines_of(path: Path, lang: Language) -> Iterator[str]:
    """Yield the lines of a recording; ends the command where it cannot be read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            yield from file
    except OSError as error:
        leave("rules.unreadable", lang, path=path, detail=error.strerror or "?")

"""``matthan rules clean``: nights on which every rule must stay silent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.output.report import LangOption, Language, coloured, for_people, language
from engine.commands.output.terminal import block, out, paint
from engine.commands.rules.check import CLEAN, KNOWN, ConfigOption, RuleFiles
from engine.commands.rules.replay import line_of
from engine.commands.rules.sources import leave, lines_of, moments_of, own_files, rules_of, site_of, texts_of

if TYPE_CHECKING:
    from rules.trials.clean_nights import Night


def clean(
    files: RuleFiles = None,
    corpus: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FOLDER",
            help="Scenes (*.yaml) and recordings (*.jsonl); default: clean/ beside the rules.",
        ),
    ] = None,
    config: ConfigOption = None,
    lang: LangOption = None,
) -> None:
    """Judge clean nights and tell every rule that does not stay silent.

    False alarms that are known are listed in known.yaml of the corpus, each with its reason. Exit codes:
    0 silent, 1 a rule fired, 2 nothing to judge.
    """
    from rules.trials.clean_nights import Watchman

    chosen = language(lang)
    site = site_of(config, chosen) if config is not None or not files else None
    paths = files or own_files(site)
    rules = site.rules if site is not None and not files else rules_of(paths, site, chosen)
    folders = corpus or list({(path if path.is_dir() else path.parent) / CLEAN: None for path in paths})
    moments, colours, count, bad = moments_of(site), coloured(), 0, 0
    for folder in (each for each in folders if each.is_dir()):
        texts = texts_of([folder / KNOWN], chosen) if (folder / KNOWN).exists() else {}
        watchman = Watchman(texts.get(str(folder / KNOWN), ""), str(folder / KNOWN))
        if watchman.problems:
            block(for_people(watchman.problems, texts, chosen, colours=colours))
            raise typer.Exit(2)
        for night in _nights(folder, chosen):
            count += 1
            for alarm in watchman.watch(rules, night):
                bad += not alarm.known
                mark = paint("~", "33", colours) if alarm.known else paint("✗", "1;31", colours)
                reason = f"  ({alarm.known})" if alarm.known else ""
                out(f"{mark} {night.name}: {line_of(alarm.decision, moments, chosen)}{reason}")
        if stale := list(watchman.stale(rules)):
            block(for_people(stale, texts, chosen, colours=colours))
    if not count:
        leave("rules.no_corpus", chosen)
    _end(count, len(rules.rules), bad, chosen)


def _end(nights: int, rules: int, bad: int, lang: Language) -> None:
    from engine.text import render

    out(render("rules.cleaned", {"nights": nights, "rules": rules, "bad": bad}, lang))
    raise typer.Exit(int(bad > 0))


def _nights(folder: Path, lang: Language) -> Iterator[Night]:
    from engine.api.printed_events import BadRecording, printed
    from rules.trials import runner as rehearsal
    from rules.trials.clean_nights import Night, nights

    for path in sorted(folder.glob("*.yaml")):
        if path.name == KNOWN:
            continue
        texts = texts_of([path], lang)
        text = rehearsal.read(texts[str(path)], str(path))
        if text.problems:
            block(for_people(text.problems, texts, lang, colours=coloured()))
            raise typer.Exit(2)
        yield from nights(text)
    for path in sorted(folder.glob("*.jsonl")):
        try:
            yield Night(path.name, list(printed(lines_of(path, lang))))
        except BadRecording as error:
            leave("rules.no_event", lang, path=path, line=error.line, detail=error.detail)

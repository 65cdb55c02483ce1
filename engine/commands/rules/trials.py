"""``matthan rules test``: trials through the real evaluator, what they cover, and what they would notice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.output.report import (
    GitHubOption,
    JsonOption,
    LangOption,
    Language,
    Progress,
    annotate,
    coloured,
    for_people,
    for_scripts,
    language,
)
from engine.commands.output.terminal import data, out, paint
from engine.commands.rules.check import TRIAL, ConfigOption
from engine.commands.rules.sources import leave, own_files, site_of, texts_of

if TYPE_CHECKING:
    from engine.config.configuration import Configuration
    from rules.compiler.ruleset import RuleSet
    from rules.document.source import Problem
    from rules.language.names import World
    from rules.trials.coverage import Coverage
    from rules.trials.mutation import MutationResult
    from rules.trials.runner import Outcome, TrialText


@dataclass(slots=True)
class _Bench:
    """One trial file with the rules that it tries.

    Attributes:
        problems: Why it cannot be tried.
    """

    name: str
    text: TrialText
    files: list[tuple[str, str]]
    beside: list[tuple[str, str]]
    world: World
    rules: RuleSet | None
    problems: tuple[Problem, ...]
    outcomes: list[Outcome] = field(default_factory=list)
    coverage: Coverage | None = None
    mutants: MutationResult | None = None
    mishaps: MutationResult | None = None

    @property
    def failures(self) -> list[Problem]:
        """Everything that is wrong, each at its line."""
        return [*self.problems, *(each for outcome in self.outcomes for each in outcome.failures)]

    @property
    def survivors(self) -> list[Problem]:
        """What no trial noticed, and what goes wrong in another world, each at its line."""
        return [each for found in (self.mutants, self.mishaps) if found for each in found.survivors]


def run(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE|FOLDER",
            help="Trials (*.trial.yaml), rule files that have some, or folders; default: the configuration's.",
        ),
    ] = None,
    config: ConfigOption = None,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show expected and actual decisions side by side.")
    ] = False,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML as well.")] = None,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Tell which rules, conditions and branches were not exercised.")
    ] = False,
    minimum: Annotated[
        float | None,
        typer.Option(
            "--min", min=0, max=100, help="With --coverage: fail below so many percent of any of them."
        ),
    ] = None,
    mutate: Annotated[
        bool,
        typer.Option(
            "--mutate",
            help="Flip every condition in turn, and let facts be missing: a trial must fail each time. Objects that "
            "are simply gone, and letters that come decomposed, must make no difference.",
        ),
    ] = False,
    lang: LangOption = None,
    as_json: JsonOption = False,
    github: GitHubOption = False,
) -> None:
    """Run the trials of rules on a virtual clock through the real evaluator.

    Exit codes: 0 all passed, 1 a trial failed (or a mutant survived, or coverage is too low), 2 nothing to
    run or a file cannot be read.
    """
    chosen = language(lang)
    site = site_of(config, chosen) if config is not None or not paths else None
    wanted = _trials(paths or own_files(site))
    if not wanted:
        leave("rules.no_trials", chosen)
    texts = texts_of(wanted, chosen)
    benches = [_bench(path, texts, site, chosen) for path in wanted]
    for bench in benches:
        _run(bench)
    if mutate:
        _mutate(benches, chosen)
    if junit is not None:
        _write_junit(junit, benches, chosen)
    short = [name for bench in benches for name in _short(bench, minimum)] if coverage else []
    failed = any(bench.failures or bench.survivors for bench in benches) or bool(short)
    if as_json or github:
        found = [each for bench in benches for each in (*bench.failures, *bench.survivors)]
        if as_json:
            data(for_scripts(found, chosen, ok=not failed))
        else:
            annotate(found, chosen)
    else:
        _tell(benches, texts, chosen, diff=diff, coverage=coverage)
    raise typer.Exit(int(failed))


# -- gathering ---------------------------------------------------------------------------------


def _trials(paths: Iterable[Path]) -> list[Path]:
    """Return trial files: of a folder all, of a rule file the one beside it."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found |= dict.fromkeys(sorted(path.rglob(f"*{TRIAL}")))
        elif path.name.endswith(TRIAL):
            found[path] = None
        elif (beside := path.with_name(path.name.removesuffix(".yaml") + TRIAL)).exists():
            found[beside] = None
    return list(found)


def _bench(path: Path, texts: Mapping[str, str], site: Configuration | None, lang: Language) -> _Bench:
    from engine.config.configuration import world as site_world
    from rules.compiler.compile import compile_rules
    from rules.document.errors import RuleError
    from rules.language.names import World
    from rules.trials import runner as rehearsal

    text = rehearsal.read(texts[str(path)], str(path))
    if text.file is None:
        return _Bench(str(path), text, [], [], World(), None, text.problems)
    names = text.file.rules or [path.name.removesuffix(TRIAL) + ".yaml"]
    files = list(texts_of([path.parent / name for name in names], lang).items())
    beside = list(texts_of([path.parent / name for name in text.file.beside or ()], lang).items())
    world = site_world(site.settings) if site and not text.file.cameras else rehearsal.world(text.file)
    try:
        rules = compile_rules([*files, *beside], world)
    except RuleError as error:
        return _Bench(str(path), text, files, beside, world, None, error.problems)
    return _Bench(str(path), text, files, beside, world, rules, ())


# -- running -----------------------------------------------------------------------------------


def _run(bench: _Bench) -> None:
    from rules.trials.coverage import Coverage
    from rules.trials.mutation import names_in
    from rules.trials.runner import run_trials

    if bench.rules is not None:
        bench.coverage = Coverage(bench.rules, names_in(bench.files))
        bench.outcomes = list(run_trials(bench.text, bench.rules, bench.coverage.watch))


def _mutate(benches: Sequence[_Bench], lang: Language) -> None:
    from engine.text import render
    from rules.trials.mutation import mutate
    from rules.trials.world_mutants import try_worlds

    for bench in benches:
        if bench.rules is None or bench.failures:
            continue
        with Progress(f"{bench.name}: {render('rules.mutating', {}, lang)}") as progress:
            bench.mutants = mutate(bench.files, [bench.text], bench.world, bench.beside, progress)
            bench.mishaps = try_worlds(bench.files, [bench.text], bench.world, bench.beside, progress)


def _short(bench: _Bench, minimum: float | None) -> list[str]:
    """Return the measures that are below the threshold."""
    from rules.trials.coverage import MEASURES

    if bench.coverage is None or minimum is None:
        return []
    return [name for name in MEASURES if bench.coverage.share(name).percent < minimum]


def _write_junit(path: Path, benches: Sequence[_Bench], lang: Language) -> None:
    from engine.commands.rules.junit import junit

    told = {bench.name: (bench.outcomes, bench.problems) for bench in benches}
    try:
        path.write_text(junit(told, lang), encoding="utf-8")
    except OSError as error:
        leave("rules.unwritable", lang, path=path, detail=error.strerror or "?")


# -- telling -----------------------------------------------------------------------------------


def _tell(
    benches: Sequence[_Bench], texts: Mapping[str, str], lang: Language, *, diff: bool, coverage: bool
) -> None:
    from engine.text import render

    colours = coloured()
    for bench in benches:
        for line in _lines(bench, texts, lang, colours=colours, diff=diff, coverage=coverage):
            out(line)
    outcomes = [outcome for bench in benches for outcome in bench.outcomes]
    passed = sum(outcome.passed for outcome in outcomes)
    broken = sum(bench.rules is None for bench in benches)
    counts = {"passed": passed, "failed": len(outcomes) - passed + broken}
    out(render("rules.tried", counts, lang))


def _lines(
    bench: _Bench, texts: Mapping[str, str], lang: Language, *, colours: bool, diff: bool, coverage: bool
) -> Iterator[str]:
    from engine.text import render

    known = {**texts, **dict(bench.files), **dict(bench.beside)}
    yield bench.name
    if bench.problems:
        yield from for_people(bench.problems, known, lang, colours=colours).split("\n")
    for outcome in bench.outcomes:
        mark = paint("✓", "32", colours) if outcome.passed else paint("✗", "1;31", colours)
        yield f"  {mark} {outcome.name}"
        if outcome.failures:
            yield from for_people(outcome.failures, known, lang, colours=colours).split("\n")
        if diff and not outcome.passed:
            yield from _diff(outcome, colours=colours)
    for result, code in ((bench.mutants, "rules.mutated"), (bench.mishaps, "rules.befallen")):
        if result is not None and result.total:
            counts = {"total": result.total, "survived": len(result.survivors)}
            yield "  " + render(code, counts, lang)
            if result.survivors:
                yield from for_people(result.survivors, known, lang, colours=colours).split("\n")
    if coverage and bench.coverage is not None:
        yield from _covered(bench.coverage, lang)


def _diff(outcome: Outcome, *, colours: bool) -> Iterator[str]:
    tint = {"-": "31", "+": "32", "@": "36"}
    compared = unified_diff(outcome.expected, outcome.came, "expected", "came", lineterm="", n=99)
    for line in compared:
        yield "    " + (paint(line, tint[line[0]], colours) if line[:1] in tint else line)


def _covered(coverage: Coverage, lang: Language) -> Iterator[str]:
    from engine.text import render
    from rules.trials.coverage import MEASURES

    values: dict[str, object] = {}
    for name in MEASURES:
        share = coverage.share(name)
        values[name] = f"{share.taken}/{share.total} ({share.percent:.0f} %)"
    yield "  " + render("rules.covered", values, lang)
    for rule, about, way in coverage.missing():
        yield "    " + render(f"coverage.{way.replace(' ', '_')}", {"rule": rule, "about": about}, lang)

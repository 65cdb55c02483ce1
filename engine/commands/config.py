"""``matthan config``: looks at a site's configuration, and changes it, without starting anything.

Light by promise: no camera, vision, network or terminal library is loaded here (a test looks).
"""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.config_edit import add_camera, set_command, unset
from engine.commands.output.report import GitHubOption, JsonOption, LangOption, finish, language
from engine.commands.output.terminal import data, document

if TYPE_CHECKING:
    from engine.config.configuration import Report

app = typer.Typer(name="config", no_args_is_help=True, help="Check, show and change the configuration.")
app.command("set")(set_command)
app.command("unset")(unset)
app.command("add-camera")(add_camera)
File = Annotated[
    Path | None, typer.Argument(help="The configuration; default: what `matthan config path` prints.")
]


def _check(file: Path | None, *, here: bool = False) -> tuple[Path, Report]:
    from engine.config.configuration import check, default_path

    path = file or default_path()
    return path, check(path, here=here)


@app.command("check")
def check_command(
    file: File = None, lang: LangOption = None, as_json: JsonOption = False, github: GitHubOption = False
) -> None:
    """Report every problem in the configuration and its rule files at once; drivers and secrets it lacks, too.

    Exit codes: 0 good, 1 problems, 2 a file cannot be read.
    """
    from engine.text import render

    path, report = _check(file, here=True)
    chosen = language(lang)
    good = ""
    if report.configuration is not None:
        cameras, rules = len(report.configuration.settings.cameras), len(report.configuration.rules.rules)
        good = render("config.good", {"path": str(path), "cameras": cameras, "rules": rules}, chosen)
    finish(report.problems, report.texts, good, lang=chosen, as_json=as_json, github=github)


class Written(StrEnum):
    """The files of a site that have a schema."""

    MATTHAN = "matthan"
    COMMISSIONING = "commissioning"
    ACCEPTANCE = "acceptance"


@app.command()
def schema(
    of: Annotated[
        Written, typer.Argument(help="Of which file: matthan.yaml, commissioning.yaml or acceptance.yaml.")
    ] = Written.MATTHAN,
) -> None:
    """Print the JSON Schema of matthan.yaml, or of another file of a site, for editors."""
    if of is Written.COMMISSIONING:
        from engine.commission.wanted_file import STANDARD

        json_schema = STANDARD.json_schema
    elif of is Written.ACCEPTANCE:
        from engine.commission.wanted_file import ACCEPTANCE

        json_schema = ACCEPTANCE.json_schema
    else:
        from engine.config.settings import json_schema

    data(json.dumps(json_schema(), ensure_ascii=False, indent=2))


@app.command()
def show(file: File = None, lang: LangOption = None) -> None:
    """Print the configuration with every default filled in. Secrets stay references.

    Exit codes: as `check`.
    """
    import io

    from ruamel.yaml import YAML

    _, report = _check(file)
    if report.configuration is None:
        finish(report.problems, report.texts, "", lang=language(lang))
        return
    text = io.StringIO()
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.dump(report.configuration.settings.model_dump(mode="json", exclude_none=True), text)
    document(text.getvalue())


@app.command()
def path() -> None:
    """Print which configuration commands use where none is named."""
    from engine.config.configuration import default_path

    document(f"{default_path()}\n")

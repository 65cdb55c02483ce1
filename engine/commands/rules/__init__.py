"""``matthan rules``: the rule author's tools. Light by promise, as ``matthan config``: each loads its part when run."""

from __future__ import annotations

import typer

from engine.commands.rules import (
    calendar,
    check,
    clean,
    explain,
    fmt,
    problem,
    record,
    reload,
    replay,
    route,
    scaffold,
    top,
    trials,
)

app = typer.Typer(
    name="rules",
    no_args_is_help=True,
    help="Write, check, try, record, reload, replay, explain and weigh rules.",
)
app.command("check")(check.check)
app.command("schema")(check.schema)
app.command("problem")(problem.problem)
app.command("new")(scaffold.new)
app.command("fmt")(fmt.fmt)
app.command("test")(trials.run)
app.command("clean")(clean.clean)
app.command("reload")(reload.reload)
app.command("record")(record.record)
app.command("replay")(replay.replay)
app.command("explain")(explain.explain)
app.command("top")(top.top)
app.command("route")(route.route)
app.command("calendar")(calendar.calendar)

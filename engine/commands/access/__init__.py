"""``matthan access``: who may do what, and who is logged in. Light by promise: each command loads its part when run.

Exit codes: 0 done (of `explain`: allowed), 1 the engine refused (`explain`: not allowed), 2 wrong usage, 3 no engine
answers.
"""

from __future__ import annotations

import typer

from engine.commands.access import explain, grants, own, people, sessions, tokens

app = typer.Typer(
    name="access",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Who may do what: people, what they are granted, their sessions and tokens.\n\n"
    "\b\n"
    "matthan access add an --name 'Nguyễn Văn An' --role officer   register a person; prints a code\n"
    "matthan access setup                                          An chooses a password with it\n"
    "matthan login an                                              and logs in\n"
    "matthan access explain an ptz gate-3                          may An move that camera, and why\n",
)
app.command("list")(people.listed)
app.command("add")(people.add)
app.command("grant")(grants.grant)
app.command("revoke")(grants.revoke)
app.command("disable")(people.disable)
app.command("enable")(people.enable)
app.command("remove")(people.remove)
app.command("map")(people.map_local)
app.command("reset")(people.reset)
app.command("tokens")(tokens.tokens)
app.command("token")(tokens.token)
app.command("sessions")(sessions.sessions)
app.command("end")(sessions.end)
app.command("explain")(explain.explain)
app.command("whoami")(own.whoami)
app.command("setup")(own.setup)
app.command("password")(own.password)

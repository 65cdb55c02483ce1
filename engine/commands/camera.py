"""Commands about one camera of a running engine: retry, availability, features, set, aim, and what one camera is.

Exit codes: 0 done, 1 the engine refused, 2 wrong usage, 3 no engine answers.
"""

from __future__ import annotations

from typing import Annotated

import typer

from engine.commands.aim.reference import reference
from engine.commands.aim.watch import aim
from engine.commands.aim.zones import zones
from engine.commands.availability import availability
from engine.commands.client import still
from engine.commands.commission.camera import clock, login, reboot, show
from engine.commands.commission.undo import undo_command
from engine.commands.completion import cameras
from engine.commands.features import features, set_feature
from engine.commands.output.talk import AsJson, Language_, Socket, Speaker, Token, Why, speak
from engine.commands.output.terminal import data, out

app = typer.Typer()
camera = typer.Typer(
    name="camera", no_args_is_help=True, rich_markup_mode=None, help="What is to be done with one camera."
)
app.add_typer(camera)
camera.command()(availability)
camera.command()(features)
camera.command("set")(set_feature)
camera.command()(aim)
camera.command()(reference)
camera.command()(zones)
camera.command()(show)
camera.command()(clock)
camera.command()(login)
camera.command()(reboot)
camera.command("undo")(undo_command)
camera.command("still")(still)


@camera.command()
def retry(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="The cameras' ids.", autocompletion=cameras)
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every camera that waits for its next try.")
    ] = False,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
    why: Why = "",
) -> None:
    """Try a camera again at once instead of later: after its password, cable or power was set right.

    \b
    matthan status                     which cameras wait, why, and until when
    matthan camera retry gate          the camera `gate`, now
    matthan camera retry gate yard
    matthan camera retry --all         all that are refused, lost, failed or deaf

    A camera that refused a login which never worked waits for this command. One whose login had worked is tried by
    itself after 1, 5, 15 and then every 60 minutes. The password file is read anew each time. A device that has
    refused three logins within half an hour is sent none before that time is over: cameras lock accounts.
    """  # noqa: D301 - click's mark for lines that stay as they are
    if bool(ids) == everything:
        raise typer.BadParameter("give the ID of a camera, or --all")

    async def talk(speaker: Speaker) -> None:
        wanted = list(ids or (each.id for each in speaker.state.cameras if each.waits))
        if not wanted:
            out(speaker.say("cli.none_waits"))
        refused = [each for each in wanted if not await _tried(speaker, each, as_json)]
        if refused:
            raise typer.Exit(1)

    speak(socket, token, lang, talk, why)


async def _tried(speaker: Speaker, id: str, as_json: bool) -> bool:
    """Let one camera be tried again, and say so; a refusal of the engine's is told, and the others go on."""
    from engine.api.errors import ApiError

    try:
        now = await speaker.client.retry(id)
    except ApiError as error:
        if error.status in (0, 401, 403, 405):
            raise
        out(f"matthan: {error.message}", "red", err=True)
        return False
    code = "cli.all_right" if now.state == "online" and not now.waits else "cli.retrying"
    data(now.model_dump_json()) if as_json else out(speaker.say(code, camera=now.name or id))
    return True

"""``matthan camera reference``: keep how a camera looks now, to see later whether it was moved.

Exit codes: 0 done, 1 the engine refused, 2 wrong usage, 3 no engine answers.
"""

from __future__ import annotations

from engine.commands.output.talk import AsJson, CameraId, Language_, Socket, Speaker, Token, Why, speak
from engine.commands.output.terminal import data, out


def reference(
    camera: CameraId,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
    why: Why = "",
) -> None:
    """Keep a camera's present picture as the one that later ones are compared with.

    \b
    matthan camera reference gate      when it is aimed and signed off
    matthan camera aim gate            later: "Moved: 4 % to the right."

    That of before is gone. A picture with nothing on it (night without light, fog) is not kept.
    """  # noqa: D301 - click's mark for lines that stay as they are

    async def talk(speaker: Speaker) -> None:
        from engine.api.resources.commissioning.aim import KEEP_REFERENCE

        kept = await speaker.client.ask(KEEP_REFERENCE, camera)
        if as_json:
            data(kept.model_dump_json())
        else:
            out(speaker.say("aim.kept", camera=camera, size=f"{kept.width}x{kept.height}"))

    speak(socket, token, lang, talk, why)

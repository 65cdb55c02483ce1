"""``matthan vision collect``: stored pictures, with what was told and said of them, as a folder to teach with.

Exit codes: 0 done, 1 something could not be read or written, 2 wrong usage, 3 no engine answers, 130 stopped.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.completion import cameras, rules
from engine.commands.output.report import Lang, Progress
from engine.commands.output.talk import AsJson, Socket, Speaker, Token, Why, speak
from engine.commands.output.terminal import complain, data, out

if TYPE_CHECKING:
    from engine.dataset.folder import DataFolder
    from engine.dataset.slip import Slip
    from rules.model import Fact

#: Where pictures lie in the state folder, a folder per day (`engine.actions.snapshot`).
_PICTURES = "snapshots"
#: Events that are asked for at once.
_PAGE = 1000
_VERDICT = "verdict"
#: What is said of pictures that were not taken anew.
_OTHERS = (
    "collect.judged",
    "collect.known",
    "collect.near",
    "collect.nothing",
    "collect.other",
    "collect.unsaid",
    "collect.damaged",
)


class Only(StrEnum):
    """Which pictures."""

    TRUE = "true"
    FALSE = "false"
    JUDGED = "judged"
    UNJUDGED = "unjudged"


class Blur(StrEnum):
    """What is made unknowable."""

    NONE = "none"
    FACES = "faces"
    PEOPLE = "people"


@dataclass(slots=True)
class Made:
    """What became of the pictures."""

    counts: Counter[str] = field(default_factory=Counter)
    boxes: Counter[str] = field(default_factory=Counter)


Folder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="Where to: a new folder, or one that this command began.")
]
Camera = Annotated[
    str | None, typer.Option("--camera", metavar="ID", help="Only of this camera.", autocompletion=cameras)
]
Rule = Annotated[
    str | None, typer.Option("--rule", metavar="NAME", help="Only by this rule.", autocompletion=rules)
]
Day = Annotated[
    datetime | None,
    typer.Option("--since", formats=["%Y-%m-%d"], help="Only from this day on (the site's time)."),
]
End = Annotated[datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Only before this day.")]
Which = Annotated[
    Only | None, typer.Option("--only", help="Only alerts that people called so; default: all.")
]
Wiped = Annotated[
    Blur,
    typer.Option(
        "--blur", help="Make faces, or whole people, unknowable: the boxes that were told, no others."
    ),
]
Most = Annotated[int, typer.Option("--most", min=1, metavar="N", help="At most so many new pictures.")]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="The configuration; default: what `matthan config path` prints."
    ),
]


def collect(
    folder: Folder,
    camera: Camera = None,
    rule: Rule = None,
    since: Day = None,
    until: End = None,
    only: Which = None,
    blur: Wiped = Blur.FACES,
    most: Most = 5000,
    config: Config = None,
    socket: Socket = None,
    token: Token = None,
    lang: Annotated[Lang | None, typer.Option("--lang", help="Language; default: the engine's.")] = None,
    as_json: AsJson = False,
    why: Why = "",
) -> None:
    """Write stored pictures, with their boxes and what people said of them, as a folder to teach a detector with.

    \b
    matthan judge 3f2a91c0 false --note "a plastic bag"    say what an alert was, first
    matthan vision collect /srv/teach                      then: all pictures that rules kept (action `snapshot`)
    matthan vision collect /srv/teach --only judged        only those that somebody judged
    matthan vision collect /srv/teach --blur people        whole people unknowable (default: faces)
    make train ARGS="--data /srv/teach --from matthan-nano"

    An alert that was true makes its object sure; one that was false makes the picture one in which it is not; what
    nobody judged keeps the machine's own score. Nearly equal pictures are taken once. A tenth of the days is kept for
    judging. Run again, it goes on, and takes over what was said since; labels that you changed by hand stay yours.
    To be run where the engine's state folder is, by somebody who may look back.

    The pictures are personal data: the folder is yours to guard and to delete. Only what was told as a person is
    blurred: who was not found is not.
    """  # noqa: D301 - click's mark for lines that stay as they are
    state = _state(config)

    async def talk(speaker: Speaker) -> tuple[Speaker, list[tuple[Path, Slip]], dict[str, str]]:
        slips = [each for each in _slips(state / _PICTURES) if _is_meant(speaker, each[1])]
        if not slips:
            complain(speaker.say("collect.none", folder=state / _PICTURES))
            raise typer.Exit(1)
        return speaker, slips, await _verdicts(speaker, camera, min(slip.at for _, slip in slips))

    def _is_meant(speaker: Speaker, slip: Slip) -> bool:
        day = slip.at.astimezone(speaker.zone).replace(tzinfo=None)
        return (
            camera in (None, slip.camera)
            and rule in (None, slip.rule)
            and (since is None or day >= since)
            and (until is None or day < until)
        )

    def _written(speaker: Speaker, slips: list[tuple[Path, Slip]], verdicts: Mapping[str, str]) -> Made:
        from engine.dataset.folder import DataFolder

        made = Made()
        try:
            target = DataFolder(folder)
            with Progress(speaker.say("collect.progress", total=len(slips))) as progress:
                for count, (path, slip) in enumerate(slips, 1):
                    progress(count)
                    if made.counts["taken"] >= most:
                        break
                    verdict = verdicts.get(slip.alert)
                    made.counts[_take(target, path, slip, verdict, only, blur, made)] += 1
        except (OSError, ValueError) as error:
            complain(
                speaker.say(
                    "collect.unwritable", folder=folder, reason=getattr(error, "strerror", None) or error
                )
            )
            raise typer.Exit(1) from None
        except KeyboardInterrupt:  # what is written is whole; the next run goes on
            _told(speaker, made)
            raise typer.Exit(130) from None
        finally:
            _leave(state, folder, made, speaker)
        return _told(speaker, made)

    def _told(speaker: Speaker, made: Made) -> Made:
        if as_json:
            data(
                json.dumps(
                    {"folder": str(folder), **made.counts, "boxes": dict(made.boxes)}, ensure_ascii=False
                )
            )
            return made
        out(speaker.say("collect.done", count=made.counts["taken"], folder=folder))
        for code in _OTHERS:
            if count := made.counts[code.removeprefix("collect.")]:
                out("  " + speaker.say(code, count=count))
        if made.boxes:
            out("  " + ", ".join(f"{name} {count}" for name, count in sorted(made.boxes.items())))
        if blur is not Blur.NONE:
            out(speaker.say("collect.blurred"))
        return made

    # not within the conversation: Ctrl-C would only be heard at its end
    _written(*speak(socket, token, lang, talk, why))


def _state(config: Path | None) -> Path:
    """Return the state folder that a configuration names."""
    from engine.commands.output.report import configured
    from engine.config.state_paths import state_paths

    return state_paths(configured(config).settings).state


def _slips(folder: Path) -> Iterator[tuple[Path, Slip]]:
    """Yield every picture that has a slip, oldest first; a slip that cannot be read is none."""
    from engine.dataset.slip import read

    for path in sorted(folder.glob("????-??-??/*.json")):
        try:
            yield path.with_suffix(".jpg"), read(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue


async def _verdicts(speaker: Speaker, camera: str | None, since: datetime) -> dict[str, str]:
    """Return the newest word on each alert since then."""
    found: dict[str, str] = {}
    before: int | None = None
    with Progress(speaker.say("collect.reading")) as progress:
        count = 0
        while page := await speaker.client.events(before=before, limit=_PAGE, camera=camera):
            for each in page:
                if each.kind == "operator" and each.label == _VERDICT:
                    found.setdefault(str(each.facts.get("decision")), str(each.facts.get("verdict")))
            count += len(page)
            progress(count)
            before = page[-1].seq
            if (page[-1].received_at or page[-1].at) < since.astimezone(UTC):
                break
    return found


def _take(
    target: DataFolder, path: Path, slip: Slip, verdict: str | None, only: Only | None, blur: Blur, made: Made
) -> str:
    """Add one picture; return what became of it: taken, or why not."""
    from PIL import Image

    from engine.dataset.blur import blurred, heads
    from engine.dataset.slip import judged

    objects = None if slip.objects is None else judged(slip, verdict)
    if path.stem in target:
        # a verdict that teaches nothing leaves what was taken before as it is
        later = objects is not None and verdict in ("true", "false")
        return "judged" if later and target.relabel(path.stem, objects or (), verdict or "") else "known"
    if not _is_asked(verdict, only):
        return "other"
    if objects is None or slip.objects is None:
        return "unsaid" if slip.objects is None else "nothing"
    try:
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
    except (OSError, Image.DecompressionBombError):
        return "damaged"
    if blur is not Blur.NONE:
        picture = blurred(picture, heads(slip.objects, whole=blur is Blur.PEOPLE))
    clip = f"{slip.camera}-{slip.at:%Y-%m-%d}"
    if not target.add(path.stem, picture, objects, clip=clip, verdict=verdict or "", alert=slip.alert):
        return "near"
    made.boxes.update(each.label for each in objects)
    return "taken"


def _is_asked(verdict: str | None, only: Only | None) -> bool:
    """Return whether what was said of an alert is what is asked for; a test teaches nothing."""
    if verdict == "test":
        return False
    wanted = {None: True, Only.JUDGED: verdict is not None, Only.UNJUDGED: verdict is None}
    return wanted[only] if only in wanted else verdict == str(only)


def _leave(state: Path, folder: Path, made: Made, speaker: Speaker) -> None:
    """Leave for the audit log who took how many pictures out, and where to."""
    from engine.commands.output.leaving import leave
    from engine.identity.record import Deed

    about: dict[str, Fact] = {"what": "collect", "folder": str(folder), "files": made.counts["taken"]}
    leave(state, Deed.EXPORT, about, speaker.language)

"""Commands by which a person tells a running engine something: acknowledge, act.

Exit codes: 0 done, 1 the engine refused, 2 wrong usage, 3 no engine answers.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from engine.commands.completion import cameras, rules
from engine.commands.output.talk import AsJson, Language_, Socket, Speaker, Token, Why, speak
from engine.commands.output.terminal import data, out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.api import wire

app = typer.Typer()

#: Characters of a decision's whole id; fewer are its beginning.
WHOLE: Final = 32
#: Decisions among which a beginning is looked for, the newest.
LOOKED: Final = 1000

By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who; default: your user name.")]


@app.command()
def acknowledge(
    decision: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            help="The decision's id, or its first characters; or its rule's name.",
            autocompletion=rules,
        ),
    ] = None,
    rule: Annotated[
        str | None,
        typer.Option("--rule", metavar="NAME", help="All that fires now by this rule.", autocompletion=rules),
    ] = None,
    by: By = "",
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="What is being done about it.")] = "",
    undo: Annotated[
        bool, typer.Option("--undo", help="Take your own acknowledgement back, within 15 seconds.")
    ] = False,
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
    why: Why = "",
) -> None:
    """Say that somebody takes care of a decision: it will not escalate.

    \b
    matthan decisions --firing                what fires now, each with its id
    matthan acknowledge 3f2a91c0              you take care of that one
    matthan acknowledge --rule gate --by An   An takes care of all that rule `gate` has firing
    matthan acknowledge 3f2a --note "on my way"

    Acknowledging again changes nothing; it tells who was first.
    """  # noqa: D301 - click's mark for lines that stay as they are
    if (decision is None) == (rule is None):
        raise typer.BadParameter("give the ID of a decision, or --rule NAME")
    if undo and decision is None:
        raise typer.BadParameter("--undo takes the ID of a decision")

    async def talk(speaker: Speaker) -> None:
        if undo:
            await take_back(speaker, decision or "", by, as_json=as_json)
            return
        ids = await meant(speaker, decision) if decision else await firing(speaker, rule or "")
        for id in ids:
            made = await speaker.client.acknowledge(id, by=by, note=note)
            data(made.model_dump_json()) if as_json else out(said(speaker, made))

    speak(socket, token, lang, talk, why)


async def take_back(speaker: Speaker, written: str, by: str, *, as_json: bool) -> None:
    """Take back the acknowledgement of a decision; the engine says whether that is possible."""
    id = await whole(speaker, written)
    stored = {made.id: made for made in await speaker.client.decisions(limit=LOOKED)}
    told = stored[id].acknowledged if id in stored else None
    if told is None:
        _fail(speaker.say("cli.not_taken", id=written))
    made = await speaker.client.unacknowledge(id, told.model_copy(update={"by": by}))
    out(made.model_dump_json() if as_json else speaker.say("cli.taken_back", id=id[:8]))


async def meant(speaker: Speaker, written: str) -> Sequence[str]:
    """Return the ids that somebody means by an id, its beginning, or (where nothing has it) the name of a rule."""
    id = await whole(speaker, written)
    if id != written or len(id) >= WHOLE:
        return [id]
    return [alert.id for alert in await speaker.client.alerts(rule=written, acknowledged=False)] or [id]


async def firing(speaker: Speaker, rule: str) -> Sequence[str]:
    """Return the ids of what a rule has firing and nobody has acknowledged; says so where there is nothing."""
    found = [alert.id for alert in await speaker.client.alerts(rule=rule, acknowledged=False)]
    if not found:
        _fail(speaker.say("cli.nothing_fires", rule=rule))
    return found


async def whole(speaker: Speaker, begins: str) -> str:
    """Return the whole id of a decision by its first characters: one that fires, else one of the newest."""
    if len(begins) >= WHOLE:
        return begins
    alerts = {alert.id for alert in await speaker.client.alerts()}
    found = {id for id in alerts if id.startswith(begins)}
    if not found:
        stored = await speaker.client.decisions(limit=LOOKED)
        found = {made.id for made in stored if made.id.startswith(begins)}
    if len(found) > 1:
        _fail(speaker.say("cli.several", id=begins, found=", ".join(sorted(found))))
    return found.pop() if found else begins  # the engine says that there is none


def said(speaker: Speaker, decision: wire.Decision) -> str:
    """Return who takes care of a decision now."""
    told = decision.acknowledged
    title = decision.title.get(speaker.language) or decision.rule
    who, at = (told.by or "?", speaker.time(told.at)) if told else ("?", "?")
    return speaker.say("cli.taken", title=title, id=decision.id[:8], by=who, at=at)


@app.command()
def seen(
    decision: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="The decision's id, or its first characters.")
    ] = None,
    ended: Annotated[
        bool, typer.Option("--all-ended", help="Everything that ended before anybody saw it.")
    ] = False,
    by: By = "",
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
    why: Why = "",
) -> None:
    """Say that you have seen an alert: once it ended it leaves the queue. It takes care of nothing.

    \b
    matthan decisions --firing     the queue: what fires, and what ended before anybody saw it
    matthan seen 3f2a91c0
    matthan seen --all-ended

    What still holds stays until somebody takes care of it (`matthan acknowledge`), and escalates as before.
    """  # noqa: D301 - click's mark for lines that stay as they are
    if (decision is None) is not ended:
        raise typer.BadParameter("give the ID of a decision, or --all-ended")

    async def talk(speaker: Speaker) -> None:
        ids = [await whole(speaker, decision)] if decision else await ended_ids(speaker)
        for id in ids:
            event = await speaker.client.see(id, by=by)
            name, short = str(event.facts.get("rule", "")), str(event.facts.get("decision"))[:8]
            data(event.model_dump_json()) if as_json else out(speaker.say("cli.seen", title=name, id=short))

    speak(socket, token, lang, talk, why)


async def ended_ids(speaker: Speaker) -> Sequence[str]:
    """Return the ids of what ended unseen; says so where there is nothing."""
    found = [alert.id for alert in await speaker.client.alerts() if alert.ended is not None]
    if not found:
        _fail(speaker.say("cli.nothing_unseen"))
    return found


class Verdict(StrEnum):
    """What an alert turned out to be."""

    TRUE = "true"
    FALSE = "false"
    TEST = "test"


_SAID: Final = {
    Verdict.TRUE: "collect.judged_true",
    Verdict.FALSE: "collect.judged_false",
    Verdict.TEST: "collect.judged_test",
}


@app.command()
def judge(
    decision: Annotated[
        str, typer.Argument(metavar="ID", help="The decision's id, or its first characters.")
    ],
    verdict: Annotated[
        Verdict,
        typer.Argument(help="true: it was as told; false: a false alarm; test: somebody tried it out."),
    ],
    by: By = "",
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="What it was.")] = "",
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
    why: Why = "",
) -> None:
    """Say what an alert turned out to be; also when it is over. The newest word counts, all are kept.

    \b
    matthan judge 3f2a91c0 true
    matthan judge 3f2a91c0 false --note "a plastic bag in the wind"

    The word stays in the history, as the event `verdict`; `matthan vision collect` teaches with it.
    """  # noqa: D301 - click's mark for lines that stay as they are

    async def talk(speaker: Speaker) -> None:
        id = await whole(speaker, decision)
        event = await speaker.client.judge(id, verdict.value, by=by, note=note)
        if as_json:
            data(event.model_dump_json())
            return
        title = str(event.facts.get("rule", ""))
        word = speaker.say(_SAID[verdict])
        out(speaker.say("cli.judged", title=title, verdict=word, id=str(event.facts.get("decision"))[:8]))

    speak(socket, token, lang, talk, why)


@app.command()
def act(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As rules call it: {operator: NAME}.")],
    facts: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="What rules may read of it.")
    ] = None,
    camera: Annotated[
        str | None,
        typer.Option("--camera", metavar="ID", help="The camera it is about.", autocompletion=cameras),
    ] = None,
    by: By = "",
    socket: Socket = None,
    token: Token = None,
    lang: Language_ = None,
    as_json: AsJson = False,
    why: Why = "",
) -> None:
    """Tell the rules what an operator did: that the patrol is done, for example.

    \b
    matthan act patrol-done
    matthan act gate-opened --camera gate door=2 planned=true --by An

    A rule waits for it with `when: {operator: patrol-done}` and reads facts with `text('by')`, `number('door')`.
    Numbers, true and false are taken as such; put a text in quotes to keep it one: door='"2"'.
    """  # noqa: D301 - click's mark for lines that stay as they are
    told = dict(_fact(each) for each in facts or ())

    async def talk(speaker: Speaker) -> None:
        event = await speaker.client.act(name, camera=camera, by=by, facts=told)
        data(event.model_dump_json()) if as_json else out(speaker.say("cli.acted", name=name, seq=event.seq))

    speak(socket, token, lang, talk, why)


def _fact(word: str) -> tuple[str, wire.Fact]:
    """Return the name and value of ``key=value``."""
    import json

    key, equals, text = word.partition("=")
    if not key or not equals:
        raise typer.BadParameter(f"{word!r} is not KEY=VALUE", param_hint="KEY=VALUE")
    try:
        value = json.loads(text)
    except ValueError:
        return key, text
    return key, value if isinstance(value, (str, bool, int, float)) else text


def _fail(words: str) -> NoReturn:
    out(f"matthan: {words}", "red", err=True)
    raise typer.Exit(1)

"""The lines above every screen: which site, what time, how the engine is. Pure."""

from __future__ import annotations

from rich.text import Text

from tui.line.pace import Reading
from tui.model.model import Model
from tui.palette import AMBER, BLUE, BRIGHT, DIM, RED, TEXT
from tui.presenters import describe
from tui.presenters.symbols import UNKNOWN, severity
from tui.render.columns import GAP
from tui.render.status import figures
from tui.texts import Texts, clean


def title_line(model: Model, t: Texts, page: str, width: int, *, coarse: bool = False) -> tuple[Text, Text]:
    """Return the title and the clock for a line of a width.

    What is not needed to know where one is gives way first: CPU and memory, then the site, then the clock; the name
    of the page goes never, and is cut only where it does not fit alone.

    Args:
        coarse: The clock has no seconds, for each costs a slow line.
    """
    where, time = _title(model, t, page, site=not page), _clock(model, t, figures=False, coarse=coarse)
    whole = _title(model, t, page)
    for ends in ((whole, _clock(model, t, coarse=coarse)), (whole, time), (where, time), (where, Text())):
        if sum(end.cell_len for end in ends) + GAP <= width:
            return ends
    return Text(page, f"bold {BRIGHT}") if page else where, Text()


def _title(model: Model, t: Texts, page: str, *, site: bool = True) -> Text:
    """Return the product, the site (where asked for) and the page."""
    told = clean(model.engine.title or model.engine.site) if model.engine and site else ""
    parts = [(t("app.name"), f"bold {BLUE}"), ("  ", ""), *_badge(model, t), (told, f"bold {BRIGHT}")]
    if page:
        parts += [("  ›  " if told else "", DIM), (page, f"bold {BRIGHT}" if not told else "")]
    return Text.assemble(*parts)


def _badge(model: Model, t: Texts) -> list[tuple[str, str]]:
    """Return how many alerts want a person, in the colour of the worst; else how many there are."""
    waiting = model.waiting()
    if waiting:
        symbol, tone = severity(waiting[0].decision.severity)
        colour = {"critical": RED, "warn": AMBER}.get(tone, BLUE) if model.known else DIM
        told = t("top.waiting", n=t.number(len(waiting) + model.alerts_left_out))
        return [(f"{symbol} {told}", f"bold {colour} reverse"), ("  ", "")]
    if model.alerts:
        return [(t("top.firing", n=t.number(len(model.alerts))), TEXT), ("  ", "")]
    return []


def line_meter(reading: Reading | None, t: Texts) -> Text:
    """Return what the line to the terminal takes, and how long the way is; empty where it is fast enough."""
    if reading is None or not reading.slow:
        return Text()
    told = []
    if reading.rate is not None:
        told.append(t("top.line", rate=t.number(max(0.1, reading.rate / 1000), int(reading.rate < 10_000))))
    if reading.answers and reading.trip is not None:
        told.append(t("top.trip", n=t.number(max(reading.trip, reading.waiting), 1)))
    return Text(" ".join(told) + "  ", AMBER)


def _clock(model: Model, t: Texts, *, figures: bool = True, coarse: bool = False) -> Text:
    """Return what the engine costs (where asked for, and known) and the site's time."""
    if model.engine is None:
        return Text()
    now = model.now().astimezone(model.zone())
    clock = now.strftime("%H:%M %Z" if coarse else "%H:%M:%S %Z")
    if not figures or not model.known:
        return Text(clock, BRIGHT if model.known else DIM)
    told = [
        t("top.cpu", n=t.number(model.engine.cpu * 100)),
        t("top.memory", n=t.number(model.engine.rss / 2**20)),
    ]
    return Text.assemble(("  ".join(told), DIM), "  ", (clock, BRIGHT))


def counters(model: Model, t: Texts) -> tuple[Text, Text]:
    """Return the counters (left) and what the engine works with (right)."""
    engine = model.engine
    if engine is None:
        return Text(t("app.waiting"), DIM), Text()
    online, total = model.online(), len(model.cameras)
    if not model.known:
        then = (
            t("top.cameras", online=UNKNOWN[0], total=total),
            t("top.told", time=describe.clock(model.last_heard(), model)),
        )
        return Text("   ".join(then), DIM), Text()
    left = figures(
        [
            (t("top.cameras", online=online, total=total), "" if online == total else "warn"),
            (t("top.events", n=t.number(engine.events)), ""),
            (t("top.decisions", n=t.number(engine.decisions)), ""),
            (t("top.outbox", n=t.number(engine.outbox)), "" if engine.outbox < 100 else "warn"),
            (t("top.dead", n=t.number(engine.dead)), "bad" if engine.dead else "dim"),
        ]
    )
    told = [
        t("top.rules", n=t.number(engine.rules)),
        t("top.since", time=describe.clock(engine.started, model)),
    ]
    if engine.model:
        told.insert(0, t("top.model", name=clean(engine.model)))
    return left, Text("   ".join(told), DIM)


def first_problem(model: Model, t: Texts, concerns: tuple[str, ...] = ()) -> Text:
    """Return the engine's first problem and how many more there are; empty when all is well.

    Args:
        concerns: Beginnings of the codes that come before the others here.
    """
    told = model.engine.problems if model.engine and model.known else ()
    problems = sorted(told, key=lambda each: not each.code.startswith(concerns))
    if not problems:
        return Text()
    text = Text.assemble(("! ", f"bold {AMBER}"), (describe.sentence(problems[0], t), AMBER))
    if len(problems) > 1:
        text.append(" " + t("top.more", n=len(problems) - 1), DIM)
    return text


def banner(model: Model, t: Texts) -> Text:
    """Return what is wrong with the connection; empty while there is one."""
    if model.refused is not None:
        return _alert(t("link.refused", reason=clean(model.refused.message)))
    since = describe.clock(model.last_heard(), model)
    if model.lost is None:
        if model.engine is None:
            return Text(t("link.starting"), AMBER)
        return (
            Text() if model.known else _alert(t("link.mute", age=t.age(model.seconds_silent()), since=since))
        )
    reason = t.find(model.lost.cause, clean(model.lost.reason))
    if model.engine is None:
        return _alert(t("link.first", reason=reason))
    return _alert(t("link.down", reason=reason, age=t.age(model.seconds_silent()), since=since))


def _alert(words: str) -> Text:
    return Text.assemble((" ▲ ", f"bold {RED}"), (words, f"bold {RED}"))

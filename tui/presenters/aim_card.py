"""What aiming a camera says: bars of focus and light, pixels per metre, a walk, a list of what is drawn. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich.console import Group
from rich.text import Text

from engine.api.resources.commissioning.aim import Aim, Density, FocusMeter, WalkTest
from engine.api.resources.commissioning.drawing import Draft, Drawing, Flaw, Kind
from tui.model.model import Model
from tui.palette import AMBER, BRIGHT, DIM, FAINT, GREEN, TONES
from tui.presenters import describe
from tui.render.facts import facts
from tui.texts import Texts, clean

#: Steps of a column of the histogram.
_COLUMNS: Final = " ▁▂▃▄▅▆▇█"
#: Words of the classes of IEC 62676-4.
CLASSES: Final = {
    "": "aim.no_class",
    "monitor": "aim.monitor",
    "detect": "aim.detect",
    "observe": "aim.observe",
    "recognise": "aim.recognise",
    "identify": "aim.identify",
    "overview": "aim.overview",
    "outline": "aim.outline",
    "discern": "aim.discern",
    "perceive": "aim.perceive",
    "characterise": "aim.characterise",
    "validate": "aim.validate",
    "scrutinise": "aim.scrutinise",
}
LENGTHS: Final = {"person": "aim.person", "plate": "aim.plate", "rod": "aim.rod"}
FLAWS: Final = {
    Flaw.FEW: "draw.few",
    Flaw.MANY: "draw.many",
    Flaw.DOUBLE: "draw.double",
    Flaw.CROSSES: "draw.crosses",
    Flaw.FLAT: "draw.flat",
}
KINDS: Final = {Kind.ZONE: "draw.a_zone", Kind.LINE: "draw.a_line", Kind.IGNORED: "draw.an_ignored"}
TOLD: Final = {Kind.ZONE: "draw.zone", Kind.LINE: "draw.line", Kind.IGNORED: "draw.ignored"}
SIDES: Final = {"left": "draw.left", "right": "draw.right"}


def focus_bar(meter: FocusMeter, t: Texts, width: int, *, measured: bool = True) -> Text:
    """Return the focus as a bar that reaches its end at the best that was seen; two lines.

    Args:
        measured: Whether there is a measurement: a picture that nobody has had is not one without anything on it.
    """
    label, share = t("aim.focus"), meter.share
    if not measured:
        return Text(f"{label}  –\n", DIM)
    if share is None:
        return Text(f"{label}  {t('aim.nothing_sharp')}\n", AMBER)
    room = max(4, width - len(label) - 10)
    full = min(room, round(share * room / 100))
    tone = GREEN if meter.sharp else AMBER
    line = Text.assemble(
        (f"{label} ", BRIGHT), ("█" * full, tone), ("░" * (room - full), FAINT), ("▏", BRIGHT)
    )
    line.append(f"{share:4.0f} %\n", f"bold {tone}")
    mark = " " * (len(label) + 1 + room - len(t("aim.best")) - 1)
    line.append(f"{mark}{t('aim.best')} ▲", DIM)
    return line


def aim_panel(
    found: Aim | None, model: Model, t: Texts, *, beeps: bool, best: bool, grid: bool
) -> Group | Text:
    """Return what was measured, beside the focus."""
    if found is None:
        return Text(t("aim.measuring"), DIM)
    exposed = found.exposure
    tone = "good" if exposed.verdict == "right" else "warn"
    kept = describe.clock_with_age(found.reference, model, t) if found.reference else t("aim.none_kept")
    pairs = [(t("aim.reference"), kept)]
    if found.lies is not None:
        pairs.append((t("aim.reference"), describe.sentence(found.lies.said, t)))
    on = {True: t("aim.on"), False: t("aim.off")}
    pairs += [
        (t("aim.picture"), f"{found.width}×{found.height} {t('aim.largest') if best else t('aim.analysed')}"),
        (t("aim.beep"), on[beeps]),
        (t("aim.grid"), on[grid]),
    ]
    return Group(
        Text(t("aim.light"), TONES["bright"]),
        Text(histogram(exposed.histogram), TONES[tone]),
        Text(describe.sentence(exposed.said, t) + "\n", TONES[tone]),
        facts(t("aim.more"), "dim", pairs),
    )


def histogram(shares: tuple[float, ...]) -> str:
    """Return how bright a picture is, from black to white, two cells for each step."""
    most = max(shares, default=0.0) or 1.0
    return "".join(_COLUMNS[round(each / most * (len(_COLUMNS) - 1))] * 2 for each in shares)


def density_panel(
    found: Density | None, length: float, size: tuple[int, int], placed: int, t: Texts
) -> Group:
    """Return how many pixels a metre has there, and what that is enough for.

    Args:
        length: Metres of what was marked.
        size: Of the picture that counts.
        placed: How many of the two ends were marked.
    """
    metres = t("aim.metres", n=t.number(length, 2))
    headline = (t("aim.first_end"), t("aim.second_end"), metres)[placed]
    pairs = [(t("aim.length"), metres), (t("aim.recorded"), f"{size[0]}×{size[1]}")]
    if found is not None:
        headline = t("aim.per_metre", n=t.number(found.per_metre, 1))
        plates = t("aim.readable") if found.readable else t("aim.unreadable")
        pairs += [
            ("IEC 2014", t(CLASSES[found.old])),
            ("IEC 2025", t(CLASSES[found.new])),
            (t("aim.plates"), f"{t.number(found.character, 1)} px: {plates}"),
            (t("aim.wide"), t("aim.metres", n=t.number(found.metres_across, 2))),
        ]
        if found.rough:
            pairs.append(("▲", t("aim.rough")))
    return Group(facts(headline, "text", pairs))


def walk_panel(walk: WalkTest, last: str, t: Texts) -> Group:
    """Return who was seen in a zone."""
    where = clean(walk.zone) or t("aim.everywhere")
    pairs = [(t("aim.zone"), where)]
    pairs += [(t("aim.seen"), f"{t.label(label) or label}  {n}") for label, n in walk.seen.most_common(6)]
    if not walk.seen:
        pairs.append((t("aim.seen"), t("aim.nobody")))
    if walk.delay is not None:
        pairs.append((t("aim.delay"), t("aim.seconds", n=t.number(walk.delay, 1))))
    return Group(facts(t("aim.walk"), "text", pairs), Text(f"\n{last}", TONES["good"]))


def drawing_panel(drawing: Drawing | None, chosen: int, t: Texts) -> Text:
    """Return what is drawn, one below the other, the chosen one marked."""
    if drawing is None:
        return Text(t("aim.measuring"), DIM)
    text = Text(t("draw.title") + "\n", TONES["bright"])
    for number, (kind, name) in enumerate(drawn(drawing)):
        mark, style = ("▌", TONES["bright"]) if number == chosen else (" ", TONES["text"])
        text.append(f"{mark}{_told(drawing, kind, name, t)}\n", style)
    if not drawn(drawing):
        text.append(t("draw.empty") + "\n", DIM)
    if drawing.metres_per_width is not None:
        text.append("\n" + t("draw.metres", n=t.number(drawing.metres_per_width, 2)), DIM)
    return text


def drawn(drawing: Drawing) -> list[tuple[Kind, str]]:
    """Return what is drawn, in its order: zones, lines, what is ignored."""
    held: dict[Kind, Mapping[str, object]] = {
        Kind.ZONE: drawing.zones,
        Kind.LINE: drawing.lines,
        Kind.IGNORED: drawing.ignored,
    }
    return [(kind, name) for kind, each in held.items() for name in each]


def under_pen(drawing: Drawing, kind: Kind, name: str) -> Draft:
    """Return one of what is drawn as it is changed."""
    if kind is Kind.LINE:
        line = drawing.lines[name]
        return Draft(kind, tuple(line.points), line.inward)
    return Draft(kind, (drawing.zones if kind is Kind.ZONE else drawing.ignored)[name])


def _told(drawing: Drawing, kind: Kind, name: str, t: Texts) -> str:
    draft = under_pen(drawing, kind, name)
    told = {"name": clean(name), "n": len(draft.points)}
    return t(TOLD[kind], **told, **({"side": t(SIDES[draft.inward])} if kind is Kind.LINE else {}))


def draft_panel(draft: Draft, name: str, at: tuple[float, float], t: Texts) -> Group:
    """Return how far a zone or line is."""
    flaw = draft.flaw
    pairs = [(t("draw.points"), str(len(draft.points)))]
    if draft.chosen is not None:
        pairs.append((t("draw.chosen"), str(draft.chosen + 1)))
    if draft.kind is Kind.LINE:
        pairs.append((t("draw.inward"), t(SIDES[draft.inward])))
    pairs.append((t("draw.cross"), f"{t.number(at[0], 3)}  {t.number(at[1], 3)}"))
    what = t(KINDS[draft.kind])
    state = Text("\n" + (t(FLAWS[flaw]) if flaw else t("draw.good")), AMBER if flaw else GREEN)
    return Group(facts(f"{what} {clean(name)}".rstrip(), "text", pairs), state)


def lengths(known: Mapping[str, float], t: Texts) -> str:
    """Return the lengths that are at hand, with their keys."""
    return "  ".join(f"{n} {t(LENGTHS[name])}" for n, name in enumerate(known, 1))

"""What a device calls itself, and what it writes into its picture. Pure."""

from __future__ import annotations

from engine.commission.plan.wish import Offer, Plan, Wish
from engine.commission.sheet.row import Row
from engine.commission.standard import NamesSettings
from rules.document.suggestions import slug
from rules.model import Sentence

#: Signs of one label of a host name (RFC 1123).
_LABEL = 63


def plan_names(offer: Offer, wanted: NamesSettings, row: Row, source: str, *, alone: bool) -> Plan:
    """Return what is to be set.

    Args:
        source: Video source of the camera.
        alone: Whether it is the device's only camera: a recorder is not called by the name of one channel.
    """
    wishes: list[Wish] = []
    told: list[Sentence] = []
    if alone:
        wishes += _text(offer, "network.hostname", slug(filled(wanted.hostname, row))[:_LABEL].strip("-"))
        wishes += _text(offer, "scopes.name", filled(wanted.name, row))
    name, clock = (_of_source(offer, source, knob) for knob in ("name", "clock"))
    if name:
        wishes += _text(offer, name, filled(wanted.overlay, row))
    if clock and wanted.clock:
        feature = offer.find(clock)
        wishes += offer.wish(feature, True) if feature else ()
    if (wanted.overlay and not name) or (wanted.clock and not clock):
        told.append(Sentence("commission.no_overlay"))
    return Plan(tuple(wishes), tuple(told))


def filled(form: str, row: Row) -> str:
    """Return a form with the row's id and name in it; every other brace stays."""
    return form.replace("{id}", row.id).replace("{name}", row.name).strip()


def _text(offer: Offer, id: str, text: str) -> list[Wish]:
    """Return the wish for a text, cut where the device takes no more; an empty one is none."""
    feature = offer.find(id)
    if feature is None or not text:
        return []
    return offer.wish(feature, text[: int(feature.most)] if feature.most else text)


def _of_source(offer: Offer, source: str, knob: str) -> str:
    """Return the id of a source's overlay; empty where it has none."""
    return next(
        (
            each.id
            for each in offer.features
            if each.id.startswith("osd.") and each.id.endswith(f".{knob}") and each.source in ("", source)
            and each.writable
        ),
        "",
    )  # fmt: skip

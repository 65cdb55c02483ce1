"""A decision as it leaves the process: CloudEvents 1.0, structured JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from engine.text import LANGUAGES, render
from rules.model import Decision, Event, Sentence

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"


def cloud_event(site: str, decision: Decision, event: Event | None) -> bytes:
    """Return a decision as a CloudEvent; the same decision always gives the same bytes.

    Args:
        event: Its cause, where it is still known.
    """
    body: dict[str, object] = {
        "specversion": "1.0",
        "id": decision.id,
        "source": f"/matthan/{site}",
        "type": f"matthan.decision.{decision.phase}",
        "time": _time(decision.at),
        "datacontenttype": "application/json",
        "data": _data(site, decision, event),
    }
    # Extensions, so that a receiver can route and put together without reading the data.
    body |= {"severity": str(decision.severity), "dedupkey": decision.dedup_key}
    if decision.camera:
        body["subject"] = decision.camera
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _data(site: str, decision: Decision, event: Event | None) -> Mapping[str, object]:
    return {
        "site": site,
        "camera": decision.camera,
        "rule": decision.rule,
        "phase": decision.phase,
        "severity": decision.severity,
        "key": decision.key,
        "alert": decision.alert,
        "since": _time(decision.since),
        "title": dict(decision.title),
        "message": dict(decision.message),
        "what_to_do": dict(decision.what_to_do),
        "dedup": decision.dedup_key,
        "reason": _sentence(decision.reason),
        "cause": {"id": decision.cause} if event is None else _event(event),
    }


def _event(event: Event) -> Mapping[str, object]:
    return {
        "id": event.id,
        "seq": event.seq,
        "kind": event.kind,
        "change": event.change,
        "at": _time(event.at),
        "clock_suspect": event.clock_suspect,
        "subject": event.subject,
        "label": event.label,
        "zones": event.zones,
        "score": event.score,
        "box": event.box,
        "facts": dict(event.facts),
    }


def _sentence(said: Sentence) -> Mapping[str, object]:
    values = dict(said.values)
    rendered: dict[str, object] = {each: render(said.code, values, each) for each in LANGUAGES}
    return {"code": said.code, "values": values, **rendered}


def _time(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")

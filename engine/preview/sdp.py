"""What is changed in an offer before aiortc sees it, and in its answer before the browser does. Pure.

aiortc knows two H.264 profiles and sends what it is given; a browser takes any profile that it offered. So
the offer is narrowed to the one H.264 format that suits the camera, which aiortc is shown as the
profile it knows, and the answer names the camera's real one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: The profile that aiortc is told: constrained baseline, level 3.1.
KNOWN = "42e01f"
#: Which offered profiles decode which: a decoder of a later one decodes the earlier ones.
_DECODES = {"64": 3, "4d": 2, "42": 1}
_FORMAT = re.compile(r"a=(?:rtpmap|fmtp|rtcp-fb):(\d+) ")


class NoCommonFormat(ValueError):
    """The browser offers no H.264 that this stream could be sent as."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """An offer with one video format.

    Attributes:
        sdp: For aiortc.
        profile: The profile-level-id for the answer: what the browser offered, at the camera's level.
    """

    sdp: str
    profile: str


def narrow(offer: str, profile: str, peer: str) -> Narrowed:
    """Choose the offered H.264 format for a stream; resolve hidden candidates to where the peer is.

    Args:
        offer: The browser's.
        profile: Of the camera's stream, six hexadecimal digits.
        peer: Address that the offer came from. Browsers hide theirs behind ``.local`` names, which would
            have to be asked for by multicast; their port is in the candidate.

    Raises:
        NoCommonFormat: There is none with packetization-mode 1.
    """
    lines = offer.replace("\r\n", "\n").strip().split("\n")
    offered = _h264(lines)
    if not offered:
        raise NoCommonFormat
    payload = max(offered, key=lambda each: _fitness(offered[each], profile))
    keep = {payload, *_repairs(lines, payload)}
    narrowed = [line for line in (_narrow_line(each, keep) for each in lines) if line is not None]
    told = [_known(line, payload) for line in narrowed]
    sdp = "\r\n".join(_reachable(line, peer) for line in told) + "\r\n"
    return Narrowed(sdp, offered[payload][:4] + (profile[4:] or offered[payload][4:]))


def widen(answer: str, profile: str) -> str:
    """Return aiortc's answer with the profile that is really sent."""
    return re.sub(r"profile-level-id=[0-9a-fA-F]{6}", f"profile-level-id={profile}", answer)


def _h264(lines: list[str]) -> dict[str, str]:
    """Return profile-level-ids by payload type, packetization-mode 1 only."""
    named = {match[1] for line in lines if (match := re.match(r"a=rtpmap:(\d+) H264/90000", line, re.I))}
    found = {}
    for line in lines:
        match = re.match(r"a=fmtp:(\d+) (.*)", line)
        if match and match[1] in named:
            pairs = dict(part.strip().partition("=")[::2] for part in match[2].split(";"))
            if pairs.get("packetization-mode") == "1":
                found[match[1]] = pairs.get("profile-level-id", KNOWN).lower()
    return found


def _fitness(offered: str, wanted: str) -> tuple[bool, bool, int]:
    """Order offers: the very profile, then one that includes it, then the richest."""
    rank = _DECODES.get(offered[:2], 0)
    same = offered[:2] == wanted[:2] and _constrained(offered) == _constrained(wanted)
    return same, rank >= _DECODES.get(wanted[:2], 0) > 0, rank


def _constrained(profile: str) -> bool:
    """Return whether a baseline profile is the constrained one (which every browser decodes)."""
    return profile[:2] == "42" and bool(int(profile[2:4] or "0", 16) & 0x40)


def _repairs(lines: list[str], payload: str) -> set[str]:
    return {match[1] for line in lines if (match := re.match(rf"a=fmtp:(\d+) apt={payload}$", line))}


def _narrow_line(line: str, keep: set[str]) -> str | None:
    if line.startswith("m=video "):
        media, port, transport, *formats = line.split(" ")
        return " ".join([media, port, transport, *(each for each in formats if each in keep)])
    match = _FORMAT.match(line)
    return line if match is None or match[1] in keep else None


def _known(line: str, payload: str) -> str:
    if not line.startswith(f"a=fmtp:{payload} "):
        return line
    return widen(line, KNOWN) if "profile-level-id" in line else f"{line};profile-level-id={KNOWN}"


def _reachable(line: str, peer: str) -> str:
    parts = line.split(" ")
    if line.startswith("a=candidate:") and len(parts) > 5 and parts[4].endswith(".local"):
        parts[4] = peer
    return " ".join(parts)

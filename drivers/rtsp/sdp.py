"""What a session description (RFC 8866) says of its media. Pure; reads what invalid ones still tell."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from drivers.contract import Codec, TrackKind

START = b"\0\0\0\1"
_CODECS = {"H264": Codec.H264, "H265": Codec.H265, "HEVC": Codec.H265, "JPEG": Codec.MJPEG}
#: Payload types from here on mean what the description says (RFC 3551, 6).
_DYNAMIC = 96
#: The one video payload type without an ``rtpmap`` that cameras use (RFC 3551).
_STATIC = {26: ("JPEG", 90_000)}
#: Sound without an ``rtpmap`` likewise.
_SOUNDS = {0: ("PCMU", 8000), 8: ("PCMA", 8000)}
_COMPANIONS = {
    ("audio", "PCMU"): "pcm_mulaw",
    ("audio", "PCMA"): "pcm_alaw",
    ("audio", "MPEG4-GENERIC"): "aac",
    ("application", "VND.ONVIF.METADATA"): "onvif",
}
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){2,32}")
_MAP = re.compile(r"([0-9]{1,3})\s+([^/\s]+)(?:/([0-9]{1,9}))?")
_PAYLOAD = re.compile(r"[0-9]{1,3}")
_SETS = ("sprop-vps", "sprop-sps", "sprop-pps", "sprop-parameter-sets")
#: Media of a description, and payload types of one, that are looked at.
_MOST = 32


@dataclass(frozen=True, slots=True)
class Video:
    """A video that can be asked for.

    Attributes:
        payload: RTP payload type.
        clock: Ticks per second of its time stamps.
        control: What SETUP asks for: a URL, or what is added to the session's.
        sets: Parameter sets as Annex B; empty where they come with the pictures.
        numbered: Whether H.265 fragments carry decoding order numbers (RFC 7798, DONL).
    """

    codec: Codec
    payload: int
    clock: int
    control: str
    sets: bytes = b""
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Companion:
    """Sound or metadata that can be asked for beside a video; attributes as of `Video` and `Track`."""

    kind: TrackKind
    codec: str
    payload: int
    clock: int
    control: str
    config: bytes = b""
    rate: int = 0
    channels: int = 0


@dataclass(frozen=True, slots=True)
class Description:
    """What was described.

    Attributes:
        control: The session's own control address, may be empty.
        videos: In order, those whose codec we take.
        others: Names of the video codecs that we do not take.
        companions: Sound and metadata that we pass through, one of a medium.
    """

    control: str = ""
    videos: tuple[Video, ...] = ()
    others: tuple[str, ...] = ()
    companions: tuple[Companion, ...] = ()


@dataclass(slots=True)
class _Media:
    kind: str = ""
    payloads: tuple[int, ...] = ()
    control: str = ""
    maps: dict[int, tuple[str, int]] = field(default_factory=dict)
    formats: dict[int, str] = field(default_factory=dict)


def read(text: str) -> Description:
    """Read a description; what cannot be understood in it is passed over."""
    session, *media = _sections(text.replace("\0", ""))
    videos, others = list[Video](), list[str]()
    for each in media:
        if each.kind == "video":
            found = next(_videos(each), None)
            if found is not None:
                videos.append(found)
            else:
                others += [name for name, _ in each.maps.values()] or ["?"]
    beside = (next(_companions(each), None) for each in media if each.kind in ("audio", "application"))
    return Description(session.control, tuple(videos), tuple(others), tuple(filter(None, beside)))


def _sections(text: str) -> list[_Media]:
    """Return the session's part and every medium's."""
    found = [_Media()]
    for line in text.splitlines():
        key, _, value = line.strip().partition("=")
        if key == "m":
            words = value.split()
            payloads = tuple(int(each) for each in words[3 : 3 + _MOST] if _PAYLOAD.fullmatch(each))
            found.append(_Media("".join(words[:1]).lower(), payloads))
        elif key == "a":
            _attribute(value, found[-1])
        if len(found) > _MOST:
            break
    return found


def _attribute(value: str, media: _Media) -> None:
    name, _, told = value.partition(":")
    match name.lower():
        case "control":
            media.control = told.strip()
        case "rtpmap" if match := _MAP.match(told.strip()):
            media.maps[int(match[1])] = (match[2], int(match[3] or 90_000))
        case "fmtp":
            payload, _, parameters = told.strip().partition(" ")
            if _PAYLOAD.fullmatch(payload):
                media.formats[int(payload)] = parameters


def _videos(media: _Media) -> Iterator[Video]:
    for payload in media.payloads or tuple(media.maps):
        told = _parameters(media.formats.get(payload, ""))
        name, clock = media.maps.get(payload) or _STATIC.get(payload) or _guessed(media, payload, told)
        codec = _CODECS.get(name.upper())
        if codec is not None and clock > 0:
            numbered = codec is Codec.H265 and told.get("sprop-max-don-diff", "0").strip("0") != ""
            yield Video(codec, payload, clock, media.control, _sets(told), numbered)


def _companions(media: _Media) -> Iterator[Companion]:
    for payload in media.payloads or tuple(media.maps):
        told = _parameters(media.formats.get(payload, ""))
        name, clock = media.maps.get(payload) or _SOUNDS.get(payload) or ("", 0)
        codec = _COMPANIONS.get((media.kind, name.upper()))
        if codec == "aac" and not (told.get("sizelength") == "13" and told.get("indexlength") == "3"):
            continue  # low bit rate, or LATM under this name
        if codec is None or clock <= 0:
            continue
        if codec == "onvif":
            yield Companion(TrackKind.METADATA, codec, payload, clock, media.control)
            continue
        config = bytes.fromhex(told["config"]) if _HEX.fullmatch(told.get("config", "")) else b""
        channels = config[1] >> 3 & 0x0F if len(config) > 1 else 1
        yield Companion(TrackKind.AUDIO, codec, payload, clock, media.control, config, clock, channels)


def _guessed(media: _Media, payload: int, told: Mapping[str, str]) -> tuple[str, int]:
    """Return what a payload type without a name is: cameras that forget it send H.264 or H.265."""
    if media.maps or payload < _DYNAMIC:
        return "", 0
    return "H265" if "sprop-sps" in told else "H264", 90_000


def _parameters(text: str) -> dict[str, str]:
    parts = (part.strip().partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in parts}


def _sets(told: Mapping[str, str]) -> bytes:
    coded = (each for name in _SETS for each in told.get(name, "").split(","))
    return b"".join(START + nal for each in coded if (nal := _decoded(each)))


def _decoded(text: str) -> bytes:
    """Return base64's bytes, empty for what is none; padding may be missing."""
    try:
        nal = b64decode(text.strip() + "=" * (-len(text.strip()) % 4), validate=True)
    except (Error, ValueError):
        return b""
    return nal.removeprefix(START)  # some code it with its start

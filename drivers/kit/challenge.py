"""HTTP's and RTSP's challenges, and a login's answers to them (RFC 7616, 7617). Pure.

A device may offer several schemes, in one header or in many, and devices write them badly: quotes and commas
are missing, blanks are too many. All challenges are read, and the strongest that we know is answered. Basic
gives the password to whoever listens: it is answered only where a person has said so.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import quote

from drivers.contract import Login

#: Characters of a header and headers of an answer that are read at most: a longer one is passed over, because what
#: is cut cannot be answered rightly.
_LENGTH, _HEADERS = 4096, 8
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
#: What stands between commas, a comma within quotes being none.
_PIECE = re.compile(r'(?:=\s*"(?:[^"\\]|\\.)*"|[^,])+')
_SCHEME = re.compile(rf"\s*({_WORD})(?=\s|$)(?!\s*=)")
_PART = re.compile(
    rf'(?P<name>{_WORD})\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"?|(?P<bare>[^\s",]*)"?)|(?P<word>[^\s,]+)'
)
#: What a missing comma does not hide.
_KNOWN = frozenset({"digest", "basic"})
_QOPS = ("auth", "auth-int")


def _hasher(name: str) -> Callable[[bytes], str] | None:
    """Return a hash in hex, None where this machine's OpenSSL lacks it."""
    try:
        hashlib.new(name, usedforsecurity=False)
    except ValueError:
        return None
    return lambda data: hashlib.new(name, data, usedforsecurity=False).hexdigest()  # the protocol's choice


#: What we can answer, the strongest last.
_HASHES = {
    key: made
    for key, name in {"MD5": "md5", "SHA256": "sha256", "SHA512256": "sha512_256"}.items()
    if (made := _hasher(name)) is not None
}
_STRENGTH = {key: number for number, key in enumerate(_HASHES, 1)}


@dataclass(frozen=True, slots=True)
class Challenge:
    """One offer of a ``WWW-Authenticate`` header.

    Attributes:
        scheme: In small letters: ``digest``, ``basic``, and what else there is.
        parameters: By name in small letters, without quotes and escapes.
    """

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def algorithm(self) -> str:
        """Key of the hash: ``MD5``, ``SHA256``, ``SHA512256``, or what we do not know."""
        told = self.parameters.get("algorithm", "").upper().replace("_", "-").removesuffix("-SESS")
        return told.replace("-", "").replace("/", "") or "MD5"

    @property
    def session(self) -> bool:
        """Whether the key is made once per nonce (``-sess``)."""
        return self.parameters.get("algorithm", "").upper().replace("_", "-").endswith("-SESS")

    @property
    def qop(self) -> str | None:
        """Quality of protection to answer with; empty for none (RFC 2069), None where we know none of it."""
        told = [word.lower() for word in re.split(r"[,\s]+", self.parameters.get("qop", "")) if word]
        return next((word for word in _QOPS if word in told), None if told else "")

    @property
    def stale(self) -> bool:
        """Whether only the nonce was too old."""
        return self.parameters.get("stale", "").lower() == "true"

    @property
    def strength(self) -> int:
        """0 for what we cannot answer, else the more the better; Basic is no question of strength."""
        if self.scheme != "digest" or "nonce" not in self.parameters or self.qop is None:
            return 0
        return _STRENGTH.get(self.algorithm, 0)


def parse(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """Return every challenge in the ``WWW-Authenticate`` headers of an answer, in order.

    Args:
        headers: Their values, decoded with ``surrogateescape``. A scheme's token68 is not kept: no scheme that
            we answer has one.
    """
    read = [header for header in headers if len(header) <= _LENGTH][:_HEADERS]
    return tuple(each for header in read for each in _challenges(header))


def _challenges(header: str) -> list[Challenge]:
    found: list[tuple[str, dict[str, str]]] = []
    for piece in _PIECE.findall(header):
        begun = _SCHEME.match(piece)
        if begun and begun[1].lower() not in _QOPS:  # commas of a qop without quotes begin no scheme
            found.append((begun[1].lower(), {}))
            piece = piece[begun.end() :]
        _parts(piece, found)
    return [Challenge(scheme, parameters) for scheme, parameters in found]


def _parts(piece: str, found: list[tuple[str, dict[str, str]]]) -> None:
    """Read the parameters of a piece into the last challenge, which may be one that begins within it."""
    bare = "qop"  # the last parameter, if its value may go on after a blank
    for part in _PART.finditer(piece):
        name, word, quoted = part["name"], part["word"], part["quoted"]
        if word and word.lower() in _KNOWN:
            found.append((word.lower(), {}))
        elif not found:
            continue  # parameters of no scheme
        elif name:
            bare = name.lower() if quoted is None else ""
            told = part["bare"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            found[-1][1].setdefault(name.lower(), told)
        elif bare in found[-1][1]:
            found[-1][1][bare] += " " + word.rstrip('"')


def strongest(challenges: Iterable[Challenge], basic: bool = False) -> Challenge | None:
    """Return the challenge to answer, None where there is none.

    Args:
        basic: Whether Basic may be answered; also then only where no digest is offered that we know.
    """
    told = list(challenges)
    best = max(told, key=lambda each: each.strength, default=None)
    if best is not None and best.strength:
        return best
    return next((each for each in told if basic and each.scheme == "basic"), None)


class Verdict(Enum):
    """What a 401 means for a login."""

    SIGN = "sign"  # sign the request and send it again
    REFUSED = "refused"  # the login is wrong
    BASIC = "basic"  # only Basic is offered, and may not be answered
    UNKNOWN = "unknown"  # no challenge, or none that we know


class Signer:
    """Answers the challenges of one origin with one login; not thread-safe.

    ::

        sent = signer.authorize("GET", "/still.jpg")       # "" as long as nothing was challenged
        ...                                                 # 401:
        if signer.hear(headers, sent) is Verdict.SIGN:      # send again; at most a few times
        ...                                                 # anything else: signer.let_in(sent)

    Args:
        basic: Whether Basic may be answered.
    """

    def __init__(self, login: Login, basic: bool = False) -> None:
        self._login, self._basic = login, basic
        self._challenge: Challenge | None = None
        self._count, self._client_nonce = 0, ""
        self._proven: str | None = None  # a nonce under which the login was let in

    def hear(self, headers: Iterable[str], sent: str) -> Verdict:
        """Judge a 401 by its ``WWW-Authenticate`` headers.

        A nonce that once let us in may have become too old, also where the device does not say so; any other
        refusal of a signed request means the login.

        Args:
            sent: The ``Authorization`` that was refused, empty for none.
        """
        challenges = parse(headers)
        best = strongest(challenges, self._basic)
        if best is None:
            self._challenge = None
            only_basic = any(each.scheme == "basic" for each in challenges)
            return Verdict.REFUSED if sent else Verdict.BASIC if only_basic else Verdict.UNKNOWN
        if sent and not best.stale and not self._outlived(sent, best):
            self._challenge = None
            return Verdict.REFUSED
        self._challenge, self._count, self._client_nonce = best, 0, secrets.token_hex(16)
        return Verdict.SIGN

    def log_in_as(self, login: Login) -> None:
        """Sign with another login from now on, as soon as it is challenged: what was let in before says nothing."""
        self._login, self._challenge, self._proven = login, None, None

    def let_in(self, sent: str) -> None:
        """Note that a request with this ``Authorization`` was not answered by 401."""
        self._proven = _nonce(sent)

    def authorize(self, method: str, uri: str, body: bytes = b"") -> str:
        """Return the value of ``Authorization`` for a request, empty before any challenge.

        Args:
            uri: As in the request line: the path with its query for HTTP, the whole URL for RTSP.
        """
        challenge = self._challenge
        if challenge is None:
            return ""
        if challenge.scheme == "basic":
            pair = f"{self._login.username}:{self._login.password}"
            return f"Basic {b64encode(pair.encode()).decode()}"
        self._count += 1
        return digest(self._login, challenge, method, uri, body, self._count, self._client_nonce)

    def proven(self, sent: str) -> bool:
        """Return whether the nonce of an ``Authorization`` has let us in before: the login was right then."""
        nonce = _nonce(sent)
        return nonce is not None and nonce == self._proven

    def _outlived(self, sent: str, best: Challenge) -> bool:
        return self.proven(sent) and self._proven != best.parameters.get("nonce")


def digest(
    login: Login,
    challenge: Challenge,
    method: str,
    uri: str,
    body: bytes = b"",
    count: int = 1,
    client_nonce: str = "",
) -> str:
    """Return the answer to a digest challenge of some `strength` (RFC 7616, 3.4).

    Args:
        count: Which request under this nonce it is, from 1.
        client_nonce: The same for all requests under one nonce: ``-sess`` makes its key with the first.
    """
    hashed, told, qop = _HASHES[challenge.algorithm], challenge.parameters, challenge.qop
    realm, nonce = told.get("realm", ""), told["nonce"]
    key = hashed(_bytes(f"{login.username}:{realm}:{login.password}"))
    if challenge.session:
        key = hashed(_bytes(f"{key}:{nonce}:{client_nonce}"))
    asked = f"{method}:{uri}" + (f":{hashed(body)}" if qop == "auth-int" else "")
    middle = f":{count:08x}:{client_nonce}:{qop}" if qop else ""
    response = hashed(_bytes(f"{key}:{nonce}{middle}:{hashed(asked.encode())}"))
    parts = [*_user(login.username, challenge, hashed)]
    parts += [f"realm={_quoted(realm)}", f"nonce={_quoted(nonce)}", f"uri={_quoted(uri)}"]
    parts += [f'response="{response}"']
    parts += [f"algorithm={_bare(told['algorithm'])}"] if told.get("algorithm") else []
    parts += [f"opaque={_quoted(told['opaque'])}"] if "opaque" in told else []
    parts += [f"qop={qop}", f"nc={count:08x}"] if qop else []
    parts += [f'cnonce="{client_nonce}"'] if qop or challenge.session else []
    return f"Digest {', '.join(parts)}"


def _user(name: str, challenge: Challenge, hashed: Callable[[bytes], str]) -> list[str]:
    told = challenge.parameters
    if told.get("userhash", "").lower() == "true":
        hidden = hashed(_bytes(f"{name}:{told.get('realm', '')}"))
        return [f'username="{hidden}"', "userhash=true"]
    if not name.isascii() and told.get("charset", "").upper() == "UTF-8":
        return [f"username*=UTF-8''{quote(name, safe='')}"]
    return [f"username={_quoted(name)}"]


def _quoted(text: str) -> str:
    """Return a quoted string; what a line cannot hold is left out."""
    plain = "".join(char for char in text if char >= " " and char != "\x7f")
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _bytes(text: str) -> bytes:
    """Return a text's bytes; a realm that is no UTF-8 is hashed as it came."""
    return text.encode("utf-8", "surrogateescape")


def _bare(text: str) -> str:
    return "".join(re.findall(_WORD + "|/", text))


def _nonce(sent: str) -> str | None:
    told = parse([sent])
    return told[0].parameters.get("nonce") if told else None

"""Logins out of texts: the last net before a log line, an error or a screen, for whatever strangers write.

Passwords stand in URLs (``rtsp://user:password@host``), in queries and in the paths of cheap cameras
(``user=admin_password=x_channel=1_stream=0.sdp``), in JSON, XML and headers. A password may hold nearly any
character, so a value goes on until what surely ends it: the next known key, not the next odd character. Where
it is not sure where one ends, too much is hidden rather than too little; texts that hold none stay as they are.
Every pattern takes time in proportion to the text.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from functools import partial

HIDDEN = "***"

# -- key = value ------------------------------------------------------------------------------------

_PASSWORD = r"(?:password|passwort|passwd|passphrase|passcode|pwd|psw)"  # noqa: S105  # what it is called, not what it is
#: Tokens of ONVIF name things and let nobody in.
_TOKEN = r"(?<!profile)(?<!source)(?<!preset)(?<!node)(?<!configuration)token"  # noqa: S105  # likewise
#: Words that mean something else within longer ones: not in `monkey=`, `bypass=`, `compass=`.
_WORD = (
    r"(?:login(?:pas|pass|pwd)|pass|pw|api-?key|authorization|credentials?|(?:access|secret|private|auth)key)"
)
_WHO = r"(?:user|users?name|usr|login(?:use|user|name)|auth|key)"
#: Where a word begins, also after a sign that is per cent encoded, once or twice.
_BEGIN = r"(?:(?<![a-z0-9])|(?<=%[0-9a-f]{2})|(?<=25[0-9a-f]{2}))"
_KEY = (
    rf"(?:{_PASSWORD}|secret|{_TOKEN}|{_BEGIN}(?:{_WORD}|{_WHO})"
    r"|(?-i:(?<=[a-z0-9])(?:Key|Pass|Auth|User)))"
)
#: What else stands in the path of such a camera: where one of these begins a password has ended.
_OTHER = r"(?:channel|chn|ch|stream|subtype|real_stream|type|mode|profile|codec|transport|onvif)"
_EQUALS = r"(?:=|%(?:25)*3D)"
_LATER = rf"(?:{_KEY}|{_OTHER}){_EQUALS}"
_NEXT = rf"(?:&(?:amp;)?|%(?:25)*26)(?=[\w.\[\]-]*{_EQUALS})(?![\w.-]+_{_LATER})|[_,](?={_LATER})"
#: What ends a value without quotes: a blank, the next value, a quote or bracket that closes what is around it.
_END = rf"\s|{_NEXT}|[\"'](?=[\s,)\]}}:;>.]|$)|[,;)\]}}](?=\s|$)|</|\\[rn]"
_QUOTED = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'"
_PAIR = re.compile(rf"(?i)({_KEY}[ \t]?{_EQUALS}[ \t]?)(?:{_QUOTED}|(?:(?!{_END}).)+)")
#: A key in quotes, as in JSON, JSON within JSON, and Python.
_MEMBER = re.compile(
    rf"(?i)((?P<quote>\\?[\"'])[\w.-]*(?:{_PASSWORD}|secret|{_TOKEN}|{_BEGIN}{_WORD})(?P=quote)\s*:\s*)"
    rf"(?:{_QUOTED}|\\\"(?:(?!\\\").)*\\\"|[^\s,}}\]]+)"
)
#: A key before a colon and a single word, or a text in quotes. References to secrets are none.
_SAID = re.compile(
    rf"(?im)({_PASSWORD}[ \t]*:[ \t]*)(?!(?:file|env|credential):)"
    rf"(?:{_QUOTED}|[^\s,}}\]\"']+(?=[ \t]*(?:[,}}\]]|$)))"
)
_FLAG = re.compile(rf"(?i)((?<!\w)--?(?:[a-z]+-)?(?:{_PASSWORD}|secret|token|pass)[ \t]+)\S+")
_ELEMENT = re.compile(rf"(?i)(<(?:[\w.-]+:)?[\w.-]*{_PASSWORD}(?:\s[^<>]*)?>)[^<]+")

# -- headers ----------------------------------------------------------------------------------------

_LINE = r"(?:(?!\\[rn])[^\r\n])*"
_HEADER = re.compile(
    rf"(?i)((?:authorization|cookie|(?<![\w-])x-[\w-]{{0,40}}?(?:token|key|auth))[\"']?\s*[:=]\s*b?[\"']?)"
    rf"(?:(?:basic|bearer|digest|negotiate|ntlm)\s{_LINE}|(?<=cookie: ){_LINE}|[^\s\"']{{8,}})"
)
_BASIC = re.compile(r"(?i)\b(basic\s+)([a-z0-9+/_-]{4,}={0,2})")
_BEARER = re.compile(r"(?i)\b(bearer\s+)[a-z0-9._~+/-]{16,}=*")
_RESPONSE = re.compile(r"(?i)(\bresponse\s*=\s*[\"']?)[0-9a-f]{32,}")

# -- around an @ ------------------------------------------------------------------------------------

#: An address up to its last ``@``, wherever that stands; another address within begins anew.
_ADDRESS = re.compile(r"((?:\\?/){2})((?:(?![a-zA-Z][a-zA-Z0-9+.-]{0,15}:\\?/\\?/)\S)*@)(?=([^\s/?#\\\"']*))")
_ESCAPED = re.compile(r"(?i)(%(?:25)*3A(?:%(?:25)*2F){2})(?:(?!%(?:25)*2F)\S)*?%(?:25)*40")
#: Where a login ends for sure: at an address, a name with a port, a name of several parts.
_SURE = re.compile(r"(?:\d{1,3}(?:\.\d{1,3}){3}|\[[^\]\s]*\]|localhost)(?::\d+)?|[\w-]+(?:\.[\w-]+)+:\d+")
_HOST = re.compile(r"(?:[\w-]+(?:\.[\w-]+)+\.?|\[[^\]\s]*\]|localhost)(?::\d*)?")
_PORT = re.compile(r"[^:]*(?::\d*)?")
#: A name and a password without a scheme; not what begins addresses of other kinds.
_ALONE = re.compile(
    r"(?<![\w/@:.%+-])(?!(?:mailto|sips?|xmpp|acct|urn|uuid|file|clip|virtual|env|credential|data|at|to|from):)"
    r"[a-zA-Z][\w.%+-]*:(?!\\?/\\?/)\S+@(?=[\w\[])"
)


def redact(text: str) -> str:
    """Return `text` with user-info in URLs, passwords, tokens and the like replaced by ``***``."""
    lower = text.lower()
    for marks, hide in _RULES:
        if any(mark in lower for mark in marks):
            text = hide(text)
    return text


_LOGIN = re.compile(
    rf"(?i)(?:{_PASSWORD}|{_TOKEN}|{_BEGIN}(?:pass|pw|user|users?name|usr|login(?:use|user|name|pas|pass|pwd)))"
    rf"{_EQUALS}(?!{_END}|$)"
)


def holds_login(url: str) -> bool:
    """Return whether a URL carries an account: user-info, or a name, password or token among its values.

    Less than what `redact` hides: a ``key=`` may be what an address needs, and nowhere else to write it.
    """
    return _userinfo(url) != url or _LOGIN.search(url) is not None


def bare(url: str) -> str:
    """Return what may be shown of an address that is no URL: nothing before its last ``@``.

    `redact` knows user-info that is well-formed; people also write passwords with ``/`` unescaped.
    """
    return f"{HIDDEN}{url[url.rindex('@') :]}" if "@" in url else url


def _hide(match: re.Match[str]) -> str:
    """Hide what follows a key, within the quotes that it has."""
    value = match[0][len(match[1]) :]
    quote = re.match(r"\\?[\"']", value)
    around = quote[0] if quote and len(value) > len(quote[0]) and value.endswith(quote[0]) else ""
    return f"{match[1]}{around}{HIDDEN}{around}"


def _userinfo(text: str) -> str:
    if "@" in text:
        text = _ALONE.sub(f"{HIDDEN}@", _ADDRESS.sub(_address, text))
    return _ESCAPED.sub(rf"\1{HIDDEN}%40", text)


def _address(match: re.Match[str]) -> str:
    """Return an address without its user-info; an ``@`` in its path is none."""
    slashes, told, after = match[1], match[2], match[3]
    parts = re.split(r"(?<=@)", told)[:-1]
    follow = [*(re.split(r"[/?#\\]", each)[0] for each in parts[1:]), after]
    before = re.split(r"[/?#\\]", told)[0]
    if "@" not in before:  # the path has one; or the password has a slash
        numbered = _PORT.fullmatch(before) is not None
        if numbered and (_HOST.fullmatch(before) or not any(map(_SURE.fullmatch, follow))):
            return match[0]
    sure = [index for index, each in enumerate(follow) if _SURE.fullmatch(each)]
    known = [index for index, each in enumerate(follow) if _HOST.fullmatch(each)]
    cut = (sure or known or [len(parts) - 1])[0]
    if not sure and not known and "@" in before:
        cut = before.count("@") - 1
    return f"{slashes}{HIDDEN}@{''.join(parts[cut + 1 :])}"


def _basic(match: re.Match[str]) -> str:
    """Hide what is a name and a password in Base64, and no word of a sentence."""
    value = match[2].rstrip("=")
    try:
        plain = base64.b64decode(
            value + "=" * (-len(value) % 4), altchars=b"-_" if "-" in value or "_" in value else None
        )
    except (binascii.Error, ValueError):
        return match[0]
    return f"{match[1]}{HIDDEN}" if b":" in plain else match[0]


#: What is looked for, in this order, and what a text of that kind has in lower case: most texts have nothing.
_NAMES = ("pass", "pwd", "psw", "secret", "token", "key", "pw", "cred")
_RULES: tuple[tuple[tuple[str, ...], Callable[[str], str]], ...] = (
    (("authorization", "cookie", "x-"), partial(_HEADER.sub, rf"\1{HIDDEN}")),
    (("basic",), partial(_BASIC.sub, _basic)),
    (("bearer",), partial(_BEARER.sub, _hide)),
    (("response",), partial(_RESPONSE.sub, _hide)),
    (("</",), partial(_ELEMENT.sub, _hide)),
    (_NAMES, partial(_MEMBER.sub, _hide)),
    (("@", "40"), _userinfo),
    (("=", "%3d", "%25"), partial(_PAIR.sub, _hide)),
    (_NAMES, partial(_SAID.sub, _hide)),
    (("-",), partial(_FLAG.sub, _hide)),
)

"""Which passwords are taken: long enough, and not among those that are guessed first. No rules of composition.

How soon one is guessed is `zxcvbn`'s estimate: it knows 30,000 common passwords, names, words, keyboards, dates and
the usual changes of letters, and what it is told of the place. Less than its best class (ten thousand million
guesses) is refused.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

from engine.identity.entry.passwords import plain
from rules.model import Sentence

#: Characters (OWASP ASVS 5, 6.2.1 asks for 8 and recommends 15; 64 must be allowed at least).
LEAST, MOST = 12, 128
#: Powers of ten of guesses below which a password is refused.
GUESSES: Final = 10.0
#: Characters that are weighed: the estimate's time grows with their square, and a good beginning is good.
WEIGHED: Final = 48
#: Words that are guessed first here, beside the site's, the person's and the product's names.
_LOCAL: Final = (
    "matthan", "mat than", "matkhau", "mat khau", "camera", "congan", "cong an", "canhsat", "canh sat", "vietnam",
    "viet nam", "hanoi", "saigon", "anhyeuem", "emyeuanh", "yeuem", "khongbiet", "nguyen", "tran",
)  # fmt: skip


def flaw(password: str, context: Iterable[str]) -> Sentence | None:
    """Return why a password is not taken; None: it is. Blocking: up to a quarter of a second.

    Args:
        context: Words that whoever guesses knows: the site, the person.
    """
    text = plain(password)
    if len(text) < LEAST:
        return Sentence("access.password_short", {"least": LEAST})
    if len(text) > MOST:
        return Sentence("access.password_long", {"most": MOST})
    if _guesses(text, context) < GUESSES:
        return Sentence("access.password_guessed", {})
    return None


def _guesses(text: str, context: Iterable[str]) -> float:
    """Return the power of ten of guesses after which a password is found; accents do not make it a better one."""
    from zxcvbn import zxcvbn

    known = [*_LOCAL, *(_bare(word) for word in context if word)]
    return min(
        float(zxcvbn(form[:WEIGHED], user_inputs=known)["guesses_log10"]) for form in {text, _bare(text)}
    )


def _bare(text: str) -> str:
    folded = text.lower().replace("đ", "d")
    return "".join(
        letter for letter in unicodedata.normalize("NFD", folded) if not unicodedata.combining(letter)
    )

"""Proof that a form was sent from a page of ours: a word in it that only who has the page's cookie could know."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qs

from aiohttp import web

from engine.preview.visitor import COOKIE, cookie_name
from engine.web.body import body_of
from engine.web.refusals import refusal

#: The field of the proof, and the cookie of whoever has not logged in yet.
PROOF, FORM_COOKIE = "proof", "matthan-form"
#: Characters of a field; a password has at most 128.
LONGEST = 512


class Forms:
    """Makes and checks proofs; they die with the process.

    Args:
        secret: Only tests give one.
    """

    def __init__(self, secret: bytes | None = None) -> None:
        self._secret = secret or secrets.token_bytes(32)

    def seed(self, request: web.Request) -> str:
        """Return what a proof is of: the session, else a cookie that the page brought; empty without either."""
        return request.cookies.get(cookie_name(request)) or request.cookies.get(
            cookie_name(request, FORM_COOKIE), ""
        )

    def proof(self, seed: str) -> str:
        """Return the word for a form."""
        return hmac.digest(self._secret, seed.encode("utf-8", "surrogatepass"), "sha256").hex()

    async def read(self, request: web.Request) -> Mapping[str, str]:
        """Return a form's fields.

        Raises:
            HttpProblem: 400 ``web.form``: it is none; 403 ``web.proof``: it does not come from a page of ours.
        """
        if request.content_type != "application/x-www-form-urlencoded":
            raise refusal(400, "web.form")
        try:
            told = parse_qs((await body_of(request)).decode(), keep_blank_values=True, max_num_fields=16)
        except ValueError:
            raise refusal(400, "web.form") from None
        fields = {name: values[0] for name, values in told.items()}
        if any(len(each) > LONGEST for each in fields.values()):
            raise refusal(400, "web.form")
        seed = self.seed(request)
        given = fields.pop(PROOF, "").encode("utf-8", "surrogatepass")
        if not seed or not hmac.compare_digest(given, self.proof(seed).encode()):
            raise refusal(403, "web.proof")
        return fields


def keep(response: web.Response, request: web.Request, value: str, name: str = COOKIE) -> None:
    """Give a browser a cookie: until it is closed, for this host alone, out of reach of scripts and other sites."""
    response.set_cookie(
        cookie_name(request, name), value, path="/", httponly=True, samesite="Strict", secure=request.secure
    )


def drop(response: web.Response, request: web.Request) -> None:
    """Take a session's cookie back."""
    name = cookie_name(request)
    response.del_cookie(name, path="/", httponly=True, samesite="Strict", secure=request.secure)

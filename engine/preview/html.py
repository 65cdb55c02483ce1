"""Pages as text: templates of this folder, filled with what cannot break out of them."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from importlib.resources import files
from string import Template
from typing import Final

from aiohttp import web

from engine.text import LANGUAGES, Language, catalogue

#: What a page may do: show and run what comes from here, send forms here, and nothing else.
PAGE_HEADERS: Final = {
    # With no-referrer browsers send the forms of a page with `Origin: null`, as if they came from elsewhere.
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "media-src blob: mediastream:; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
}
#: Media types of what pages are made of.
ASSETS: Final = {
    "page.js": "text/javascript",
    "page.css": "text/css",
    "site.css": "text/css",
    "setup.js": "text/javascript",
}


def page(
    name: str, values: Mapping[str, str], status: int = 200, raw: Mapping[str, str] | None = None
) -> web.Response:
    """Return a page.

    Args:
        name: Its template.
        values: What stands in it; escaped.
        raw: What stands in it as it is: made of `escaped` pieces.
    """
    filled = Template(text_of(name)).substitute(
        {key: escaped(each) for key, each in values.items()} | dict(raw or {})
    )
    return web.Response(status=status, text=filled, content_type="text/html", headers=PAGE_HEADERS)


def escaped(value: str) -> str:
    """Return a text as it may stand in a page, in an attribute too."""
    return html.escape(value)


def asset(name: str) -> web.Response:
    """Return what a page is made of.

    Raises:
        HTTPNotFound: There is no such thing.
    """
    if name not in ASSETS:
        raise web.HTTPNotFound
    return web.Response(text=text_of(name), content_type=ASSETS[name], charset="utf-8")


def text_of(name: str) -> str:
    """Return a file of the pages' folder."""
    return (files("engine.preview") / "page" / name).read_text("utf-8")


def sentences(language: Language, table: str) -> dict[str, str]:
    """Return the sentences of a table, by their names in it."""
    prefix = f"{table}."
    return {
        key.removeprefix(prefix): text for key, text in catalogue(language).items() if key.startswith(prefix)
    }


def said(language: Language, table: str) -> str:
    """Return the same for a script."""
    return json.dumps(sentences(language, table), ensure_ascii=False)


def language_of(request: web.Request, otherwise: Language) -> Language:
    """Return the language that was asked for, by ``?lang=``."""
    asked = request.query.get("lang")
    return next((each for each in LANGUAGES if each == asked), otherwise)


def asking_why(request: web.Request, language: Language) -> str:
    """Return the form by which somebody says why they look, where a site asks for it."""
    hidden = "".join(
        f'<input type="hidden" name="{escaped(name)}" value="{escaped(value)}">'
        for name, value in request.query.items()
        if name != "why"
    )
    words = sentences(language, "pages")
    field = '<input name="why" maxlength="200" required autofocus>'
    return (
        f'<form id="asking" method="get">{hidden}<label>{escaped(words["why"])} {field}</label> '
        f"<button>{escaped(words['look'])}</button></form>"
    )

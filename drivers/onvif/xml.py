"""XML from strangers: parsed with hard limits, searched by local name whatever the namespace."""

from __future__ import annotations

import codecs
import math
import re
from collections.abc import Iterator
from contextlib import suppress

from lxml import etree

#: Prefixes that devices use without declaring them, and what they mean by them.
_KNOWN = {
    b"ter": b"http://www.onvif.org/ver10/error",
    b"tt": b"http://www.onvif.org/ver10/schema",
    b"tptz": b"http://www.onvif.org/ver20/ptz/wsdl",
    b"xsi": b"http://www.w3.org/2001/XMLSchema-instance",
}
_AMPERSAND = re.compile(rb"&(?!#?\w{1,16};)")
_ROOT = re.compile(rb"<(?:[\w.-]+:)?Envelope\b")
#: How documents in two bytes a sign begin: with a mark, or with a bracket.
_WIDE = {
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}
_DECLARATION = re.compile(rb"\s*<\?xml[^>]*\?>")


def as_utf8(content: bytes) -> bytes:
    """Return a document that is written in two bytes a sign in UTF-8, without its declaration; others as they are."""
    encoding = _WIDE.get(content[:2])
    if encoding is not None:
        with suppress(UnicodeDecodeError):
            return _DECLARATION.sub(b"", content.decode(encoding).encode(), count=1)
    return content


def parse(content: bytes) -> etree._Element:
    """Parse one document; see `read`.

    Raises:
        ValueError: Not XML, or with a document type.
    """
    return read(content)[0]


def read(content: bytes) -> tuple[etree._Element, bool]:
    """Parse one document: no DTD, no entities, no network, libxml2's limits of depth and size.

    What is broken in it is left out, and a prefix that nobody declared is dropped from the name it stands
    before. Elements are always searched by their local names.

    Returns:
        Its root, and whether something was broken, undeclared prefixes and bare ampersands being nothing.

    Raises:
        ValueError: Not XML, or with a document type.
    """
    end = content.rfind(b">") + 1
    if b"<" in content[end:]:  # cut within a tag: libxml2 may give up the whole for it
        content = content[:end]
    root, broken = _read(content)
    if broken and b"&" in content:  # addresses with a query, written as they are
        mended = _AMPERSAND.sub(b"&amp;", content)
        if mended != content:
            return _read(mended)
    return root, broken


def _read(content: bytes) -> tuple[etree._Element, bool]:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=True,
        remove_pis=True,
        remove_comments=True,
    )
    try:
        root: etree._Element | None = etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        raise ValueError("not XML") from None
    if root is None:
        raise ValueError("not XML")
    if root.getroottree().docinfo.doctype:  # type: ignore[attr-defined]  # lxml-stubs lack it
        raise ValueError("a document type is not accepted")
    errors = parser.error_log
    if len(errors):
        _strip(root)
    return root, any(error.domain != etree.ErrorDomains.NAMESPACE for error in errors)


def _strip(root: etree._Element) -> None:
    """Drop undeclared prefixes, which a parser that recovers leaves in the names."""
    for element in root.iter(etree.Element):
        if ":" in element.tag and element.tag[0] != "{":
            element.tag = element.tag.rpartition(":")[2]


def local(element: etree._Element) -> str:
    """Return an element's name without its namespace; empty for what is none."""
    tag: object = element.tag  # a function, for comments and the like
    return _local(tag) if isinstance(tag, str) else ""


def every(root: etree._Element, name: str) -> Iterator[etree._Element]:
    """Yield the descendants (and `root`) with a local name, in document order."""
    return root.iter(f"{{*}}{name}")


def children(root: etree._Element, name: str) -> Iterator[etree._Element]:
    """Yield the children with a local name."""
    return root.iterchildren(f"{{*}}{name}")


def find(root: etree._Element | None, *path: str) -> etree._Element | None:
    """Return the first descendant reached by a path of local names, each anywhere below the last."""
    here = root
    for name in path:
        here = (
            next((each for each in every(here, name) if each is not here), None) if here is not None else None
        )
    return here


def text(root: etree._Element | None, *path: str) -> str:
    """Return the stripped text at a path, empty where there is none."""
    element = find(root, *path)
    return (element.text or "").strip() if element is not None else ""


def number(text: str) -> float | None:
    """Return the finite number that a text is, None where it is none."""
    try:
        told = float(text)
    except ValueError:
        return None
    return told if math.isfinite(told) else None


def attribute(element: etree._Element | None, name: str) -> str:
    """Return an attribute by its local name, empty where there is none."""
    if element is None:
        return ""
    if name in element.attrib:
        return str(element.attrib[name])
    return next((str(value) for key, value in element.attrib.items() if _local(str(key)) == name), "")


def _local(name: str) -> str:
    return name.rpartition("}")[2].rpartition(":")[2]


def declare(content: bytes) -> bytes:
    """Return an envelope with the known prefixes declared that it uses undeclared (old OEM firmware)."""
    match = _ROOT.search(content)
    if match is None:
        return content
    missing = b"".join(
        b' xmlns:%b="%b"' % (prefix, uri)
        for prefix, uri in _KNOWN.items()
        if prefix + b":" in content and b"xmlns:" + prefix not in content
    )
    return content[: match.end()] + missing + content[match.end() :] if missing else content

"""XML from strangers: parsed with hard limits, searched by local name whatever the namespace."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

#: Prefixes that devices use without declaring them, and what they mean by them.
_KNOWN = {
    b"ter": b"http://www.onvif.org/ver10/error",
    b"tt": b"http://www.onvif.org/ver10/schema",
    b"tds": b"http://www.onvif.org/ver10/device/wsdl",
    b"trt": b"http://www.onvif.org/ver10/media/wsdl",
    b"tptz": b"http://www.onvif.org/ver20/ptz/wsdl",
    b"tev": b"http://www.onvif.org/ver10/events/wsdl",
    b"tns1": b"http://www.onvif.org/ver10/topics",
    b"wsnt": b"http://docs.oasis-open.org/wsn/b-2",
    b"wsa": b"http://www.w3.org/2005/08/addressing",
    b"wsa5": b"http://www.w3.org/2005/08/addressing",
    b"xsi": b"http://www.w3.org/2001/XMLSchema-instance",
}
_ROOT = re.compile(rb"<(?:[\w.-]+:)?Envelope\b")


def parse(content: bytes) -> etree._Element:
    """Parse one document: no DTD, no entities, no network, libxml2's limits of depth and size.

    Raises:
        ValueError: Not XML, or with a document type.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=True,
        remove_pis=True,
    )
    try:
        root: etree._Element | None = etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        raise ValueError("not XML") from None
    if root is None:
        raise ValueError("not XML")
    if root.getroottree().docinfo.doctype:  # type: ignore[attr-defined]  # lxml-stubs lack it
        raise ValueError("a document type is not accepted")
    return root


def local(element: etree._Element) -> str:
    """Return an element's name without its namespace or undeclared prefix; empty for comments."""
    tag: object = element.tag  # a function, for comments and the like
    return tag.rpartition("}")[2].rpartition(":")[2] if isinstance(tag, str) else ""


def every(root: etree._Element, name: str) -> Iterator[etree._Element]:
    """Yield the descendants (and `root`) with a local name, in document order."""
    return (element for element in root.iter() if local(element) == name)


def find(root: etree._Element, *path: str) -> etree._Element | None:
    """Return the first descendant reached by a path of local names, each anywhere below the last."""
    here: etree._Element | None = root
    for name in path:
        here = next(every(here, name), None) if here is not None else None
    return here


def text(root: etree._Element, *path: str) -> str:
    """Return the stripped text at a path, empty where there is none."""
    element = find(root, *path)
    return (element.text or "").strip() if element is not None else ""


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

"""XML from strangers: cut, undeclared, deep, or none at all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drivers.onvif import xml


@given(st.binary(max_size=300))
def test_parsing_raises_value_errors_only(content: bytes) -> None:
    try:
        root = xml.parse(content)
    except ValueError:
        return
    assert xml.text(root, "Body") is not None


WHOLE = b'<s:E xmlns:s="u" xmlns:t="v"><t:S><t:N>one</t:N></t:S><t:S><t:N>two</t:N></t:S></s:E>'


@given(st.integers(WHOLE.index(b">") + 1, len(WHOLE)))
def test_what_came_before_a_cut_is_read(at: int) -> None:
    read = [node.text for node in xml.every(xml.parse(WHOLE[:at]), "N")]
    complete = WHOLE[:at].count(b"</t:N>")
    assert read[:complete] == ["one", "two"][:complete]


def test_bare_ampersands_and_undeclared_prefixes_break_nothing() -> None:
    root, broken = xml.read(b"<E><x:Uri y:n='1'>rtsp://a/?b=1&c=2&amp;d=&#51;</x:Uri></E>")
    assert (xml.text(root, "Uri"), xml.attribute(xml.find(root, "Uri"), "n")) == (
        "rtsp://a/?b=1&c=2&d=3",
        "1",
    )
    assert not broken
    assert xml.read(b"<E><a></E>")[1]


def test_a_number_is_finite_or_none() -> None:
    told = [xml.number(each) for each in ("7", " 2.5 ", "-1e3", "", "x", "nan", "inf", "1e999")]
    assert told == [7.0, 2.5, -1000.0, None, None, None, None, None]


def test_depth_is_limited() -> None:
    root = xml.parse(b"<a>" * 100_000)
    depth, here = 0, root
    while len(here):
        here, depth = here[0], depth + 1
    assert depth < 1000


def test_undeclared_prefixes_are_declared() -> None:
    told = b"<SOAP-ENV:Envelope xmlns:SOAP-ENV='x'><ter:NotAuthorized/><wsa:To xmlns:wsa='y'/></SOAP-ENV:Envelope>"
    repaired = xml.declare(told)
    assert repaired.count(b"xmlns:ter=") == 1
    assert repaired.count(b"xmlns:wsa=") == 1
    assert xml.declare(repaired) == repaired
